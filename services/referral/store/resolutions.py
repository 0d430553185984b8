"""Requests for the name behind a pseudonym; the occasion is sealed under the key of whoever it is about."""
# ruff: noqa: S608 - statements are put together from fixed parts

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import ResolutionPurpose, ResolutionReason, ResolutionRefusal
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.domain.resolution import Resolution, Whose
from services.referral.store import staff_names
from services.referral.store.referrals import StaffActor
from services.referral.store.subject_rights import scope

#: A lead sees the requests about whoever has a case or works at her own desk; data-protection officers see all; nobody
#: sees what is asked about herself.
VISIBLE: LiteralString = """(r.staff IS DISTINCT FROM %(reader)s AND (%(organization)s::uuid IS NULL OR EXISTS (
    SELECT FROM enquiry_persons m JOIN enquiries e ON e.id = m.enquiry_id
    WHERE m.person_id = r.person_id AND e.organization_id = %(organization)s AND e.site = %(site)s) OR EXISTS (
    SELECT FROM staff_names n
    WHERE n.staff = r.staff AND n.employer = %(organization)s AND n.site = %(site)s)))"""
OPEN: LiteralString = "num_nonnulls(r.refusal, r.shown_at, r.expired_at) = 0"
#: Of an employer no fact speaks by a pseudonym, so there is none to resolve.
KNOWN: LiteralString = "SELECT FROM persons WHERE id = %s AND kind = 'person' AND erased_at IS NULL"


def place(resolution_id: UUID) -> str:
    """What the sealed occasion is bound to."""
    return f"resolutions/{resolution_id}"


def expect_known(work: Work, whose: Whose) -> None:
    if whose.staff is not None:
        staff_names.load(work.tx, whose.staff)
    elif work.tx.execute(KNOWN, (whose.person_id,)).fetchone() is None:
        raise NotFoundError("person.unknown")


def asked_lately(work: Work, by: str, within: timedelta) -> int:
    """How often this officer asked; two requests of hers at once are counted one after the other."""
    work.tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('resolutions/' || %s, 0))", (by,))
    row = work.tx.execute(
        "SELECT count(*) AS asked FROM resolutions WHERE asked_by = %s AND asked_at > %s", (by, work.now - within)
    ).fetchone()
    assert row is not None, "a count always has a row"
    return int(row["asked"])


def is_open(work: Work, by: str, whose: Whose) -> bool:
    """Whether this officer's request about her still waits, or may be looked at."""
    row = work.tx.execute(
        "SELECT FROM resolutions r WHERE asked_by = %s AND (person_id = %s OR staff = %s) AND expires_at > %s AND "
        + OPEN,
        (by, whose.person_id, whose.staff, work.now),
    ).fetchone()
    return row is not None


def add(work: Work, one: Resolution) -> None:
    work.tx.execute(
        "INSERT INTO resolutions (id, person_id, staff, reason, purpose, sealed, asked_by, asked_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(one.id, one.whose.person_id, one.whose.staff, one.reason, one.purpose),
            *(one.sealed, one.asked_by, one.asked_at, one.expires_at),
        ),
    )


def load(work: Work, resolution_id: UUID, *, visible_to: StaffActor | None) -> Resolution:
    """The request, locked, if it is this desk's to see; officers and the clock see all but what is about themselves."""
    row = work.tx.execute(
        "SELECT r.* FROM resolutions r WHERE r.id = %(id)s AND " + VISIBLE + " FOR UPDATE OF r",
        {"id": resolution_id, **_desk(visible_to, work.actor)},
    ).fetchone()
    if row is None:
        raise NotFoundError("resolution.unknown")
    return from_row(row)


def save(work: Work, one: Resolution) -> None:
    work.tx.execute(
        "UPDATE resolutions SET expires_at = %s, answered_by = %s, answered_at = %s, refusal = %s, shown_at = %s,"
        " expired_at = %s WHERE id = %s",
        (one.expires_at, one.answered_by, one.answered_at, one.refusal, one.shown_at, one.expired_at, one.id),
    )


def listed(
    connection: Connection, by: StaffActor | None, reader: str, *, is_open: bool, limit: int = 200
) -> list[Resolution]:
    """What waits or may be looked at, the most urgent first; or what is over, the newest first."""
    order: LiteralString = "r.expires_at, r.id" if is_open else "r.asked_at DESC, r.id"
    which: LiteralString = OPEN if is_open else "NOT (" + OPEN + ")"
    rows = connection.execute(
        "SELECT r.* FROM resolutions r WHERE " + which + " AND " + VISIBLE + " ORDER BY " + order + " LIMIT %(limit)s",
        {"limit": limit, **_desk(by, reader)},
    )
    return [from_row(row) for row in rows.fetchall()]


def run_out(connection: Connection, now: datetime, limit: int) -> list[tuple[UUID, datetime]]:
    """Whose time is over, and nobody was told yet."""
    rows = connection.execute(
        "SELECT r.id, r.expires_at FROM resolutions r WHERE r.expires_at <= %s AND " + OPEN + " ORDER BY r.expires_at"
        " LIMIT %s",
        (now, limit),
    )
    return [(row["id"], row["expires_at"]) for row in rows.fetchall()]


def from_row(row: Mapping[str, Any]) -> Resolution:
    return Resolution(
        id=row["id"],
        whose=Whose(row["person_id"], row["staff"]),
        reason=ResolutionReason(row["reason"]),
        purpose=ResolutionPurpose(row["purpose"]),
        sealed=row["sealed"],
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        expires_at=row["expires_at"],
        answered_by=row["answered_by"],
        answered_at=row["answered_at"],
        refusal=ResolutionRefusal(row["refusal"]) if row["refusal"] else None,
        shown_at=row["shown_at"],
        expired_at=row["expired_at"],
    )


def _desk(by: StaffActor | None, reader: str) -> dict[str, Any]:
    site, _, organization, _ = scope(by)
    return {"organization": organization, "site": site, "reader": reader}
