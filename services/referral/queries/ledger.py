"""The ledger of what partners owe about data they fetched: by partner, state and kind, soonest due first."""
# ruff: noqa: S608 - statements are put together from fixed parts

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import DataCategory, Duty, DutyCause, DutyState, RetentionGround, Way
from services.chassis.db import Connection
from services.chassis.errors import InvalidError
from services.referral.calendar import is_working_day
from services.referral.domain.deadlines import escalated_on
from services.referral.store.referrals import StaffActor

PAGE = 50

#: A lead sees what is owed to her organization at her site, the data-protection officer (no scope) all of it.
SCOPE: LiteralString = (
    "(%(site)s::text IS NULL OR l.site = %(site)s) AND (%(sender)s::uuid IS NULL OR l.sender_id = %(sender)s)"
)
FILTERS: LiteralString = """
  AND (%(partner)s::uuid IS NULL OR l.organization_id = %(partner)s)
  AND (%(duty)s::text IS NULL OR l.duty = %(duty)s)
  AND (%(state)s::text IS NULL OR l.state = %(state)s)
  AND (NOT %(overdue)s OR (l.state = 'open' AND l.due_on < %(today)s))"""
ROWS: LiteralString = (
    "SELECT l.*, r.reference FROM ledger l JOIN referrals r ON r.id = l.referral_id WHERE " + SCOPE + FILTERS
)
#: What is open comes first, the soonest due before; what is settled follows.
ORDER_KEY: LiteralString = "(CASE WHEN l.state = 'open' THEN 0 ELSE 1 END)"
AFTER: LiteralString = (
    " AND (" + ORDER_KEY + ", l.due_on, l.id) > (%(after_rank)s, %(after_on)s::date, %(after_id)s::uuid)"
)
ORDER: LiteralString = " ORDER BY " + ORDER_KEY + ", l.due_on, l.id LIMIT %(limit)s"
COUNTS: LiteralString = (
    """
SELECT count(*) FILTER (WHERE l.state = 'open') AS open,
       count(*) FILTER (WHERE l.state = 'open' AND l.due_on < %(today)s) AS overdue,
       count(*) FILTER (WHERE l.state = 'deleted') AS deleted,
       count(*) FILTER (WHERE l.state = 'retained') AS retained,
       count(*) FILTER (WHERE l.state IN ('acknowledged', 'fetched_anew')) AS acknowledged
FROM ledger l WHERE """
    + SCOPE
)
PARTNERS: LiteralString = "SELECT DISTINCT l.organization_id FROM ledger l WHERE " + SCOPE


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is shown; all of it stands in the address."""

    partner: UUID | None = None
    duty: Duty | None = None
    state: DutyState | None = None
    overdue: bool = False
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One duty: whose, about which referral, what for, and what became of it. No word about the person."""

    id: UUID
    referral_id: UUID
    reference: str
    organization_id: UUID
    duty: Duty
    cause: DutyCause
    category: DataCategory | None
    opened_at: datetime
    due_on: date
    state: DutyState
    ground: RetentionGround | None
    by_hand: Way | None
    settled_at: datetime | None

    def days_late(self, today: date) -> int:
        """By how many days it is overdue; nought if it is not."""
        return max(0, (today - self.due_on).days) if self.state is DutyState.OPEN else 0

    def is_escalated(self, today: date) -> bool:
        """Has the contact named in the agreement been written to?"""
        return self.state is DutyState.OPEN and escalated_on(self.due_on, is_working_day) <= today


def ledger(
    connection: Connection, by: StaffActor | None, wanted: Wanted, today: date, limit: int = PAGE
) -> tuple[list[Row], str | None]:
    """One page, and the cursor of the next."""
    params = _scope(by) | {
        "partner": wanted.partner,
        "duty": wanted.duty,
        "state": wanted.state,
        "overdue": wanted.overdue,
        "today": today,
        "limit": limit + 1,
    }
    sql: LiteralString = ROWS
    if wanted.after:
        params |= read_cursor(wanted.after)
        sql += AFTER
    rows = [_row(row) for row in connection.execute(sql + ORDER, params).fetchall()]
    following = write_cursor(rows[limit - 1]) if len(rows) > limit else None
    return rows[:limit], following


def everything(connection: Connection, by: StaffActor | None, wanted: Wanted, today: date) -> Iterator[Row]:
    """Every row that fits, page after page, for the file."""
    after: str | None = ""
    while after is not None:
        at = replace(wanted, after=after)
        rows, after = ledger(connection, by, at, today, limit=500)
        yield from rows


def counts(connection: Connection, by: StaffActor | None, today: date) -> Mapping[str, int]:
    row = connection.execute(COUNTS, _scope(by) | {"today": today}).fetchone()
    assert row is not None, "a count always has a row"
    return row


def partners(connection: Connection, by: StaffActor | None) -> list[UUID]:
    """Whoever has ever owed anything."""
    return [row["organization_id"] for row in connection.execute(PARTNERS, _scope(by)).fetchall()]


def of_referral(connection: Connection, referral_id: UUID) -> list[Row]:
    """Everything a referral's partner owed or owes, in the order it was opened."""
    sql: LiteralString = "SELECT l.*, r.reference FROM ledger l JOIN referrals r ON r.id = l.referral_id"
    rows = connection.execute(sql + " WHERE l.referral_id = %s ORDER BY l.opened_at, l.id", (referral_id,))
    return [_row(row) for row in rows.fetchall()]


def _scope(by: StaffActor | None) -> dict[str, Any]:
    return {"site": by.site if by else None, "sender": by.employer if by else None}


def write_cursor(row: Row) -> str:
    return f"{0 if row.state is DutyState.OPEN else 1}_{row.due_on}_{row.id}"


def read_cursor(cursor: str) -> dict[str, Any]:
    rank, _, rest = cursor.partition("_")
    day, _, identity = rest.partition("_")
    try:
        return {"after_rank": int(rank), "after_on": date.fromisoformat(day), "after_id": UUID(identity)}
    except ValueError:
        raise InvalidError("request.invalid", {"after": "as-given-by-the-last-page"}) from None


def _row(row: Mapping[str, Any]) -> Row:
    return Row(
        id=row["id"],
        referral_id=row["referral_id"],
        reference=row["reference"],
        organization_id=row["organization_id"],
        duty=Duty(row["duty"]),
        cause=DutyCause(row["cause"]),
        category=DataCategory(row["category"]) if row["category"] else None,
        opened_at=row["opened_at"],
        due_on=row["due_on"],
        state=DutyState(row["state"]),
        ground=RetentionGround(row["ground"]) if row["ground"] else None,
        by_hand=Way(row["by_hand"]) if row["by_hand"] else None,
        settled_at=row["settled_at"],
    )
