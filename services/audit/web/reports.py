"""The yearly report as a page to read and print, and as data; a year that is over can be issued, and stands then."""

import json
from typing import Any
from uuid import uuid4

from apiflask import APIBlueprint
from flask import Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from contracts.codes import LogFindingKind, StaffRole
from contracts.fields import parse_instant
from services.audit import pdf
from services.audit.domain.report import SMALL
from services.audit.issuing import Issued, as_json, is_over, issue, issued, moved
from services.audit.queries.findings import FindingState
from services.audit.queries.report import SECTIONS, report
from services.audit.web.findings import once_per_form
from services.audit.web.looking import export, look
from services.audit.web.printing import word, yearly
from services.chassis.access import staff
from services.chassis.errors import NotFoundError
from services.chassis.web import room
from services.chassis.work import Result, Work

blueprint = APIBlueprint(
    "audit_reports", __name__, url_prefix="/audit/reports", template_folder="templates", enable_openapi=False
)
officers = staff(StaffRole.DPO)
Figures = dict[str, Any]


@blueprint.get("/<int:year>")
@officers
def page(year: int) -> str:
    """The year to read and print."""
    expect_a_year(year)
    look("report")
    figures, kept, later = figures_of(year)
    return render_template(
        "audit/yearly.html",
        report=figures,
        made_at=parse_instant(figures["made_at"]),
        instant=parse_instant,
        sections=SECTIONS,
        word=word,
        small=SMALL,
        kinds=tuple(LogFindingKind),
        states=tuple(FindingState),
        issued=kept,
        later=later,
        is_over=is_over(year, room().unit.clock.now()),
        may_be_pdf=pdf.is_possible(),
        request_key=uuid4().hex,
        done=request.args.get("done", "") == "issued",
    )


@blueprint.get("/<int:year>.json")
@officers
def data(year: int) -> Response:
    """The same as data, with the head it was computed under; of an issued one the very bytes that were issued."""
    expect_a_year(year)
    figures, kept, _ = figures_of(year)
    export("report", 0, figures["size"])
    content = kept.content if kept else json.dumps(figures, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    headers = {"Content-Disposition": f"attachment; filename=lotsennetz-audit-{year}.json"}
    return Response(content, headers=headers, content_type="application/json")


@blueprint.get("/<int:year>.pdf")
@officers
def paper(year: int) -> Response:
    """The same as an accessible PDF, in the reader's language, where the extra for it is installed."""
    expect_a_year(year)
    if not pdf.is_possible():
        raise NotFoundError("audit.no-pdf-here")
    figures, kept, _ = figures_of(year)
    made_at = parse_instant(figures["made_at"])
    content = pdf.written(yearly(figures, made_at, kept.sha256 if kept else None), made_at)
    export("report", 0, figures["size"])
    headers = {"Content-Disposition": f"attachment; filename=lotsennetz-audit-{year}.pdf"}
    return Response(content, headers=headers, content_type="application/pdf")


@blueprint.post("/<int:year>/issue")
@officers
def issue_it(year: int) -> AnyResponse:
    """From now on this is the report of that year."""
    expect_a_year(year)

    def run(work: Work) -> Result:
        issue(work, year)
        return 200, {}

    once_per_form(f"report:{year}", run)
    return redirect(f"/audit/reports/{year}?done=issued", 303)


def figures_of(year: int) -> tuple[Figures, Issued | None, list[str]]:
    """What was issued, or what stands now; and which tables would say something else today than what was issued."""
    here = room()
    with here.unit.db.read() as connection:
        kept = issued(connection, year)
        today: Figures = json.loads(json.dumps(as_json(report(connection, year), here.unit.clock.now())))
    return (kept.figures, kept, moved(kept.figures, today)) if kept else (today, None, [])


def expect_a_year(year: int) -> None:
    if not 2000 <= year <= 9000:
        raise NotFoundError("audit.entry-unknown")
