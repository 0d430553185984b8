"""Whose pseudonym is whose among staff: sealed, kept as long as the log may speak of them, opened in one place."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from contracts.codes import Site
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work

RECORD = "staff_names/sealed"


@dataclass(frozen=True, slots=True)
class StaffName:
    """One member of staff as she is kept here."""

    staff: str
    key_id: UUID
    sealed: bytes
    employer: UUID | None
    site: Site | None
    seen_in: date


def find(connection: Connection, staff: str) -> StaffName | None:
    row = connection.execute("SELECT * FROM staff_names WHERE staff = %s", (staff,)).fetchone()
    return None if row is None else StaffName(**{**row, "site": Site(row["site"]) if row["site"] else None})


def find_alone(tx: Connection, staff: str) -> StaffName | None:
    """The same while nobody else keeps her for the first time: a second key would lie in its store and open nothing."""
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('staff_names/' || %s::text, 0))", (staff,))
    return find(tx, staff)


def load(connection: Connection, staff: str) -> StaffName:
    """Whoever came in by a page of referral is known; a program that has never had a browser is not."""
    if (found := find(connection, staff)) is None:
        raise NotFoundError("staff.unknown")
    return found


def of_desk(connection: Connection, employer: UUID | None, site: Site | None) -> list[StaffName]:
    """Everybody who has worked at this desk by a page of referral."""
    rows = connection.execute("SELECT * FROM staff_names WHERE employer = %s AND site = %s", (employer, site))
    return [StaffName(**{**row, "site": Site(row["site"])}) for row in rows.fetchall()]


def save(work: Work, one: StaffName) -> None:
    work.tx.execute(
        "INSERT INTO staff_names (staff, key_id, sealed, employer, site, seen_in) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (staff) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed,"
        " employer = excluded.employer, site = excluded.site, seen_in = excluded.seen_in",
        (one.staff, one.key_id, one.sealed, one.employer, one.site, one.seen_in),
    )


def over(connection: Connection, since: date, limit: int) -> list[str]:
    """Who has not come since that day, and whose name nobody has asked for since."""
    rows = connection.execute(
        "SELECT staff FROM staff_names AS kept WHERE seen_in + interval '1 month' <= %s AND NOT EXISTS ("
        "SELECT FROM resolutions r WHERE r.staff = kept.staff AND r.asked_at::date >= %s) ORDER BY staff LIMIT %s",
        (since, since, limit),
    )
    return [row["staff"] for row in rows]


def drop(work: Work, staff: str) -> None:
    """Delete her name and what was asked about it."""
    work.tx.execute("DELETE FROM resolutions WHERE staff = %s", (staff,))
    work.tx.execute("DELETE FROM staff_names WHERE staff = %s", (staff,))


def owners(connection: Connection, key_ids: Collection[UUID]) -> set[UUID]:
    """Which of these keys somebody's name lies under."""
    rows = connection.execute("SELECT key_id FROM staff_names WHERE key_id = ANY(%s)", (list(key_ids),)).fetchall()
    return {row["key_id"] for row in rows}
