"""The record of processing and the map of where data flow, for whoever answers for data protection."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from apiflask import APIBlueprint
from flask import Response, render_template, request

from contracts.fields import parse_instant
from services.chassis.access import current_caller
from services.chassis.errors import InvalidError
from services.chassis.pages import translate
from services.chassis.room import room
from services.referral.queries import processing
from services.referral.queries.attention import Asked
from services.referral.queries.processing import Span
from services.referral.web.callers import house
from services.referral.web.names import in_words
from services.referral.web.protection import guardians, scope_of

USUAL_SPAN = timedelta(days=365)
#: The map: one row per recipient, its height and where it begins, in units of the drawing.
ROW, TOP, WIDTH = 72, 24, 900


@dataclass(frozen=True, slots=True)
class Arrow:
    """What went to one recipient in the days chosen, and where it is drawn."""

    name: str
    count: int
    categories: tuple[str, ...]
    grounds: tuple[str, ...]
    points: tuple[str, ...]
    purposes: tuple[str, ...]
    y: int


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("processing", __name__, url_prefix="/referral/data-protection", enable_openapi=False)
    pages.get("/record")(show)
    pages.get("/record.json")(download)
    return pages


def found() -> dict[str, Any]:
    """The record as this caller may see its counts, with the flows of the days asked for."""
    here = room()
    clock = here.unit.clock
    today = clock.today()
    span = Span(_day("first", today - USUAL_SPAN), _day("last", today))
    if span.last < span.first:
        raise InvalidError("request.invalid", {"last": "not-before-the-first-day"})
    with here.unit.db.read() as connection:
        asked = Asked(scope_of(current_caller().role), clock.now(), today)
        return processing.record(connection, house(), asked, span)


def _day(name: str, usual: date) -> date:
    given = request.args.get(name, "")
    try:
        return date.fromisoformat(given) if given else usual
    except ValueError:
        raise InvalidError("request.invalid", {name: "a-day"}) from None


@guardians
def show() -> str:
    """The whole record, with the map of what really left beside what may."""
    record = found()
    arrows = arrows_of(record)
    return render_template(
        "referral/protection/record.html",
        record=record,
        arrows=arrows,
        height=TOP * 2 + ROW * max(len(arrows), 1),
        width=WIDTH,
        row=ROW,
        named=in_words,
        at=parse_instant(record["made_at"]),
        own=", ".join(one["name"] for one in record["controllers"]),
    )


@guardians
def download() -> Response:
    """The same for a program or the file."""
    content = json.dumps(found(), ensure_ascii=False, indent=2, default=str) + "\n"
    headers = {"Content-Disposition": "attachment; filename=verarbeitungsverzeichnis.json"}
    return Response(content, mimetype="application/json", headers=headers)


def arrows_of(record: dict[str, Any]) -> list[Arrow]:
    """One arrow per recipient, the busiest first."""
    names = {one["organization_id"]: in_words(one["name"]) for one in record["recipients"]}
    names[""] = translate("A body that is not in the directory")
    to: dict[str, list[dict[str, Any]]] = {}
    for flow in [*map(_within, record["flows"]), *map(_outside, record["told_outside"])]:
        to.setdefault(flow["organization_id"] or "", []).append(flow)
    busiest = sorted(to.items(), key=lambda one: (-sum(flow["count"] for flow in one[1]), one[0]))
    return [
        Arrow(
            name=names.get(organization_id, organization_id),
            count=sum(flow["count"] for flow in flows),
            categories=_all(flows, "categories"),
            grounds=_all(flows, "ground"),
            points=_all(flows, "point"),
            purposes=_all(flows, "purposes"),
            y=TOP + ROW * place,
        )
        for place, (organization_id, flows) in enumerate(busiest)
    ]


def _within(flow: dict[str, Any]) -> dict[str, Any]:
    """What the consent engine let out, with the keys of its words."""
    return {**flow, "ground": f"ground_kind:{flow['ground']}", "point": f"disclosure_point:{flow['point']}"}


def _outside(flow: dict[str, Any]) -> dict[str, Any]:
    """What staff told outside the system, likewise."""
    way = "told outside the system"
    return {**flow, "ground": f"external_ground:{flow['ground']}", "point": way, "purposes": []}


def _all(flows: list[dict[str, Any]], name: str) -> tuple[str, ...]:
    values = [flow[name] for flow in flows]
    return tuple(sorted({item for value in values for item in (value if isinstance(value, list) else [value])}))
