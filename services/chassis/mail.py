"""Handing one mail to the deployment's one mail server; what came of it is a code, never a server's own words."""

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import unquote, urlsplit

from services.chassis.config import LOOPBACK

SECONDS = 15
#: SMTP says 5xx for "never" and 4xx for "later".
PERMANENT = 500


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in: `encrypted` from the first byte, else by STARTTLS, at loopback in the clear."""

    host: str
    port: int
    encrypted: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def may_be_plain(self) -> bool:
        return self.host in LOOPBACK

    @classmethod
    def at(cls, url: str) -> "MailServer":
        """As a setting names it: ``smtp://...`` or ``smtps://user:password@...``."""
        parts = urlsplit(url)
        encrypted = parts.scheme == "smtps"
        return cls(
            parts.hostname or "",
            parts.port or (465 if encrypted else 587),
            encrypted,
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )


@dataclass(frozen=True, slots=True)
class HandedIn:
    """No cause means that the server took it. `final` says that trying again would change nothing."""

    cause: str | None = None
    status_code: int | None = None
    final: bool = False


def compose(
    sender: str, mailbox: str, subject: str, body: str, *, languages: Sequence[str], now: datetime
) -> EmailMessage:
    """A plain message that says of itself that a machine wrote it."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, mailbox, subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = ", ".join(languages)
    message.set_content(body)
    return message


def hand_in(server: MailServer, message: EmailMessage) -> HandedIn:
    """Give one message to the server; encrypted unless the server is this machine."""
    try:
        with _connect(server) as smtp:
            smtp.send_message(message)
        return HandedIn(status_code=250)
    except smtplib.SMTPResponseException as error:
        return HandedIn(f"smtp-{error.smtp_code}", error.smtp_code)
    except smtplib.SMTPRecipientsRefused as error:
        code = max((code for code, _ in error.recipients.values()), default=PERMANENT)
        return HandedIn(f"smtp-{code}", code, final=code >= PERMANENT)
    except ssl.SSLError:
        return HandedIn("tls-failed")
    except TimeoutError:
        return HandedIn("timeout")
    except (smtplib.SMTPException, OSError):
        return HandedIn("connection-failed")


def _connect(server: MailServer) -> smtplib.SMTP:
    if server.encrypted:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=SECONDS, context=ssl.create_default_context()
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=SECONDS)
    try:
        if not server.encrypted and not server.may_be_plain:
            smtp.starttls(context=ssl.create_default_context())
        if server.user is not None and server.password is not None:
            smtp.login(server.user, server.password)
    except BaseException:
        with suppress(smtplib.SMTPException, OSError):
            smtp.close()
        raise
    return smtp
