"""Is she in care already? Asked when a need is taken down and before a referral leaves; answered with one word.

Where the word is a possible yes a matter is opened, of which each of both cases keeps a side (`duplicate_matters`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.codes import (
    DataCategory,
    DuplicateAnswer,
    DuplicateRefusal,
    EnquirerKind,
    StaffRole,
    TaskKind,
    Topic,
)
from contracts.identity import id_of
from contracts.partner.dossier import categories_of
from contracts.referral import DuplicateCareAsked, DuplicateMatterOpened, TaskOpened
from services.chassis.errors import RefusedError
from services.chassis.work import Work
from services.referral.calendar import moment_of
from services.referral.domain.duplicate_care import AskingRule, Body, Verdict, may_ask
from services.referral.domain.referral import Referral
from services.referral.store import directory, duplicates, enquiries, grounds, persons, pseudonyms, timeline
from services.referral.store.duplicates import Seen
from services.referral.store.enquiries import Enquiry, Need
from services.referral.store.pseudonyms import Found
from services.referral.store.referrals import StaffActor
from services.referral.vault import Vault

#: What of a record goes into pseudonyms.
TELLING = ("given_name", "family_name", "birth_date", "phone", "email")
#: Working days within which the desk that was found says what becomes of it.
DAYS_TO_CLARIFY = 5
#: A person who takes up her own invitation looks nobody up.
LIMITED = "staff:"


@dataclass(frozen=True, slots=True)
class Question:
    """About whom something is asked, for which matter of which case."""

    enquiry: Enquiry
    person_id: UUID
    topic: Topic
    referral_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a desk may know, and the facts the question caused; the caller tells them."""

    seen: Seen
    facts: tuple[DuplicateCareAsked | DuplicateMatterOpened | TaskOpened, ...]
    #: Matters on which this case has said nothing yet.
    unanswered: tuple[UUID, ...] = ()

    @property
    def is_over_limit(self) -> bool:
        return any(
            isinstance(fact, DuplicateCareAsked) and fact.refusal is DuplicateRefusal.LIMIT_REACHED
            for fact in self.facts
        )


def ask_for_need(work: Work, vault: Vault, rule: AskingRule, enquiry: Enquiry, need: Need) -> Asked:
    """Whoever the need is of, is she cared for already? An employer is nobody in care. Over the limit it stays unasked,
    because nobody's enquiry waits for that."""
    if enquiry.enquirer is not EnquirerKind.PERSON:
        return Asked(Seen(), ())
    asked = _ask(work, vault, rule, Question(enquiry, need.person_id, need.topic))
    tell(work, asked.facts)
    return asked


def ask_again(work: Work, vault: Vault, rule: AskingRule, by: StaffActor, enquiry_id: UUID, need_id: UUID) -> None:
    """Ask once more, because more is known of her, or she has consented to asking others."""
    enquiry = enquiries.load(work.tx, enquiry_id, site=by.site, organization_id=by.employer)
    if enquiry.enquirer is not EnquirerKind.PERSON:
        raise RefusedError("duplicate-care.nobody-in-care")
    need = enquiry.need(need_id)
    asked = _ask(work, vault, rule, Question(enquiry, need.person_id, need.topic))
    _expect_within_limit(asked, rule)
    tell(work, asked.facts)


def ask_before_sending(work: Work, vault: Vault, rule: AskingRule, by: StaffActor, referral: Referral) -> Asked:
    """Asked anew, because weeks may lie between the enquiry and this; the caller tells what came of it."""
    if referral.enquirer is not EnquirerKind.PERSON:
        return Asked(Seen(), ())
    enquiry = enquiries.load(work.tx, referral.enquiry_id, site=by.site, organization_id=by.employer)
    asked = _ask(work, vault, rule, Question(enquiry, referral.person_id, referral.topic, referral.id), by)
    _expect_within_limit(asked, rule)
    return asked


def _expect_within_limit(asked: Asked, rule: AskingRule) -> None:
    if asked.is_over_limit:
        raise RefusedError("duplicate-care.limit-reached", facts=asked.facts, limit=rule.per_day)


def _ask(work: Work, vault: Vault, rule: AskingRule, question: Question, by: StaffActor | None = None) -> Asked:
    own = question.enquiry.organization_id
    if work.actor.startswith(LIMITED) and duplicates.asked_today(work) >= rule.per_day:
        return Asked(Seen(), (_asked(work, question, Verdict(own, DuplicateRefusal.LIMIT_REACHED), (), "refused"),))
    record = persons.record_of(work.tx, vault, question.person_id)
    told = tuple(sorted(categories_of(EnquirerKind.PERSON, {name: record[name] for name in TELLING if name in record})))
    verdicts = _verdicts(work, rule, question, told)
    found = _found(work, vault, question, record, [one.asked_id for one in verdicts if one.may_be_asked])
    facts = [_asked(work, question, one, told, _answer(one, found, record)) for one in verdicts]
    known = duplicates.known(work.tx, question.enquiry.id)
    new = [one for one in found if known.get(_matter_id(question, one)) is None]
    seen = duplicates.split(by, [(one.referral_id, one.site, one.sender_id) for one in new]) if by else Seen()
    others = {_matter_id(question, one): one for one in new if one.enquiry_id != question.enquiry.id}
    opened = [_opened(work, question, facts, one) for matter_id, one in others.items() if matter_id not in known]
    return Asked(seen, (*facts, *(fact for pair in opened for fact in pair)), tuple(others))


def _verdicts(work: Work, rule: AskingRule, question: Question, told: Sequence[DataCategory]) -> list[Verdict]:
    """The own controller may always be asked; each other one is decided on, where the configuration knows any."""
    own = question.enquiry.organization_id
    others = rule.besides(own)
    if not others:
        return [Verdict(own)]
    persons.hold_epoch(work, question.person_id)
    standing = grounds.standing(work.tx, question.person_id, work.now)
    return [Verdict(own)] + [
        may_ask(one, _body(work, one), standing.grounds, frozenset(told), standing.at) for one in others
    ]


def _body(work: Work, organization_id: UUID) -> Body | None:
    found = directory.organization(work.tx, organization_id)
    return Body(organization_id, found.must_stand_alone, found.social_data_body) if found else None


def _found(
    work: Work, vault: Vault, question: Question, record: Mapping[str, Any], controllers: Sequence[UUID]
) -> list[Found]:
    return pseudonyms.same_matter(
        work.tx,
        vault,
        record,
        work.today,
        person_id=question.person_id,
        controllers=controllers,
        topic=question.topic,
        besides=question.referral_id,
    )


def _answer(verdict: Verdict, found: Sequence[Found], record: Mapping[str, Any]) -> str:
    if not verdict.may_be_asked:
        return DuplicateAnswer.REFUSED
    if any(one.sender_id == verdict.asked_id for one in found):
        return DuplicateAnswer.YES
    return DuplicateAnswer.NO if pseudonyms.is_known_enough(record) else DuplicateAnswer.UNKNOWN


def _asked(
    work: Work, question: Question, verdict: Verdict, told: tuple[DataCategory, ...], answer: str
) -> DuplicateCareAsked:
    return DuplicateCareAsked(
        question_id=work.new_id(),
        enquiry_id=question.enquiry.id,
        referral_id=question.referral_id,
        person_id=question.person_id,
        organization_id=question.enquiry.organization_id,
        asked_id=verdict.asked_id,
        topic=question.topic,
        categories=told,
        answer=DuplicateAnswer(answer),
        refusal=verdict.refusal,
        consent_refusal=verdict.consent_refusal,
        ground=verdict.ground,
        ground_id=verdict.ground_id,
        ground_version=verdict.ground_version,
    )


def _matter_id(question: Question, found: Found) -> UUID:
    """Of the same two persons on the same topic there is one matter, whichever desk asked first."""
    cases = sorted((f"{question.enquiry.id}/{question.person_id}", f"{found.enquiry_id}/{found.person_id}"))
    return id_of("duplicate-matter", "/".join((question.topic, *cases)))


def _opened(
    work: Work, question: Question, facts: Sequence[DuplicateCareAsked], found: Found
) -> tuple[DuplicateMatterOpened, TaskOpened]:
    """A new matter, and a task for the desk that was found."""
    by_whom = next(fact for fact in facts if fact.asked_id == found.sender_id)
    opened = DuplicateMatterOpened(
        matter_id=_matter_id(question, found),
        question_id=by_whom.question_id,
        enquiry_id=question.enquiry.id,
        person_id=question.person_id,
        found_enquiry_id=found.enquiry_id,
        found_referral_id=found.referral_id,
        topic=question.topic,
    )
    task = TaskOpened(
        task_id=work.new_id(),
        referral_id=found.referral_id,
        enquiry_id=None,
        kind=TaskKind.DUPLICATE_TO_CLARIFY,
        role=StaffRole.NAVIGATOR,
        site=found.site,
        due_on=moment_of(work).in_working_days(DAYS_TO_CLARIFY),
    )
    return opened, task


def tell(work: Work, facts: Sequence[DuplicateCareAsked | DuplicateMatterOpened | TaskOpened]) -> None:
    for fact in facts:
        timeline.tell_refusal(work, fact)


def renew(work: Work, vault: Vault, person_id: UUID) -> None:
    """A new quarter has begun: who is still in care is known under its key from now on."""
    pseudonyms.keep(work, vault, person_id, persons.record_of(work.tx, vault, person_id))
