"""The yearly report: computed from what is stored, for the entries under one signed head."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.audit.domain.report import Table, Tally, grouped, table
from services.audit.domain.streams import Stream
from services.audit.queries import tree
from services.audit.queries.reviews import held_between
from services.audit.queries.streams import streams
from services.audit.queries.tally import tally
from services.chassis.clock import PLACE
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError

#: Where data left: everything else the engine allowed was a step on the way.
LEFT = frozenset({"fetch", "print"})


@dataclass(frozen=True, slots=True)
class Section:
    """One table: the measure it is of, which of its codes stand in a row, and in which catalogue each is a word."""

    name: str
    measure: str
    places: tuple[int, ...]
    words: tuple[str, ...]


SECTIONS = (
    Section("disclosed", "left", (1, 2, 3), ("organization", "purpose", "ground_kind")),
    Section("refused", "refused", (1,), ("refusal_reason",)),
    Section("commands_refused", "command_refused", (0,), ("slug",)),
    Section("withdrawn", "withdrawn", (0, 1), ("withdrawn", "withdrawal_channel")),
    Section("owed", "owed", (0, 1), ("duty", "duty_cause")),
    Section("answered", "answered", (0, 1), ("duty", "within")),
    Section("deleted", "deletion", (0, 1), ("deletion", "retention_ground")),
    Section("external", "external", (0,), ("external_ground",)),
    Section("requests", "answered_request", (0, 1), ("subject_right", "request_answer")),
    Section("breaches", "breach", (0,), ("breach_risk",)),
    Section("viewed", "viewed", (0, 1), ("staff_role", "view_purpose")),
    Section("log_viewed", "log_viewed", (0, 1), ("staff_role", "page")),
    Section("log_exported", "log_exported", (0, 1), ("staff_role", "form")),
)
#: Those that were first noticed in the year: what becomes of one later does not carry it into another.
FINDINGS = """
SELECT kind, state, count(*) AS n FROM finding_standing
WHERE first_at >= %s AND first_at < %s AND position < %s GROUP BY kind, state
"""
PERIODS = """
SELECT DISTINCT ON (kind) kind, (date '2001-01-01' + keep)::date - date '2001-01-01' AS days, ground
FROM retention_periods WHERE since < %s ORDER BY kind, since DESC
"""
RUNS = """
SELECT count(*) AS runs, coalesce(sum(done.entries), 0)::bigint AS entries FROM retention_emptied AS done
WHERE emptied_at >= %s AND emptied_at < %s
"""


@dataclass(frozen=True, slots=True)
class Report:
    """A year under a head."""

    year: int
    size: int
    root: bytes
    note: str
    tables: Mapping[str, Table]
    findings: Table
    reviews: Mapping[str, Any]
    streams: Sequence[Stream]
    periods: Sequence[Mapping[str, Any]]
    runs: Mapping[str, Any]


def report(connection: Connection, year: int) -> Report:
    """The figures of a year, under the newest signed head."""
    signed = tree.latest_checkpoint(connection)
    if signed is None:
        raise NotFoundError("audit.nothing-signed")
    since, until = start_of(year), start_of(year + 1)
    found = connection.execute(FINDINGS, (since, until, signed.size), prepare=False).fetchall()
    runs = connection.execute(RUNS, (since, until)).fetchone()
    assert runs is not None
    return Report(
        year=year,
        size=signed.size,
        root=tree.root_at(connection, signed.size),
        note=signed.note,
        tables=tables(tally(connection, year, signed.size)),
        findings=table({(row["kind"], row["state"]): row["n"] for row in found}),
        reviews=held_between(connection, since, until),
        streams=streams(connection),
        periods=connection.execute(PERIODS, (until,)).fetchall(),
        runs=runs,
    )


def tables(found: Tally) -> dict[str, Table]:
    """Every table of the report, small figures hidden."""
    left = Counter({codes: n for codes, n in found.get("allowed", Counter()).items() if codes[0] in LEFT})
    counted = {**found, "left": left}
    return {one.name: table(grouped(counted.get(one.measure, Counter()), *one.places)) for one in SECTIONS}


def start_of(year: int) -> datetime:
    """A year begins at midnight in Berlin."""
    return datetime(year, 1, 1, tzinfo=PLACE).astimezone(UTC)
