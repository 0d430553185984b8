"""A lead gives a colleague's cases to another one of the same desk: many at once, each a fact, all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.codes import StaffRole
from contracts.event import Code
from contracts.referral import CaseHandedOver, ColleaguesViewed
from services.chassis.errors import ForbiddenError, InvalidError, NotFoundError
from services.chassis.work import Work
from services.referral.domain.handover import MOST, LeftOut, Outcome, left_out
from services.referral.store import handover as store
from services.referral.store import staff_names
from services.referral.store.referrals import StaffActor
from services.referral.vault import Vault


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the own desk, by a number that stands in no log; the pseudonym is shown to nobody beside the name."""

    number: UUID
    name: str
    many: int


def colleagues(work: Work, vault: Vault, by: StaffActor) -> tuple[list[Colleague], int]:
    """Who works at this desk and how many open cases each has, and how many are nobody's; seeing names is noted."""
    assert by.employer is not None and by.site is not None and by.role is not None
    _expect_lead(by)
    counts = store.counts(work.tx, by)
    known = store.colleagues(work.tx, by)
    found = [Colleague(one.key_id, _name(vault, one), counts.get(one.staff, 0)) for one in known]
    work.announce(
        ColleaguesViewed(view_id=work.new_id(), organization_id=by.employer, site=by.site, role=by.role),
    )
    named = {one.staff for one in known}
    nobodys = sum(many for owner, many in counts.items() if owner not in named)
    return sorted((one for one in found if one.name), key=lambda one: one.name.casefold()), nobodys


def pseudonym_of(work: Work, by: StaffActor, number: UUID) -> str:
    """Who it is; somebody of another desk looks like nobody."""
    for one in store.colleagues(work.tx, by):
        if one.key_id == number:
            return one.staff
    raise NotFoundError("staff.unknown")


def hand_over(
    work: Work, by: StaffActor, from_number: UUID | None, to_number: UUID, enquiry_ids: Sequence[UUID]
) -> Outcome:
    """What is hers of these cases becomes the other's, with what waits for it; without a first number nobody's."""
    _expect_lead(by)
    if not 1 <= len(enquiry_ids) <= MOST:
        raise InvalidError("handover.invalid", {"enquiry": "between-one-and-five-hundred"})
    if from_number == to_number:
        raise InvalidError("handover.invalid", {"to": "another-colleague"})
    staff = pseudonym_of(work, by, from_number) if from_number else None
    to, outcome, handover_id = pseudonym_of(work, by, to_number), Outcome(), work.new_id()
    rows = store.standing(work, by, staff, enquiry_ids)
    found = {row.enquiry_id for row in rows}
    if missing := [str(one) for one in dict.fromkeys(enquiry_ids) if one not in found]:
        outcome.left_out[LeftOut.UNKNOWN] = missing
    moving = []
    for row in rows:
        why = left_out(row)
        if why is None:
            moving.append(row)
        else:
            outcome.left_out.setdefault(why, []).append(str(row.enquiry_id))
    for row in moving:
        work.announce(
            CaseHandedOver(
                handover_id=handover_id,
                enquiry_id=row.enquiry_id,
                from_staff=Code(staff or row.owner),
                to_staff=Code(to),
            )
        )
        outcome.handed.append(str(row.enquiry_id))
    if moving:
        store.pass_on(work, by, staff, to, [row.enquiry_id for row in moving])
        store.keep(work, by, handover_id, staff, to, len(moving))
    return outcome


def _name(vault: Vault, one: staff_names.StaffName) -> str:
    key = vault.person_key(one.key_id)
    record = key.open_record(staff_names.RECORD, one.sealed) if key else {}
    return str(record.get("name") or record.get("account") or "")


def _expect_lead(by: StaffActor) -> None:
    if by.role is not StaffRole.LEAD:
        raise ForbiddenError("auth.role-missing")
