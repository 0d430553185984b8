"""Is she in care already? Asked when an enquiry is taken down and before a referral leaves; answered with one word."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.codes import DuplicateAnswer, EnquirerKind, Topic
from contracts.referral import DuplicateCareAsked
from services.chassis.work import Work
from services.referral.domain.referral import Referral
from services.referral.store import enquiries, persons, pseudonyms
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor
from services.referral.vault import Vault


@dataclass(frozen=True, slots=True)
class Asked:
    """What a desk may know: its own running referrals of the same matter, and whether there is one elsewhere."""

    ours: tuple[UUID, ...]
    elsewhere: bool
    question: DuplicateCareAsked


def ask_at_intake(work: Work, vault: Vault, enquiry: Enquiry, record: Mapping[str, Any]) -> None:
    """For each topic: does this controller care for somebody who may be this person? An employer is nobody in care."""
    if enquiry.enquirer is not EnquirerKind.PERSON:
        return
    for topic in dict.fromkeys(need.topic for need in enquiry.needs):
        answer = _answer(record, _found(work, vault, enquiry, enquiry.person_id, record, topic))
        pseudonyms.tell(work, pseudonyms.question(work, enquiry, enquiry.person_id, topic, answer))


def ask_before_sending(work: Work, vault: Vault, by: StaffActor, referral: Referral) -> Asked:
    """Asked anew, because weeks may lie between the enquiry and this; the caller tells the question."""
    enquiry = enquiries.load(work.tx, referral.enquiry_id, site=by.site, organization_id=by.employer)
    record = persons.record_of(work.tx, vault, referral.person_id)
    found = _found(work, vault, enquiry, referral.person_id, record, referral.topic, besides=referral.id)
    return Asked(
        tuple(one for one, site in found if site == by.site),
        any(site != by.site for _, site in found),
        pseudonyms.question(work, enquiry, referral.person_id, referral.topic, _answer(record, found), referral.id),
    )


def _found(
    work: Work,
    vault: Vault,
    enquiry: Enquiry,
    person_id: UUID,
    record: Mapping[str, Any],
    topic: Topic,
    besides: UUID | None = None,
) -> list[tuple[UUID, str]]:
    return pseudonyms.same_matter(
        work.tx,
        vault,
        record,
        work.today,
        person_id=person_id,
        controller=enquiry.organization_id,
        topic=topic,
        besides=besides,
    )


def _answer(record: Mapping[str, Any], found: list[tuple[UUID, str]]) -> DuplicateAnswer:
    if found:
        return DuplicateAnswer.YES
    return DuplicateAnswer.NO if pseudonyms.is_known_enough(record) else DuplicateAnswer.UNKNOWN


def renew(work: Work, vault: Vault, person_id: UUID) -> None:
    """A new quarter has begun: who is still in care is known under its key from now on."""
    pseudonyms.keep(work, vault, person_id, persons.record_of(work.tx, vault, person_id))
