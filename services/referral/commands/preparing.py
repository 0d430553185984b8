"""A consent is prepared: everything it will say, checked before anybody signs, and printed, shown or linked alike."""

import secrets
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from contracts.codes import DraftEnd, EnquirerKind, GivenBy, Purpose, StaffRole, TaskKind
from contracts.event import Code, LanguageTag
from contracts.referral import ConsentDraftEnded, ConsentPrepared, ConsentRecipient, TaskOpened
from services.chassis.errors import InvalidError, NotFoundError, RefusedError
from services.chassis.work import Work
from services.referral.commands import enquiries
from services.referral.config import ReferralSettings
from services.referral.consent_texts import TextKind
from services.referral.domain import capture
from services.referral.domain.capture import Service
from services.referral.domain.drafting import ConsentText, Custody, DraftedConsent, confirms_too_late, needs_birth_date
from services.referral.domain.form_code import ALPHABET, LENGTH, with_check
from services.referral.domain.grounds import SecrecyRelease
from services.referral.store import consents, directory, drafts, persons, timeline
from services.referral.store import enquiries as stored_enquiries
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor
from services.referral.vault import PersonKey


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftForm:
    """What the navigator prepares; the text's hash and review are looked up, never said by the caller."""

    given_by: GivenBy
    language: str
    recipients: tuple[ConsentRecipient, ...]
    #: Whose consent it is: one person of the enquiry, whoever asked if nobody is named.
    person_id: UUID | None = None
    text_id: str | None = None
    interpreter: bool = False
    secrecy_release: bool = False
    valid_from: date | None = None
    valid_until: date | None = None
    custody: Custody | None = None
    #: The consent whose next version this will be.
    follows: UUID | None = None
    #: Who the interpreter is, and whoever else is named; kept under the person's key.
    names: Mapping[str, str] = field(default_factory=dict)


def prepare_consent(
    work: Work, house: ReferralSettings, by: StaffActor, enquiry_id: UUID, form: DraftForm
) -> DraftedConsent:
    """Draft what she would agree to. It takes the place of an earlier draft of the same consent."""
    enquiry = enquiries.load(work, enquiry_id, by)
    if enquiry.enquirer is not EnquirerKind.PERSON:
        raise RefusedError("consent.employer-cannot-consent")
    member = enquiry.living(form.person_id)
    whose = member.person_id
    persons.raise_epoch(work, whose)
    born_on = born_on_of(work, house, whose)
    if needs_birth_date(member.relation) and born_on is None:
        raise InvalidError("consent.incomplete", {"birth_date": "of-a-child"})
    text = _text(house, form)
    drafted = capture.draft(
        _drafted(work, house, enquiry, whose, form, text),
        text=text,
        services=services_of(work, form.recipients),
        on=work.today,
        born_on=born_on,
    )
    _replace_earlier(work, drafted)
    drafts.add(work, drafted)
    drafts.remember(work, key_of(work, house, drafted), drafted, form.names)
    work.announce(_prepared(drafted))
    return drafted


def _text(house: ReferralSettings, form: DraftForm) -> ConsentText:
    """The words she will see; a text of another kind is none she could agree to."""
    kind = TextKind.GUARDIAN if form.given_by is GivenBy.GUARDIAN else TextKind.REFERRAL
    text_id = form.text_id or house.texts.current(kind)
    text = house.texts.text_for(text_id, form.language, interpreter=form.interpreter)
    if house.texts.kind_of(text_id) is not kind:
        raise InvalidError("consent.incomplete", {"text_id": "the-text-in-use"})
    return text


def _drafted(
    work: Work, house: ReferralSettings, enquiry: Enquiry, whose: UUID, form: DraftForm, text: ConsentText
) -> DraftedConsent:
    controllers = house.controllers.of(enquiry.organization_id)
    if not controllers:
        raise InvalidError("consent.incomplete", {"controllers": "named-in-the-configuration"})
    earlier = consents.load(work.tx, form.follows, whose) if form.follows else None
    return DraftedConsent(
        id=earlier.id if earlier else work.new_id(),
        version=earlier.version + 1 if earlier else 1,
        code=new_code(),
        person_id=whose,
        enquiry_id=enquiry.id,
        given_by=form.given_by,
        text_id=text.id,
        text_version=text.version,
        text_sha256=text.sha256,
        language=form.language,
        interpreter=form.interpreter,
        recipients=form.recipients,
        controllers=tuple(one.organization_id for one in controllers),
        secrecy_releases=releases(enquiry.organization_id, form.recipients) if form.secrecy_release else (),
        custody=form.custody,
        valid_from=form.valid_from,
        valid_until=form.valid_until or capture.usual_end(form.valid_from or work.today),
        prepared_at=work.now,
        prepared_by=work.actor,
    )


def releases(own: UUID, recipients: tuple[ConsentRecipient, ...]) -> tuple[SecrecyRelease, ...]:
    """Our own staff bound to § 203 StGB are released towards exactly the bodies the consent names [law]."""
    return tuple(SecrecyRelease(own, one.organization_id, one.service_id) for one in recipients)


def new_code() -> str:
    return with_check("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))


def _replace_earlier(work: Work, drafted: DraftedConsent) -> None:
    try:
        earlier = drafts.load(work.tx, drafted.id, lock=True)
    except NotFoundError:
        return
    _end(work, earlier, DraftEnd.REPLACED)


def open_draft(work: Work, by: StaffActor, enquiry_id: UUID, consent_id: UUID) -> DraftedConsent:
    """A draft of this enquiry, with the person's consent held as it stands until this work ends."""
    enquiry = enquiries.load(work, enquiry_id, by)
    drafted = drafts.load(work.tx, consent_id)
    if drafted.enquiry_id != enquiry.id:
        raise NotFoundError("consent.not-drafted")
    return drafted


def end_draft(work: Work, by: StaffActor, enquiry_id: UUID, consent_id: UUID, reason: DraftEnd) -> None:
    """She does not want it, or it was a mistake. That has no disadvantage, so nothing else follows."""
    drafted = open_draft(work, by, enquiry_id, consent_id)
    persons.raise_epoch(work, drafted.person_id)
    _end(work, drafts.load(work.tx, consent_id, lock=True), reason)


def narrow_draft(work: Work, drafted: DraftedConsent, services: Collection[UUID]) -> DraftedConsent:
    """Only what she agrees to of it: a draft of its own in place of the first. A next version holds or falls whole."""
    kept = tuple(one for one in drafted.recipients if one.service_id in services)
    if kept == drafted.recipients:
        return drafted
    if not kept or drafted.version > 1 or drafted.signatures:
        raise InvalidError("consent.incomplete", {"recipients": "all-of-them-or-none"})
    narrowed = replace(
        drafted,
        id=work.new_id(),
        code=new_code(),
        recipients=kept,
        secrecy_releases=tuple(one for one in drafted.secrecy_releases if one.to_service_id in services),
        prepared_at=work.now,
    )
    _end(work, drafted, DraftEnd.REPLACED)
    drafts.add(work, narrowed)
    work.announce(_prepared(narrowed))
    return narrowed


def decline_draft(work: Work, drafted: DraftedConsent) -> None:
    """She said no, herself."""
    _end(work, drafts.load(work.tx, drafted.id, lock=True), DraftEnd.DECLINED)


def _end(work: Work, drafted: DraftedConsent, reason: DraftEnd) -> None:
    drafts.end(work, drafted, reason)
    timeline.close_tasks_of_consent(work, drafted.id)
    work.announce(
        ConsentDraftEnded(
            consent_id=drafted.id, consent_version=drafted.version, person_id=drafted.person_id, reason=reason
        )
    )


def end_unconfirmed(work: Work, consent_id: UUID, person_id: UUID) -> None:
    """What was said was not confirmed in time: the form that lay ready for it confirms nothing any more."""
    with suppress(NotFoundError):
        drafted = drafts.load(work.tx, consent_id, lock=True)
        if confirms_too_late(drafted, consents.load(work.tx, consent_id, person_id), work.today):
            _end(work, drafted, DraftEnd.LAPSED)


def ask_to_confirm(work: Work, drafted: DraftedConsent, lapses_on: date) -> None:
    """What was said lies ready to be signed as the next version, and the desk is told until when."""
    following = replace(
        drafted,
        version=drafted.version + 1,
        code=new_code(),
        signatures=(),
        prepared_at=work.now,
        prepared_by=work.actor,
    )
    drafts.add(work, following)
    work.announce(_prepared(following))
    open_task(work, drafted.enquiry_id, drafted.id, TaskKind.CONSENT_TO_CONFIRM, lapses_on)


def open_task(work: Work, enquiry_id: UUID, consent_id: UUID, kind: TaskKind, due_on: date) -> None:
    """Something about a consent waits on the desk of whoever is responsible for the enquiry."""
    site, organization_id = stored_enquiries.desk_of(work.tx, enquiry_id)
    task = TaskOpened(
        task_id=work.new_id(),
        referral_id=None,
        enquiry_id=enquiry_id,
        consent_id=consent_id,
        kind=kind,
        role=StaffRole.NAVIGATOR,
        site=site,
        due_on=due_on,
    )
    timeline.open_task(work, task, organization_id)


def services_of(work: Work, recipients: tuple[ConsentRecipient, ...]) -> list[Service]:
    return services_known(work, [one.service_id for one in recipients])


def services_known(work: Work, service_ids: Iterable[UUID | None]) -> list[Service]:
    """What the directory says of those it knows; an unknown one is left out and so refused."""
    known = []
    for service_id in {one for one in service_ids if one is not None}:
        with suppress(NotFoundError):
            found = directory.listing(work.tx, service_id)
            known.append(
                Service(
                    organization_id=found.organization_id,
                    service_id=found.service.service_id,
                    accepts=frozenset(found.terms.categories_accepted),
                    purposes=frozenset(Purpose(topic.value) for topic in found.service.topics),
                    must_stand_alone=found.organization.must_stand_alone,
                )
            )
    return known


def born_on_of(work: Work, house: ReferralSettings, person_id: UUID) -> date | None:
    born = persons.record_of(work.tx, house.keys.vault, person_id).get("birth_date")
    return date.fromisoformat(born) if born else None


def key_of(work: Work, house: ReferralSettings, drafted: DraftedConsent) -> PersonKey:
    return persons.key_of(work.tx, house.keys.vault, drafted.person_id)


def _prepared(drafted: DraftedConsent) -> ConsentPrepared:
    return ConsentPrepared(
        consent_id=drafted.id,
        consent_version=drafted.version,
        person_id=drafted.person_id,
        enquiry_id=drafted.enquiry_id,
        given_by=drafted.given_by,
        text_id=Code(drafted.text_id),
        text_sha256=Code(drafted.text_sha256),
        language=LanguageTag(drafted.language),
        recipients=drafted.recipients,
        controllers=drafted.controllers,
        valid_until=drafted.valid_until,
    )
