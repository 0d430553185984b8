"""A case may hold several persons: each has a record of her own, needs of her own, and consents for herself."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from contracts.codes import EnquirerKind, Relation, Topic, Urgency, ViewPurpose
from contracts.referral import HouseholdMemberAdded, HouseholdMemberRemoved
from services.chassis.errors import InvalidError, RefusedError
from services.chassis.work import Work
from services.referral.commands import enquiries, holds
from services.referral.commands.enquiries import USUAL
from services.referral.domain.drafting import needs_birth_date
from services.referral.domain.duplicate_care import AskingRule
from services.referral.store import consents, drafts, persons, referrals, tasks, timeline
from services.referral.store import enquiries as stored
from services.referral.store.enquiries import Enquiry, Member
from services.referral.store.referrals import StaffActor
from services.referral.vault import Vault

MOST = 20


def add_person(
    work: Work,
    vault: Vault,
    by: StaffActor,
    enquiry_id: UUID,
    *,
    relation: Relation,
    record: Mapping[str, Any],
    needs: Sequence[tuple[Topic, Urgency]] = (),
    asking: AskingRule = USUAL,
) -> Member:
    """One more person belongs to the case: sealed under a key of her own, from the first moment."""
    enquiry = enquiries.load(work, enquiry_id, by)
    if enquiry.enquirer is not EnquirerKind.PERSON:
        raise RefusedError("enquiry.employer-has-no-household")
    if relation is Relation.SELF:
        raise InvalidError("request.invalid", {"relation": "to-the-one-who-asked"})
    if needs_birth_date(relation) and not record.get("birth_date"):
        raise InvalidError("enquiry.birth-date-missing", {"birth_date": "of-a-child"})
    if len(enquiry.of_the_living().members) >= MOST:
        raise RefusedError("enquiry.household-too-large")
    member = Member(persons.add(work, vault, "person", record), relation)
    stored.add_member(work, enquiry.id, member)
    stored.touch(work, enquiry.id)
    work.announce(HouseholdMemberAdded(enquiry_id=enquiry.id, person_id=member.person_id, relation=relation))
    for topic, urgency in needs:
        enquiries.add_need(work, vault, by, enquiry.id, topic, urgency, member.person_id, asking=asking)
    return member


def remove_person(work: Work, by: StaffActor, enquiry_id: UUID, person_id: UUID) -> None:
    """She does not belong to the case. What nobody ever saw of her is gone at once; otherwise the periods run on."""
    enquiry = enquiries.load(work, enquiry_id, by)
    member = _removable(enquiry, person_id)
    persons.raise_epoch(work, person_id)
    of_hers = referrals.of_person(work.tx, person_id)
    if any(not one.status.is_terminal for one in of_hers):
        raise RefusedError("enquiry.member-has-open-referrals")
    waiting, given = drafts.of_person(work.tx, person_id), consents.of_person(work.tx, person_id)
    if waiting or any(one.withdrawn_at is None and one.superseded_at is None for one in given):
        raise RefusedError("enquiry.member-has-consents")
    holds.refuse_if_held(work, person_id)
    stored.remove_member(work, enquiry.id, member.person_id)
    work.announce(HouseholdMemberRemoved(enquiry_id=enquiry.id, person_id=person_id))
    timeline.close_tasks_by_id(work, tasks.planned(work.tx, enquiry_id, person_id))
    if not of_hers and not given:
        persons.erase(work, person_id, "removed")


def _removable(enquiry: Enquiry, person_id: UUID) -> Member:
    member = enquiry.member(person_id)
    if member.person_id == enquiry.person_id:
        raise RefusedError("enquiry.member-asked-herself")
    return member


def records_viewed(
    work: Work, vault: Vault, by: StaffActor, enquiry: Enquiry, purpose: ViewPurpose = ViewPurpose.CASE_WORK
) -> list[tuple[Member, Mapping[str, Any]]]:
    """The record of each of its persons, whoever asked first; each look is noted, the erased have nothing to show."""
    found: list[tuple[Member, Mapping[str, Any]]] = []
    for member in enquiry.of_the_living().members:
        record = persons.record_of(work.tx, vault, member.person_id)
        enquiries.view_person(work, by, enquiry, record, member.person_id, purpose)
        found.append((member, record))
    return found
