"""Requests for the name behind a pseudonym; the occasion is sealed under the person's key."""
# ruff: noqa: S608 - statements are put together from fixed parts

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import ResolutionPurpose, ResolutionReason, ResolutionRefusal
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.domain.resolution import Resolution
from services.referral.store.referrals import StaffActor
from services.referral.store.subject_rights import scope

#: A lead sees the requests about whoever has a case at her own desk; data-protection officers see all.
VISIBLE: LiteralString = """(%s::uuid IS NULL OR EXISTS (
    SELECT FROM enquiry_persons m JOIN enquiries e ON e.id = m.enquiry_id
    WHERE m.person_id = r.person_id AND e.organization_id = %s AND e.site = %s))"""
OPEN: LiteralString = "num_nonnulls(r.refusal, r.shown_at, r.expired_at) = 0"
#: Of an employer no fact speaks by a pseudonym, so there is none to resolve.
KNOWN: LiteralString = "SELECT FROM persons WHERE id = %s AND kind = 'person' AND erased_at IS NULL"


def place(resolution_id: UUID) -> str:
    """What the sealed occasion is bound to."""
    return f"resolutions/{resolution_id}"


def expect_known(work: Work, person_id: UUID) -> None:
    if work.tx.execute(KNOWN, (person_id,)).fetchone() is None:
        raise NotFoundError("person.unknown")


def asked_lately(work: Work, by: str, within: timedelta) -> int:
    """How often this officer asked; two requests of hers at once are counted one after the other."""
    work.tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('resolutions/' || %s, 0))", (by,))
    row = work.tx.execute(
        "SELECT count(*) AS asked FROM resolutions WHERE asked_by = %s AND asked_at > %s", (by, work.now - within)
    ).fetchone()
    assert row is not None, "a count always has a row"
    return int(row["asked"])


def is_open(work: Work, by: str, person_id: UUID) -> bool:
    """Whether this officer's request about her still waits, or may be looked at."""
    row = work.tx.execute(
        "SELECT FROM resolutions r WHERE asked_by = %s AND person_id = %s AND expires_at > %s AND " + OPEN,
        (by, person_id, work.now),
    ).fetchone()
    return row is not None


def add(work: Work, one: Resolution) -> None:
    work.tx.execute(
        "INSERT INTO resolutions (id, person_id, reason, purpose, sealed, asked_by, asked_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (one.id, one.person_id, one.reason, one.purpose, one.sealed, one.asked_by, one.asked_at, one.expires_at),
    )


def load(work: Work, resolution_id: UUID, *, visible_to: StaffActor | None) -> Resolution:
    """The request, locked, if it is this desk's to see; officers and the clock see all."""
    row = work.tx.execute(
        "SELECT r.* FROM resolutions r WHERE r.id = %s AND " + VISIBLE + " FOR UPDATE OF r",
        (resolution_id, *_desk(visible_to)),
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


def listed(connection: Connection, by: StaffActor | None, *, is_open: bool, limit: int = 200) -> list[Resolution]:
    """What waits or may be looked at, the most urgent first; or what is over, the newest first."""
    order: LiteralString = "r.expires_at, r.id" if is_open else "r.asked_at DESC, r.id"
    which: LiteralString = OPEN if is_open else "NOT (" + OPEN + ")"
    rows = connection.execute(
        "SELECT r.* FROM resolutions r WHERE " + which + " AND " + VISIBLE + " ORDER BY " + order + " LIMIT %s",
        (*_desk(by), limit),
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
        person_id=row["person_id"],
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


def _desk(by: StaffActor | None) -> tuple[Any, ...]:
    site, _, organization, _ = scope(by)
    return organization, organization, site
