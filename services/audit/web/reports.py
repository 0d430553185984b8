"""The yearly report as a page to read and print, and as data."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, render_template

from contracts.codes import LogFindingKind, StaffRole
from contracts.fields import format_instant
from services.audit.domain.report import SMALL, Table
from services.audit.queries.findings import FindingState
from services.audit.queries.report import SECTIONS, Report, report
from services.audit.web.looking import export, look
from services.chassis import i18n
from services.chassis.access import staff
from services.chassis.errors import NotFoundError
from services.chassis.pages import language
from services.chassis.web import room

blueprint = APIBlueprint(
    "audit_reports", __name__, url_prefix="/audit/reports", template_folder="templates", enable_openapi=False
)
officers = staff(StaffRole.DPO)
FORMAT = "lotsennetz.audit-report.v1"


@blueprint.get("/<int:year>")
@officers
def page(year: int) -> str:
    """The year to read and print."""
    look("report")
    return render_template(
        "audit/yearly.html",
        report=_report(year),
        sections=SECTIONS,
        word=word,
        small=SMALL,
        kinds=tuple(LogFindingKind),
        states=tuple(FindingState),
        made_at=room().unit.clock.now(),
    )


@blueprint.get("/<int:year>.json")
@officers
def data(year: int) -> Response:
    """The same as data, with the head it was computed under."""
    found = _report(year)
    export("report", 0, found.size)
    answer = jsonify(as_json(found))
    answer.headers["Content-Disposition"] = f"attachment; filename=lotsennetz-audit-{year}.json"
    return answer


def _report(year: int) -> Report:
    if not 2000 <= year <= 9000:
        raise NotFoundError("audit.entry-unknown")
    with room().unit.db.read() as connection:
        return report(connection, year)


def word(kind: str, code: str) -> str:
    """The word for a code; where there is none, the code."""
    key = f"{kind}:{code}"
    found = i18n.label("audit", language(), key)
    return (code or "–") if found == key else found


def as_json(found: Report) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "year": found.year,
        "size": found.size,
        "root_sha256": found.root.hex(),
        "checkpoint": found.note,
        "made_at": format_instant(room().unit.clock.now()),
        "hidden_below": SMALL,
        "tables": {one.name: _table_json(found.tables[one.name], one.words) for one in SECTIONS},
        "findings": [{"kind": kind, "state": state, "n": n} for (kind, state), n in sorted(found.findings.items())],
        "reviews": dict(found.reviews),
        "streams": [
            {
                "source": one.source,
                "reported": one.position,
                "heard": one.heard,
                "compared": one.compared.position,
                "differing": one.compared.differing,
            }
            for one in found.streams
        ],
        "retention": {"periods": [dict(one) for one in found.periods], **found.runs},
    }


def _table_json(found: Table, words: tuple[str, ...]) -> dict[str, Any]:
    rows = [{**dict(zip(words, one.codes, strict=True)), "n": one.n} for one in found.cells]
    return {"rows": rows, "total": found.total}
