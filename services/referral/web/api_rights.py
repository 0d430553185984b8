"""The interface to what a person may ask to be done to her data: corrected (GDPR Art. 16), erased (Art. 17)."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import enquiries, subject_rights
from services.referral.commands.subject_rights import Rehearsal
from services.referral.web import bodies
from services.referral.web.callers import house, json_body, once, staff_actor, validated

Json = dict[str, Any]
Answer = tuple[Json, int]

blueprint = APIBlueprint("api_rights", __name__, url_prefix="/referral/api/v1/enquiries", tag="Correct and erase")
leads = staff(StaffRole.LEAD)


class RehearsedError(Exception):
    """Thrown so that nothing of a rehearsal stays."""


@blueprint.post("/<uuid:enquiry_id>/rectifications")
@blueprint.input(bodies.RectificationIn)
@staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
def rectify(enquiry_id: UUID, json_data: Json) -> Answer:
    """Correct the record and, if a request is named, answer it by that; the answer does not repeat the record."""
    by, person_id, request_id = staff_actor(), json_data["person_id"], json_data["request_id"]

    def run(work: Work) -> tuple[int, Json]:
        kind = enquiries.load(work, enquiry_id, by, restricted_too=True).enquirer
        changes = bodies.changes_of(kind, json_data)
        subject_rights.rectify(work, house().keys, by, enquiry_id, person_id, changes, request_id)
        return 201, {"id": str(enquiry_id)}

    return once(run)


@blueprint.post("/<uuid:enquiry_id>/erasures")
@leads
def erase_first(enquiry_id: UUID) -> Answer:
    """Destroy the key of whoever asked; ids, codes and times stay."""
    return _erase(enquiry_id, None)


@blueprint.post("/<uuid:enquiry_id>/persons/<uuid:person_id>/erasures")
@leads
def erase(enquiry_id: UUID, person_id: UUID) -> Answer:
    """Destroy the key of one person of the enquiry; the others stay as they are."""
    return _erase(enquiry_id, person_id)


def _erase(enquiry_id: UUID, person_id: UUID | None) -> Answer:
    by, request_id = staff_actor(), validated(bodies.ErasureIn(), json_body())["request_id"]

    def run(work: Work) -> tuple[int, Json]:
        whose = enquiries.load(work, enquiry_id, by, restricted_too=True).with_former().member(person_id).person_id
        subject_rights.erase(work, by, enquiry_id, whose, request_id)
        return 201, {"id": str(enquiry_id), "person_id": str(whose)}

    return once(run)


@blueprint.get("/<uuid:enquiry_id>/persons/<uuid:person_id>/erasure")
@leads
def rehearse(enquiry_id: UUID, person_id: UUID) -> Json:
    """What an erasure would do at this moment: it is done and taken back, so a refusal is the one that would come."""
    found: list[Rehearsal] = []
    try:
        with request_work() as work:
            found.append(subject_rights.rehearse_erasure(work, staff_actor(), enquiry_id, person_id))
            raise RehearsedError
    except RehearsedError:
        [rehearsal] = found
    return {
        "person_id": str(person_id),
        "documents": rehearsal.documents,
        "referrals": [
            {
                "reference": one.reference,
                "organization_id": str(one.organization_id),
                "status": one.status,
                "becomes": after.status,
                "asked_to_delete": bool(after.duties),
            }
            for one, after in rehearsal.referrals
        ],
        "facts": rehearsal.facts,
    }
