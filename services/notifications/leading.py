"""One dispatcher at a time: others stand by until its database session ends."""

import time
from threading import Event

from services.chassis.config import Settings
from services.chassis.db import Connection, connect
from services.chassis.leader import wait_to_lead
from services.chassis.work import Unit, new_id
from services.notifications import config
from services.notifications.channels.desk_link import DeskLinks
from services.notifications.channels.mail import MailSender
from services.notifications.channels.webhook import WebhookSender
from services.notifications.dispatcher import Dispatcher
from services.notifications.parked_mail import LeadMail

LOCK = 7_302_001
ASK_SECONDS = 1.0


class Leadership:
    """Tells whether the session that holds the lock still lives; asked at most once a second."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._asked = time.monotonic()

    def check(self) -> None:
        """Raises the database's error when the session is gone: then somebody else may lead already."""
        if time.monotonic() - self._asked >= ASK_SECONDS:
            self._connection.execute("SELECT 1")
            self._asked = time.monotonic()


def run(settings: Settings, unit: Unit, stop: Event) -> None:
    """The role `dispatcher`."""
    own = config.load(settings)
    dispatcher = make_dispatcher(own, unit)
    with connect(settings.database_url, name="notifications.dispatcher") as connection:
        if wait_to_lead(connection, LOCK, stop):
            dispatcher.run(stop, Leadership(connection).check)


def make_dispatcher(own: config.SenderSettings, unit: Unit) -> Dispatcher:
    """The dispatcher with the real ways out."""
    links = DeskLinks(own.desk_key, own.public_url, own.desk_link_life)
    mails = MailSender(own.mail_server, own.mail_from, links, new_id)
    lead = LeadMail(mails, own.lead_mailbox, own.public_url) if own.lead_mailbox else None
    return Dispatcher(
        unit=unit,
        webhooks=WebhookSender(own.webhook_networks),
        mails=mails,
        ladder=own.ladder,
        deployment_key=own.deployment_key,
        threads=own.threads,
        on_parked=lead.tell if lead else None,
    )
