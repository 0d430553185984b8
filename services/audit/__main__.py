"""``python -m services.audit web | worker | relay | clock | all | migrate | republish``."""

from pathlib import Path

from services.audit.figures import LOG, Completeness
from services.audit.jobs import CLOCK_JOBS
from services.audit.service import AuditService
from services.audit.web.app import create_app
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

if __name__ == "__main__":
    main(SERVICE)
