"""The editors' list: whose entries wait for a word, who was asked and did not answer, and what is said to be wrong."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.errors import RefusedError
from services.chassis.pages import language
from services.chassis.web import request_work, room
from services.directory.commands import assurance
from services.directory.domain.assurance import Asked, due_before, may_be_asked_by_hand, step
from services.directory.domain.freshness import freshness
from services.directory.queries import assurance as queries

PAGE = "/directory/assurance"
Answer = tuple[str, int] | Response

blueprint = APIBlueprint(
    "directory_assurance", __name__, url_prefix=PAGE, template_folder="templates", enable_openapi=False
)
editors = staff(StaffRole.DIRECTORY_EDITOR)


@blueprint.get("")
@editors
def show() -> str:
    """What an editor has to look after first, then everybody else whose entries wait."""
    return _page()


@blueprint.post("/organizations/<uuid:organization_id>/asks")
@editors
def ask(organization_id: UUID) -> Answer:
    """Ask one organization now, by mail."""
    try:
        with request_work() as work:
            assurance.ask(work, organization_id)
    except RefusedError:
        return _page(refused=True), 409
    return redirect(f"{PAGE}?done=asked", 303)


@blueprint.post("/doubts/<uuid:doubt_id>/settlement")
@editors
def settle(doubt_id: UUID) -> Answer:
    """What was said to be wrong has been looked after; its words are deleted."""
    with request_work() as work:
        assurance.settle(work, doubt_id)
    return redirect(f"{PAGE}?done=settled", 303)


def _page(*, refused: bool = False) -> str:
    here, number = room(), _page_number()
    today = here.unit.clock.today()
    with here.unit.db.read() as connection:
        rows, total = queries.waiting(connection, due_before(today), number)
        doubts = queries.doubts(connection)
    return render_template(
        "directory/assurance.html",
        organizations=[_organization(row, today) for row in rows],
        doubts=[
            {**one, "service": _words(one["service"]), "organization": _words(one["organization"])} for one in doubts
        ],
        total=total,
        first=PAGE if number > 1 else None,
        next=f"{PAGE}?page={number + 1}" if number * queries.PER_PAGE < total else None,
        done=request.args.get("done"),
        refused=refused,
    )


def _page_number() -> int:
    text = request.args.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _organization(row: Mapping[str, Any], today: date) -> dict[str, Any]:
    asked = Asked(row["asked_at"], row["reminded_at"], row["has_mailbox"])
    now = room().unit.clock.now()
    return {
        "id": row["organization_id"],
        "name": _words(row["name"]),
        "asked": asked,
        "step": step(asked, now),
        "may_ask": may_be_asked_by_hand(asked, now),
        "services": [_service(one, today) for one in row["services"]],
    }


def _service(one: Mapping[str, Any], today: date) -> dict[str, Any]:
    said_on = one["assured_on"]
    return {
        "id": one["id"],
        "name": _words(one["name"]),
        "assured_on": said_on,
        "freshness": freshness(said_on, today),
    }


def _words(texts: Mapping[str, str]) -> str:
    return texts.get(language(), texts["de"])
