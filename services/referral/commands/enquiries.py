"""Somebody asks for help: the enquiry, what is needed, and what can be given along without disclosing anything."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from contracts.codes import (
    EMPLOYER_TOPICS,
    SHARED_TOPICS,
    DataCategory,
    EnquirerKind,
    Relation,
    Site,
    StaffRole,
    TaskKind,
    Topic,
    Urgency,
    ViewPurpose,
)
from contracts.event import Code
from contracts.partner import dossier as contract
from contracts.referral import ContactCardIssued, EnquiryRecorded, NeedRecorded
from services.chassis.errors import ForbiddenError, InvalidError, RefusedError
from services.chassis.work import Work
from services.referral.commands import cascade, duplicates, holds, records
from services.referral.config import Keys
from services.referral.domain.drafting import ConsentText
from services.referral.domain.duplicate_care import AskingRule
from services.referral.store import directory, enquiries, persons, tasks, timeline
from services.referral.store.directory import Listing
from services.referral.store.enquiries import Enquiry, Found, Member, Need
from services.referral.store.referrals import StaffActor
from services.referral.vault import Vault

USUAL = AskingRule()


def record_enquiry(
    work: Work,
    vault: Vault,
    by: StaffActor,
    *,
    enquirer: EnquirerKind,
    site: Site,
    record: Mapping[str, Any],
    needs: Sequence[tuple[Topic, Urgency]],
    asking: AskingRule = USUAL,
) -> Enquiry:
    """Take down who asks and what is needed; the record is sealed at once, the network hears ids and codes."""
    if site is not by.site or by.employer is None:
        raise ForbiddenError("auth.other-site")
    return open_enquiry(
        work,
        vault,
        enquirer=enquirer,
        site=site,
        organization_id=by.employer,
        record=record,
        needs=needs,
        asking=asking,
    )


def open_enquiry(
    work: Work,
    vault: Vault,
    *,
    enquirer: EnquirerKind,
    site: Site,
    organization_id: UUID,
    record: Mapping[str, Any],
    needs: Sequence[tuple[Topic, Urgency]],
    asking: AskingRule = USUAL,
    notice: ConsentText | None = None,
) -> Enquiry:
    """A new enquiry on the desk of one organization at one site, whoever took it down, and what she was told then."""
    kind = "person" if enquirer is EnquirerKind.PERSON else "business_contact"
    person_id = persons.add(work, vault, kind, record)
    wanted = tuple(Need(work.new_id(), topic, urgency, person_id) for topic, urgency in needs)
    for need in wanted:
        check_topic(enquirer, need.topic)
    members = (Member(person_id, Relation.SELF),)
    enquiry = Enquiry(work.new_id(), enquirer, person_id, site, organization_id, wanted, members)
    enquiries.add(work, enquiry)
    if notice is not None:
        enquiries.keep_notice(work, enquiry.id, notice)
    work.announce(
        EnquiryRecorded(
            enquiry_id=enquiry.id,
            enquirer=enquirer,
            person_id=enquiry.advised_person_id,
            site=site,
            organization_id=organization_id,
            topics=tuple(dict.fromkeys(need.topic for need in wanted)),
            notice_text_id=Code(notice.id) if notice else None,
            notice_sha256=Code(notice.sha256) if notice else None,
        )
    )
    for need in wanted:
        _tell_need(work, enquiry, need)
    for need in {need.topic: need for need in reversed(wanted)}.values():
        duplicates.ask_for_need(work, vault, asking, enquiry, need)
    return enquiry


def topics_of(enquirer: EnquirerKind) -> tuple[Topic, ...]:
    """An employer asks for employers' matters, a person for any but those; a business changes hands between both."""
    own = enquirer is EnquirerKind.EMPLOYER
    return tuple(topic for topic in Topic if (topic in EMPLOYER_TOPICS) == own or topic in SHARED_TOPICS)


def check_topic(enquirer: EnquirerKind, topic: Topic) -> None:
    if topic not in topics_of(enquirer):
        raise InvalidError("enquiry.topic-of-other-enquirer", {"topic": f"a-topic-for-{enquirer}"})


def _tell_need(work: Work, enquiry: Enquiry, need: Need) -> None:
    person_id = need.person_id if enquiry.enquirer is EnquirerKind.PERSON else None
    fact = NeedRecorded(
        enquiry_id=enquiry.id, need_id=need.id, topic=need.topic, urgency=need.urgency, person_id=person_id
    )
    work.announce(fact)


def load(work: Work, enquiry_id: UUID, by: StaffActor, *, restricted_too: bool = False) -> Enquiry:
    """An enquiry of the own desk; a closed one only for what has to be done even then."""
    return enquiries.load(work.tx, enquiry_id, site=by.site, organization_id=by.employer, restricted_too=restricted_too)


def add_need(
    work: Work,
    vault: Vault,
    by: StaffActor,
    enquiry_id: UUID,
    topic: Topic,
    urgency: Urgency,
    person_id: UUID | None = None,
    *,
    asking: AskingRule = USUAL,
) -> Need:
    """One more thing is needed, by whoever asked or by another person of the enquiry: is she cared for already?"""
    enquiry = load(work, enquiry_id, by)
    check_topic(enquiry.enquirer, topic)
    need = Need(work.new_id(), topic, urgency, enquiry.living(person_id).person_id)
    enquiries.add_need(work, enquiry.id, need)
    enquiries.touch(work, enquiry.id)
    _tell_need(work, enquiry, need)
    duplicates.ask_for_need(work, vault, asking, enquiry, need)
    return need


def view_person(
    work: Work,
    by: StaffActor,
    enquiry: Enquiry,
    record: Mapping[str, Any],
    person_id: UUID | None = None,
    purpose: ViewPurpose = ViewPurpose.CASE_WORK,
) -> None:
    """Note that somebody is about to see this record; the caller shows it only after the commit."""
    timeline.viewed(
        work,
        role=by.role,
        purpose=by.why(purpose),
        categories=tuple(sorted(contract.categories_of(enquiry.enquirer, record))),
        person_id=enquiry.known(person_id or enquiry.person_id),
        enquiry_id=enquiry.id,
    )


def rectify(
    work: Work,
    keys: Keys,
    by: StaffActor,
    enquiry_id: UUID,
    changes: Mapping[str, Any],
    person_id: UUID | None = None,
) -> UUID:
    """Correct the record of one person, who is answered; what waits is sealed anew, so the next fetch says what is
    true. A closed case is the lead's.
    """
    enquiry = load(work, enquiry_id, by, restricted_too=True)
    if enquiry.is_restricted and by.role is not StaffRole.LEAD:
        raise ForbiddenError("auth.role-missing")
    whose = enquiry.with_former().member(person_id).person_id
    persons.raise_epoch(work, whose)
    records.rectify(work, keys, enquiry.enquirer, whose, changes)
    return whose


def erase(work: Work, by: StaffActor, enquiry_id: UUID, person_id: UUID | None = None) -> None:
    """Erase: what runs is stopped, whoever fetched owes its answer, ids and codes stay; the clock destroys the key."""
    whose = load(work, enquiry_id, by, restricted_too=True).with_former().member(person_id).person_id
    persons.raise_epoch(work, whose)
    holds.refuse_if_held(work, whose)
    cascade.stop_all(work, whose)
    timeline.close_tasks_by_id(work, tasks.planned(work.tx, enquiry_id, whose))
    persons.erase(work, whose, "request")


def search(
    work: Work, vault: Vault, by: StaffActor, *, given_name: str, family_name: str, birth_date: date
) -> list[Found]:
    """Enquiries of exactly this person that are ours; each find is a view of her identity. Whoever was taken out of
    one is found, too: something of hers is held, and she may ask for it.
    """
    indexes = vault.blind_indexes(given_name, family_name, birth_date)
    found = enquiries.of_index(
        work.tx, indexes, site=by.site, organization_id=by.employer, restricted_too=by.role is StaffRole.LEAD
    )
    for one in found:
        timeline.viewed(
            work,
            role=by.role,
            purpose=ViewPurpose.SEARCH,
            categories=(DataCategory.IDENTITY,),
            person_id=one.person_id,
            enquiry_id=one.enquiry_id,
        )
    return found


def issue_contact_card(
    work: Work, by: StaffActor, enquiry_id: UUID, service_id: UUID, need_id: UUID | None = None
) -> dict[str, Any]:
    """Give the body's public contact details along: nothing is disclosed, so no consent is asked."""
    enquiry = load(work, enquiry_id, by)
    if need_id is not None:
        enquiry.need(need_id)
    listing = directory.listing(work.tx, service_id)
    card_id = enquiries.add_contact_card(work, enquiry.id, need_id, listing.organization_id, service_id)
    enquiries.touch(work, enquiry.id)
    work.announce(
        ContactCardIssued(
            enquiry_id=enquiry.id, need_id=need_id, organization_id=listing.organization_id, service_id=service_id
        )
    )
    return {"id": card_id, **public_contact(listing)}


def public_contact(listing: Listing) -> dict[str, Any]:
    """What anybody may know about the body: names and ways to reach it."""
    organization = listing.organization
    return {
        "organization_id": organization.organization_id,
        "service_id": listing.service.service_id,
        "organization": organization.name.as_dict(),
        "service": listing.service.name.as_dict(),
        "phone": organization.phone,
        "email": organization.email,
        "website": organization.website,
        "address": organization.address,
    }


def close_task(work: Work, by: StaffActor, task_id: UUID, kinds: Collection[TaskKind] = tuple(TaskKind)) -> None:
    """Take something off the desk that no action settles by itself; of two appointments it wants to be said why."""
    waiting = tasks.load_open(work, task_id, site=by.site, organization_id=by.employer, roles=by.desks)
    if waiting["kind"] == TaskKind.APPOINTMENTS_CLASH:
        raise RefusedError("task.answer-wanted")
    timeline.close_task(work, task_id, site=by.site, organization_id=by.employer, roles=by.desks, kinds=kinds)
