"""Two appointments of one person that overlap: what the case page says of it, and the desk's answer."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, request
from werkzeug.wrappers import Response

from contracts.codes import ClashAnswer, StaffRole
from services.chassis.access import staff
from services.chassis.work import Work
from services.referral.commands import clashing
from services.referral.web import bodies
from services.referral.web.callers import once, staff_actor, validated
from services.referral.web.forms import once_per_form

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
Json = dict[str, Any]

api = APIBlueprint("api_clashes", __name__, url_prefix="/referral/api/v1", tag="Appointments")


class ClashAnswerIn(bodies.Body):
    """Why both stay as they are."""

    answer = bodies.code(ClashAnswer, required=True)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("clashes", __name__, url_prefix="/referral/referrals", enable_openapi=False)
    pages.post("/<uuid:referral_id>/clashes/<uuid:clash_id>/answers")(answer)
    return pages


@navigators
def answer(referral_id: UUID, clash_id: UUID) -> Response:
    """Why both stay as they are; it is off the desk then."""
    by = staff_actor()
    why = validated(ClashAnswerIn(), {"answer": request.form.get("answer", "")})["answer"]

    def run(work: Work) -> tuple[int, Json]:
        clashing.answer(work, by, clash_id, why)
        return 201, {}

    once_per_form(by.actor, clash_id, "clash", run)
    return redirect(f"/referral/referrals/{referral_id}?done=clash#appointments", 303)


@api.post("/appointment-clashes/<uuid:clash_id>/answers")
@api.input(ClashAnswerIn)
@api.doc(summary="Say why two appointments that overlap stay as they are")
@navigators
def say_why(clash_id: UUID, json_data: Json) -> tuple[Json, int]:
    """Take the task off the desk with a reason; its id and both numbers stand in `GET /tasks`."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        clashing.answer(work, by, clash_id, json_data["answer"])
        return 201, {"id": str(clash_id), "answer": json_data["answer"]}

    return once(run)
