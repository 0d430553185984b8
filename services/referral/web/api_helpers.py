"""The navigators' interface to whoever comes along: invite to an appointment, see who is invited, end it."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema
from marshmallow import fields, validate

from contracts.codes import HelperEnd, HelperKind, StaffRole
from contracts.fields import format_instant
from services.chassis.access import staff
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import helping
from services.referral.domain.form_code import readable
from services.referral.domain.helping import LONGEST_NAME, Invitation
from services.referral.store import referrals
from services.referral.web import answers, bodies
from services.referral.web.callers import house, once, staff_actor, view_purpose
from services.referral.web.case_view import note_view, record_of
from services.referral.web.helping import of_case

Json = dict[str, Any]
Answer = tuple[Json, int]

blueprint = APIBlueprint(
    "api_helpers", __name__, url_prefix="/referral/api/v1/referrals/<uuid:referral_id>", tag="Helpers"
)
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


class HelperIn(bodies.Body):
    """As what somebody comes along, and what she is called; the name lies under the person's key."""

    kind = bodies.code(HelperKind, required=True)
    name = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_NAME))


class InvitedOut(Schema):
    """An invitation, and the code to tell whoever is meant: it opens once, until it expires."""

    id = answers.identity()
    appointment_id = answers.identity()
    kind = answers.coded(HelperKind)
    expires_at = answers.instant()
    code = fields.String()


class HelperOut(Schema):
    """Somebody who is, was or may be beside the person; the code only as long as nobody came with it."""

    id = answers.identity()
    appointment_id = answers.identity()
    kind = answers.coded(HelperKind)
    name = fields.String()
    code = fields.String(allow_none=True)
    invited_at = answers.instant()
    expires_at = answers.instant()
    declared_at = answers.instant(allow_none=True)
    ended_at = answers.instant(allow_none=True)
    ending = answers.coded(HelperEnd, allow_none=True)


class HelpersOut(Schema):
    helpers = fields.List(fields.Nested(HelperOut()))


class EndedOut(Schema):
    id = answers.identity()


@blueprint.post("/appointments/<uuid:appointment_id>/helpers")
@blueprint.input(HelperIn)
@blueprint.output(InvitedOut, status_code=201)
@navigators
def invite(referral_id: UUID, appointment_id: UUID, json_data: Json) -> Answer:
    """Make a place at an appointment that is still to come; the code is computed, and kept nowhere."""
    by, vault = staff_actor(), house().keys.vault
    name = " ".join(json_data["name"].split())

    def run(work: Work) -> tuple[int, Json]:
        one = helping.invite(work, vault, by, referral_id, appointment_id, json_data["kind"], name)
        return 201, {"id": str(one.id), **_of(one)}

    body, status = once(run)
    return {**body, "code": readable(helping.codes_of(vault, UUID(body["id"]))[0])}, status


@blueprint.get("/helpers")
@blueprint.output(HelpersOut)
@navigators
def helpers(referral_id: UUID) -> Json:
    """Who was invited to the appointments of this referral. That somebody looks is a fact before anything is shown."""
    by = staff_actor()
    with request_work() as work:
        referral = referrals.load(work.tx, referral_id, visible_to=by)
        note_view(work, by, referral, record_of(work, house().keys, referral), view_purpose())
        found = [one for shown in of_case(work, referral).values() for one in shown]
    return {
        "helpers": [
            {
                "id": str(one.invitation.id),
                **_of(one.invitation),
                "name": one.name,
                "code": one.code or None,
                "invited_at": format_instant(one.invitation.invited_at),
                "declared_at": one.invitation.declared_at and format_instant(one.invitation.declared_at),
                "ended_at": one.invitation.ended_at and format_instant(one.invitation.ended_at),
                "ending": one.invitation.ending,
            }
            for one in found
        ]
    }


@blueprint.post("/helpers/<uuid:invitation_id>/ends")
@blueprint.output(EndedOut, status_code=201)
@navigators
def end(referral_id: UUID, invitation_id: UUID) -> Answer:
    """Take it back: from her next click on she sees nothing."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        helping.end(work, by, referral_id, invitation_id)
        return 201, {"id": str(invitation_id)}

    return once(run)


def _of(one: Invitation) -> Json:
    return {
        "appointment_id": str(one.appointment_id),
        "kind": str(one.kind),
        "expires_at": format_instant(one.expires_at),
    }
