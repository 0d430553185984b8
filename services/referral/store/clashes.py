"""Pairs of appointments that overlap, and the task each has on the desk of its case; when they are is not kept here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import ClashAnswer, Site
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.domain.appointments import VOID, Beside
from services.referral.domain.referral import Referral
from services.referral.store import appointments, persons
from services.referral.store.referrals import StaffActor
from services.referral.vault import Vault

#: Of two that name an appointment of hers at once the second sees the first one's: each takes all records of her, in
#: one order. Her row itself stays free for consent.
LOCK: LiteralString = """
WITH same (id) AS (SAME_PERSON)
SELECT pg_advisory_xact_lock(hashtextextended('appointments/' || id, 0)) FROM (SELECT id FROM same ORDER BY id) AS hers
""".replace("SAME_PERSON", persons.SAME_PERSON)
#: What stands in her other referrals at this controller; nobody's of whom a desk has said that she is somebody else.
STANDING: LiteralString = (
    """
SELECT a.*, r.service_id, r.status, r.enquiry_id, r.site FROM appointments a JOIN referrals r ON r.id = a.referral_id
JOIN persons h ON h.id = a.person_id AND h.erased_at IS NULL
WHERE r.sender_id = %(controller)s AND a.referral_id <> %(referral)s AND a.sealed IS NOT NULL
  AND a.cancelled_at IS NULL AND r.status <> ALL(%(void)s) AND a.person_id IN ("""
    + persons.SAME_PERSON
    + """)
  AND NOT EXISTS (SELECT FROM appointment_clashes c WHERE c.answer = 'another_person' AND a.person_id <> %(person)s
      AND (c.person_id, c.other_person_id) IN ((a.person_id, %(person)s), (%(person)s, a.person_id)))
ORDER BY a.id"""
)
OPEN: LiteralString = """
SELECT c.* FROM appointment_clashes c JOIN tasks t ON t.id = c.task_id AND t.closed_at IS NULL
WHERE %s IN (c.referral_id, c.other_referral_id)"""
#: As the desk of one of the two referrals sees it, whichever of them the page is about.
OF_CASE: LiteralString = """
SELECT c.id, c.referral_id, c.other_referral_id, own.reference, other.reference AS other_reference,
    other.site AS other_site, own.site = other.site AS is_ours, c.found_at, c.answer, c.answered_at,
    t.closed_at IS NULL AS is_open, c.person_id = c.other_person_id AS is_one_record
FROM appointment_clashes c JOIN tasks t ON t.id = c.task_id JOIN referrals own ON own.id = c.referral_id
JOIN referrals other ON other.id = c.other_referral_id
WHERE own.site = %(site)s AND own.sender_id = %(employer)s AND %(referral)s IN (c.referral_id, c.other_referral_id)
  AND c.enquiry_id = (SELECT enquiry_id FROM referrals WHERE id = %(referral)s)
  AND (t.closed_at IS NULL OR c.answer IS NOT NULL) ORDER BY c.found_at, c.id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Two referrals whose appointments overlap, by their numbers."""

    id: UUID
    referral_id: UUID
    other_referral_id: UUID
    reference: str
    other_reference: str
    #: Where the other one is worked on, and whether this desk sees it.
    other_site: Site
    is_ours: bool
    found_at: datetime
    answer: ClashAnswer | None
    answered_at: datetime | None
    is_open: bool
    #: Both stand under one record: that she is somebody else is no answer.
    is_one_record: bool


def lock(work: Work, referral: Referral) -> None:
    """The referral first, then what is hers: in this order everywhere, so that nobody waits for each other."""
    work.tx.execute("SELECT FROM referrals WHERE id = %s FOR NO KEY UPDATE", (referral.id,))
    work.tx.execute(LOCK, {"person": referral.person_id})


def standing(work: Work, vault: Vault, referral: Referral) -> list[Beside]:
    """Her appointments in other referrals, opened; nothing of them leaves the work that compares them."""
    params = {
        "controller": referral.sender_id,
        "referral": referral.id,
        "person": referral.person_id,
        "void": [str(status) for status in VOID],
    }
    rows = work.tx.execute(STANDING, params).fetchall()
    keys = {one: persons.key_of(work.tx, vault, one) for one in {row["person_id"] for row in rows}}
    return [
        Beside(row["enquiry_id"], row["person_id"], Site(row["site"]), appointments.opened(row, keys[row["person_id"]]))
        for row in rows
    ]


def open_ones(connection: Connection, referral_id: UUID) -> Sequence[Mapping[str, Any]]:
    """What waits on a desk because of this referral's appointment, whichever of the two it is."""
    return connection.execute(OPEN, (referral_id,)).fetchall()


def answered_with(connection: Connection, appointment_id: UUID) -> set[tuple[UUID, UUID]]:
    """Each desk's case, and the other appointment of which it has said that both may stay as they are."""
    rows = connection.execute(
        "SELECT enquiry_id, appointment_id, other_appointment_id FROM appointment_clashes WHERE answer IS NOT NULL"
        " AND %s IN (appointment_id, other_appointment_id)",
        (appointment_id,),
    ).fetchall()
    return {
        (row["enquiry_id"], other_id)
        for row in rows
        for other_id in (row["appointment_id"], row["other_appointment_id"])
        if other_id != appointment_id
    }


def add(work: Work, *, enquiry_id: UUID, own: "Side", other: "Side", task_id: UUID) -> None:
    work.tx.execute(
        "INSERT INTO appointment_clashes (id, enquiry_id, person_id, referral_id, appointment_id, other_person_id,"
        " other_referral_id, other_appointment_id, task_id, found_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (work.new_id(), enquiry_id, *own, *other, task_id, work.now),
    )


#: Person, referral and appointment.
Side = tuple[UUID, UUID, UUID]


def of_case(connection: Connection, by: StaffActor, referral_id: UUID) -> list[Clash]:
    """Those of a referral's appointments: what is open, and what was left as it is and why."""
    params = {"site": by.site, "employer": by.employer, "referral": referral_id}
    return [_clash(row) for row in connection.execute(OF_CASE, params).fetchall()]


def load_open(work: Work, clash_id: UUID, by: StaffActor) -> Mapping[str, Any]:
    """One that waits on this desk, locked with its task."""
    row = work.tx.execute(
        "SELECT c.* FROM appointment_clashes c JOIN tasks t ON t.id = c.task_id WHERE c.id = %s AND t.closed_at IS NULL"
        " AND t.site = %s AND t.organization_id = %s AND t.role = ANY(%s) FOR UPDATE",
        (clash_id, by.site, by.employer, [str(role) for role in by.desks]),
    ).fetchone()
    if row is None:
        raise NotFoundError("task.unknown")
    return row


def answer(work: Work, clash_id: UUID, why: ClashAnswer) -> None:
    work.tx.execute(
        "UPDATE appointment_clashes SET answer = %s, answered_by = %s, answered_at = %s WHERE id = %s",
        (why, work.actor, work.now, clash_id),
    )


def _clash(row: Mapping[str, Any]) -> Clash:
    why = ClashAnswer(row["answer"]) if row["answer"] else None
    return Clash(**{**row, "other_site": Site(row["other_site"]), "answer": why})
