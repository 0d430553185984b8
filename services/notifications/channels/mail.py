"""Mail for the light path: a number and a link, in German and English, and no word about a person."""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from uuid import UUID

from contracts.codes import NoticeKind
from services.chassis import i18n
from services.notifications.channels.desk_link import DeskLinks
from services.notifications.channels.result import Result
from services.notifications.config import MailServer

LANGUAGES = ("de", "en")
SECONDS = 15
#: SMTP says 5xx for "never" and 4xx for "later".
PERMANENT = 500


@dataclass(frozen=True)
class MailSender:
    """Hands mails to the one mail server of the deployment."""

    server: MailServer
    sender: str
    links: DeskLinks
    new_id: Callable[[], UUID]

    def send(
        self,
        mailbox: str | None,
        organization_id: UUID,
        referral_id: UUID,
        reference: str | None,
        kind: NoticeKind,
        now: datetime,
    ) -> Result:
        """One attempt, with a fresh link each time: a link that was in a lost mail is worth nothing."""
        if mailbox is None or "\n" in mailbox or "@" not in mailbox:
            return Result("mailbox-missing", final=True)
        link_id = self.new_id()
        link, until = self.links.issue(organization_id, referral_id, link_id, now)
        message = compose(self.sender, mailbox, reference, kind, link, until, now)
        result = self.hand_in(message)
        return result if result.cause else Result(status_code=result.status_code, link_id=link_id, link_until=until)

    def hand_in(self, message: EmailMessage) -> Result:
        """Give one message to the server; encrypted unless the server is this machine."""
        try:
            with _connect(self.server) as smtp:
                smtp.send_message(message)
            return Result(status_code=250)
        except smtplib.SMTPResponseException as error:
            return Result(f"smtp-{error.smtp_code}", error.smtp_code)
        except smtplib.SMTPRecipientsRefused as error:
            code = max((code for code, _ in error.recipients.values()), default=PERMANENT)
            return Result(f"smtp-{code}", code, final=code >= PERMANENT)
        except ssl.SSLError:
            return Result("tls-failed")
        except TimeoutError:
            return Result("timeout")
        except (smtplib.SMTPException, OSError):
            return Result("connection-failed")


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


def compose(
    sender: str, mailbox: str, reference: str | None, kind: NoticeKind, link: str, until: datetime, now: datetime
) -> EmailMessage:
    """The mail: what happened as a sentence per notice kind, the number, the link, until when, and what it is not."""
    message = EmailMessage()
    message["From"], message["To"] = sender, mailbox
    message["Subject"] = f"{say('de', 'mail:subject')} {reference or ''}".strip()
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = ", ".join(LANGUAGES)
    message.set_content("\n\n".join(_part(language, reference, kind, link, until) for language in LANGUAGES))
    return message


def _part(language: str, reference: str | None, kind: NoticeKind, link: str, until: datetime) -> str:
    lines = (
        say(language, "mail:greeting"),
        say(language, f"mail:{kind.value}"),
        say(language, "mail:number").format(reference=reference or "-"),
        say(language, "mail:link").format(until=i18n.format_moment(until, language)),
        link,
        say(language, "mail:single-use"),
        say(language, "mail:no-application"),
    )
    return "\n".join(lines)


def say(language: str, key: str) -> str:
    """A sentence of the catalogue in one language."""
    return i18n.translations("notifications", language).gettext(key)
