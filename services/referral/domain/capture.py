"""Taking a consent down: what makes it one. Nothing is kept that names no recipient, no purpose or no end."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain
from uuid import UUID

from contracts.codes import ConsentChannel, DataCategory, GivenBy, Purpose, Signer
from contracts.referral import ConsentRecipient
from services.chassis.errors import InvalidError
from services.referral.domain.drafting import (
    ADULT,
    ConsentText,
    DraftedConsent,
    Review,
    is_minor,
    missing_signers,
    required_signers,
)
from services.referral.domain.grounds import (
    ENTERPRISE_CATEGORIES,
    VERBAL_CATEGORIES,
    VERBAL_WORKING_DAYS,
    Consent,
    Signature,
)
from services.referral.domain.lifecycle import herself
from services.referral.domain.workdays import IsWorkingDay, add_working_days

USUAL_MONTHS = 6
LONGEST_MONTHS = 12
#: Everything there is to say about a person: whoever ticks all of it has named nothing.
ALL_CATEGORIES = frozenset(DataCategory) - ENTERPRISE_CATEGORIES
#: Purposes that go with every service, whatever it offers.
GENERAL_PURPOSES = frozenset({Purpose.VERWEIS, Purpose.DOPPELPRUEFUNG})
ON_PAPER = frozenset({ConsentChannel.SIGNED_PAPER, ConsentChannel.SIGN_PAD})
#: How staff take one down; online she agrees herself.
AT_THE_DESK = tuple(one for one in ConsentChannel if one is not ConsentChannel.ONLINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What capture must know of a recipient: that it exists, what it offers and accepts, and that it stands alone."""

    organization_id: UUID
    service_id: UUID
    accepts: frozenset[DataCategory]
    purposes: frozenset[Purpose] = frozenset(Purpose)
    must_stand_alone: bool = False


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def usual_end(valid_from: date) -> date:
    return add_months(valid_from, USUAL_MONTHS)


def comes_of_age_on(born_on: date) -> date:
    """The eighteenth birthday: from this day on she speaks for herself."""
    return add_months(born_on, 12 * ADULT)


Problem = tuple[str, str]


def check(problems: Iterator[Problem]) -> None:
    """Refuse with every field that is wrong; of two complaints about one field the first is told."""
    found: dict[str, str] = {}
    for field, expected in problems:
        found.setdefault(field, expected)
    if found:
        raise InvalidError("consent.incomplete", found)


def draft(
    drafted: DraftedConsent,
    *,
    text: ConsentText,
    services: Sequence[Service],
    on: date,
    born_on: date | None = None,
) -> DraftedConsent:
    """Check all that can be checked before anybody signs."""
    words = _on_which_words(text, drafted.language, interpreter=drafted.interpreter)
    check(chain(_terms_problems(drafted, services, on, born_on), words))
    return drafted


def _terms_problems(
    drafted: DraftedConsent, services: Sequence[Service], on: date, born_on: date | None
) -> Iterator[Problem]:
    yield from _who(drafted, on, born_on)
    yield from _when(drafted, on)
    yield from _what(drafted, services)


def sign(
    drafted: DraftedConsent, signature: Signature, *, text: ConsentText, on: date, born_on: date | None = None
) -> DraftedConsent:
    """One of those who have to agrees; what shows it is checked, and that nobody signs twice."""
    check(_signing_problems(drafted, signature, text, on, born_on))
    waiting = tuple(one for one in drafted.signatures if not one.waits_for_witness or one.signer != signature.signer)
    return replace(drafted, signatures=(*waiting, signature))


def witness(drafted: DraftedConsent, by: str) -> DraftedConsent:
    """A second member of staff, in her own session, confirms what she heard."""
    waiting = [one for one in drafted.signatures if one.waits_for_witness]
    if not waiting:
        raise InvalidError("consent.nothing-to-witness", {"consent_id": "spoken-and-waiting-for-a-witness"})
    if any(one.recorded_by == by for one in waiting):
        raise InvalidError("consent.incomplete", {"witnessed_by": "somebody-else-than-who-wrote-it-down"})
    heard = tuple(replace(one, witnessed_by=by) if one.waits_for_witness else one for one in drafted.signatures)
    return replace(drafted, signatures=heard)


def complete(
    drafted: DraftedConsent,
    *,
    services: Sequence[Service],
    at: datetime,
    on: date,
    is_working_day: IsWorkingDay,
    born_on: date | None = None,
) -> Consent:
    """Everybody has agreed: the consent as it is kept, with the day on which word of mouth lapses."""
    first = max(drafted.valid_from or on, on)
    dated = replace(drafted, valid_from=first)
    check(_completing_problems(dated, services, on, born_on))
    until = _until(dated, born_on)
    by_word = any(one.channel is ConsentChannel.VERBAL_WITNESSED for one in drafted.signatures)
    leading = drafted.signatures[0]
    return Consent(
        id=drafted.id,
        version=drafted.version,
        person_id=drafted.person_id,
        given_by=drafted.given_by,
        channel=ConsentChannel.VERBAL_WITNESSED if by_word else leading.channel,
        text_id=leading.text_id,
        text_version=leading.text_version,
        text_sha256=leading.text_sha256,
        text_reviewed=True,
        language=leading.language,
        interpreter=leading.interpreter,
        recipients=drafted.recipients,
        controllers=drafted.controllers,
        secrecy_releases=drafted.secrecy_releases,
        signatures=drafted.signatures,
        terms_sha256=drafted.terms_sha256,
        code=drafted.code,
        prepared_at=drafted.prepared_at,
        given_at=at,
        valid_from=first,
        valid_until=until,
        ends_with_majority=until < drafted.valid_until,
        witnessed_by=next((one.witnessed_by for one in drafted.signatures if one.witnessed_by), None),
        evidence_sha256=leading.evidence_sha256,
        lapses_on=add_working_days(on, VERBAL_WORKING_DAYS, is_working_day) if by_word else None,
    )


def _completing_problems(
    drafted: DraftedConsent, services: Sequence[Service], on: date, born_on: date | None
) -> Iterator[Problem]:
    """What was true when it was printed has to be true still; the words were checked with each signature."""
    yield from _terms_problems(drafted, services, on, born_on)
    if missing_signers(drafted, born_on, on):
        yield "signatures", "of-everybody-who-has-to-agree"


def _until(one: DraftedConsent | Consent, born_on: date | None) -> date:
    """A guardian's consent ends with the day before the eighteenth birthday."""
    if one.given_by is not GivenBy.GUARDIAN or born_on is None:
        return one.valid_until
    return min(one.valid_until, comes_of_age_on(born_on) - timedelta(days=1))


def born_otherwise(consent: Consent, born_on: date, on: date, at: datetime) -> Consent | None:
    """The version that follows once the true birth date is known; None where it may stay.

    A guardian's consent ends with her majority. Her own, or a representative's, has ended where it turns out that she
    is under age: those who have custody never agreed [law]. Only ever shorter: no birth date stretches what was agreed.
    """
    is_hers_alone = consent.given_by is not GivenBy.GUARDIAN and is_minor(born_on, on)
    until = min(consent.valid_until, on - timedelta(days=1)) if is_hers_alone else _until(consent, born_on)
    if until == consent.valid_until:
        return None
    first = min(consent.valid_from, until)  # over before it began: on every day it could have carried anything
    return replace(
        consent,
        version=consent.version + 1,
        given_at=at,
        valid_from=first,
        valid_until=until,
        ends_with_majority=not is_hers_alone,
    )


def _who(drafted: DraftedConsent, on: date, born_on: date | None) -> Iterator[Problem]:
    """Adults consent for themselves; for somebody under age all who have custody do."""
    if not is_minor(born_on, on):
        if drafted.given_by is GivenBy.GUARDIAN:
            yield "given_by", "self-or-representative-for-an-adult"
        return
    if drafted.given_by is not GivenBy.GUARDIAN:
        yield "given_by", "guardian-for-somebody-under-age"
        return
    if drafted.custody is None:
        yield "custody", "who-has-custody"
    elif drafted.custody.guardian_organization_id in {one.organization_id for one in drafted.recipients}:
        yield "recipients", "another-body-than-the-guardian"


def _when(drafted: DraftedConsent, on: date) -> Iterator[Problem]:
    first = drafted.valid_from or on
    if first < on:
        yield "valid_from", "today-or-later"
    if drafted.valid_until < on:
        yield "valid_until", "not-in-the-past"
    if drafted.valid_until < first:
        yield "valid_until", "not-before-valid-from"
    if drafted.valid_until > add_months(first, LONGEST_MONTHS):
        yield "valid_until", "at-most-twelve-months"


def _what(drafted: DraftedConsent, services: Sequence[Service]) -> Iterator[Problem]:
    """Recipient, purpose and data are named; a blanket consent is none."""
    if not drafted.recipients:
        yield "recipients", "named-not-blanket"
    known: dict[tuple[UUID, UUID | None], Service] = {(one.organization_id, one.service_id): one for one in services}
    services_known = {one.service_id for one in services}
    named = Counter((one.organization_id, one.service_id) for one in drafted.recipients)
    if any(times > 1 for times in named.values()):
        yield "recipients", "each-once"
    for one in drafted.recipients:
        found = known.get((one.organization_id, one.service_id))
        if one.service_id is None:
            yield "recipients", "organization-and-service"
        elif found is None:
            foreign = one.service_id in services_known
            yield "recipients", "the-organizations-own-service" if foreign else "known-to-the-directory"
        else:
            yield from _accepted(one, found, drafted)
        yield from _named(one)


def _accepted(one: ConsentRecipient, service: Service, drafted: DraftedConsent) -> Iterator[Problem]:
    if service.must_stand_alone and len({other.organization_id for other in drafted.recipients}) > 1:
        yield "recipients", "this-body-alone"
    if not frozenset(one.categories) >= ALL_CATEGORIES and not frozenset(one.categories) <= service.accepts:
        yield "categories", "accepted-by-the-terms"
    if not frozenset(one.purposes) <= service.purposes | GENERAL_PURPOSES:
        yield "purposes", "offered-by-the-service"


def _named(one: ConsentRecipient) -> Iterator[Problem]:
    if not one.purposes:
        yield "purposes", "named-not-blanket"
    if not one.categories or frozenset(one.categories) >= ALL_CATEGORIES:
        yield "categories", "named-not-blanket"
    if frozenset(one.categories) & ENTERPRISE_CATEGORIES:
        yield "categories", "of-the-person-not-of-an-employer"


def _on_which_words(text: ConsentText, language: str, *, interpreter: bool) -> Iterator[Problem]:
    if text.review is not Review.REVIEWED:
        yield "language", "a-reviewed-text-or-german-with-interpreter"
    if text.retired:
        yield "text_id", "the-text-in-use"
    if language != text.language and not (text.language == "de" and interpreter):
        yield "language", "of-the-text-or-reviewed-german-with-interpreter"


def _signing_problems(
    drafted: DraftedConsent, signature: Signature, text: ConsentText, on: date, born_on: date | None
) -> Iterator[Problem]:
    if signature.signer not in required_signers(drafted, born_on, on):
        yield "signer", "somebody-who-has-to-agree"
    elif signature.signer not in missing_signers(drafted, born_on, on):
        yield "signer", "somebody-who-has-not-signed-yet"
    if signature.signed_on > on:
        yield "signed_on", "not-in-the-future"
    if signature.signed_on < drafted.prepared_at.date() - timedelta(days=1):
        yield "signed_on", "not-before-it-was-printed"
    if signature.signer is not Signer.PERSON and signature.proof is None:
        yield "proof", "what-shows-that-she-may-sign-for-another"
    yield from _on_which_words(text, signature.language, interpreter=signature.interpreter)
    yield from _shown(drafted, signature)


def _shown(drafted: DraftedConsent, signature: Signature) -> Iterator[Problem]:
    """What shows that it was given: a signed form, her own hand, or a witness and then little and not for long."""
    if signature.channel in ON_PAPER and signature.document_id is None:
        yield "document_id", "the-signed-form"
    if signature.channel is ConsentChannel.ONLINE and not _by_herself(drafted, signature):
        yield "channel", "online-only-by-her-own-link"
    if signature.channel is ConsentChannel.VERBAL_WITNESSED:
        yield from _by_word(drafted, signature)


def _by_word(drafted: DraftedConsent, signature: Signature) -> Iterator[Problem]:
    """What is read out speaks to her of her own name, contact and language, and of nothing else [law]."""
    if signature.witness is None:
        yield "witnessed_by", "a-second-staff-member-or-interpreter"
    if signature.witnessed_by == signature.recorded_by:
        yield "witnessed_by", "somebody-else-than-who-wrote-it-down"
    if not all(frozenset(one.categories) <= VERBAL_CATEGORIES for one in drafted.recipients):
        yield "categories", "identity-contact-language-by-word-of-mouth"
    if drafted.given_by is not GivenBy.SELF:
        yield "channel", "in-writing-where-others-decide"
    if drafted.secrecy_releases:
        yield "secrecy_release", "in-writing-only"


def _by_herself(drafted: DraftedConsent, signature: Signature) -> bool:
    """Online she agrees in her own session; what staff write down of it is word of mouth or a paper."""
    return signature.signer is Signer.PERSON and signature.recorded_by == herself(drafted.person_id)
