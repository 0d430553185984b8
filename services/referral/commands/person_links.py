"""Links for persons: issued, used once, taken back. What one is for is written down here and nowhere in the link."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from contracts.codes import ContactLimit, PersonLinkPurpose, PersonLinkWay
from contracts.referral import PersonLinkIssued, PersonLinkUsed, PersonLinkVoided
from services.chassis.db import Connection
from services.chassis.errors import ForbiddenError, NotFoundError
from services.chassis.work import Work
from services.referral.config import Keys
from services.referral.link_tokens import Token
from services.referral.store import letters, person_links, persons
from services.referral.store.person_links import PersonLink

#: Whoever holds a spent link could otherwise fill a mailbox, or go on doing so for years.
PAUSE = timedelta(minutes=5)
RENEWABLE = timedelta(days=30)
INVALID, USED, EXPIRED, EARLY = "person-link.invalid", "person-link.used", "person-link.expired", "person-link.not-yet"


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A link as it is handed over: its address is also what a QR code holds."""

    id: UUID
    url: str
    code: str
    expires_at: datetime


def issue(
    work: Work,
    keys: Keys,
    person_id: UUID,
    enquiry_id: UUID,
    purpose: PersonLinkPurpose,
    *,
    language: str = "de",
    way: PersonLinkWay = PersonLinkWay.SHOWN,
    mail_is_safe: bool = False,
    consent_id: UUID | None = None,
) -> IssuedLink:
    """Make a link for this person and one purpose; the number in it is random and tells nothing."""
    life = keys.person_links.mailed_life if way is PersonLinkWay.MAILED else keys.person_links.shown_life
    link = PersonLink(
        id=uuid4(),
        purpose=purpose,
        way=way,
        person_id=person_id,
        enquiry_id=enquiry_id,
        consent_id=consent_id,
        language=language,
        mail_is_safe=mail_is_safe or way is PersonLinkWay.MAILED,
        issued_at=work.now,
        expires_at=work.now + life,
    )
    issued = as_handed_over(keys, link)
    shown = way is PersonLinkWay.SHOWN
    person_links.add(work, link, keys.person_links.code_digest(issued.code) if shown else None)
    work.announce(
        PersonLinkIssued(
            link_id=link.id,
            enquiry_id=enquiry_id,
            person_id=link.known_person_id,
            purpose=purpose,
            way=way,
            expires_at=link.expires_at,
        )
    )
    return issued


def as_handed_over(keys: Keys, link: PersonLink) -> IssuedLink:
    """The same link again, for whoever may show it: nothing of it is kept but its number."""
    return IssuedLink(link.id, keys.person_links.url(token_of(link)), keys.person_links.code(link.id), link.expires_at)


def token_of(link: PersonLink) -> Token:
    return Token(link.id, link.issued_at, link.expires_at)


def why_closed(keys: Keys, token: Token, link: PersonLink, now: datetime) -> str | None:
    """Why this link opens nothing now; None if it does."""
    if token.starts_at - keys.person_links.skew > now:
        return EARLY
    if link.is_spent:
        return USED
    return EXPIRED if token.ends_at <= now or link.expires_at <= now else None


def use(work: Work, keys: Keys, token: Token) -> PersonLink:
    """Burn the link, or say why it opens nothing; whoever comes second finds it used."""
    link = person_links.load(work.tx, token.id)
    closed = why_closed(keys, token, link, work.now)
    if closed is None and not person_links.burn(work, link.id):
        closed = USED
    if closed is not None:
        raise ForbiddenError(closed)
    work.announce(
        PersonLinkUsed(
            link_id=link.id, enquiry_id=link.enquiry_id, person_id=link.known_person_id, purpose=link.purpose
        )
    )
    return link


def hers(work: Work, link_id: UUID) -> PersonLink:
    """The link a visit came by, unless it was taken back in this very moment; an answered invitation stays readable."""
    link = person_links.load(work.tx, link_id)
    if link.voided_at is not None and link.purpose is not PersonLinkPurpose.INVITATION:
        raise ForbiddenError(USED)
    return link


def void(work: Work, link: PersonLink) -> None:
    """Take a link back: nobody comes in by it any more, no other is sent in its place, whoever is in is out."""
    person_links.end_visits(work, link_id=link.id)
    close(work, link)


def close(work: Work, link: PersonLink) -> None:
    """It opens nothing any more; who came in by it reads to the end what became of it."""
    if person_links.void(work, link.id):
        work.announce(
            PersonLinkVoided(
                link_id=link.id, enquiry_id=link.enquiry_id, person_id=link.known_person_id, purpose=link.purpose
            )
        )


def send(
    work: Work,
    keys: Keys,
    person_id: UUID,
    enquiry_id: UUID,
    purpose: PersonLinkPurpose,
    *,
    language: str,
    consent_id: UUID | None = None,
) -> UUID:
    """Make a link and put a letter with it into the box; nobody but the person ever sees this link."""
    issued = issue(
        work,
        keys,
        person_id,
        enquiry_id,
        purpose,
        language=language,
        way=PersonLinkWay.MAILED,
        consent_id=consent_id,
    )
    letters.add(work, issued.id)
    return issued.id


def renew(work: Work, keys: Keys, link_id: UUID) -> bool:
    """Send a new link in place of a spent one, to the address she once gave; whether it did is told to nobody outside.

    Her row is locked meanwhile, so that of two clicks at once the second finds the letter of the first.
    """
    link = person_links.load(work.tx, link_id)
    person_links.lock_person(work, link.person_id)
    if not is_renewable(link, work.now) or not person_links.mail_is_safe(work.tx, link.person_id):
        return False
    just_written = letters.written_since(work.tx, link.person_id, link.purpose, work.now - PAUSE)
    if just_written or mailbox_of(work.tx, keys, link.person_id) is None:
        return False
    send(
        work,
        keys,
        link.person_id,
        link.enquiry_id,
        link.purpose,
        language=link.language,
        consent_id=link.consent_id,
    )
    return True


def is_renewable(link: PersonLink, now: datetime) -> bool:
    """Only what was spent and not taken back, where mail was safe; an invitation's address is gone with its letter."""
    spent = link.used_at is not None or link.expires_at <= now
    return (
        spent
        and link.voided_at is None
        and link.mail_is_safe
        and link.purpose is not PersonLinkPurpose.INVITATION
        and now < link.expires_at + RENEWABLE
    )


def mailbox_of(connection: Connection, keys: Keys, person_id: UUID) -> str | None:
    """Where she can be written to; None if she gave no address, or none is safe, or nothing of her is there."""
    record = _record_of(connection, keys, person_id)
    return None if ContactLimit.NO_EMAIL in record.get("contact_limits", ()) else record.get("email") or None


def is_neutral_only(connection: Connection, keys: Keys, person_id: UUID) -> bool:
    """Whether what she is sent must not even say that it is meant for her."""
    return ContactLimit.NEUTRAL_ONLY in _record_of(connection, keys, person_id).get("contact_limits", ())


def _record_of(connection: Connection, keys: Keys, person_id: UUID) -> Mapping[str, Any]:
    try:
        return persons.record_of(connection, keys.vault, person_id)
    except NotFoundError:
        return {}
