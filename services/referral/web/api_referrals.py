"""The navigators' interface to referrals: draft, do what is allowed, write down what a partner told, see the desk."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema
from apiflask.fields import Integer, String
from apiflask.validators import Range

from contracts.codes import Action, StaffRole, Status
from services.chassis.access import staff
from services.chassis.errors import InvalidError, NotFoundError, RefusedError
from services.chassis.web import expected_version, request_work, room
from services.chassis.work import Work
from services.referral.commands import enquiries, partners, referrals
from services.referral.commands.referrals import Withheld
from services.referral.domain.appointments import Appointment
from services.referral.domain.referral import Referral
from services.referral.queries import enquiries as enquiry_queries
from services.referral.queries import referrals as referral_queries
from services.referral.store import referrals as store
from services.referral.store.referrals import StaffActor
from services.referral.web import answers, bodies
from services.referral.web.callers import house, json_body, once, staff_actor, validated, withheld

Json = dict[str, Any]
Answer = tuple[Json, int]

blueprint = APIBlueprint("api_referrals", __name__, url_prefix="/referral/api/v1", tag="Referrals")
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


class BoardQuery(Schema):
    status = bodies.code(Status, load_default=None, allow_none=True)
    cursor = String(load_default=None)
    limit = Integer(load_default=referral_queries.PAGE, validate=Range(1, referral_queries.LARGEST_PAGE))


@blueprint.get("/referrals")
@blueprint.input(BoardQuery, location="query")
@navigators
def board(query_data: Json) -> Json:
    """The referrals of the own organization at the own site, last changed first."""
    with room().unit.db.read() as connection:
        return referral_queries.board(connection, staff_actor(), **query_data)


@blueprint.post("/referrals")
@blueprint.input(bodies.ReferralIn)
@blueprint.output(answers.ReferralOut, status_code=201)
@navigators
def draft(json_data: Json) -> Answer:
    """Begin a referral for one need to one service."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        return 201, referral_queries.to_staff(referrals.draft(work, house().keys, by, **json_data))

    return once(run)


@blueprint.get("/referrals/<uuid:referral_id>")
@blueprint.output(answers.ReferralOut)
@navigators
def referral(referral_id: UUID) -> Json:
    """Where it stands, what happened, what may be done now."""
    with room().unit.db.read() as connection:
        return referral_queries.case(connection, referral_id, staff_actor())


@blueprint.post("/referrals/<uuid:referral_id>/actions/<action>")
@blueprint.output(answers.ReferralOut)
@blueprint.doc(summary="Do one of the allowed actions on the version seen")
@navigators
def act(referral_id: UUID, action: str) -> Answer:
    """Do one of the allowed actions; `If-Match` names the version that was seen."""
    by, version = staff_actor(), expected_version()
    if action not in STAFF_ACTIONS:
        raise _not_offered(action)
    known = Action(action)
    data = validated(bodies.ACTIONS[known], json_body())

    def run(work: Work) -> tuple[int, Json]:
        done = STAFF_ACTIONS[known](work, by, referral_id, version, data)
        if isinstance(done, Withheld):
            return withheld(done)
        return 200, referral_queries.to_staff(done)

    return once(run)


def _not_offered(action: str) -> RefusedError | NotFoundError:
    """A partner's or the engine's action is nobody's here; any other word is no action at all."""
    if action in list(Action):
        return RefusedError("lifecycle.not-allowed", action=action)
    return NotFoundError("referral.action-unknown")


Do = Callable[[Work, StaffActor, UUID, int, Json], Referral | Withheld]


def _prepare(work: Work, by: StaffActor, referral_id: UUID, version: int, data: Json) -> Referral:
    settings = house()
    return referrals.prepare(
        work,
        settings.keys,
        by,
        referral_id,
        version,
        undo_window=settings.undo_window,
        asking=settings.asking,
        **data,
    )


def _answer(work: Work, by: StaffActor, referral_id: UUID, version: int, data: Json) -> Referral | Withheld:
    known = bodies.told_of(store.load(work.tx, referral_id, visible_to=by).enquirer, data)
    return referrals.answer(
        work,
        house().keys,
        by,
        referral_id,
        version,
        question_id=data["question_id"],
        data=known,
        words=data["answer"],
    )


STAFF_ACTIONS: Mapping[Action, Do] = {
    Action.PREPARE: _prepare,
    Action.REVISE: lambda work, by, referral_id, version, data: referrals.revise(work, by, referral_id, version),
    Action.ANSWER: _answer,
    Action.CONCLUDE: lambda work, by, referral_id, version, data: referrals.conclude(
        work, by, referral_id, version, **data
    ),
    Action.CANCEL: lambda work, by, referral_id, version, data: referrals.cancel(
        work, house().keys, by, referral_id, version, **data
    ),
    Action.MARK_ENTERED_IN_ERROR: lambda work, by, referral_id, version, data: referrals.mark_entered_in_error(
        work, by, referral_id, version, **data
    ),
}


@blueprint.post("/referrals/<uuid:referral_id>/records")
@blueprint.input(bodies.RecordIn)
@blueprint.output(answers.ReferralOut, status_code=201)
@navigators
def record_for_partner(referral_id: UUID, json_data: Json) -> Answer:
    """Write down what the partner told by telephone, letter or in person; marked by hand wherever it is shown."""
    by, details = staff_actor(), record_details(json_data)

    def run(work: Work) -> tuple[int, Json]:
        recorded = referrals.record_for_partner(work, house().keys, by, referral_id, None, **details)
        return 201, referral_queries.to_staff(recorded)

    return once(run)


@blueprint.post("/referrals/<uuid:referral_id>/prints")
@navigators
def print_dossier(referral_id: UUID) -> Json:
    """The handover sheet for a partner without a channel: a disclosure like a fetch, decided and committed first.

    Never kept as an answer to a key: what is shown here stands nowhere else in the open.
    """
    with request_work() as work:
        printed = partners.print_dossier(work, house().keys, referral_id, staff_actor())
    if isinstance(printed, Withheld):
        _, body = withheld(printed)
        raise RefusedError(body.pop("slug"), **body)
    return printed


def record_details(data: Mapping[str, Any]) -> Json:
    """The details that belong to the action, with the reason as a code of its list; any other is refused."""
    action = data["action"]
    head = {name: data[name] for name in ("action", "way", "told_on", "unit", "comment")}
    details = {name: value for name, value in data.items() if name not in head}
    foreign = set(details) - bodies.DETAILS.get(action, frozenset())
    if foreign:
        raise InvalidError("request.invalid", dict.fromkeys(sorted(foreign), "no-detail-of-this-action"))
    needed = bodies.NEEDED.get(action)
    if needed is not None and needed not in details:
        raise InvalidError("request.invalid", {needed: "needed-for-this-action"})
    if action in bodies.REASONS:
        try:
            details["reason"] = bodies.REASONS[action](details.get("reason"))
        except ValueError:
            raise InvalidError("request.invalid", {"reason": "a-code-of-the-list"}) from None
        details["has_comment"] = bool(data["comment"])
    if "appointment" in details:
        details["appointment"] = Appointment(**details["appointment"])
    if "obstacles" in details:
        details["obstacles"] = tuple(details["obstacles"])
    return {**head, **details}


@blueprint.get("/tasks")
@navigators
def tasks() -> Json:
    """What waits on the desk."""
    with room().unit.db.read() as connection:
        return {"tasks": enquiry_queries.tasks(connection, staff_actor())}


@blueprint.post("/tasks/<uuid:task_id>/closings")
@navigators
def close_task(task_id: UUID) -> Answer:
    """Somebody has looked into it and says that it is done."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        enquiries.close_task(work, by, task_id)
        return 201, {"id": str(task_id)}

    return once(run)
