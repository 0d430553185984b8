"""``python -m services.notifications web | worker | relay | dispatcher | all | migrate | republish``"""

from pathlib import Path

from services.chassis.config import Settings
from services.chassis.launch import Service, main
from services.chassis.work import Unit
from services.notifications import config, leading
from services.notifications.service import NotificationsService


def web(settings: Settings, unit: Unit) -> object:
    """Imported late: the other roles need no web framework."""
    config.webhook_networks(settings)  # who may not start as dispatcher does not start at all
    from services.notifications.web.app import create_app  # noqa: PLC0415

    return create_app(settings, unit)


if __name__ == "__main__":
    main(
        Service(
            name="notifications",
            migrations=Path(__file__).parent / "migrations",
            doors=NotificationsService,
            web=web,
            roles={"dispatcher": leading.run},
        )
    )
