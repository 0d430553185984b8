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


def refuse_open_networks() -> None:
    """Before any role starts, `all` too: a network opened for webhooks is a way behind our own door."""
    try:
        config.webhook_networks(Environment())
    except ConfigError as error:
        sys.exit(f"services.notifications: {error}")


if __name__ == "__main__":
    refuse_open_networks()
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
