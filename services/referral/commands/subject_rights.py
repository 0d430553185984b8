"""A person asks for something about her own data: taken down, extended, answered - and everything handed out on it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from contracts.codes import (
    EnquirerKind,
    ExtensionReason,
    IdentityCheck,
    RequestAnswer,
    RequestChannel,
    StaffRole,
    SubjectRight,
    TaskKind,
    ViewPurpose,
)
from contracts.event import Code, LanguageTag, type_of
from contracts.referral import (
    SubjectAccessGiven,
    SubjectRequestAnswered,
    SubjectRequestExtended,
    SubjectRequestReceived,
    TaskOpened,
)
from services.chassis.errors import ForbiddenError, NotFoundError
from services.chassis.work import Work
from services.referral.commands import enquiries
from services.referral.config import Keys, ReferralSettings
from services.referral.domain import subject_rights
from services.referral.domain.referral import Referral
from services.referral.domain.subject_rights import SubjectRequest
from services.referral.queries import subject_access
from services.referral.queries.subject_access import Handing
from services.referral.store import documents, referrals, timeline
from services.referral.store import subject_rights as store
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor


def receive(
    work: Work,
    by: StaffActor,
    *,
    right: SubjectRight,
    channel: RequestChannel,
    received_on: date,
    enquiry_id: UUID | None = None,
    person_id: UUID | None = None,
) -> SubjectRequest:
    """Take it down the day it comes: the month runs from there. Who asks may be somebody nothing is held about."""
    if by.site is None or by.employer is None:
        raise ForbiddenError("auth.site-missing")
    subject_rights.check_received(received_on, work.today)
    enquiry = enquiries.load(work, enquiry_id, by, restricted_too=True) if enquiry_id else None
    asks = enquiry.with_former().member(person_id).person_id if enquiry else None
    request = SubjectRequest(
        id=work.new_id(),
        right=right,
        channel=channel,
        site=by.site,
        organization_id=by.employer,
        received_on=received_on,
        due_on=subject_rights.due_on(received_on),
        person_id=asks,
        enquiry_id=enquiry_id,
        is_contact=enquiry is not None and enquiry.enquirer is EnquirerKind.EMPLOYER,
    )
    request = _on_the_desk(work, request)
    store.add(work, request)
    work.announce(
        SubjectRequestReceived(
            request_id=request.id,
            person_id=request.named_person_id,
            enquiry_id=request.enquiry_id,
            right=right,
            channel=channel,
            received_on=received_on,
            due_on=request.due_on,
        )
    )
    return request


def extend(work: Work, by: StaffActor, request_id: UUID, reason: ExtensionReason) -> SubjectRequest:
    """Take up to two months longer; the person has been told, and the task on the desk moves."""
    request = subject_rights.extend(store.load(work, request_id, visible_to=by), reason, work.today)
    _off_the_desk(work, request)
    request = _on_the_desk(work, request)
    store.save(work, request)
    work.announce(
        SubjectRequestExtended(
            request_id=request.id,
            person_id=request.named_person_id,
            enquiry_id=request.enquiry_id,
            reason=reason,
            due_on=request.due_on,
        )
    )
    return request


def answer(work: Work, by: StaffActor, request_id: UUID, said: RequestAnswer, answered_on: date) -> SubjectRequest:
    """Say what became of it; the task is done."""
    asked = store.load(work, request_id, visible_to=by)
    request = subject_rights.answer(asked, said, answered_on, work.today, is_done=_is_done(work, asked))
    store.save(work, request)
    _off_the_desk(work, request)
    work.announce(
        SubjectRequestAnswered(
            request_id=request.id,
            person_id=request.named_person_id,
            enquiry_id=request.enquiry_id,
            right=request.right,
            answer=said,
            answered_on=answered_on,
        )
    )
    return request


def _is_done(work: Work, asked: SubjectRequest) -> bool:
    """Where the deed leaves a trace here, a yes is believed only with it."""
    if asked.right is SubjectRight.ERASURE:
        return store.is_erased(work.tx, asked.person_id)
    if asked.right is SubjectRight.RECTIFICATION:
        return store.is_rectified_since(work.tx, asked.person_id, asked.received_on)
    return True


def rectify(
    work: Work,
    keys: Keys,
    by: StaffActor,
    enquiry_id: UUID,
    person_id: UUID | None,
    changes: Mapping[str, Any],
    request_id: UUID | None = None,
) -> None:
    """Correct her record - of whoever asked first, if nobody is named - and answer her request in the same breath."""
    whose = enquiries.rectify(work, keys, by, enquiry_id, changes, person_id)
    _answer_by_it(work, by, request_id, whose)


def erase(work: Work, by: StaffActor, enquiry_id: UUID, person_id: UUID, request_id: UUID | None = None) -> None:
    """Erase her and, if she asked for that, say so in the same breath."""
    enquiries.erase(work, by, enquiry_id, person_id)
    _answer_by_it(work, by, request_id, person_id)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What an erasure would do: her referrals before and after, how many papers go, what the network would hear."""

    referrals: list[tuple[Referral, Referral]]
    documents: int
    facts: dict[str, int]


def rehearse_erasure(work: Work, by: StaffActor, enquiry_id: UUID, person_id: UUID) -> Rehearsal:
    """The erasure itself, in a work that its caller takes back."""
    enquiries.load(work, enquiry_id, by, restricted_too=True).with_former().living(person_id)
    before, papers = referrals.of_person(work.tx, person_id), documents.of_person(work.tx, person_id)
    enquiries.erase(work, by, enquiry_id, person_id)
    after = {one.id: one for one in referrals.of_person(work.tx, person_id)}
    facts = Counter(type_of(one.event) for one in work.bag.announcements)
    return Rehearsal([(one, after[one.id]) for one in before], len(papers), dict(sorted(facts.items())))


def _answer_by_it(work: Work, by: StaffActor, request_id: UUID | None, person_id: UUID) -> None:
    if request_id is None:
        return
    if by.role is not StaffRole.LEAD:
        raise ForbiddenError("auth.role-missing")
    _expect_of(store.load(work, request_id, visible_to=by), person_id)
    answer(work, by, request_id, RequestAnswer.GRANTED, work.today)


def _on_the_desk(work: Work, request: SubjectRequest) -> SubjectRequest:
    """A task for the lead, due with a week left."""
    task = TaskOpened(
        task_id=work.new_id(),
        referral_id=None,
        enquiry_id=request.enquiry_id,
        kind=TaskKind.SUBJECT_REQUEST_DUE,
        role=StaffRole.LEAD,
        site=request.site,
        due_on=request.remind_on,
    )
    timeline.open_task(work, task, request.organization_id)
    return replace(request, task_id=task.task_id)


def _off_the_desk(work: Work, request: SubjectRequest) -> None:
    if request.task_id is None:
        return
    try:
        timeline.close_task(work, request.task_id, site=request.site, organization_id=request.organization_id)
    except NotFoundError:
        return  # somebody took it off before


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessForm:
    """What is known when everything is handed out; the key makes a form that is sent twice one handing out."""

    identity_check: IdentityCheck
    language: str
    request_key: str
    request_id: UUID | None = None
    #: Of a household: whose; without one, whoever asked first.
    person_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class GivenAccess:
    """The document, its file, and the cases that may be hers too."""

    document: dict[str, Any]
    file: bytes
    sha256: str
    elsewhere: list[dict[str, Any]]


def give_access(work: Work, own: ReferralSettings, by: StaffActor, enquiry_id: UUID, form: AccessForm) -> GivenAccess:
    """Hand out everything that is recorded about the person: first the view, then the document, then that it was."""
    enquiry = enquiries.load(work, enquiry_id, by, restricted_too=True)
    person_id = enquiry.with_former().member(form.person_id).person_id
    named = person_id if enquiry.enquirer is EnquirerKind.PERSON else None
    if form.request_id is not None:
        _expect_of(store.load(work, form.request_id, visible_to=by), person_id)
    timeline.viewed(
        work,
        role=by.role,
        purpose=ViewPurpose.SUBJECT_ACCESS,
        categories=subject_access.categories(work.tx, own, enquiry.enquirer, person_id),
        person_id=named,
        enquiry_id=enquiry.id,
    )
    handing = subject_access.Handing(
        access_id=work.new_id(),
        person_id=person_id,
        at=work.now,
        language=form.language,
        identity_check=form.identity_check,
        given_by=work.actor,
    )
    document = subject_access.document(work.tx, own, enquiry, handing)
    content, sha256 = subject_access.as_file(document)
    _given(work, by, enquiry, handing, form, sha256)
    return GivenAccess(document, content, sha256, subject_access.same_person_elsewhere(work.tx, person_id))


def _expect_of(request: SubjectRequest, person_id: UUID) -> None:
    """What one person asked is not answered by handing out another's data."""
    if request.person_id != person_id:
        raise NotFoundError("subject-request.unknown")


def _given(work: Work, by: StaffActor, enquiry: Enquiry, handing: Handing, form: AccessForm, sha256: str) -> None:
    """Keep and tell it once per form; the request it answers is answered."""
    is_first = store.add_access(
        work,
        access_id=handing.access_id,
        request_key=f"{by.actor}:{form.request_key}",
        request_id=form.request_id,
        person_id=handing.person_id,
        enquiry_id=enquiry.id,
        identity_check=form.identity_check,
        language=form.language,
        sha256=sha256,
    )
    if not is_first:
        return
    work.announce(
        SubjectAccessGiven(
            access_id=handing.access_id,
            request_id=form.request_id,
            person_id=handing.person_id if enquiry.enquirer is EnquirerKind.PERSON else None,
            enquiry_id=enquiry.id,
            identity_check=form.identity_check,
            language=LanguageTag(form.language),
            sha256=Code(sha256),
        )
    )
    if form.request_id is not None:
        answer(work, by, form.request_id, RequestAnswer.GRANTED, work.today)
