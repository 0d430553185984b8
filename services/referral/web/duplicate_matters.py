"""Duplicate care at the desk: what was asked, what came of it, and this desk's own side of each matter."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, request
from werkzeug.wrappers import Response

from contracts.codes import CareResolution, EnquirerKind, PersonOnCare, StaffRole
from contracts.fields import format_instant
from services.chassis.access import staff
from services.chassis.room import room
from services.chassis.work import Work
from services.referral.commands import duplicate_matters, duplicates
from services.referral.store import duplicates as store
from services.referral.store import enquiries
from services.referral.store.duplicates import OwnSide
from services.referral.store.enquiries import Enquiry
from services.referral.web import bodies
from services.referral.web.callers import house, once, staff_actor, validated
from services.referral.web.forms import once_per_form

Json = dict[str, Any]
desk = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
api = APIBlueprint("api_duplicate_matters", __name__, url_prefix="/referral/api/v1/enquiries", tag="Duplicate care")


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("duplicate_matters", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.post("/<uuid:enquiry_id>/duplicate-questions")(ask)
    pages.post("/<uuid:enquiry_id>/duplicate-matters/<uuid:matter_id>/statements")(state)
    return pages


@desk
def ask(enquiry_id: UUID) -> Response:
    """Ask once more; how often is limited, so that nobody looks people up this way."""
    by, need_id = staff_actor(), validated(bodies.CareQuestionIn(), {"need_id": request.form.get("need_id")})["need_id"]

    def run(work: Work) -> tuple[int, Json]:
        duplicates.ask_again(work, house().keys.vault, house().asking, by, enquiry_id, need_id)
        return 201, {}

    once_per_form(by.actor, enquiry_id, "care-question", run)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=care-asked#duplicates", 303)


@desk
def state(enquiry_id: UUID, matter_id: UUID) -> Response:
    """Write down this desk's side of it."""
    by = staff_actor()
    given = {name: request.form.get(name) or None for name in ("person_says", "resolution")}
    said = validated(bodies.CareStatementIn(), given)

    def run(work: Work) -> tuple[int, Json]:
        duplicate_matters.state(work, by, enquiry_id, matter_id, **said)
        return 201, {}

    once_per_form(by.actor, matter_id, "care-statement", run)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=care-stated#duplicates", 303)


def section(work: Work, enquiry: Enquiry) -> dict[str, Any]:
    """What the enquiry's page shows: the last answers, and this side of what they found."""
    return {
        "hints": [one for one in store.hints(work.tx, enquiry.id) if one.person_id not in enquiry.erased],
        "sides": [one for one in store.own_sides(work.tx, enquiry.id) if one.person_id not in enquiry.erased],
        "needs": enquiry.needs if enquiry.enquirer is EnquirerKind.PERSON else (),
        "answers": tuple(PersonOnCare),
        "resolutions": tuple(CareResolution),
    }


@api.get("/<uuid:enquiry_id>/duplicate-matters")
@desk
def matters(enquiry_id: UUID) -> Json:
    """This case's own side of each matter; what the other side said is not among it."""
    by = staff_actor()
    with room().unit.db.read() as connection:
        enquiry = enquiries.load(connection, enquiry_id, site=by.site, organization_id=by.employer)
        return {"matters": [shown(one) for one in store.own_sides(connection, enquiry.id)]}


@api.post("/<uuid:enquiry_id>/duplicate-questions")
@api.input(bodies.CareQuestionIn)
@desk
def ask_by_api(enquiry_id: UUID, json_data: Json) -> tuple[Json, int]:
    """Ask whether she is cared for already; refused beyond so many questions a day."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        duplicates.ask_again(work, house().keys.vault, house().asking, by, enquiry_id, json_data["need_id"])
        found = store.hints(work.tx, enquiry_id)
        return 201, {"hints": [{"topic": one.topic, "answer": one.answer} for one in found]}

    return once(run)


@api.post("/<uuid:enquiry_id>/duplicate-matters/<uuid:matter_id>/statements")
@api.input(bodies.CareStatementIn)
@desk
def state_by_api(enquiry_id: UUID, matter_id: UUID, json_data: Json) -> tuple[Json, int]:
    """What the person answered, or what becomes of it at this desk."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        duplicate_matters.state(work, by, enquiry_id, matter_id, **json_data)
        return 201, {"matters": [shown(one) for one in store.own_sides(work.tx, enquiry_id)]}

    return once(run)


def shown(own: OwnSide) -> Json:
    return {
        "id": str(own.matter_id),
        "side": own.side,
        "topic": own.topic,
        "person_id": str(own.person_id),
        "referral_id": str(own.referral_id) if own.referral_id else None,
        "opened_at": format_instant(own.opened_at),
        "state": own.state,
        "person_says": own.person_says,
        "resolution": own.resolution,
    }
