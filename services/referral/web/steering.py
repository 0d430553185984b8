"""The steering group's report: flows, times, gaps and obstacles of a period and site; drawn, as tables and files."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from apiflask import APIBlueprint
from flask import Response, render_template, request

from contracts.codes import Site, StaffRole
from services.chassis.access import staff
from services.chassis.errors import NotFoundError
from services.chassis.room import room
from services.referral.domain.quarters import View, name_of, offered, view_asked
from services.referral.queries.bundles import FEWEST
from services.referral.queries.steering import Row, Table, rows_of
from services.referral.web.names import Names
from services.referral.web.steering_pictures import flow_picture, trends
from services.referral.web.steering_tables import COLUMNS, Words, shown

PAGE = "/referral/steering"
steering = staff(StaffRole.COORDINATOR, StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("steering", __name__, url_prefix=PAGE, enable_openapi=False)
    pages.get("")(show)
    pages.get("/<name>.csv")(download)
    return pages


def view_of() -> View:
    asked = request.args
    today = room().unit.clock.today()
    return view_asked(asked.get("from", ""), asked.get("to", ""), asked.get("site", ""), today)


@steering
def show() -> str:
    """Everything of one period and site on one page, to be read, printed or taken along."""
    here, view = room(), view_of()
    today = here.unit.clock.today()
    with here.unit.db.read() as connection:
        found = {table: rows_of(connection, table, view, today) for table in Table}
        words = Words(Names(connection))
        drawn = drawings(found, view, words)
        tables = {table: shown(table, rows, view, words) for table, rows in found.items()}
    return render_template(
        "referral/steering.html",
        view=view,
        tables=tables,
        **drawn,
        quarters=[name_of(one) for one in offered(today)],
        span=(name_of(view.first), name_of(view.last)),
        quarter_names=[name_of(one) for one in view.quarters],
        sites=tuple(Site),
        today=today,
        fewest=FEWEST,
        asked=address_of(view),
    )


def drawings(found: Mapping[Table, list[Row]], view: View, words: Words) -> dict[str, Any]:
    return {
        "flows": flow_picture(found[Table.FLOW_IN], found[Table.FLOW_OUT], words),
        "trends": trends(found[Table.OBSTACLES], view, words),
    }


def address_of(view: View) -> str:
    """The question as it stands in an address: a period and a site, nothing else."""
    site = f"&site={view.site}" if view.site else ""
    return f"from={name_of(view.first)}&to={name_of(view.last)}{site}"


@steering
def download(name: str) -> Response:
    """One table as codes, for a spreadsheet; nothing in it can begin a formula."""
    if name not in set(Table):
        raise NotFoundError("steering.unknown")
    here, view, table = room(), view_of(), Table(name)
    with here.unit.db.read() as connection:
        rows = rows_of(connection, table, view, here.unit.clock.today())
    headers = {"Content-Disposition": f"attachment; filename=steering-{table}.csv"}
    return Response(as_csv(table, rows, view), content_type="text/csv; charset=utf-8", headers=headers)


def as_csv(table: Table, rows: list[Row], view: View) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    ends = ("often", "low", "middle", "high") if table is Table.TIMES else ("often",)
    quarters = ("quarter",) if table is Table.OBSTACLES else ()
    writer.writerow(("from", "to", "site", *COLUMNS[table], *quarters, *ends))
    asked = (name_of(view.first), name_of(view.last), view.site or "all")
    for row in rows:
        codes = (row.a, row.b)[: len(COLUMNS[table])]
        quarter = [name_of(row.quarter) if row.quarter is not None else ""] if quarters else []
        writer.writerow((*asked, *codes, *quarter, *(getattr(row, end) for end in ends)))
    return out.getvalue()
