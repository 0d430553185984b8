"""Enquiries begun and not yet taken down: sealed, and found by nobody but the member of staff who typed them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import EnquirerKind
from services.chassis.db import Connection
from services.chassis.work import Work
from services.referral.store.referrals import StaffActor

#: What sealed words are bound to, together with the key's own number.
RECORD = "enquiry_drafts/sealed"
#: How long the number of one that is over stays used up: a browser that lost its network may still send what it had.
NUMBER_STAYS = timedelta(days=1)
HERS: LiteralString = (
    "SELECT * FROM enquiry_drafts WHERE kept_by = %s AND site = %s AND organization_id = %s AND ended_at IS NULL"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What may be known of one without looking into it."""

    id: UUID
    key_id: UUID
    enquirer: EnquirerKind
    step: str
    sealed: bytes = field(repr=False)
    begun_at: datetime
    changed_at: datetime


def of(connection: Connection, by: StaffActor) -> list[Draft]:
    """Her own at this desk, the one she was at last first."""
    rows = connection.execute(HERS + " ORDER BY changed_at DESC, id", _whose(by)).fetchall()
    return [_from_row(row) for row in rows]


def lock(work: Work, by: StaffActor, draft_id: UUID) -> Draft | None:
    """One of hers, held until this work ends."""
    row = work.tx.execute(HERS + " AND id = %s FOR UPDATE", (*_whose(by), draft_id)).fetchone()
    return _from_row(row) if row else None


def is_known(connection: Connection, draft_id: UUID) -> bool:
    """Whether there is or was one of this number, whosever it is."""
    return connection.execute("SELECT 1 FROM enquiry_drafts WHERE id = %s", (draft_id,)).fetchone() is not None


def add(work: Work, by: StaffActor, draft: Draft) -> bool:
    """False where the number is taken."""
    return (
        work.tx.execute(
            "INSERT INTO enquiry_drafts (id, key_id, kept_by, site, organization_id, enquirer, step, sealed, begun_at,"
            " changed_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING",
            (
                *(draft.id, draft.key_id, *_whose(by), draft.enquirer, draft.step, draft.sealed),
                *(draft.begun_at, draft.changed_at),
            ),
        ).rowcount
        == 1
    )


def shut(work: Work, by: StaffActor, draft_id: UUID, enquirer: EnquirerKind) -> bool:
    """A number nothing was kept under is used up all the same; false where something was, or is."""
    return (
        work.tx.execute(
            "INSERT INTO enquiry_drafts (id, key_id, kept_by, site, organization_id, enquirer, step, begun_at,"
            " changed_at, ended_at) VALUES (%s, %s, %s, %s, %s, %s, '', %s, %s, %s) ON CONFLICT (id) DO NOTHING",
            (draft_id, work.new_id(), *_whose(by), enquirer, work.now, work.now, work.now),
        ).rowcount
        == 1
    )


def replace(work: Work, draft: Draft) -> None:
    work.tx.execute(
        "UPDATE enquiry_drafts SET enquirer = %s, step = %s, sealed = %s, changed_at = %s WHERE id = %s"
        " AND ended_at IS NULL",
        (draft.enquirer, draft.step, draft.sealed, draft.changed_at, draft.id),
    )


def end(work: Work, draft_id: UUID) -> None:
    """It is over: taken down, thrown away or too old. From this commit on its words are gone."""
    work.tx.execute(
        "UPDATE enquiry_drafts SET sealed = NULL, ended_at = %s WHERE id = %s AND ended_at IS NULL",
        (work.now, draft_id),
    )


def ended(connection: Connection, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Those whose key is still to be destroyed, each with that key."""
    rows = connection.execute(
        "SELECT id, key_id FROM enquiry_drafts WHERE ended_at <= %s AND key_id IS NOT NULL ORDER BY ended_at LIMIT %s",
        (now, limit),
    )
    return [(row["id"], row["key_id"]) for row in rows]


def used_up(connection: Connection, now: datetime, limit: int) -> list[UUID]:
    """Those without a key whose number need not stay any longer."""
    rows = connection.execute(
        "SELECT id FROM enquiry_drafts WHERE ended_at <= %s AND key_id IS NULL ORDER BY ended_at LIMIT %s",
        (now - NUMBER_STAYS, limit),
    )
    return [row["id"] for row in rows]


def key_is_gone(work: Work, draft_id: UUID) -> None:
    """Only its number is left."""
    work.tx.execute("UPDATE enquiry_drafts SET key_id = NULL WHERE id = %s AND ended_at IS NOT NULL", (draft_id,))


def drop(work: Work, draft_id: UUID) -> None:
    """Nothing of it is left."""
    work.tx.execute("DELETE FROM enquiry_drafts WHERE id = %s AND ended_at IS NOT NULL", (draft_id,))


def owners(connection: Connection, key_ids: Collection[UUID]) -> set[UUID]:
    """Which of these keys a draft lies under."""
    rows = connection.execute("SELECT key_id FROM enquiry_drafts WHERE key_id = ANY(%s)", (list(key_ids),)).fetchall()
    return {row["key_id"] for row in rows}


def _whose(by: StaffActor) -> tuple[object, ...]:
    return by.actor, by.site, by.employer


def _from_row(row: dict[str, Any]) -> Draft:
    return Draft(
        id=row["id"],
        key_id=row["key_id"],
        enquirer=EnquirerKind(row["enquirer"]),
        step=row["step"],
        sealed=row["sealed"],
        begun_at=row["begun_at"],
        changed_at=row["changed_at"],
    )
