"""The officer's findings: a list with counters, one with its history, and the form in which she says what it is."""

import hashlib
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import FindingJudgement, LogFindingKind, StaffRole
from services.audit import noticing
from services.audit.assessing import Assessment, about, assess
from services.audit.notes import LONGEST, Notes, Opened
from services.audit.queries.findings import (
    Finding,
    FindingState,
    Step,
    Wanted,
    counts,
    finding_of,
    findings,
    history,
    how_many,
)
from services.audit.queries.staff_rules import ABOUT_STAFF, BY_AGREEMENT, in_force
from services.audit.web.looking import look, own_controller
from services.chassis.access import current_caller, staff
from services.chassis.errors import InvalidError
from services.chassis.web import room
from services.chassis.work import Result, Work

blueprint = APIBlueprint(
    "audit_findings", __name__, url_prefix="/audit/findings", template_folder="templates", enable_openapi=False
)
readers = staff(StaffRole.DPO, StaffRole.AUDITOR)
officers = staff(StaffRole.DPO)
#: What the list is asked for; what waits is shown first.
STATES = {"waiting": None, **{state.value: (state,) for state in FindingState}, "all": tuple(FindingState)}


@blueprint.get("")
@readers
def listing() -> str:
    """What should be looked at, the newest first, with how many there are of each kind."""
    controller, kind, state, before = own_controller(), kind_asked(), state_asked(), cursor_asked()
    look("findings")
    with room().unit.db.read() as connection:
        found, following = findings(connection, Wanted(kind, STATES[state], controller), before)
        counted = counts(connection, controller)
        rules, reading = in_force(connection), noticing.last_reading(connection)
        size = noticing.size_of(connection)
    hidden = ABOUT_STAFF if controller else frozenset() if rules else BY_AGREEMENT
    kinds = [one for one in LogFindingKind if one not in hidden]
    return render_template(
        "audit/findings.html",
        findings=found,
        kinds=kinds,
        kind=kind,
        state=state,
        waiting={one: how_many(counted, None, {one}) for one in kinds},
        totals={name: how_many(counted, ways, {kind} if kind else kinds) for name, ways in STATES.items()},
        following=following,
        is_first=before is None,
        agreement=rules[-1] if rules else None,
        reading=reading,
        size=size,
    )


@blueprint.get("/<uuid:finding_id>")
@readers
def one(finding_id: UUID) -> str:
    """A finding with its reason, the entries it rests on, and everything that became of it."""
    controller = own_controller()
    with room().unit.db.read() as connection:
        found = finding_of(connection, finding_id, controller)
    look("finding", entry=found.entry.position)
    with room().unit.db.read() as connection:
        steps = history(connection, finding_id)
    may_act = current_caller().role is StaffRole.DPO
    return render_template(
        "audit/finding.html",
        finding=found,
        steps=[(step, words_of(found, step) if may_act else None) for step in steps],
        may_act=may_act,
        judgements=tuple(FindingJudgement),
        request_key=uuid4().hex,
        longest=LONGEST,
        done=request.args.get("done", "") == "assessed",
    )


@blueprint.post("/<uuid:finding_id>/assessments")
@officers
def assessed(finding_id: UUID) -> Response:
    """What the officer says of it; the page afterwards shows it."""
    said = Assessment(
        judgement=judgement_typed(),
        signed_off=request.form.get("step") == "sign_off",
        note=request.form.get("note", ""),
        facts=number_typed("facts"),
        before=number_typed("before"),
    )

    def run(work: Work) -> Result:
        assess(work, notes(), finding_id, said)
        return 200, {}

    once_per_form(f"finding:{finding_id}", run)
    return redirect(f"/audit/findings/{finding_id}?done=assessed", 303)


def once_per_form(subject: str, run: Callable[[Work], Result]) -> dict[str, Any]:
    """Do it once per form shown: a second click, or a page sent again, has no second effect."""
    caller = current_caller()
    said = sorted((name, value) for name, value in request.form.items(multi=True) if name != "csrf_token")
    key = request.form.get("request_key", "")
    _, body = room().unit.idempotent(
        caller.actor,
        f"form:{key if key.isalnum() and len(key) == 32 else uuid4().hex}",
        hashlib.blake2b(json.dumps([subject, said]).encode(), key=room().settings.pseudonym_key).hexdigest(),
        run,
        actor=caller.actor,
        correlation_id=g.correlation_id,
        traceparent=g.trace.header,
    )
    return body


def notes() -> Notes:
    return Notes(*room().settings.deployment_keys)


def words_of(finding: Finding, step: Step) -> Opened | None:
    """The note of an assessment, opened for the officer alone."""
    if step.note_sha256 is None:
        return None
    return notes().open(step.note, about(finding.finding_id, step.number), step.note_sha256, step.by)


def kind_asked() -> LogFindingKind | None:
    text = request.args.get("kind", "")
    if text and text not in {kind.value for kind in LogFindingKind}:
        raise InvalidError("audit.search-invalid", {"kind": "a-kind-of-finding"})
    return LogFindingKind(text) if text else None


def state_asked() -> str:
    text = request.args.get("state") or "waiting"
    if text not in STATES:
        raise InvalidError("audit.search-invalid", {"state": "a-state-of-findings"})
    return text


def cursor_asked() -> int | None:
    text = request.args.get("cursor", "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidError("audit.search-invalid", {"cursor": "a-cursor-of-this-search"})
    return int(text) if text else None


def judgement_typed() -> FindingJudgement:
    text = request.form.get("judgement", "")
    if text not in {judgement.value for judgement in FindingJudgement}:
        raise InvalidError("audit.note-invalid", {"judgement": "one-of-the-judgements"})
    return FindingJudgement(text)


def number_typed(name: str) -> int:
    text = request.form.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidError("audit.note-invalid", {name: "the-number-of-the-form"})
    return int(text)
