"""Findings for programs: the list, and one with everything that became of it. Assessing stays with a person's eyes."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema
from marshmallow import fields, validate

from contracts.codes import FindingJudgement, LogFindingKind, StaffRole
from contracts.fields import format_instant
from services.audit.queries.findings import Finding, FindingState, Step, Turn, Wanted, finding_of, findings, history
from services.audit.web.asking import Asked
from services.audit.web.findings import STATES, words_of
from services.audit.web.looking import look, own_controller
from services.chassis.access import current_caller, staff
from services.chassis.web import room

Json = dict[str, Any]
blueprint = APIBlueprint("audit_findings_api", __name__, url_prefix="/audit/api/v1/findings")
readers = staff(StaffRole.DPO, StaffRole.AUDITOR)
LONGEST_PAGE = 200


class FindingsAsked(Asked):
    kind = fields.Enum(LogFindingKind, by_value=True, load_default=None)
    state = fields.String(
        validate=validate.OneOf(tuple(STATES)),
        load_default="waiting",
        metadata={
            "description": (
                "`waiting` is `open`, `reopened`, or about staff and `settled_unseen`: went before anybody had looked"
            )
        },
    )
    cursor = fields.Integer(
        validate=validate.Range(1, 2**62), load_default=None, metadata={"description": "`cursor` of the page before"}
    )
    limit = fields.Integer(validate=validate.Range(1, LONGEST_PAGE), load_default=50)


class FindingOut(Schema):
    finding_id = fields.UUID(required=True)
    kind = fields.Enum(LogFindingKind, by_value=True, required=True)
    state = fields.Enum(FindingState, by_value=True, required=True)
    number = fields.Integer(required=True, metadata={"description": "rises whenever the facts change"})
    entry = fields.Integer(required=True, metadata={"description": "position of the entry it is shown by"})
    because = fields.Integer(allow_none=True, required=True, metadata={"description": "what makes it remarkable"})
    entries = fields.Integer(required=True)
    last = fields.Integer(required=True, metadata={"description": "position of the last entry it is about"})
    holds = fields.Boolean(required=True, metadata={"description": "whether the rule still finds it"})
    is_about_staff = fields.Boolean(required=True)
    noticed_at = fields.String(required=True)
    judgement = fields.Enum(FindingJudgement, by_value=True, allow_none=True, required=True)
    assessed_at = fields.String(allow_none=True, required=True)


class FindingsOut(Schema):
    findings = fields.List(fields.Nested(FindingOut), required=True)
    cursor = fields.Integer(allow_none=True, required=True)


class StepOut(Schema):
    at = fields.String(required=True)
    turn = fields.Enum(Turn, by_value=True, allow_none=True, required=True)
    entry = fields.Integer(allow_none=True, required=True)
    because = fields.Integer(allow_none=True, required=True)
    entries = fields.Integer(required=True)
    judgement = fields.Enum(FindingJudgement, by_value=True, allow_none=True, required=True)
    signed_off = fields.Boolean(required=True)
    by = fields.String(allow_none=True, required=True)
    note = fields.String(allow_none=True, required=True, metadata={"description": "for data-protection officers alone"})
    note_altered = fields.Boolean(
        allow_none=True, required=True, metadata={"description": "the words lie there and are not what was said"}
    )
    note_sha256 = fields.String(allow_none=True, required=True)


class FindingWithHistory(FindingOut):
    history = fields.List(fields.Nested(StepOut), required=True, metadata={"description": "the oldest first"})


@blueprint.get("")
@readers
@blueprint.input(FindingsAsked, location="query", arg_name="asked")
@blueprint.output(FindingsOut)
@blueprint.doc(responses=[401, 403, 422])
def listing(asked: Json) -> Json:
    """What should be looked at, the newest first; to an auditor her controller's, without what is about staff."""
    wanted = Wanted(asked["kind"], STATES[asked["state"]], own_controller())
    look("findings")
    with room().unit.db.read() as connection:
        found, following = findings(connection, wanted, asked["cursor"], asked["limit"])
    return {"findings": [finding_json(one) for one in found], "cursor": following}


@blueprint.get("/<uuid:finding_id>")
@readers
@blueprint.output(FindingWithHistory)
@blueprint.doc(responses=[401, 403, 404])
def one(finding_id: UUID) -> Json:
    """One finding with everything that became of it."""
    controller = own_controller()
    with room().unit.db.read() as connection:
        found = finding_of(connection, finding_id, controller)
    look("finding", entry=found.entry.position)
    with room().unit.db.read() as connection:
        steps = history(connection, finding_id)
    may_read = current_caller().role is StaffRole.DPO
    return {**finding_json(found), "history": [step_json(found, step, may_read) for step in steps]}


def finding_json(one: Finding) -> Json:
    return {
        "finding_id": one.finding_id,
        "kind": one.kind,
        "state": one.state,
        "number": one.number,
        "entry": one.entry.position,
        "because": one.because.position if one.because else None,
        "entries": one.entries,
        "last": one.last,
        "holds": one.holds,
        "is_about_staff": one.is_about_staff,
        "noticed_at": format_instant(one.noticed_at),
        "judgement": one.judgement,
        "assessed_at": format_instant(one.assessed_at) if one.assessed_at else None,
    }


def step_json(found: Finding, step: Step, may_read: bool) -> Json:
    opened = words_of(found, step) if may_read else None
    return {
        "at": format_instant(step.at),
        "turn": step.turn,
        "entry": step.position,
        "because": step.because if may_read else None,
        "entries": step.entries,
        "judgement": step.judgement,
        "signed_off": step.signed_off,
        "by": step.by,
        "note": opened.words if opened else None,
        "note_altered": opened.altered if opened else None,
        "note_sha256": step.note_sha256,
    }
