"""The yearly report for a funder: each figure with its definition and where it comes from, as a page and as a file."""

import csv
import io
from dataclasses import dataclass

from apiflask import APIBlueprint
from flask import Response, render_template, request

from services.chassis.errors import NotFoundError
from services.chassis.pages import language
from services.chassis.room import room
from services.referral.indicators import GERMAN, Indicator, IndicatorSet
from services.referral.queries.indicators import figures
from services.referral.web.callers import house
from services.referral.web.steering import PAGE, steering


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("funder_report", __name__, url_prefix=PAGE, enable_openapi=False)
    pages.get("/report")(show)
    pages.get("/report.csv")(download)
    return pages


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator with its figure; None: there were none, or too few."""

    indicator: Indicator
    figure: int | None

    @property
    def name(self) -> str:
        return self.indicator.name.get(language()) or self.indicator.name[GERMAN]

    @property
    def definition(self) -> str:
        return self.indicator.definition.get(language()) or self.indicator.definition[GERMAN]


def chosen() -> IndicatorSet:
    """The set that is asked for; without a choice the one that ends last."""
    every = house().indicators.all
    asked = request.args.get("set", "")
    found = [one for one in every if one.id == asked] if asked else sorted(every, key=lambda one: one.last)[-1:]
    if not found:
        raise NotFoundError("steering.unknown")
    return found[0]


def lines_of(one: IndicatorSet) -> list[Line]:
    with room().unit.db.read() as connection:
        told = figures(connection, house().indicators.beside(one), one.first, one.last)
    return [Line(each, told[each.asked].figure(each.counts)) for each in one.indicators]


@steering
def show() -> str:
    """The set of one funder and period, to be printed or taken along."""
    one = chosen()
    return render_template(
        "referral/funder_report.html",
        report=one,
        lines=lines_of(one),
        sets=[(each.id, f"{each.funder}, {each.first.year}") for each in house().indicators.all],
        is_sample=house().indicators.is_sample,
        today=room().unit.clock.today(),
    )


@steering
def download() -> Response:
    """For the proof of use: every figure with its definition and source."""
    one, today = chosen(), room().unit.clock.today()
    out = io.StringIO()
    writer = csv.writer(out)
    heads = ("funder", "programme", "from", "to", "as_of", "indicator", "name", "figure", "counts", "definition")
    writer.writerow((*heads, "source", "tags"))
    for line in lines_of(one):
        each = line.indicator
        about = (one.funder, one.programme, one.first, one.last, today)
        what = (each.code, line.name, "" if line.figure is None else line.figure, each.counts, line.definition)
        writer.writerow(map(as_text, (*about, *what, each.asked.source, " ".join(each.asked.tags))))
    headers = {"Content-Disposition": "attachment; filename=funder-report.csv"}
    return Response(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def as_text(value: object) -> str:
    """Texts come from the configuration; a spreadsheet must not take one for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
