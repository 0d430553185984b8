"""The tracking list: what is under way, who is waited for, by when - soonest first, each page straight from an index.

Whom a referral waits for and when it is due stand in its row, as the domain computed them with the last change. Each
filter is a condition of its own in the statement, so that the database sees which index serves; what belongs to one
page only (the last event, names) is read for the rows of that page.
"""
# ruff: noqa: S608 - statements are put together from fixed parts

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import Party, Status, Topic, Urgency
from services.chassis.db import Connection
from services.chassis.errors import InvalidError
from services.referral.domain.lifecycle import OPEN, Actor
from services.referral.store import referrals
from services.referral.store.timeline import SILENT

Statement = tuple[LiteralString, dict[str, Any]]

PAGE = 50
#: Rows of one piece of an export.
PIECE = 1_000
#: Every number begins with this and two figures of the year.
PREFIX = "R-"
LETTERS_FROM = len("R-26-")

ROWS: LiteralString = """
SELECT page.*, services.snapshot -> 'name' AS service_name, organizations.snapshot -> 'name' AS organization_name,
    organizations.snapshot ->> 'phone' AS phone, last.*
FROM ({page}) AS page
LEFT JOIN services ON services.id = page.service_id
LEFT JOIN organizations ON organizations.id = page.organization_id
LEFT JOIN LATERAL (SELECT type AS last_type, at AS last_at, actor AS last_actor, data AS last_data FROM timeline
    WHERE referral_id = page.id AND (type <> ALL(%(silent)s) OR data ->> 'reminder' = 'follow_up')
    ORDER BY at DESC, event_id DESC LIMIT 1) AS last ON true
ORDER BY page.is_over, page.sort_on, page.id"""
PAGE_OF: LiteralString = """
SELECT id, reference, status, topic, urgency, organization_id, service_id, waiting_for, due_on, changed_at,
    own_employer, is_over, sort_on
FROM referrals WHERE {visible}{filters} ORDER BY {order} LIMIT %(limit)s"""
#: Each is there only if it is asked for.
FILTERS: Mapping[str, LiteralString] = {
    "open": " AND NOT is_over",
    "status": " AND status = %(status)s",
    "waiting_for": " AND waiting_for = %(waiting_for)s AND NOT is_over",
    "partner": " AND organization_id = %(partner)s",
    "mine": " AND owner = %(actor)s",
    "overdue": " AND sort_on < %(today)s AND NOT is_over",
    "letters": " AND substr(reference, 6) LIKE %(letters)s",
    "reference": " AND reference LIKE %(reference)s",
    # an index goes straight to a row only if the comparison begins behind what is fixed already
    "after_open": " AND (sort_on, id) > (%(after_on)s::date, %(after_id)s::uuid)",
    "after": " AND (is_over, sort_on, id) > (%(after_over)s, %(after_on)s::date, %(after_id)s::uuid)",
}
COUNTS: LiteralString = """
SELECT status, waiting_for, count(*) AS many, count(*) FILTER (WHERE sort_on < %(today)s) AS overdue
FROM referrals WHERE {visible} AND NOT is_over GROUP BY status, waiting_for"""
#: Bodies this desk has referred to, each found with one look at the index.
PARTNERS: LiteralString = """
WITH RECURSIVE found AS (
    (SELECT organization_id FROM referrals WHERE {visible} ORDER BY organization_id LIMIT 1)
    UNION ALL
    SELECT (SELECT organization_id FROM referrals WHERE {visible} AND organization_id > found.organization_id
            ORDER BY organization_id LIMIT 1)
    FROM found WHERE found.organization_id IS NOT NULL)
SELECT organization_id AS id, organizations.snapshot -> 'name' AS name
FROM found LEFT JOIN organizations ON organizations.id = found.organization_id WHERE organization_id IS NOT NULL"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the list shows; all of it stands in the address, so that a view can be kept as a bookmark."""

    status: Status | None = None
    everything: bool = False
    waiting_for: Party | None = None
    partner: UUID | None = None
    mine: bool = False
    overdue: bool = False
    reference: str = ""
    after: str = ""

    @property
    def is_plain(self) -> bool:
        """Nothing was chosen: everything under way, from its beginning."""
        return replace(self, after="") == Wanted()


@dataclass(frozen=True, slots=True)
class LastEvent:
    """What happened last, as the timeline keeps it."""

    type: str
    at: datetime
    actor: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One referral on the list; no word about the person."""

    id: UUID
    reference: str
    status: Status
    topic: Topic
    urgency: Urgency
    organization_id: UUID
    organization: Mapping[str, str]
    phone: str | None
    service: Mapping[str, str]
    waiting_for: Party | None
    due_on: date | None
    changed_at: datetime
    own_employer: bool
    last: LastEvent | None


@dataclass(frozen=True, slots=True)
class Counts:
    """The counters above the list, of what is under way."""

    open: int = 0
    ours: int = 0
    overdue: int = 0
    by_status: Mapping[Status, int] = field(default_factory=dict)


def tracking(
    connection: Connection, by: Actor, wanted: Wanted, today: date, limit: int = PAGE
) -> tuple[list[Row], str | None]:
    """One page of the list, and the cursor of the next."""
    rows = connection.execute(*statement(by, wanted, today, limit), prepare=False).fetchall()
    shown = rows[:limit]
    following = write_cursor(shown[-1]) if len(rows) > limit else None
    return [_row(row) for row in shown], following


def statement(by: Actor, wanted: Wanted, today: date, limit: int) -> Statement:
    """One row more than a page, so that it shows whether there is another."""
    rows, params = page_of(by, wanted, today)
    return ROWS.replace("{page}", rows), {**params, "limit": limit + 1, "silent": sorted(SILENT)}


def page_of(by: Actor, wanted: Wanted, today: date) -> Statement:
    """The rows of one page as a statement of their own, with the conditions that are asked for and no others."""
    condition, params = _visible(by)
    letters, reference = _typed(wanted.reference)
    is_open = not (wanted.everything or wanted.status or wanted.reference)
    asked: dict[LiteralString, bool] = {
        "open": is_open,
        "status": wanted.status is not None,
        "waiting_for": wanted.waiting_for is not None,
        "partner": wanted.partner is not None,
        "mine": wanted.mine,
        "overdue": wanted.overdue,
        "letters": bool(letters),
        "reference": bool(reference),
        "after_open": is_open and bool(wanted.after),
        "after": not is_open and bool(wanted.after),
    }
    params |= {"status": wanted.status, "waiting_for": wanted.waiting_for, "partner": wanted.partner}
    params |= {"actor": by.actor, "today": today, "letters": f"{letters}%", "reference": f"{reference}%"}
    if wanted.after:
        params |= read_cursor(wanted.after)
    filters: LiteralString = "".join(FILTERS[name] for name, is_asked in asked.items() if is_asked)
    # where nothing can be over, to sort by that too would keep the database from the index that has no such column
    all_open = is_open or wanted.waiting_for is not None or wanted.overdue
    order: LiteralString = "sort_on, id" if all_open else "is_over, sort_on, id"
    return PAGE_OF.replace("{visible}", condition).replace("{filters}", filters).replace("{order}", order), params


def counts(connection: Connection, by: Actor, today: date) -> Counts:
    rows = connection.execute(*statement_of_counts(by, today), prepare=False).fetchall()
    by_status = {status: sum(row["many"] for row in rows if row["status"] == status) for status in OPEN}
    return Counts(
        open=sum(row["many"] for row in rows),
        ours=sum(row["many"] for row in rows if row["waiting_for"] == Party.NAVIGATOR),
        overdue=sum(row["overdue"] for row in rows),
        by_status={status: many for status, many in by_status.items() if many},
    )


def statement_of_counts(by: Actor, today: date) -> Statement:
    condition, params = _visible(by)
    return COUNTS.replace("{visible}", condition), {**params, "today": today}


def partners(connection: Connection, by: Actor) -> dict[UUID, Mapping[str, str]]:
    """The bodies this desk refers to, with their names."""
    rows = connection.execute(*statement_of_partners(by), prepare=False).fetchall()
    return {row["id"]: row["name"] or {} for row in rows}


def statement_of_partners(by: Actor) -> Statement:
    condition, params = _visible(by)
    return PARTNERS.replace("{visible}", condition), params


def by_reference(connection: Connection, by: Actor, reference: str) -> UUID | None:
    """The one referral of this number, if the caller may see it."""
    condition, params = referrals.visible(by)
    row = connection.execute(
        "SELECT id FROM referrals WHERE reference = %s AND " + condition, (reference.strip().upper(), *params)
    ).fetchone()
    return row["id"] if row else None


def _visible(by: Actor) -> Statement:
    """The fixed condition of who may see what, with names instead of places for its values."""
    condition, values = referrals.visible(by)
    params: dict[str, Any] = {}
    for number, value in enumerate(values):
        condition = condition.replace("%s", f"%(visible_{number})s", 1)
        params[f"visible_{number}"] = value
    return condition, params


def _typed(reference: str) -> tuple[str, str]:
    """The letters of a number that was typed from its first letter on, and what stands before them, if it was typed."""
    plain = "".join(letter for letter in reference.strip().upper() if letter.isalnum() or letter == "-")[:24]
    if plain.startswith(PREFIX):
        return plain[LETTERS_FROM:], plain[:LETTERS_FROM]
    return plain, ""


def write_cursor(row: Mapping[str, Any]) -> str:
    return f"{int(row['is_over'])}_{row['sort_on']}_{row['id']}"


def read_cursor(cursor: str) -> dict[str, Any]:
    """Where the last page ended; whatever was not written by `write_cursor` is refused by name."""
    try:
        over, day, identity = cursor.split("_")
        return {
            "after_over": {"0": False, "1": True}[over],
            "after_on": date.fromisoformat(day),
            "after_id": UUID(identity),
        }
    except (ValueError, KeyError):
        raise InvalidError("request.invalid", {"after": "as-given-by-the-last-page"}) from None


def _row(row: Mapping[str, Any]) -> Row:
    told = row["last_type"]
    return Row(
        id=row["id"],
        reference=row["reference"],
        status=Status(row["status"]),
        topic=Topic(row["topic"]),
        urgency=Urgency(row["urgency"]),
        organization_id=row["organization_id"],
        organization=row["organization_name"] or {},
        phone=row["phone"],
        service=row["service_name"] or {},
        waiting_for=Party(row["waiting_for"]) if row["waiting_for"] else None,
        due_on=row["due_on"],
        changed_at=row["changed_at"],
        own_employer=row["own_employer"],
        last=LastEvent(told, row["last_at"], row["last_actor"], row["last_data"]) if told else None,
    )
