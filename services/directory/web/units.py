"""A unit without an account says whether its services have places: by the link it was given, in one tap.

Looking changes nothing. What can be said is one of four codes about the unit's own services, so the link may be used
again and again until it is too old; whoever else got hold of it can do no more, and it is seen in the log by whom.
"""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response

from contracts import capacity_link
from contracts.capacity_link import CapacityLink
from contracts.codes import Capacity
from services.chassis.access import public
from services.chassis.errors import ForbiddenError, InvalidError, NotFoundError
from services.chassis.pages import language
from services.chassis.room import room
from services.directory import queries
from services.directory.commands import reports
from services.directory.web import resting

CHOICES = tuple(one for one in Capacity if one is not Capacity.UNKNOWN)

blueprint = APIBlueprint(
    "directory_units", __name__, url_prefix="/directory/units", template_folder="templates", enable_openapi=False
)


def read(token: str) -> CapacityLink:
    here = room()
    now = here.unit.clock.now()
    genuine = (capacity_link.read(key, token, now) for key in here.settings.deployment_keys)
    found = next(filter(None, genuine), None)
    if found is None:
        raise ForbiddenError("directory.capacity-link-invalid")
    resting.expect_taking_part(found.organization_id)
    return found


@blueprint.get("/<token>")
@public
def show(token: str) -> str:
    """The services the link is about, each with its buttons; the present answer is marked."""
    link = read(token)
    with room().unit.db.read() as connection:
        cards = queries.service_cards(connection, link.organization_id, link.service_id)
    return render_template(
        "directory/units.html",
        token=token,
        services=[_card(card) for card in cards],
        choices=CHOICES,
        done=request.args.get("done"),
        referral=_as_id(request.args.get("referral", "")),
    )


def _card(card: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": card["id"],
        "name": card["name"].get(language(), card["name"]["de"]),
        "now": Capacity(card.get("capacity", Capacity.UNKNOWN)),
        "reported_on": card["reported_on"],
    }


def _as_id(text: str) -> UUID | None:
    """The referral the unit came from: only ever a way back."""
    try:
        return UUID(text)
    except ValueError:
        return None


@blueprint.post("/<token>")
@public
def tap(token: str) -> Response:
    """The tap itself, in the unit's own name."""
    link, form = read(token), request.form
    service_id = link.service_id or _as_id(form.get("service_id", ""))
    if form.get("capacity") not in {one.value for one in CHOICES}:
        raise InvalidError("directory.report-invalid", {"capacity": "one-of-the-list"})
    if service_id is None:
        raise NotFoundError("directory.service-unknown")
    actor = f"partner:{link.organization_id}"
    with room().unit.work(actor=actor, correlation_id=g.correlation_id, traceparent=g.trace.header) as work:
        reports.report(work, str(service_id), {"capacity": form["capacity"]}, str(link.organization_id))
    back = _as_id(form.get("referral", ""))
    return redirect(f"/directory/units/{token}?done={service_id}{f'&referral={back}' if back else ''}", 303)
