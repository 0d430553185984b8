"""``python -m services.audit web | worker | relay | clock | all | migrate | republish``."""

import sys
from pathlib import Path

from services.audit import config
from services.audit.figures import LOG, Completeness
from services.audit.jobs import CLOCK_JOBS
from services.audit.service import AuditService
from services.audit.web.app import create_app
from services.chassis.config import ConfigError, Environment
from services.chassis.figures import CountedFigures
from services.chassis.launch import Service, main

SERVICE = Service(
    name="audit",
    migrations=Path(__file__).parent / "migrations",
    doors=AuditService,
    web=create_app,
    clock_jobs=CLOCK_JOBS,
    figures=(Completeness, lambda db: CountedFigures(db, "audit", LOG)),
)


def refuse_wrong_settings(role: str) -> None:
    """Before the role starts; under `all` one wrong setting would kill the same child for ever."""
    try:
        config.check(Environment(), role)
    except ConfigError as error:
        sys.exit(f"services.audit {role}: {error}")


if __name__ == "__main__":
    refuse_wrong_settings(sys.argv[1] if sys.argv[1:] else "")
    main(SERVICE)
