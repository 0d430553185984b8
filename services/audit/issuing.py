"""The yearly report as data, and issuing it: from then on it stands byte for byte, whatever comes later."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.audit import ReportIssued
from contracts.event import Code
from contracts.fields import format_instant
from services.audit.domain.report import SMALL, Table
from services.audit.domain.streams import Stream
from services.audit.queries.report import SECTIONS, Report, report
from services.audit.queries.streams import never_heard
from services.chassis.clock import PLACE
from services.chassis.db import Connection
from services.chassis.errors import RefusedError
from services.chassis.work import Work

FORMAT = "lotsennetz.audit-report.v1"
KEPT = "SELECT content, sha256, issued_by, issued_at FROM yearly_reports WHERE year = %s"
KEEP = """
INSERT INTO yearly_reports (year, report_id, content, sha256, size, issued_by, issued_at)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Issued:
    """A report as it was issued."""

    content: str
    sha256: str
    #: Nobody once it is no longer kept who it was.
    issued_by: str | None
    issued_at: datetime

    @property
    def figures(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.content)
        return found


def issued(connection: Connection, year: int) -> Issued | None:
    row = connection.execute(KEPT, (year,)).fetchone()
    return None if row is None else Issued(**row)


def is_over(year: int, now: datetime) -> bool:
    """A year can be reported on once it has ended here."""
    return year < now.astimezone(PLACE).year


def issue(work: Work, year: int) -> None:
    """Keep the year's figures as they stand under the newest signed head, and tell their hash."""
    if not is_over(year, work.now):
        raise RefusedError("audit.year-not-over", year=year)
    found, report_id = report(work.tx, year), work.new_id()
    content = json.dumps(as_json(found, work.now), ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    kept = work.tx.execute(KEEP, (year, report_id, content, sha256, found.size, work.actor, work.now))
    if kept.rowcount == 0:
        raise RefusedError("audit.report-issued", year=year)
    told = {"root_sha256": Code(found.root.hex()), "report_sha256": Code(sha256)}
    work.announce(ReportIssued(report_id=report_id, year=year, size=found.size, **told))


def moved(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Which tables would say something else today. Not what: two figures of a cell give away what lies between."""
    tables = [name for name in now["tables"] if then["tables"].get(name) != now["tables"][name]]
    return tables + [name for name in ("findings", "reviews") if then[name] != now[name]]


def as_json(found: Report, made_at: datetime) -> dict[str, Any]:
    """The report as it is handed out and shown."""
    return {
        "format": FORMAT,
        "year": found.year,
        "size": found.size,
        "root_sha256": found.root.hex(),
        "checkpoint": found.note,
        "made_at": format_instant(made_at),
        "hidden_below": SMALL,
        "tables": {one.name: _table(found.tables[one.name], one.words) for one in SECTIONS},
        "findings": _table(found.findings, ("kind", "state")),
        "reviews": dict(found.reviews),
        "streams": [_stream(one, made_at) for one in found.streams],
        "never_heard": never_heard(found.streams),
        "retention": {"periods": [dict(one) for one in found.periods], **found.runs},
    }


def _stream(one: Stream, made_at: datetime) -> dict[str, Any]:
    """How whole a service's stream is; of one that is silent nobody knows, whatever arrived before."""
    return {
        "source": one.source,
        "reported": one.position,
        "reported_at": format_instant(one.reported_at),
        "heard": one.heard,
        "missing": not one.complete,
        "silent": one.is_silent(made_at),
        "complete": one.complete and not one.is_silent(made_at),
        "compared": one.compared.position,
        "differing": one.compared.differing,
    }


def _table(found: Table, words: tuple[str, ...]) -> dict[str, Any]:
    rows = [{**dict(zip(words, one.codes, strict=True)), "n": one.n} for one in found.cells]
    return {"rows": rows, "total": found.total}
