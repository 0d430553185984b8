"""Gaps and overlaps for whoever coordinates: a drawing, what is behind each cell, and why two are needed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from textwrap import wrap
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import Audience, Capacity, ServiceRole, StaffRole, Topic
from services.chassis.access import current_caller, staff
from services.chassis.db import Connection
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.web import request_work, room
from services.directory import queries, store
from services.directory.commands import overlaps as commands
from services.directory.domain.coverage import here, matrix, meet, overlaps, unjustified
from services.directory.queries.coverage import coverage
from services.directory.store import overlap_notices
from services.directory.web.pages import words

Document = Mapping[str, Any]
PAGE = "/directory/coverage"
#: What a column head holds, in letters and lines.
LINE, LINES = 15, 3

blueprint = APIBlueprint(
    "directory_coverage", __name__, url_prefix=PAGE, template_folder="templates", enable_openapi=False
)


@blueprint.get("")
@staff()
def show() -> str:
    """The drawing, the same as a table, and every ground that several stand on."""
    return page(done=request.args.get("done") == "justified")


def page(*, done: bool = False, error: InvalidError | None = None) -> str:
    with room().unit.db.read() as connection:
        services, areas = coverage(connection, room().unit.clock)
        grounds = _grounds(connection, services)
        noted = overlap_notices.since(connection)
    keys = [area["id"] for area in areas]
    return render_template(
        "directory/coverage.html",
        areas=[
            {"key": area["id"], "name": words(area["name"]), "lines": lines_of(words(area["name"]))} for area in areas
        ],
        matrix=matrix(services, keys),
        marked=_marked(services, keys, [one for ground in grounds for one in ground["services"] if one["is_open"]]),
        grounds=grounds,
        open_ones=[
            {**one, "group": ground["group"], "since": noted[one["id"]]}
            for ground in grounds
            for one in ground["services"]
            if one["is_open"] and one["id"] in noted
        ],
        may_justify=current_caller().role in JUSTIFIERS,
        done=done,
        wrong=request.form.get("service_id", "") if error else "",
        typed=request.form.get("de", "") if error else "",
    )


def _grounds(connection: Connection, services: Sequence[Document]) -> list[dict[str, Any]]:
    """Each overlap with its services, who came first, and who has said why."""
    found = overlaps(services)
    members = [service for one in found for service in one.services]
    bodies = queries.organization_names(connection, {one["organization_id"] for one in members})
    since = queries.justified_on(connection, {one["id"] for one in members})
    open_ones = unjustified(store.in_order_of_coming(connection, {one.group for one in found}))
    return [
        {
            "group": one.group,
            "services": [
                {
                    **_shown(service, bodies),
                    "why": words(service["overlap_justification"]) if "overlap_justification" in service else "",
                    "said_on": since.get(service["id"]),
                    "is_open": service["id"] in open_ones,
                }
                for service in one.services
            ],
        }
        for one in found
    ]


def _marked(
    services: Sequence[Document], areas: list[str], open_ones: Iterable[Mapping[str, Any]]
) -> set[tuple[Topic, str]]:
    """The cells in which somebody stands beside another without a word why."""
    ids = {one["id"] for one in open_ones}
    concerned = [one for one in services if one["id"] in ids]
    return {
        (Topic(topic), area)
        for one in concerned
        for topic in one["topics"]
        for area in areas
        if meet(one["areas"], [area])
    }


def lines_of(name: str) -> list[str]:
    """A name over a column, in lines that fit; the whole name stands in the table and in each cell's title."""
    return wrap(name, LINE, max_lines=LINES, placeholder="…", break_on_hyphens=True)


@blueprint.get("/<topic>/<area>")
@staff()
def cell(topic: str, area: str) -> str:
    """Who is behind one cell; where nobody is, where the nearest are."""
    wanted = next((one for one in Topic if one == topic), None)
    with room().unit.db.read() as connection:
        services, areas = coverage(connection, room().unit.clock)
        place = next((one for one in areas if one["id"] == area), None)
        if wanted is None or place is None:
            raise NotFoundError("directory.area-unknown")
        found = here(services, wanted, area)
        ids = {one["id"] for one in (*found.existing, *found.in_part, *found.own)}
        bodies = queries.organization_names(
            connection, {one["organization_id"] for one in services if one["id"] in ids}
        )
        grounds = [ground for ground in _grounds(connection, services) if _ids(ground) & ids]
    elsewhere = {one["id"]: here(services, wanted, one["id"]).counted for one in areas if one["id"] != area}
    return render_template(
        "directory/coverage_cell.html",
        topic=wanted,
        area={"key": area, "name": words(place["name"])},
        cell=found.counted,
        kinds=[
            (name, [_shown(one, bodies) for one in some])
            for name, some in (("existing", found.existing), ("in_part", found.in_part), ("own", found.own))
            if some
        ],
        grounds=grounds,
        elsewhere=[
            (one["id"], words(one["name"]), elsewhere[one["id"]].existing)
            for one in areas
            if one["id"] != area and elsewhere[one["id"]].existing
        ],
    )


def _ids(ground: Mapping[str, Any]) -> set[str]:
    return {one["id"] for one in ground["services"]}


def _shown(service: Document, bodies: Mapping[str, Document]) -> dict[str, Any]:
    return {
        "id": service["id"],
        "slug": service.get("slug", service["id"]),
        "name": words(service["name"]),
        "organization": words(bodies[service["organization_id"]]),
        "role": ServiceRole(service["role"]),
        "audience": Audience(service["audience"]),
        "capacity": Capacity(service.get("capacity", Capacity.UNKNOWN)),
        "is_referable": service.get("is_referable", True),
    }


#: Whoever coordinates says why two are needed; who keeps the entries may, too.
JUSTIFIERS: Collection[StaffRole] = (StaffRole.COORDINATOR, StaffRole.DIRECTORY_EDITOR)


@blueprint.post("/justifications")
@staff(*JUSTIFIERS)
def justify() -> Response | tuple[str, int]:
    """Take down why a service is needed beside the others; what is wrong is said beside the form."""
    form = request.form
    try:
        service_id = UUID(form.get("service_id", ""))
    except ValueError:
        raise NotFoundError("directory.service-unknown") from None
    try:
        with request_work() as work:
            commands.justify(work, str(service_id), {tag: form.get(tag, "").strip() for tag in ("de", "en")})
    except InvalidError as error:
        if "text/html" not in request.headers.get("Accept", ""):
            raise
        return page(error=error), 422
    return redirect(f"{PAGE}?done=justified#overlaps", 303)
