"""Mail for the light path: a number and a link, in German and English, and no word about a person."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import TypeGuard
from uuid import UUID

from contracts.codes import NoticeKind
from services.chassis import i18n, mail
from services.chassis.mail import MailServer
from services.notifications.channels.desk_link import DeskLinks
from services.notifications.channels.result import Result

LANGUAGES = ("de", "en")
#: With these a unit is asked by the way whether it has places; a mail about a stop or a duty is no moment for it.
ABOUT_PLACES = frozenset({NoticeKind.REFERRAL_REQUESTED, NoticeKind.REMINDER})


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
        if not is_mailbox(mailbox):
            return Result("mailbox-missing", final=True)
        link_id = self.new_id()
        link, until = self.links.issue(organization_id, referral_id, link_id, now)
        places = self.links.capacity(organization_id, now) if kind in ABOUT_PLACES else None
        message = compose(self.sender, mailbox, reference, kind, link, until, now, places)
        result = self.hand_in(message)
        return result if result.cause else Result(status_code=result.status_code, link_id=link_id, link_until=until)

    def tell_contact(self, mailbox: str | None, reference: str | None, kind: NoticeKind, now: datetime) -> Result:
        """To the contact named in the agreement: the number and what is owed; a link would be the unit's alone."""
        if not is_mailbox(mailbox):
            return Result("mailbox-missing", final=True)
        body = "\n\n".join(_to_contact(language, reference, kind) for language in LANGUAGES)
        message = mail.compose(self.sender, mailbox, subject_of(reference), body, languages=LANGUAGES, now=now)
        return self.hand_in(message)

    def hand_in(self, message: EmailMessage) -> Result:
        """Give one message to the server of this deployment."""
        handed = mail.hand_in(self.server, message)
        return Result(handed.cause, handed.status_code, final=handed.final)


def compose(
    sender: str,
    mailbox: str,
    reference: str | None,
    kind: NoticeKind,
    link: str,
    until: datetime,
    now: datetime,
    places: str | None = None,
) -> EmailMessage:
    """The mail: what happened as a sentence per notice kind, the number, the link, until when, and what it is not."""
    body = "\n\n".join(_part(language, reference, kind, link, until, places) for language in LANGUAGES)
    return mail.compose(sender, mailbox, subject_of(reference), body, languages=LANGUAGES, now=now)


def subject_of(reference: str | None) -> str:
    """The number of the referral, and nothing else that tells about anybody."""
    return f"{say('de', 'mail:subject')} {reference or ''}".strip()


def is_mailbox(mailbox: str | None) -> TypeGuard[str]:
    return mailbox is not None and "\n" not in mailbox and "@" in mailbox


def _to_contact(language: str, reference: str | None, kind: NoticeKind) -> str:
    lines = (
        say(language, "mail:greeting"),
        say(language, f"mail:{kind.value}"),
        say(language, "mail:number").format(reference=reference or "-"),
        say(language, "mail:no-person"),
    )
    return "\n".join(lines)


def _part(
    language: str, reference: str | None, kind: NoticeKind, link: str, until: datetime, places: str | None
) -> str:
    lines = (
        say(language, "mail:greeting"),
        say(language, f"mail:{kind.value}"),
        say(language, "mail:number").format(reference=reference or "-"),
        say(language, "mail:link").format(until=i18n.format_moment(until, language)),
        link,
        say(language, "mail:single-use"),
        say(language, "mail:second-factor"),
        *([say(language, "mail:places"), places] if places else ()),
        say(language, "mail:no-application"),
    )
    return "\n".join(lines)


def say(language: str, key: str) -> str:
    """A sentence of the catalogue in one language."""
    return i18n.translations("notifications", language).gettext(key)
