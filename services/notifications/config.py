"""What notifications alone is told from outside: mail, the key of desk links, networks it may call."""

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from ipaddress import ip_network

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from services.chassis.config import ConfigError, Environment, deployment_keys
from services.chassis.mail import MailServer
from services.notifications.domain.addresses import Network
from services.notifications.domain.ladder import Ladder
from services.notifications.domain.policy import GATHER

MAILBOX = r"[^@\s]+@[^@\s]+"


@dataclass(frozen=True, slots=True)
class SenderSettings:
    """Everything the dispatcher needs besides the database."""

    public_url: str
    mail_server: MailServer
    mail_from: str
    lead_mailbox: str | None
    #: Who keeps the directory; the lead where nobody is named.
    editors_mailbox: str | None
    desk_key: OKPKey = field(repr=False)
    desk_link_life: timedelta
    webhook_networks: tuple[Network, ...]
    deployment_keys: tuple[bytes, ...] = field(repr=False)
    ladder: Ladder
    threads: int


def load(environment: Environment) -> SenderSettings:
    """Read and check them; a wrong one is named and stops the process."""
    lead = _mailbox("LEAD_MAILBOX", environment.optional("LEAD_MAILBOX"))
    return SenderSettings(
        public_url=environment.url("PUBLIC_URL", ("http", "https")),
        mail_server=MailServer.at(environment.url("SMTP_URL", ("smtp", "smtps"))),
        mail_from=environment.text("MAIL_FROM", "a mailbox", matches=MAILBOX),
        lead_mailbox=lead,
        editors_mailbox=_mailbox("EDITORS_MAILBOX", environment.optional("EDITORS_MAILBOX")) or lead,
        desk_key=_desk_key(environment),
        desk_link_life=timedelta(days=environment.number("DESK_LINK_DAYS", 14, low=1, high=30)),
        webhook_networks=webhook_networks(environment),
        deployment_keys=deployment_keys(environment),
        ladder=Ladder(scale=_scale(environment)),
        threads=environment.number("DISPATCH_THREADS", 8, low=1, high=64),
    )


def check(environment: Environment, role: str) -> None:
    """Ask now for what the role will ask for later: a wrong setting stops its start."""
    webhook_networks(environment)  # a network opened for webhooks is a way behind our own door
    _scale(environment)
    if role in {"web", "all"}:
        operations_amqp_uri(environment)
    if role in {"dispatcher", "all"}:
        load(environment)


def _mailbox(name: str, given: str | None) -> str | None:
    """Nobody is written to where none is named."""
    if given and not re.fullmatch(MAILBOX, given):
        raise ConfigError(name, "a mailbox, or nothing")
    return given


def _desk_key(environment: Environment) -> OKPKey:
    expected = "a private Ed25519 JSON Web Key"
    try:
        document = json.loads(environment.secret("DESK_LINK_KEY", expected))
        key = OKPKey.import_key(document["keys"][0] if "keys" in document else document)
    except (JoseError, ValueError, KeyError, TypeError, IndexError) as error:
        raise ConfigError("DESK_LINK_KEY", expected) from error
    if not key.is_private or key.as_dict().get("crv") != "Ed25519":
        raise ConfigError("DESK_LINK_KEY", expected)
    key.ensure_kid()
    return key


def webhook_networks(environment: Environment) -> tuple[Network, ...]:
    """Networks of one's own that webhooks may reach: for demo and tests. Production does not start with any."""
    text = environment.optional("WEBHOOK_ALLOW_NETS") or ""
    if text and environment.optional("MODE") != "demo":
        raise ConfigError("WEBHOOK_ALLOW_NETS", "nothing in production: it opens a way behind our own door")
    try:
        return tuple(ip_network(one.strip()) for one in text.split(",") if one.strip())
    except ValueError as error:
        raise ConfigError("WEBHOOK_ALLOW_NETS", "networks such as 10.1.0.0/16, separated by commas") from error


def operations_amqp_uri(environment: Environment) -> str | None:
    """The broker user `operations`, which alone reads what could not be delivered; without it nobody looks."""
    if not (environment.optional("OPERATIONS_AMQP_URI") or environment.optional("OPERATIONS_AMQP_URI_FILE")):
        return None
    return environment.broker("OPERATIONS_AMQP_URI")


def _scale(environment: Environment) -> float:
    text = environment.text("LADDER_SCALE", "a factor such as 0.01", "1", matches=r"\d{1,3}(\.\d{1,6})?")
    return float(text)


@cache
def gathering() -> timedelta:
    """How long the first reminder for a unit waits for the others."""
    return GATHER * _scale(Environment())


@cache
def public_url() -> str:
    """The one origin that links in notices begin with."""
    return Environment().url("PUBLIC_URL", ("http", "https"))
