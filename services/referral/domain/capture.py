"""Taking a consent down: what makes it one. Nothing is kept that names no recipient, no purpose or no end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from contracts.codes import ConsentChannel, DataCategory, GivenBy
from contracts.referral import ConsentRecipient
from services.chassis.errors import InvalidError
from services.referral.domain.grounds import ENTERPRISE_CATEGORIES, VERBAL_CATEGORIES, VERBAL_WORKING_DAYS, Consent
from services.referral.domain.workdays import IsWorkingDay, add_working_days

USUAL_MONTHS = 6
LONGEST_MONTHS = 12
ADULT = 18
#: From here on the young person consents beside whoever has custody [law].
YOUNG_PERSON = 16


class Review(StrEnum):
    """How far a consent text has been checked."""

    DRAFT = "draft"
    TRANSLATED = "translated"
    REVIEWED = "reviewed"


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One version of the text somebody agrees to, in one language."""

    id: str
    sha256: str
    language: str
    review: Review
    retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What capture must know of a recipient: that it exists, what it accepts, and whose guardian it may be."""

    organization_id: UUID
    service_id: UUID
    accepts: frozenset[DataCategory]
    must_stand_alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """For somebody under age: who consented, who has to, and what proves it."""

    holders: int = 1
    consented: int = 0
    proof_noted: bool = False
    young_person_consents: bool = False
    #: A Jugendamt as Vormund does not consent to itself as recipient.
    guardian_organization_id: UUID | None = None


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def usual_end(valid_from: date) -> date:
    return add_months(valid_from, USUAL_MONTHS)


Problem = tuple[str, str]


def give(
    consent: Consent,
    *,
    text: ConsentText,
    services: Sequence[Service],
    on: date,
    is_working_day: IsWorkingDay,
    born_on: date | None = None,
    custody: Custody | None = None,
) -> Consent:
    """Check everything a consent needs and return it as it is kept, with the day on which word of mouth lapses."""
    problems = dict(
        [
            *_who(consent, on, born_on, custody),
            *_when(consent, on),
            *_what(consent, services),
            *_how(consent, text),
        ]
    )
    if problems:
        raise InvalidError("consent.incomplete", problems)
    consent = replace(consent, text_reviewed=True, valid_until=_until(consent, born_on))
    if consent.channel is ConsentChannel.VERBAL_WITNESSED and consent.confirmed_at is None:
        return replace(consent, lapses_on=add_working_days(on, VERBAL_WORKING_DAYS, is_working_day))
    return consent


def _until(consent: Consent, born_on: date | None) -> date:
    """A guardian's consent ends on the eighteenth birthday: from that day she speaks for herself."""
    if consent.given_by is not GivenBy.GUARDIAN or born_on is None:
        return consent.valid_until
    return min(consent.valid_until, add_months(born_on, 12 * ADULT) - timedelta(days=1))


def confirm(consent: Consent, at: datetime, on: date) -> Consent:
    """What was said is confirmed (signed, or online); too late once it has lapsed."""
    if consent.lapses_on is not None and on > consent.lapses_on:
        raise InvalidError("consent.lapsed", {"consent_id": "still-within-the-days-to-confirm"})
    return replace(consent, confirmed_at=at)


def age_on(born_on: date, day: date) -> int:
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def _who(consent: Consent, on: date, born_on: date | None, custody: Custody | None) -> Iterator[Problem]:
    """Adults consent for themselves; for somebody under age all who have custody do, from 16 she does too."""
    is_minor = born_on is not None and age_on(born_on, on) < ADULT
    if not is_minor:
        if consent.given_by is GivenBy.GUARDIAN:
            yield "given_by", "self-or-representative-for-an-adult"
        return
    if consent.given_by is not GivenBy.GUARDIAN or custody is None:
        yield "given_by", "guardian-for-somebody-under-age"
        return
    if custody.consented < custody.holders or not custody.proof_noted:
        yield "custody", "consent-of-all-holders-with-proof"
    if born_on is not None and age_on(born_on, on) >= YOUNG_PERSON and not custody.young_person_consents:
        yield "custody", "the-young-person-too-from-16"
    if custody.guardian_organization_id in {one.organization_id for one in consent.recipients}:
        yield "recipients", "another-body-than-the-guardian"


def _when(consent: Consent, on: date) -> Iterator[Problem]:
    if consent.valid_from < on:
        yield "valid_from", "today-or-later"
    if consent.valid_until < consent.valid_from:
        yield "valid_until", "not-before-valid-from"
    if consent.valid_until > add_months(consent.valid_from, LONGEST_MONTHS):
        yield "valid_until", "at-most-twelve-months"


def _what(consent: Consent, services: Sequence[Service]) -> Iterator[Problem]:
    """Recipient, purpose and data are named; a blanket consent is none."""
    if not consent.recipients:
        yield "recipients", "named-not-blanket"
    known: dict[tuple[UUID, UUID | None], Service] = {(one.organization_id, one.service_id): one for one in services}
    named = [(one.organization_id, one.service_id) for one in consent.recipients]
    if len(set(named)) != len(named):
        yield "recipients", "each-once"
    for one in consent.recipients:
        yield from _recipient(one, known.get((one.organization_id, one.service_id)), consent)


def _recipient(one: ConsentRecipient, service: Service | None, consent: Consent) -> Iterator[Problem]:
    if one.service_id is None:
        yield "recipients", "organization-and-service"
    elif service is None:
        yield "recipients", "known-to-the-directory"
    elif not frozenset(one.categories) <= service.accepts:
        yield "categories", "accepted-by-the-terms"
    elif service.must_stand_alone and len({other.organization_id for other in consent.recipients}) > 1:
        yield "recipients", "this-body-alone"
    if not one.purposes:
        yield "purposes", "named-not-blanket"
    if not one.categories or frozenset(one.categories) >= ALL_CATEGORIES:
        yield "categories", "named-not-blanket"
    if frozenset(one.categories) & ENTERPRISE_CATEGORIES:
        yield "categories", "of-the-person-not-of-an-employer"


#: Everything there is to say about a person: whoever ticks all of it has named nothing.
ALL_CATEGORIES = frozenset(DataCategory) - ENTERPRISE_CATEGORIES


def _how(consent: Consent, text: ConsentText) -> Iterator[Problem]:
    if text.review is not Review.REVIEWED or text.retired:
        yield "text_id", "a-reviewed-text"
    if (consent.text_id, consent.text_sha256) != (text.id, text.sha256):
        yield "text_sha256", "of-the-text-that-was-shown"
    if consent.language != text.language and not (text.language == "de" and consent.interpreter):
        yield "language", "of-the-text-or-reviewed-german-with-interpreter"
    if consent.channel is ConsentChannel.VERBAL_WITNESSED:
        if consent.witnessed_by is None:
            yield "witnessed_by", "a-second-staff-member-or-interpreter"
        if not all(frozenset(one.categories) <= VERBAL_CATEGORIES for one in consent.recipients):
            yield "categories", "identity-contact-language-by-word-of-mouth"
    if consent.channel in (ConsentChannel.SIGNED_PAPER, ConsentChannel.SIGN_PAD) and consent.evidence_sha256 is None:
        yield "evidence_sha256", "hash-of-the-signed-form"
