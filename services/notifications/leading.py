"""One dispatcher at a time: others stand by until its database session ends."""

import time
from threading import Event

from services.chassis import beats
from services.chassis.backoff import Backoff
from services.chassis.config import Settings
from services.chassis.db import Connection
from services.chassis.leader import lead
from services.chassis.work import Unit, new_id
from services.notifications import config
from services.notifications.assurance_mail import AssuranceMail
from services.notifications.channels.desk_link import DeskLinks
from services.notifications.channels.mail import MailSender
from services.notifications.channels.webhook import WebhookSender
from services.notifications.dispatcher import Dispatcher
from services.notifications.key_mail import WaitingKeyMail
from services.notifications.parked_mail import LeadMail
from services.notifications.proposal_mail import ProposalMail
from services.notifications.switched_off_mail import SwitchedOffMail

LOCK = 7_302_001
ASK_SECONDS = 1.0


class Leadership:
    """The session that holds the lock: asked once a second whether it lives, and used to say that we do."""

    def __init__(self, session: Connection, dispatcher: Dispatcher) -> None:
        self._session = session
        self._dispatcher = dispatcher
        self._asked = 0.0
        self._beaten = 0.0

    def check(self) -> None:
        """Raises the database's error when the session is gone: then somebody else may lead already."""
        if time.monotonic() - self._asked < ASK_SECONDS:
            return
        self._session.execute("SELECT 1")
        self._asked = time.monotonic()
        self._beaten = beats.due(self._beaten, self._session, "dispatcher", {"started": self._dispatcher.started})


def run(settings: Settings, unit: Unit, stop: Event) -> None:
    """The role `dispatcher`: leads when it may, stands by when another does, outlives the database going away."""
    dispatcher = make_dispatcher(config.load(settings), unit)

    def turn(session: Connection, backoff: Backoff) -> None:
        backoff.reset()
        dispatcher.run(stop, Leadership(session, dispatcher).check)

    lead("notifications.dispatcher", unit.db.dsn, LOCK, stop, turn)


def make_dispatcher(own: config.SenderSettings, unit: Unit) -> Dispatcher:
    """The dispatcher with the real ways out."""
    links = DeskLinks(own.desk_key, own.public_url, own.desk_link_life, own.deployment_keys[0])
    mails = MailSender(own.mail_server, own.mail_from, links, new_id)
    mailbox, gather = own.lead_mailbox, config.gathering()
    lead = LeadMail(unit, mails, mailbox, own.public_url, gather) if mailbox else None
    keys = WaitingKeyMail(unit, mails, mailbox, own.public_url, gather) if mailbox else None
    return Dispatcher(
        unit=unit,
        webhooks=WebhookSender(own.webhook_networks),
        mails=mails,
        ladder=own.ladder,
        deployment_keys=own.deployment_keys,
        threads=own.threads,
        on_parked=lead.tell if lead else None,
        on_keys_waiting=keys.tell if keys else None,
        on_proposals=ProposalMail(unit, mails, own.editors_mailbox, own.public_url, gather).tell,
        on_switched_off=SwitchedOffMail(unit, mails, own.lead_mailbox, own.public_url).tell,
        on_asked=AssuranceMail(unit, mails, own.public_url, own.deployment_keys[0]).tell,
    )
