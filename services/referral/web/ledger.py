"""The ledger of erasure and acknowledgement: what partners owe about data they fetched, and what they answered."""

import csv
import io
from dataclasses import fields
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, render_template, request

from contracts.codes import Duty, DutyState, StaffRole
from services.chassis.access import current_caller
from services.chassis.room import room
from services.referral.queries import ledger as queries
from services.referral.queries.ledger import Row, Wanted
from services.referral.web.names import Names
from services.referral.web.protection import guardians, scope_of

PATH = "/referral/data-protection/ledger"
COLUMNS = tuple(field.name for field in fields(Row))


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("ledger", __name__, url_prefix="/referral/data-protection", enable_openapi=False)
    pages.get("/ledger")(show)
    pages.get("/ledger.csv")(export)
    return pages


@guardians
def show() -> str:
    """What is open, the soonest due first; then what was answered. Fit for paper."""
    here, role, wanted = room(), current_caller().role, wanted_of(request.args)
    by, today = scope_of(role), here.unit.clock.today()
    with here.unit.db.read() as connection:
        rows, following = queries.ledger(connection, by, wanted, today)
        names = Names(connection)
        partners = [(one, names.organization(one)) for one in queries.partners(connection, by)]
        named = {row.organization_id: names.organization(row.organization_id) for row in rows}
        counted = queries.counts(connection, by, today)
    return render_template(
        "referral/protection/ledger.html",
        rows=rows,
        named=named,
        partners=sorted(partners, key=lambda one: one[1]),
        counts=counted,
        wanted=wanted,
        duties=tuple(Duty),
        states=tuple(DutyState),
        today=today,
        may_open=role is StaffRole.LEAD,
        link=link,
        file=f"{PATH}.csv{query()}",
        following=link(after=following) if following else None,
        first=link(after=None) if wanted.after else None,
    )


def wanted_of(given: Any) -> Wanted:
    """The filters of the address; what is not known there is left out, so an old bookmark still works."""
    state, duty = given.get("state", ""), given.get("duty", "")
    return Wanted(
        partner=_id(given.get("partner", "")),
        duty=Duty(duty) if duty in set(Duty) else None,
        state=DutyState(state) if state in set(DutyState) else None,
        overdue=state == "overdue",
        after=given.get("after", ""),
    )


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def query(**changes: str | None) -> str:
    kept = {name: value for name, value in request.args.items() if name != "after" and value}
    changed = {name: value for name, value in (kept | changes).items() if value is not None}
    return f"?{urlencode(changed)}" if changed else ""


def link(**changes: str | None) -> str:
    """This page with other filters; None takes one away."""
    return f"{PATH}{query(**changes)}"


@guardians
def export() -> Response:
    """The same rows as a file: ids, codes and times, no word about anybody."""
    here, role = room(), current_caller().role
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    with here.unit.db.read() as connection:
        wanted, today = wanted_of(request.args), here.unit.clock.today()
        for row in queries.everything(connection, scope_of(role), wanted, today):
            lines.writerow(cells_of(row))
    answer = Response(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="ledger-{today.isoformat()}.csv"'
    return answer


def cells_of(row: Row) -> list[str]:
    return ["" if (value := getattr(row, name)) is None else str(value) for name in COLUMNS]
