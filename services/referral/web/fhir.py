"""`/fhir`: a referral as a FHIR R4 Task, to read. For partners about their referrals, for staff about their desk's."""

import json
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, request

from contracts.codes import StaffRole
from services.chassis.access import Kind, current_caller, partner_system, public, staff
from services.chassis.room import room
from services.referral.domain import fhir
from services.referral.domain.lifecycle import Actor
from services.referral.queries import referrals as queries
from services.referral.web.callers import partner_actor, staff_actor

MEDIA_TYPE = "application/fhir+json"
PREFIX = "/fhir"

blueprint = APIBlueprint("fhir", __name__, url_prefix=PREFIX, enable_openapi=False)


@blueprint.get("/metadata")
@public
def metadata() -> Response:
    """The CapabilityStatement."""
    return answer(fhir.capability(room().settings.public_url + PREFIX))


@blueprint.get("/Task/<uuid:referral_id>")
@partner_system
@staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
def task(referral_id: UUID) -> Response:
    """One referral; what its reader may not see looks as if it were not there."""
    with room().unit.db.read() as connection:
        seen = queries.as_seen(connection, referral_id, reader())
    response = answer(fhir.task(seen))
    response.set_etag(str(seen.referral.version), weak=True)
    response.last_modified = seen.changed_at
    response.make_conditional(request)
    return response


def reader() -> Actor:
    return partner_actor() if current_caller().kind is Kind.PARTNER_SYSTEM else staff_actor()


def answer(resource: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(resource), status=status, content_type=f"{MEDIA_TYPE}; charset=utf-8")


def speak_fhir(response: Response) -> Response:
    """Whatever is refused below this path is said as an OperationOutcome."""
    if not request.path.startswith(f"{PREFIX}/") or response.mimetype != "application/problem+json":
        return response
    problem = response.get_json()
    said = fhir.outcome(response.status_code, str(problem["slug"]), str(problem["title"]))
    response.set_data(json.dumps(said))
    response.content_type = f"{MEDIA_TYPE}; charset=utf-8"
    return response
