"""The steering group's page: where own measures were used and where partners were full, as a table and as a file."""

import csv
import io

from apiflask import APIBlueprint
from flask import Response, render_template

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.room import room
from services.referral.queries.steering import FEWEST, Figure, Matter, steering_figures

PAGE = "/referral/steering"
#: How a cell of too few persons is written.
FEW = f"<{FEWEST}"
steering = staff(StaffRole.COORDINATOR, StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("steering", __name__, url_prefix=PAGE, enable_openapi=False)
    pages.get("")(show)
    pages.get("/figures.csv")(download)
    return pages


def figures() -> list[Figure]:
    here = room()
    with here.unit.db.read() as connection:
        return steering_figures(connection, here.unit.clock.today())


@steering
def show() -> str:
    """Three tables, the newest quarter first."""
    found = figures()
    return render_template(
        "referral/steering.html",
        tables=[(matter, [one for one in found if one.matter is matter]) for matter in Matter],
        few=FEW,
        fewest=FEWEST,
    )


@steering
def download() -> Response:
    """The same cells as codes, for a spreadsheet; nothing in it can begin a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("matter", "quarter", "site", "topic", "count"))
    for one in figures():
        writer.writerow((one.matter, one.quarter_name, one.site, one.topic, FEW if one.often is None else one.often))
    headers = {"Content-Disposition": "attachment; filename=steering.csv"}
    return Response(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)
