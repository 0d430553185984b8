"""Finding entries: backwards in time, page by page after a key, so that page one thousand costs what page one does."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from contracts.event import REGISTRY, spec_of
from services.audit.domain.entry import REFERENCES
from services.audit.queries.controllers import IN_HER_LIST, OF_CONTROLLER, OWNED
from services.chassis.db import Connection
from services.chassis.errors import InvalidError, NotFoundError

COLUMNS = "position, event_id, type, source, subject, actor, occurred_at, recorded_at, leaf, leaf_hash"

NEWEST = "ORDER BY occurred_at DESC, position DESC LIMIT %s"
PAGE_OF = f"SELECT {COLUMNS} FROM entries WHERE position = ANY(ARRAY({{}})) ORDER BY occurred_at DESC, position DESC"  # noqa: S608 - column names only
#: What has a timeline of its own.
CASES = tuple(name.removesuffix("_id") for name in REFERENCES)


#: A case's entries by any of its ids, each through its own index.
TOGETHER = (
    "position IN (SELECT position FROM entries WHERE {} = %s"
    " UNION SELECT position FROM entries WHERE referral_id = ANY(%s))"
)
#: More than any person has.
MOST_TOGETHER, MOST_FOLLOWED = 500, 10_000
NAMED = ("subject", "subject_kind", "actor", "type", "since", "until", "controller")


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; what is None does not matter."""

    subject: str | None = None
    subject_kind: str | None = None
    actor: str | None = None
    type: str | None = None
    mentions: Mapping[str, UUID] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    #: Referrals that belong to the case: what names them is found, too.
    together: Sequence[UUID] = ()
    #: Whose cases alone are seen; not a wish but a limit.
    controller: UUID | None = None

    def named(self) -> list[str]:
        """Which conditions were given."""
        own = [name for name in NAMED if getattr(self, name)]
        return own + sorted(self.mentions)

    @property
    def is_of_her_list(self) -> bool:
        """Whether a controller's own list says all that is asked: what is hers, of a kind, in a time."""
        particular = (self.subject, self.subject_kind, self.actor)
        return self.controller is not None and not self.mentions and all(one is None for one in particular)


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """One entry as it is shown; `leaf` is empty once its content has expired."""

    position: int
    event_id: UUID
    type: str
    source: str
    subject: str | None
    actor: str | None
    occurred_at: datetime
    recorded_at: datetime
    leaf_hash: bytes
    leaf: Mapping[str, Any]

    @property
    def expired(self) -> bool:
        return not self.leaf

    @property
    def data(self) -> Mapping[str, Any]:
        """Ids and codes of the event."""
        found: Mapping[str, Any] = self.leaf.get("data", {})
        return found


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, and the cursor after which the next begin."""

    entries: Sequence[FoundEntry]
    cursor: str | None


def search(connection: Connection, wanted: Search, cursor: str | None = None, limit: int = 50) -> Page:
    """The newest entries that fit, or those older than the cursor."""
    # Never a prepared plan: it would not know whether what is asked for is common or rare, and read the whole log.
    table, conditions, values = _looked_up(wanted)
    if cursor is not None:
        conditions.append("(occurred_at, position) < (%s, %s)")
        values += _read_cursor(cursor)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    query = PAGE_OF.format(f"SELECT position FROM {table} {where} {NEWEST}")  # noqa: S608 - names and placeholders only
    rows = connection.execute(query.encode(), [*values, limit + 1], prepare=False).fetchall()
    entries = [_found(row) for row in rows[:limit]]
    return Page(entries, _cursor(entries[-1]) if len(rows) > limit else None)


#: What others did that is about her: her access ended or was given back, her pseudonym was looked for, her name was
#: shown or was to be. While a request for it is still open it is not told **[law]**.
ABOUT_HER = """type IN ('audit.access_ended.v1', 'audit.access_restored.v1', 'audit.log_viewed.v1',
    'audit.log_exported.v1', 'audit.search_saved.v1', 'audit.review_held.v1', 'referral.resolution_shown.v1',
    'referral.resolution_refused.v1', 'referral.resolution_expired.v1') AND about_staff(leaf) = %s
    AND actor IS DISTINCT FROM %s"""


def of_staff(connection: Connection, staff: str, cursor: str | None = None, limit: int = 50) -> Page:
    """What she did, and what others did that is about her, the newest first: two indexes, read as far as needed."""
    after, values = ("AND (occurred_at, position) < (%s, %s)", _read_cursor(cursor)) if cursor else ("", [])
    parts = " UNION ALL ".join(
        f"(SELECT {COLUMNS} FROM entries WHERE {condition} {after} {NEWEST})"  # noqa: S608 - the texts above
        for condition in ("actor = %s", ABOUT_HER)
    )
    query = f"SELECT * FROM ({parts}) AS hers {NEWEST}"  # noqa: S608 - the text above
    asked = [staff, *values, limit + 1, staff, staff, *values, limit + 1, limit + 1]
    rows = connection.execute(query.encode(), asked, prepare=False).fetchall()
    entries = [_found(row) for row in rows[:limit]]
    return Page(entries, _cursor(entries[-1]) if len(rows) > limit else None)


def positions(connection: Connection, wanted: Search, most: int) -> list[int]:
    """The places of everything that fits; more than `most` is refused rather than cut without a word."""
    table, conditions, values = _looked_up(wanted)
    if not conditions:
        raise InvalidError("audit.search-invalid", {"": "something-to-look-for"})
    query = f"SELECT position FROM {table} WHERE {' AND '.join(conditions)} LIMIT %s"  # noqa: S608 - names and placeholders only
    rows = connection.execute(query.encode(), [*values, most + 1], prepare=False).fetchall()
    if len(rows) > most:
        raise InvalidError("audit.search-invalid", {"": f"at-most-{most}-entries"})
    return [row["position"] for row in rows]


#: A case is a pseudonym or an enquiry; most events name only its referrals, which are found through it.
OF_CASE = {
    name: f"""({name} = %s
   OR referral_id IN (SELECT referral_id FROM entries WHERE {name} = %s AND referral_id IS NOT NULL))"""  # noqa: S608 - the two names below
    for name in ("person_id", "enquiry_id")
}


#: What is about a person alone, a household's too, is a lead's unless another controller has a case of hers.
ALONE = """(entries.enquiry_id IS NULL AND entries.referral_id IS NULL AND NOT EXISTS (
    SELECT 1 FROM entries AS other WHERE other.type = 'referral.enquiry_recorded.v1' AND other.organization_id <> %s
        AND other.enquiry_id = ANY(%s)
))"""


def positions_of_case(
    connection: Connection, name: str, identity: UUID, most: int, controller: UUID | None = None
) -> list[int]:
    """Everything about a person or an enquiry and its referrals; more than `most` is refused rather than cut."""
    conditions: list[str] = [OF_CASE[name]]
    values: list[Any] = [identity, identity]
    if controller is not None:
        cases = identities(connection, "enquiry_id", name, [identity])
        conditions.append(f"({OF_CONTROLLER} OR {ALONE})")
        values += [controller, controller, cases]
    query = f"SELECT position FROM entries WHERE {' AND '.join(conditions)} LIMIT %s"  # noqa: S608 - the texts above
    rows = connection.execute(query.encode(), [*values, most + 1], prepare=False).fetchall()
    if len(rows) > most:
        raise InvalidError("audit.search-invalid", {"": f"at-most-{most}-entries"})
    return [row["position"] for row in rows]


#: A case is a desk's whose site and organization recorded the enquiry; of an expired one nobody can tell.
AT_DESK = {
    name: f"""
SELECT EXISTS (
    SELECT 1 FROM entries AS own WHERE own.type = 'referral.enquiry_recorded.v1' AND own.organization_id = %(employer)s
        AND convert_from(own.leaf, 'UTF8')::jsonb -> 'data' ->> 'site' = %(site)s
        AND own.enquiry_id IN (SELECT enquiry_id FROM entries WHERE {name} = %(id)s)
) AS known"""  # noqa: S608 - the two names above
    for name in OF_CASE
}


def is_at_desk(connection: Connection, name: str, identity: UUID, employer: UUID, site: str) -> bool:
    """Whether a person or an enquiry has a case at a desk."""
    asked = {"id": identity, "employer": employer, "site": site}
    row = connection.execute(AT_DESK[name].encode(), asked, prepare=False).fetchone()
    return row is not None and bool(row["known"])


def of_case(kind: str, identity: UUID, controller: UUID | None = None) -> Search:
    """The search for everything that mentions a case, a person or a partner."""
    return Search(mentions={f"{kind}_id": identity}, controller=controller)


def with_referrals(connection: Connection, wanted: Search) -> Search:
    """The same with all that names only the referrals of the person or enquiry."""
    ((name, identity),) = wanted.mentions.items()
    whole = name in OF_CASE
    return replace(wanted, together=identities(connection, "referral_id", name, [identity])) if whole else wanted


def identities(connection: Connection, wanted: str, by: str, known: Sequence[UUID]) -> list[UUID]:
    """Which ids of one kind appear together with these of another: a person's referrals, a referral's enquiry."""
    names = _column(wanted), _column(by)
    query = f"SELECT DISTINCT {names[0]} AS id FROM entries WHERE {names[1]} = ANY(%s) AND {names[0]} IS NOT NULL"  # noqa: S608 - column names only
    rows = connection.execute(f"{query} LIMIT {MOST_TOGETHER}".encode(), (list(known),), prepare=False)
    return sorted(row["id"] for row in rows)


def oldest_first(
    connection: Connection, name: str, known: Sequence[UUID], types: Sequence[str], controller: UUID | None
) -> list[FoundEntry]:
    """The entries of these kinds about any of these ids."""
    conditions, values = _conditions(Search(controller=controller))
    where = " AND ".join([f"{_column(name)} = ANY(%s)", "type = ANY(%s)", "leaf IS NOT NULL", *conditions])
    query = f"SELECT {COLUMNS} FROM entries WHERE {where} ORDER BY occurred_at, position LIMIT %s"  # noqa: S608 - column names only
    rows = connection.execute(query.encode(), [list(known), list(types), *values, MOST_FOLLOWED], prepare=False)
    return [_found(row) for row in rows]


def _column(name: str) -> str:
    if name not in REFERENCES:
        raise ValueError(f"{name} is no id of a case")
    return name


def entry_at(connection: Connection, position: int, controller: UUID | None = None) -> FoundEntry:
    """One entry; another controller's is not there."""
    conditions, values = _conditions(Search(controller=controller))
    where = " AND ".join(["position = %s", *conditions])
    query = f"SELECT {COLUMNS} FROM entries WHERE {where}"  # noqa: S608 - column names only
    row = connection.execute(query.encode(), [position, *values], prepare=False).fetchone()
    if row is None:
        raise NotFoundError("audit.entry-unknown")
    return _found(row)


def entries_at(connection: Connection, wanted: Sequence[int], controller: UUID | None = None) -> dict[int, FoundEntry]:
    """Entries by place; another controller's are left out."""
    conditions, values = _conditions(Search(controller=controller))
    where = " AND ".join(["position = ANY(%s)", *conditions])
    query = f"SELECT {COLUMNS} FROM entries WHERE {where}"  # noqa: S608 - column names only
    rows = connection.execute(query.encode(), [list(wanted), *values], prepare=False)
    return {row["position"]: _found(row) for row in rows}


def position_of(connection: Connection, event_id: UUID) -> int:
    """Where an event stands in the log."""
    row = connection.execute("SELECT position FROM entries WHERE event_id = %s", (event_id,), prepare=False).fetchone()
    if row is None:
        raise NotFoundError("audit.entry-unknown")
    return int(row["position"])


def consents(connection: Connection, consent_ids: Sequence[UUID]) -> dict[tuple[str, int], FoundEntry]:
    """The entries by which these consents were given, by id and version."""
    query = f"SELECT {COLUMNS} FROM entries WHERE subject = ANY(%s) AND type = 'referral.consent_given.v1'"  # noqa: S608 - column names only
    rows = connection.execute(query.encode(), ([f"consent/{one}" for one in consent_ids],), prepare=False)
    given = [_found(row) for row in rows]
    return {(str(one.data.get("consent_id")), int(one.data.get("consent_version", 0))): one for one in given}


def fitting(wanted: Search) -> tuple[str, list[Any]]:
    """What an entry must have to fit, as a condition on `entries` and its values."""
    conditions, values = _conditions(wanted)
    return " AND ".join(conditions) or "true", values


def types_about(kind: str) -> list[str]:
    """The types whose subject is of a kind: no index begins with the kind of a subject, one does with the type."""
    return sorted(name for name, cls in REGISTRY.items() if spec_of(cls).subject_kind == kind)


def _conditions(wanted: Search) -> tuple[list[str], list[Any]]:
    """One condition per thing wanted; `mentions` find a case, person or partner in whatever event they appear."""
    conditions: list[str] = []
    values: list[Any] = []
    if wanted.subject is not None:
        conditions.append("subject = %s")
        values.append(wanted.subject)
    if wanted.subject_kind is not None:
        conditions += ["type = ANY(%s)", "starts_with(subject, %s || '/')"]
        values += [types_about(wanted.subject_kind), wanted.subject_kind]
    for name, identity in wanted.mentions.items():
        conditions.append(TOGETHER.format(name) if wanted.together else f"{name} = %s")
        values += [identity, list(wanted.together)] if wanted.together else [identity]
    for condition, value in (
        ("actor = %s", wanted.actor),
        ("type = %s", wanted.type),
        ("occurred_at >= %s", wanted.since),
        ("occurred_at < %s", wanted.until),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if wanted.controller is not None:
        conditions.append(OF_CONTROLLER)
        values.append(wanted.controller)
    return conditions, values


def _looked_up(wanted: Search) -> tuple[str, list[str], list[Any]]:
    """Where to look, what must hold there, and the values; times, kinds and places are called the same in both."""
    if not wanted.is_of_her_list:
        return "entries", *_conditions(wanted)
    conditions, values = _conditions(replace(wanted, controller=None))
    return OWNED, [*conditions, IN_HER_LIST], [*values, wanted.controller]


def _found(row: Mapping[str, Any]) -> FoundEntry:
    leaf = {} if row["leaf"] is None else json.loads(bytes(row["leaf"]))
    return FoundEntry(**{**row, "leaf": leaf})


def _cursor(entry: FoundEntry) -> str:
    key = f"{entry.occurred_at.isoformat()}|{entry.position}"
    return base64.urlsafe_b64encode(key.encode()).decode()


def _read_cursor(cursor: str) -> list[Any]:
    try:
        time, _, position = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        return [datetime.fromisoformat(time).astimezone(UTC), int(position[:18])]
    except (ValueError, OverflowError, binascii.Error):
        raise InvalidError("audit.search-invalid", {"cursor": "a-cursor-of-this-search"}) from None
