"""Noticing: the clock lets the rules read on from where they stopped, and keeps what they find.

A round hands each rule what is new, what the new may have changed, and what ran out since the last day it judged; of
the answers it keeps those that differ from what is known. So the pages read a few rows however long the log is.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.codes import LogFindingKind
from services.audit.queries.rules import RULES, Rule
from services.audit.queries.staff_rules import STAFF_RULES, agreed, in_force
from services.chassis.db import Connection, take_time

ALL_RULES = (*RULES, *STAFF_RULES)
#: So many entries are judged at a time, and for so long in one transaction of the clock.
WINDOW = 5_000
SECONDS = 1.5
EVERY = timedelta(seconds=15)
LOCK = 69_629_163

LAST = "SELECT size, day, read_at FROM finding_rounds ORDER BY size DESC, day DESC LIMIT 1"
SIZE = "SELECT coalesce(max(size), 0) AS size FROM heads"
NEW = """
SELECT position FROM entries WHERE position >= %(first)s AND position < %(end)s AND type = ANY(%(types)s)
"""
EVERYTHING = "SELECT position FROM entries WHERE type = ANY(%(types)s) AND position < %(end)s"
RAN_OUT = {
    LogFindingKind.DELETION_OVERDUE: """
SELECT position FROM finding_dues WHERE due_on >= %(day)s AND due_on < %(today)s
""",
    LogFindingKind.UNRELATED_CASE: """
SELECT position FROM entries WHERE type = 'referral.personal_data_viewed.v1' AND position < %(first)s
    AND occurred_at >= %(day)s::timestamp - interval '1 day' AND occurred_at < %(today)s::timestamp + interval '1 day'
    AND %(agreed)s::jsonb <> '[]'
""",
}
#: What holds, and what was found and does not hold any more; of what nobody can tell, nothing.
JUDGED = """
WITH judged AS ({text})
SELECT anchor, position, because, entries, last, holds FROM judged
WHERE holds OR NOT holds AND EXISTS (
    SELECT 1 FROM finding_facts AS known WHERE known.kind = %(kind)s AND known.anchor = judged.anchor)
"""
KNOWN = """
SELECT DISTINCT ON (anchor) anchor, position, because, entries, last, holds FROM finding_facts
WHERE kind = %s AND anchor = ANY(%s) ORDER BY anchor, number DESC
"""
KEEP = """
INSERT INTO finding_facts (finding_id, kind, anchor, position, because, entries, last, holds, size, noticed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
KEEP_DUES = """
INSERT INTO finding_dues (position, due_on)
SELECT position, (data ->> 'due_on')::date FROM (
    SELECT position, convert_from(leaf, 'UTF8')::jsonb -> 'data' AS data FROM entries
    WHERE position >= %(first)s AND position < %(end)s AND type = 'referral.duty_opened.v1' AND leaf IS NOT NULL
) AS owed WHERE data ->> 'duty' = 'state_deletion' ON CONFLICT DO NOTHING
"""
#: A case may be recorded after its entries, and what was found of them then is its controller's.
OWN_FINDINGS = "SELECT own_findings(%(first)s, %(end)s)"
KEEP_ROUND = "INSERT INTO finding_rounds (size, day, read_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class Reading:
    """How far the rules have read, and for which day they judged what runs out."""

    size: int
    day: date
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule says of one finding."""

    anchor: int
    position: int
    because: int | None
    entries: int
    last: int
    holds: bool


def finding_id(kind: LogFindingKind, anchor: int) -> UUID:
    """A finding is its kind and the entry it hangs on: the same in every copy of the log."""
    return uuid5(NAMESPACE_URL, f"lotsennetz:audit:finding:{kind}:{anchor}")


def last_reading(connection: Connection) -> Reading | None:
    row = connection.execute(LAST).fetchone()
    return None if row is None else Reading(**row)


def size_of(connection: Connection) -> int:
    """How many entries the log has."""
    row = connection.execute(SIZE).fetchone()
    return 0 if row is None else int(row["size"])


def is_due(last: Reading | None, size: int, now: datetime, today: date) -> bool:
    """Now and then while the log grows, at once when much has come, and when a new day begins."""
    if last is None:
        return size > 0
    waited = now - last.read_at >= EVERY or size - last.size >= WINDOW
    return (size > last.size and waited) or (today > last.day and last.size > 0)


def read_on(tx: Connection, now: datetime, today: date) -> int:
    """Judge what is new, as much as one turn of the clock may take; answers how many facts were kept."""
    take_time(tx, 60)
    tx.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    last = last_reading(tx) or Reading(0, today, now)
    agreements, size, kept, began = agreed(in_force(tx), now), size_of(tx), 0, time.monotonic()
    while True:
        end, day = min(size, last.size + WINDOW), max(last.day, today)
        kept += _round(tx, last, end, {"today": day, "agreed": agreements}, now)
        last = Reading(end, day, now)
        if end >= size or time.monotonic() - began > SECONDS:
            return kept


def _round(tx: Connection, last: Reading, end: int, told: dict[str, Any], now: datetime) -> int:
    window = {"first": last.size, "end": end, "day": last.day, **told}
    kept = 0
    for rule in ALL_RULES:
        looked = to_judge(tx, rule, window)
        found = judge(tx, rule, looked, told)
        kept += _keep(tx, rule.kind, found, end, now)
    tx.execute(KEEP_DUES, window)
    tx.execute(OWN_FINDINGS, window)
    tx.execute(KEEP_ROUND, (end, told["today"], now))
    return kept


def to_judge(connection: Connection, rule: Rule, window: dict[str, Any]) -> list[int]:
    """What a rule is handed for a stretch: the new, what it may have changed, what ran out meanwhile."""
    ran_out = RAN_OUT.get(rule.kind, "") if window["today"] > window["day"] else ""
    parts = [part for part in (NEW, rule.touched, ran_out) if part]
    asked = {**window, "types": list(rule.judges)}
    rows = connection.execute(" UNION ".join(parts).encode(), asked, prepare=False).fetchall()
    return sorted(row["position"] for row in rows)


def judge(connection: Connection, rule: Rule, looked: Sequence[int], told: dict[str, Any]) -> list[Facts]:
    """What a rule says of these entries."""
    found: list[Facts] = []
    query = JUDGED.format(text=rule.text).encode()
    for start in range(0, len(looked), WINDOW):
        asked = {"looked": looked[start : start + WINDOW], "kind": str(rule.kind), **told}
        found += (Facts(**row) for row in connection.execute(query, asked, prepare=False))
    return sorted(set(found), key=lambda one: one.anchor)


def _keep(tx: Connection, kind: LogFindingKind, found: Iterable[Facts], size: int, now: datetime) -> int:
    facts = {one.anchor: one for one in found}
    rows = tx.execute(KNOWN, (str(kind), list(facts)), prepare=False) if facts else ()
    known = {row["anchor"]: Facts(**row) for row in rows}
    new = [one for one in facts.values() if known.get(one.anchor) != one]
    with tx.cursor() as cursor:
        cursor.executemany(
            KEEP,
            [(finding_id(kind, one.anchor), str(kind), *astuple(one), size, now) for one in new],
        )
    return len(new)


def anew(connection: Connection, now: datetime, today: date) -> set[tuple[LogFindingKind, Facts]]:
    """What the rules find in the whole log, without anything that was kept: what every round must have come to."""
    told = {"today": today, "agreed": agreed(in_force(connection), now)}
    end = size_of(connection)
    found = set()
    for rule in ALL_RULES:
        rows = connection.execute(EVERYTHING, {"types": list(rule.judges), "end": end}, prepare=False).fetchall()
        judged = judge(connection, rule, sorted(row["position"] for row in rows), told)
        found |= {(rule.kind, one) for one in judged if one.holds}
    return found
