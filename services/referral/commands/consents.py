"""Consent is given, confirmed, narrowed or withdrawn; whatever it carried follows at once."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from contracts.codes import ConsentChannel, EnquirerKind, GivenBy
from contracts.event import Code, LanguageTag
from contracts.referral import ConsentGiven, ConsentRecipient, ConsentWithdrawn
from services.chassis.errors import InvalidError, NotFoundError, RefusedError
from services.chassis.work import Work
from services.referral.calendar import is_working_day
from services.referral.commands import cascade, enquiries
from services.referral.config import Keys
from services.referral.consent_texts import TextLibrary
from services.referral.domain import capture
from services.referral.domain.capture import ConsentText, Custody, Service
from services.referral.domain.consent import without_organization
from services.referral.domain.grounds import Consent
from services.referral.store import consents, directory, persons
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentForm:
    """What the navigator took down; the text's hash and review are looked up, never said by the caller."""

    given_by: GivenBy
    channel: ConsentChannel
    language: str
    recipients: tuple[ConsentRecipient, ...]
    text_id: str | None = None
    interpreter: bool = False
    witnessed_by: str | None = None
    secrecy_release: bool = False
    evidence_sha256: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    custody: Custody | None = None


def give_consent(
    work: Work, keys: Keys, texts: TextLibrary, by: StaffActor, enquiry_id: UUID, form: ConsentForm
) -> Consent:
    """A person consents to named recipients, purposes and categories; waiting referrals are decided anew."""
    enquiry = enquiries.load(work, enquiry_id, by)
    if enquiry.enquirer is not EnquirerKind.PERSON:
        raise RefusedError("consent.employer-cannot-consent")
    text = texts.text_for(form.text_id, form.language, interpreter=form.interpreter)
    persons.raise_epoch(work, enquiry.person_id)
    consent = capture.give(
        _consent(work, enquiry.person_id, form, text),
        text=text,
        services=_services(work, form.recipients),
        on=work.today,
        is_working_day=is_working_day,
        born_on=_born_on(work, keys, enquiry),
        custody=form.custody,
    )
    consents.add(work, consent, enquiry.id)
    work.announce(given(consent))
    cascade.reconsider(work, enquiry.person_id)
    return consent


def _consent(work: Work, person_id: UUID, form: ConsentForm, text: ConsentText) -> Consent:
    valid_from = form.valid_from or work.today
    return Consent(
        id=work.new_id(),
        version=1,
        person_id=person_id,
        given_by=form.given_by,
        channel=form.channel,
        text_id=text.id,
        text_sha256=text.sha256,
        text_reviewed=False,
        language=form.language,
        recipients=form.recipients,
        given_at=work.now,
        valid_from=valid_from,
        valid_until=form.valid_until or capture.usual_end(valid_from),
        interpreter=form.interpreter,
        witnessed_by=form.witnessed_by if form.witnessed_by != work.actor else None,
        secrecy_release=form.secrecy_release,
        evidence_sha256=form.evidence_sha256,
    )


def _services(work: Work, recipients: tuple[ConsentRecipient, ...]) -> list[Service]:
    """What the directory says of those recipients it knows; an unknown one is left out and so refused."""
    known = []
    for one in recipients:
        try:
            found = directory.listing(work.tx, one.service_id) if one.service_id else None
        except NotFoundError:
            found = None
        if found is not None and found.organization_id == one.organization_id:
            known.append(
                Service(
                    organization_id=found.organization_id,
                    service_id=found.service.service_id,
                    accepts=frozenset(found.terms.categories_accepted),
                    must_stand_alone=found.organization.must_stand_alone,
                )
            )
    return known


def _born_on(work: Work, keys: Keys, enquiry: Enquiry) -> date | None:
    born = persons.record_of(work.tx, keys.vault, enquiry.person_id).get("birth_date")
    return date.fromisoformat(born) if born else None


def given(consent: Consent) -> ConsentGiven:
    return ConsentGiven(
        consent_id=consent.id,
        consent_version=consent.version,
        person_id=consent.person_id,
        given_by=consent.given_by,
        channel=consent.channel,
        text_id=Code(consent.text_id),
        text_sha256=Code(consent.text_sha256),
        language=LanguageTag(consent.language),
        recipients=consent.recipients,
        valid_from=consent.valid_from,
        valid_until=consent.valid_until,
    )


def withdraw_consent(
    work: Work,
    keys: Keys,
    by: StaffActor,
    enquiry_id: UUID,
    consent_id: UUID,
    *,
    channel: ConsentChannel,
    organization_id: UUID | None = None,
) -> Consent:
    """As easy as giving it: all of it, or the part for one organization. Returns the version that now counts."""
    enquiry = enquiries.load(work, enquiry_id, by)
    persons.raise_epoch(work, enquiry.person_id)
    consent = _in_force(work, consent_id, enquiry.person_id)
    if organization_id is None:
        ended, following = replace(consent, withdrawn_at=work.now), None
    elif any(one.organization_id == organization_id for one in consent.recipients):
        ended, following = without_organization(consent, organization_id, work.now)
    else:
        raise InvalidError("consent.recipient-unknown", {"organization_id": "a-recipient-of-this-consent"})
    work.announce(
        ConsentWithdrawn(
            consent_id=consent.id,
            consent_version=consent.version,
            person_id=consent.person_id,
            organization_id=organization_id,
            channel=channel,
        )
    )
    _follow(work, enquiry, ended, following, channel)
    cascade.follow_withdrawal(work, keys, consent, organization_id)
    return following or ended


def _in_force(work: Work, consent_id: UUID, person_id: UUID) -> Consent:
    consent = consents.load(work.tx, consent_id, person_id)
    if consent.withdrawn_at is not None:
        raise RefusedError("consent.withdrawn")
    return consent


def _follow(
    work: Work, enquiry: Enquiry, ended: Consent, following: Consent | None, channel: ConsentChannel | None = None
) -> None:
    """End one version and keep the next; both are announced with what they say."""
    consents.end(work, ended, channel)
    if following is not None:
        consents.add(work, following, enquiry.id)
        work.announce(given(following))


def confirm_consent(work: Work, by: StaffActor, enquiry_id: UUID, consent_id: UUID, evidence_sha256: str) -> Consent:
    """A word of mouth is confirmed in writing; from here on it no longer lapses."""
    enquiry = enquiries.load(work, enquiry_id, by)
    persons.raise_epoch(work, enquiry.person_id)
    consent = _in_force(work, consent_id, enquiry.person_id)
    if consent.channel is not ConsentChannel.VERBAL_WITNESSED or consent.confirmed_at is not None:
        raise RefusedError("consent.nothing-to-confirm")
    confirmed = replace(
        capture.confirm(consent, work.now, work.today),
        version=consent.version + 1,
        given_at=work.now,
        evidence_sha256=evidence_sha256,
    )
    _follow(work, enquiry, replace(consent, superseded_at=work.now), confirmed)
    cascade.reconsider(work, enquiry.person_id)
    return confirmed
