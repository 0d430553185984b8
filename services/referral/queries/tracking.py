"""The navigator's tracking list: what is under way, who is waited for, by when - soonest first, page by page.

Everything a filter may name is computed in one statement, so that counters, filters and pages agree. `waiting_for` says
in SQL what `lifecycle.waiting_for` says in Python; a test compares them for every case.
"""
# ruff: noqa: S608 - statements are put together from fixed parts

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import TERMINAL, Party, Status, Topic, Urgency
from services.chassis.db import Connection
from services.chassis.errors import InvalidError
from services.referral.domain.lifecycle import Actor
from services.referral.store import referrals

PAGE = 50

#: `{condition}` is one of the fixed conditions of `referrals.visible`.
TRACKED: LiteralString = """
WITH visible AS (
    SELECT r.*,
        (r.fetched_at IS NOT NULL AND r.back_level IN ('none', 'receipt')) AS ends_by_person,
        least(
            (SELECT min((due_at AT TIME ZONE 'Europe/Berlin')::date) FROM deadlines d
              WHERE d.referral_id = r.id AND d.done_at IS NULL AND d.kind IN ('expire', 'conclude')),
            CASE WHEN r.status = 'accepted' THEN r.contact_by END,
            (SELECT min((duty ->> 'due_on')::date) FROM jsonb_array_elements(r.duties) AS duty)
        ) AS due_on
    FROM referrals r WHERE {condition}
), tracked AS (
    SELECT *, CASE
        WHEN status = ANY(%(terminal)s) THEN CASE WHEN duties <> '[]' THEN 'partner' END
        WHEN status IN ('draft', 'clarification') THEN 'navigator'
        WHEN status = 'awaiting_consent' THEN 'person'
        WHEN status IN ('requested', 'received') AND ends_by_person THEN 'navigator'
        ELSE 'partner' END AS waiting_for,
        (status <> ALL(%(terminal)s) OR duties <> '[]') AS is_open,
        coalesce(due_on, '9999-12-31'::date) AS sort_on
    FROM visible
)"""
FILTERS: LiteralString = """
WHERE (%(status)s::text IS NULL OR status = %(status)s)
  AND (%(everything)s OR %(status)s::text IS NOT NULL OR is_open)
  AND (%(waiting_for)s::text IS NULL OR waiting_for = %(waiting_for)s)
  AND (NOT %(overdue)s OR due_on < %(today)s)
  AND (%(reference)s::text IS NULL OR reference LIKE %(reference)s)"""
ROWS: LiteralString = """
SELECT tracked.*, services.snapshot -> 'name' AS service_name, organizations.snapshot -> 'name' AS organization_name
FROM tracked LEFT JOIN services ON services.id = tracked.service_id
LEFT JOIN organizations ON organizations.id = tracked.organization_id"""
AFTER: LiteralString = " AND (sort_on, tracked.id) > (%(after_on)s::date, %(after_id)s::uuid)"
ORDER: LiteralString = " ORDER BY sort_on, tracked.id LIMIT %(limit)s"
COUNTS: LiteralString = """
SELECT status, count(*) AS many, count(*) FILTER (WHERE is_open AND due_on < %(today)s) AS overdue,
       count(*) FILTER (WHERE is_open AND waiting_for = 'navigator') AS ours, count(*) FILTER (WHERE is_open) AS open
FROM tracked GROUP BY status"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the list shows; all of it stands in the address, so that a view can be kept as a bookmark."""

    status: Status | None = None
    everything: bool = False
    waiting_for: Party | None = None
    overdue: bool = False
    reference: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One referral on the list; no word about the person."""

    id: UUID
    reference: str
    status: Status
    topic: Topic
    urgency: Urgency
    organization: Mapping[str, str]
    service: Mapping[str, str]
    waiting_for: Party | None
    due_on: date | None
    changed_at: datetime
    own_employer: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """The counters above the list."""

    open: int
    ours: int
    overdue: int
    by_status: Mapping[Status, int]


def tracking(connection: Connection, by: Actor, wanted: Wanted, today: date) -> tuple[list[Row], str | None]:
    """One page of the list, and the cursor of the next."""
    statement, params = _visible(by)
    params |= {
        "status": wanted.status,
        "everything": wanted.everything or bool(wanted.reference),
        "waiting_for": wanted.waiting_for,
        "overdue": wanted.overdue,
        "today": today,
        "reference": f"%{_plain(wanted.reference)}%" if wanted.reference else None,
        "limit": PAGE + 1,
    }
    sql: LiteralString = statement + ROWS + FILTERS
    if wanted.after:
        params |= read_cursor(wanted.after)
        sql += AFTER
    rows = connection.execute(sql + ORDER, params).fetchall()
    following = f"{rows[PAGE - 1]['sort_on']}_{rows[PAGE - 1]['id']}" if len(rows) > PAGE else None
    return [_row(row) for row in rows[:PAGE]], following


def counts(connection: Connection, by: Actor, today: date) -> Counts:
    statement, params = _visible(by)
    rows = connection.execute(statement + COUNTS, params | {"today": today}).fetchall()
    by_status = {Status(row["status"]): row["many"] for row in rows}
    open_, ours, overdue = (sum(row[name] for row in rows) for name in ("open", "ours", "overdue"))
    return Counts(open_, ours, overdue, {status: by_status[status] for status in Status if status in by_status})


def by_reference(connection: Connection, by: Actor, reference: str) -> UUID | None:
    """The one referral of this number, if the caller may see it."""
    condition, params = referrals.visible(by)
    row = connection.execute(
        "SELECT id FROM referrals WHERE reference = %s AND " + condition, (reference.strip().upper(), *params)
    ).fetchone()
    return row["id"] if row else None


def _visible(by: Actor) -> tuple[LiteralString, dict[str, Any]]:
    """The fixed condition of who may see what, with names instead of places for its values."""
    condition, values = referrals.visible(by)
    params: dict[str, Any] = {"terminal": [str(status) for status in TERMINAL]}
    for number, value in enumerate(values):
        condition = condition.replace("%s", f"%(visible_{number})s", 1)
        params[f"visible_{number}"] = value
    return TRACKED.replace("{condition}", condition), params


def _plain(reference: str) -> str:
    """What was typed, without what LIKE would read as a wildcard."""
    return "".join(letter for letter in reference.strip().upper() if letter.isalnum() or letter == "-")[:24]


def read_cursor(cursor: str) -> dict[str, Any]:
    day, _, identity = cursor.partition("_")
    try:
        return {"after_on": date.fromisoformat(day), "after_id": UUID(identity)}
    except ValueError:
        raise InvalidError("request.invalid", {"after": "as-given-by-the-last-page"}) from None


def _row(row: Mapping[str, Any]) -> Row:
    return Row(
        id=row["id"],
        reference=row["reference"],
        status=Status(row["status"]),
        topic=Topic(row["topic"]),
        urgency=Urgency(row["urgency"]),
        organization=row["organization_name"] or {},
        service=row["service_name"] or {},
        waiting_for=Party(row["waiting_for"]) if row["waiting_for"] else None,
        due_on=row["due_on"],
        changed_at=row["changed_at"],
        own_employer=row["own_employer"],
    )
