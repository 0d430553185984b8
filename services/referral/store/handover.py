"""Whose cases are whose at one desk, and passing them on."""
# ruff: noqa: S608 - statements are put together from fixed parts

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.work import Work
from services.referral.domain.handover import Standing
from services.referral.store.referrals import StaffActor
from services.referral.store.staff_names import StaffName, of_desk

#: Whose it is: hers - or, where nobody is named, of whoever has no name at this desk: long gone, or no member of staff.
OF_HER: LiteralString = (
    "(owner = %(staff)s OR %(staff)s::text IS NULL AND owner NOT IN (SELECT staff FROM staff_names"
    " WHERE employer = %(employer)s AND site = %(site)s))"
)
REFERRALS_OF_HER: LiteralString = (
    "EXISTS (SELECT FROM referrals r WHERE r.enquiry_id = e.id AND NOT r.is_over AND " + OF_HER + ")"
)
OF_DESK: LiteralString = "e.site = %(site)s AND e.organization_id = %(employer)s AND e.closed_at IS NULL"
CASES: LiteralString = f"""
SELECT e.id, e.recorded_at, e.enquirer,
    array(SELECT DISTINCT topic FROM needs n WHERE n.enquiry_id = e.id ORDER BY topic) AS topics,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'reference', r.reference, 'status', r.status)
        ORDER BY r.reference), '[]') FROM referrals r WHERE r.enquiry_id = e.id AND NOT r.is_over) AS referrals,
    (SELECT count(*) FROM tasks t WHERE t.closed_at IS NULL AND (t.enquiry_id = e.id
        OR t.referral_id IN (SELECT id FROM referrals r WHERE r.enquiry_id = e.id))) AS tasks,
    (SELECT min(due_on) FROM tasks t WHERE t.closed_at IS NULL AND t.enquiry_id = e.id) AS due_on
FROM enquiries e WHERE {OF_DESK} AND ({OF_HER} OR {REFERRALS_OF_HER})
    AND (%(topic)s::text IS NULL OR EXISTS (SELECT FROM needs n WHERE n.enquiry_id = e.id AND n.topic = %(topic)s))
ORDER BY due_on NULLS LAST, e.recorded_at, e.id LIMIT %(limit)s"""
COUNTS: LiteralString = f"SELECT owner, count(*) AS many FROM enquiries e WHERE {OF_DESK} GROUP BY owner"
#: In the order of their ids, so that two who hand over at once never wait for each other.
LOCK: LiteralString = (
    "SELECT id FROM enquiries WHERE id = ANY(%s) AND site = %s AND organization_id = %s ORDER BY id FOR UPDATE"
)
STANDING: LiteralString = f"""
SELECT e.id, e.owner, e.closed_at, {OF_HER} OR {REFERRALS_OF_HER} AS is_hers FROM enquiries e
WHERE e.id = ANY(%(ids)s) ORDER BY e.id"""
PASS_ON: tuple[LiteralString, ...] = (
    f"UPDATE enquiries SET handed_to = %(to)s WHERE id = ANY(%(ids)s) AND {OF_HER}",
    f"UPDATE referrals SET handed_to = %(to)s WHERE enquiry_id = ANY(%(ids)s) AND {OF_HER}",
)


def cases(connection: Connection, by: StaffActor, staff: str | None, topic: str | None, limit: int) -> list[Any]:
    """The open cases of one colleague, the soonest due first; no word about a person."""
    return list(connection.execute(CASES, {**_whose(by, staff), "topic": topic, "limit": limit}).fetchall())


def counts(connection: Connection, by: StaffActor) -> dict[str, int]:
    """How many open cases each is responsible for."""
    return {row["owner"]: row["many"] for row in connection.execute(COUNTS, _whose(by, None)).fetchall()}


def colleagues(connection: Connection, by: StaffActor) -> list[StaffName]:
    return of_desk(connection, by.employer, by.site)


def standing(work: Work, by: StaffActor, staff: str | None, enquiry_ids: Sequence[UUID]) -> list[Standing]:
    """Those of them that lie at this desk, locked; what they are is read only once they are."""
    locked = work.tx.execute(LOCK, ([*enquiry_ids], by.site, by.employer)).fetchall()
    rows = work.tx.execute(STANDING, {**_whose(by, staff), "ids": [row["id"] for row in locked]}).fetchall()
    return [
        Standing(enquiry_id=row["id"], owner=row["owner"], closed_at=row["closed_at"], is_hers=row["is_hers"])
        for row in rows
    ]


def pass_on(work: Work, by: StaffActor, staff: str | None, to: str, enquiry_ids: Collection[UUID]) -> None:
    """What was hers in these cases is the other's; what a third one drafted there stays with the third."""
    for statement in PASS_ON:
        work.tx.execute(statement, {**_whose(by, staff), "ids": [*enquiry_ids], "to": to})


def keep(work: Work, by: StaffActor, handover_id: UUID, staff: str | None, to: str, many: int) -> None:
    work.tx.execute(
        "INSERT INTO handovers (id, organization_id, site, from_staff, to_staff, many, handed_by, handed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (handover_id, by.employer, by.site, staff, to, many, work.actor, work.now),
    )


def told(connection: Connection, by: StaffActor, since: datetime) -> list[Mapping[str, Any]]:
    """What passed to or from somebody lately."""
    rows = connection.execute(
        "SELECT many, handed_at, to_staff = %(actor)s AS is_mine FROM handovers WHERE site = %(site)s"
        " AND organization_id = %(employer)s AND handed_at >= %(since)s AND %(actor)s IN (from_staff, to_staff)"
        " ORDER BY handed_at DESC",
        {"actor": by.actor, "site": by.site, "employer": by.employer, "since": since},
    )
    return list(rows.fetchall())


def _whose(by: StaffActor, staff: str | None) -> dict[str, Any]:
    return {"staff": staff, "site": by.site, "employer": by.employer}
