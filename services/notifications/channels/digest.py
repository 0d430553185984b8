"""Many reminders for one unit are one mail: the numbers, what is urgent first, and no word about a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.chassis import i18n, mail
from services.notifications.channels.mail import LANGUAGES, MailSender, is_mailbox, say
from services.notifications.channels.result import Result
from services.notifications.store import Delivery

#: So many numbers bring a link of their own along; a longer list is looked through, not clicked through.
LINKED = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One referral in the list."""

    delivery: Delivery
    reference: str | None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class _Link:
    text: str
    link_id: UUID
    until: datetime


def send(
    mails: MailSender, mailbox: str | None, entries: Sequence[Entry], subject: str, *, links: bool, now: datetime
) -> list[Result]:
    """One mail for all of them; how it went, once for each."""
    if not is_mailbox(mailbox):
        return [Result("mailbox-missing", final=True) for _ in entries]
    issued = [_issue(mails, entry.delivery, now) for entry in entries[:LINKED]] if links else []
    message = mail.compose(
        mails.sender,
        mailbox,
        say("de", "digest:subject").format(count=len(entries)),
        _body(entries, issued, subject),
        languages=LANGUAGES,
        now=now,
    )
    result = mails.hand_in(message)
    if result.cause:
        return [result for _ in entries]
    linked = [Result(status_code=result.status_code, link_id=one.link_id, link_until=one.until) for one in issued]
    return linked + [Result(status_code=result.status_code) for _ in entries[len(linked) :]]


def _issue(mails: MailSender, delivery: Delivery, now: datetime) -> _Link:
    link_id = mails.new_id()
    text, until = mails.links.issue(delivery.organization_id, delivery.referral_id, link_id, now)
    return _Link(text, link_id, until)


def _body(entries: Sequence[Entry], issued: Sequence[_Link], subject: str) -> str:
    parts = ["\n".join(_words(language, len(entries), issued, subject)) for language in LANGUAGES]
    urgent = [index for index, entry in enumerate(entries) if entry.urgent]
    if urgent:
        parts.append("\n".join([say("de", "digest:urgent"), *(_line(entries, issued, index) for index in urgent)]))
    others = [_line(entries, issued, index) for index, entry in enumerate(entries) if not entry.urgent]
    return "\n\n".join([*parts, "\n".join(others)] if others else parts)


def _words(language: str, count: int, issued: Sequence[_Link], subject: str) -> list[str]:
    lines = [say(language, "mail:greeting"), say(language, f"digest:{subject}").format(count=count)]
    if issued:
        until = i18n.format_moment(min(one.until for one in issued), language)
        lines.append(say(language, "digest:links").format(until=until))
        lines += [say(language, "digest:others").format(count=len(issued))] if count > len(issued) else []
        lines.append(say(language, "mail:no-application"))
    else:
        lines.append(say(language, "mail:no-person"))
    return lines


def _line(entries: Sequence[Entry], issued: Sequence[_Link], index: int) -> str:
    reference = entries[index].reference or "-"
    return f"{reference}\n{issued[index].text}" if index < len(issued) else reference
