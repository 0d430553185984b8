"""``python -m services.notifications web | worker | relay | dispatcher | all | migrate | republish``"""

import sys
from pathlib import Path

from services.chassis.config import ConfigError, Environment, Settings
from services.chassis.figures import CountedFigures
from services.chassis.launch import Service, main
from services.chassis.work import Unit
from services.notifications import config, leading
from services.notifications.figures import DELIVERIES
from services.notifications.service import NotificationsService


def web(settings: Settings, unit: Unit) -> object:
    """Imported late: the other roles need no web framework."""
    from services.notifications.web.app import create_app  # noqa: PLC0415

    return create_app(settings, unit)


def refuse_wrong_settings(role: str) -> None:
    """Before the role starts; under `all` one wrong setting would kill the same child for ever."""
    try:
        config.check(Environment(), role)
    except ConfigError as error:
        sys.exit(f"services.notifications {role}: {error}")


if __name__ == "__main__":
    refuse_wrong_settings(sys.argv[1] if sys.argv[1:] else "")
    main(
        Service(
            name="notifications",
            migrations=Path(__file__).parent / "migrations",
            doors=NotificationsService,
            web=web,
            roles={"dispatcher": leading.run},
            figures=(lambda db: CountedFigures(db, "notifications", DELIVERIES),),
        )
    )
