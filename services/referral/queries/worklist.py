"""What waits for one desk: tasks, drafts, and what needs a second person - by its day, page by page from indexes.

Each source is a statement of its own that yields its first rows in the order of the list; together they are sorted once
more. What is put off until a later day is left out, unless it is asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import NoteStep, QuestionCode, RejectionReason, StaffRole, Status, Topic, Urgency
from services.chassis.db import Connection
from services.chassis.errors import InvalidError
from services.referral.store.referrals import StaffActor

Statement = tuple[LiteralString, dict[str, Any]]

PAGE = 50
#: A draft that nobody went on with waits for somebody after so many days.
DRAFT_DAYS = 5


class Source(StrEnum):
    """Where an item comes from."""

    TASK = "task"
    DRAFT = "draft"
    DISCLOSURE = "disclosure"
    RESOLUTION = "resolution"


class DueBy(StrEnum):
    """Until when what is shown is due."""

    OVERDUE = "overdue"
    TODAY = "today"
    WEEK = "week"


TASKS: LiteralString = """
SELECT id, 'task' AS source, kind, role, due_on, opened_at, referral_id, enquiry_id, snoozed_until, snoozed_by
FROM tasks t WHERE closed_at IS NULL AND site = %(site)s AND organization_id = %(employer)s
  AND role = ANY(%(desks)s){filters} ORDER BY due_on, id{limit}"""
DRAFTS: LiteralString = """
SELECT id, 'draft' AS source, 'draft' AS kind, 'navigator' AS role, drafted_on + %(draft_days)s::int AS due_on,
    drafted_on::timestamp AT TIME ZONE 'Europe/Berlin' AS opened_at, id AS referral_id, enquiry_id,
    NULL::date AS snoozed_until, NULL AS snoozed_by
FROM referrals t WHERE status = 'draft' AND site = %(site)s AND sender_id = %(employer)s{filters}
ORDER BY drafted_on, id{limit}"""
#: Whoever wrote it down cannot confirm it; once it is late it is a task.
DISCLOSURES: LiteralString = """
SELECT id, 'disclosure' AS source, 'disclosure' AS kind, 'lead' AS role, confirm_by AS due_on, recorded_at AS opened_at,
    NULL::uuid AS referral_id, enquiry_id, NULL::date AS snoozed_until, NULL AS snoozed_by
FROM external_disclosures t WHERE confirmed_at IS NULL AND task_id IS NULL AND recorded_by <> %(actor)s
  AND site = %(site)s AND organization_id = %(employer)s{filters} ORDER BY confirm_by, id{limit}"""
RESOLUTIONS: LiteralString = """
SELECT id, 'resolution' AS source, 'resolution' AS kind, 'lead' AS role,
    (expires_at AT TIME ZONE 'Europe/Berlin')::date AS due_on, asked_at AS opened_at, NULL::uuid AS referral_id,
    NULL::uuid AS enquiry_id, NULL::date AS snoozed_until, NULL AS snoozed_by
FROM resolutions t WHERE answered_at IS NULL AND expired_at IS NULL AND expires_at > %(now)s AND asked_by <> %(actor)s
  AND EXISTS (SELECT FROM enquiry_persons m JOIN enquiries e ON e.id = m.enquiry_id WHERE m.person_id = t.person_id
      AND e.organization_id = %(employer)s AND e.site = %(site)s){filters} ORDER BY expires_at, id{limit}"""
STATEMENTS: Mapping[Source, LiteralString] = {
    Source.TASK: TASKS,
    Source.DRAFT: DRAFTS,
    Source.DISCLOSURE: DISCLOSURES,
    Source.RESOLUTION: RESOLUTIONS,
}
#: The day of each source as its own index knows it, so that a page begins where the last one ended.
DAY_OF: Mapping[Source, LiteralString] = {
    Source.TASK: "due_on",
    Source.DRAFT: "drafted_on",
    Source.DISCLOSURE: "confirm_by",
    Source.RESOLUTION: "(expires_at AT TIME ZONE 'Europe/Berlin')::date",
}
MINE: LiteralString = """ AND (
    referral_id IN (SELECT id FROM referrals WHERE site = %(site)s AND sender_id = %(employer)s
        AND owner = %(actor)s)
    OR enquiry_id IN (SELECT id FROM enquiries WHERE site = %(site)s AND organization_id = %(employer)s
        AND owner = %(actor)s))"""
AWAKE: LiteralString = " AND (snoozed_until IS NULL OR snoozed_until <= %(today)s)"
ITEMS: LiteralString = """
SELECT page.*, r.reference, r.status, r.urgency, r.topic, r.need_id, r.rejection, r.questions, r.organization_id,
    services.snapshot -> 'name' AS service_name, organizations.snapshot -> 'name' AS organization_name,
    organizations.snapshot ->> 'phone' AS phone, n.next_step, c.referral_id AS clash_of, other.reference AS clash_with
FROM (SELECT * FROM ({sources}) AS waiting ORDER BY due_on, id LIMIT %(limit)s) AS page
LEFT JOIN appointment_clashes c ON c.task_id = page.id
LEFT JOIN referrals r ON r.id = coalesce(page.referral_id, c.referral_id)
LEFT JOIN referrals other ON other.id = c.other_referral_id
LEFT JOIN services ON services.id = r.service_id
LEFT JOIN organizations ON organizations.id = r.organization_id
LEFT JOIN case_notes n ON n.task_id = page.id
ORDER BY page.due_on, page.id"""
COUNTS: LiteralString = """
SELECT kind, count(*) FILTER (WHERE is_awake) AS many,
    count(*) FILTER (WHERE is_awake AND due_on < %(today)s) AS overdue,
    count(*) FILTER (WHERE is_awake AND due_on = %(today)s) AS today,
    count(*) FILTER (WHERE is_awake AND due_on <= %(week)s) AS week, count(*) FILTER (WHERE NOT is_awake) AS snoozed
FROM (SELECT kind, due_on, (snoozed_until IS NULL OR snoozed_until <= %(today)s) AS is_awake
    FROM ({sources}) AS waiting) AS known GROUP BY kind"""
#: Put on the desk after a moment, or come back to it by itself meanwhile.
NEWS: LiteralString = """
SELECT count(*) AS many FROM tasks t WHERE closed_at IS NULL AND site = %(site)s AND organization_id = %(employer)s
  AND role = ANY(%(desks)s) AND (opened_at > %(since)s AND (snoozed_until IS NULL OR snoozed_until <= %(today)s)
      OR snoozed_until BETWEEN %(since_day)s::date + 1 AND %(today)s)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is shown; all of it stands in the address, so that a view can be kept as a bookmark."""

    due: DueBy | None = None
    kind: str = ""
    desk: StaffRole | None = None
    mine: bool = False
    snoozed: bool = False
    after: str = ""

    @property
    def is_plain(self) -> bool:
        return replace(self, after="") == Wanted()


@dataclass(frozen=True, slots=True)
class Asked:
    """For whom and when."""

    by: StaffActor
    now: datetime
    today: date

    @property
    def week(self) -> date:
        return self.today + timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that waits; ids, codes and days, and public names of bodies."""

    id: UUID
    source: Source
    kind: str
    role: StaffRole
    due_on: date
    opened_at: datetime
    referral_id: UUID | None = None
    enquiry_id: UUID | None = None
    need_id: UUID | None = None
    reference: str = ""
    status: Status | None = None
    urgency: Urgency | None = None
    topic: Topic | None = None
    rejection: RejectionReason | None = None
    questions: tuple[QuestionCode, ...] = ()
    next_step: NoteStep | None = None
    organization: Mapping[str, str]
    service: Mapping[str, str]
    phone: str | None = None
    #: The number of the other referral whose appointment overlaps, at whichever desk.
    clash_with: str = ""
    snoozed_until: date | None = None
    snoozed_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The counters above the list."""

    all: int = 0
    overdue: int = 0
    today: int = 0
    week: int = 0
    snoozed: int = 0
    by_kind: Mapping[str, int]


def worklist(connection: Connection, asked: Asked, wanted: Wanted) -> tuple[list[Item], str | None]:
    """One page, the soonest due first, and the cursor of the next."""
    rows = connection.execute(*statement(asked, wanted), prepare=False).fetchall()
    following = f"{rows[PAGE - 1]['due_on']}_{rows[PAGE - 1]['id']}" if len(rows) > PAGE else None
    return [_item(row) for row in rows[:PAGE]], following


def counts(connection: Connection, asked: Asked) -> Counts:
    """Of everything that waits at these desks, whatever is filtered just now."""
    rows = connection.execute(*statement_of_counts(asked), prepare=False).fetchall()
    figures = {name: sum(row[name] for row in rows) for name in ("many", "overdue", "today", "week", "snoozed")}
    by_kind = {row["kind"]: row["many"] for row in rows if row["many"]}
    return Counts(all=figures.pop("many"), **figures, by_kind=by_kind)


def news(connection: Connection, asked: Asked, since: datetime, since_day: date) -> int:
    """How much has come to these desks since a page was drawn."""
    row = connection.execute(*statement_of_news(asked, since, since_day), prepare=False).fetchone()
    assert row is not None, "a count always has a row"
    return int(row["many"])


def statement(asked: Asked, wanted: Wanted) -> Statement:
    """One row more than a page, so that it shows whether there is another."""
    sources = _together(asked, wanted, " LIMIT %(limit)s")
    return ITEMS.replace("{sources}", sources), {**_params(asked, wanted), "limit": PAGE + 1}


def statement_of_counts(asked: Asked) -> Statement:
    return COUNTS.replace("{sources}", _together(asked, None, "")), {**_params(asked, Wanted()), "week": asked.week}


def statement_of_news(asked: Asked, since: datetime, since_day: date) -> Statement:
    return NEWS, {**_params(asked, Wanted()), "since": since, "since_day": since_day}


def _sources(by: StaffActor, wanted: Wanted) -> list[Source]:
    """Which can hold anything of what is asked for."""
    found = [Source.TASK, Source.DRAFT]
    if by.role is StaffRole.LEAD and not wanted.mine:
        found += [Source.DISCLOSURE, Source.RESOLUTION]
    if wanted.snoozed:
        found = [Source.TASK]
    if wanted.kind:
        own = [one for one in found if one.value == wanted.kind]
        found = own or [Source.TASK]
    return [one for one in found if wanted.desk in (None, _desk_of(one)) or one is Source.TASK]


def _desk_of(source: Source) -> StaffRole:
    return StaffRole.NAVIGATOR if source is Source.DRAFT else StaffRole.LEAD


def _together(asked: Asked, wanted: Wanted | None, limit: LiteralString) -> LiteralString:
    """All sources as one; without a wish they are counted: everything, put off or not."""
    sources = _sources(asked.by, wanted or Wanted())
    parts: list[LiteralString] = [
        STATEMENTS[source].replace("{filters}", _filters(source, wanted)).replace("{limit}", limit)
        for source in sources
    ]
    return " UNION ALL ".join("(" + part + ")" for part in parts)


def _filters(source: Source, wanted: Wanted | None) -> LiteralString:
    if wanted is None:
        return ""
    day = DAY_OF[source]
    shift: LiteralString = " - %(draft_days)s::int" if source is Source.DRAFT else ""
    found: LiteralString = ""
    if source is Source.TASK:
        found += " AND snoozed_until > %(today)s" if wanted.snoozed else AWAKE
        found += " AND kind = %(kind)s" if wanted.kind else ""
    if wanted.mine:
        found += " AND owner = %(actor)s" if source is Source.DRAFT else MINE
    if wanted.due is not None:
        found += " AND " + day + " BETWEEN %(due_from)s::date" + shift + " AND %(due_to)s::date" + shift
    if wanted.after:
        found += " AND (" + day + ", id) > (%(after_on)s::date" + shift + ", %(after_id)s::uuid)"
    return found


def _params(asked: Asked, wanted: Wanted) -> dict[str, Any]:
    by, today = asked.by, asked.today
    first, last = {
        None: (date.min, date.max),
        DueBy.OVERDUE: (date(1970, 1, 1), today - timedelta(days=1)),
        DueBy.TODAY: (today, today),
        DueBy.WEEK: (date(1970, 1, 1), asked.week),
    }[wanted.due]
    params = {
        "site": by.site,
        "employer": by.employer,
        "actor": by.actor,
        "desks": [str(role) for role in by.desks if wanted.desk in (None, role)],
        "today": today,
        "now": asked.now,
        "kind": wanted.kind,
        "draft_days": DRAFT_DAYS,
        "due_from": first,
        "due_to": last,
    }
    return params | (read_cursor(wanted.after) if wanted.after else {})


def read_cursor(cursor: str) -> dict[str, Any]:
    day, _, identity = cursor.partition("_")
    try:
        return {"after_on": date.fromisoformat(day), "after_id": UUID(identity)}
    except ValueError:
        raise InvalidError("request.invalid", {"after": "as-given-by-the-last-page"}) from None


def _item(row: Mapping[str, Any]) -> Item:
    def code(name: str, kind: Any) -> Any:
        return kind(row[name]) if row[name] else None

    return Item(
        id=row["id"],
        source=Source(row["source"]),
        kind=row["kind"],
        role=StaffRole(row["role"]),
        due_on=row["due_on"],
        opened_at=row["opened_at"],
        referral_id=row["referral_id"] or row["clash_of"],
        enquiry_id=row["enquiry_id"],
        need_id=row["need_id"],
        reference=row["reference"] or "",
        status=code("status", Status),
        urgency=code("urgency", Urgency),
        topic=code("topic", Topic),
        rejection=code("rejection", RejectionReason),
        questions=tuple(QuestionCode(one["code"]) for one in row["questions"] or ()),
        next_step=code("next_step", NoteStep),
        organization=row["organization_name"] or {},
        service=row["service_name"] or {},
        phone=row["phone"],
        clash_with=row["clash_with"] or "",
        snoozed_until=row["snoozed_until"],
        snoozed_by=row["snoozed_by"],
    )
