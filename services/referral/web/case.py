"""The case page: one referral with its person, consent, timeline and what may be done - and the forms that do it."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from contracts.codes import Action, ClashAnswer, HelperKind, StaffRole
from contracts.fields import format_instant
from services.chassis.access import staff
from services.chassis.errors import InvalidError, RefusedError, StaleError
from services.chassis.pages import label
from services.chassis.room import room
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import closing, enquiries, partners, referrals
from services.referral.commands.clashing import OF_ONE_RECORD
from services.referral.commands.referrals import Withheld
from services.referral.store import clashes
from services.referral.store import referrals as store
from services.referral.web import bodies, helping, notes, obstacles
from services.referral.web.api_referrals import STAFF_ACTIONS, record_details
from services.referral.web.appointment_form import PREFIX, typed
from services.referral.web.appointments import days_of
from services.referral.web.callers import house, staff_actor, validated, view_purpose, withheld
from services.referral.web.case_view import view_case
from services.referral.web.enclosures import papers_of
from services.referral.web.forms import MOMENTS, instant_typed, once_per_form, version_of
from services.referral.web.names import Names
from services.referral.web.words import dossier_sections

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
NOT_CONTENT = frozenset({"csrf_token", "version", "request_key", "confirmed"})
SEVERAL = frozenset({"obstacles"})
#: What a form of the case as a whole has just done, told here because it was sent from here.
TOLD = frozenset({"obstacle", "note", "clash"})
#: What may be said of two appointments, by whether both stand under one record.
CLASH_ANSWERS = {True: OF_ONE_RECORD, False: tuple(ClashAnswer)}


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("case", __name__, url_prefix="/referral/referrals", enable_openapi=False)
    pages.get("/<uuid:referral_id>")(show)
    pages.post("/<uuid:referral_id>/actions/<action>")(act)
    pages.post("/<uuid:referral_id>/records/actions/<action>")(record)
    pages.post("/<uuid:referral_id>/follow-up")(follow_up)
    pages.post("/<uuid:referral_id>/handover-sheet")(handover_sheet)
    return pages


@navigators
def show(referral_id: UUID) -> str | Response:
    """That somebody looks is committed before anything is shown; of a closed case nothing is, but to the lead."""
    by, purpose = staff_actor(), view_purpose()
    with request_work() as work:
        enquiry_id = store.load(work.tx, referral_id, visible_to=by).enquiry_id
        enquiry = enquiries.load(work, enquiry_id, by, restricted_too=True)
        if not closing.may_see(enquiry, by, purpose):
            return redirect(f"/referral/enquiries/{enquiry_id}", 303)
        view = view_case(work, house().keys, by, referral_id, purpose)
        papers = papers_of(work.tx, view.referral, view.released)
        may_tell = not enquiry.is_restricted and view.referral.person_id not in enquiry.erased
        noted = notes.section(work, enquiry, view.referral.person_id) if may_tell else None
        helpers = helping.of_case(work, view.referral)
        overlapping = clashes.of_case(work.tx, by, referral_id)
        days = days_of(view.appointments, view.referral, Names(work.tx), work.now)
    done = request.args.get("done", "")
    return render_template(
        "referral/case.html",
        case=view,
        referral=view.referral,
        papers=papers,
        appointment_days=days,
        helpers=helpers,
        clashes=overlapping,
        clash_answers={whole: [(one.value, label(one)) for one in said] for whole, said in CLASH_ANSWERS.items()},
        helper_kinds=[(kind.value, label(kind)) for kind in HelperKind],
        now=room().unit.clock.now(),
        obstacles=obstacles.choices(view.referral) if may_tell else None,
        notes=noted,
        told=done if done in TOLD else "",
        today=room().unit.clock.today(),
        done=Action(done) if done in set(Action) else None,
    )


def content_of(form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed; an empty field was not filled in. A time on the wall becomes an instant."""
    given = {name: form.getlist(name) if name in SEVERAL else form[name].strip() for name in form}
    content: dict[str, Any] = {
        name: value
        for name, value in given.items()
        if value and name not in NOT_CONTENT and not name.startswith(PREFIX)
    }
    if (appointment := typed(form)) is not None:
        content["appointment"] = appointment
    for name in MOMENTS & set(content):
        if at := instant_typed(name, str(content[name])):
            content[name] = format_instant(at)
    return content


@navigators
def act(referral_id: UUID, action: str) -> Response:
    """Do one of the allowed actions on the version the page showed."""
    if action not in set(STAFF_ACTIONS):
        raise InvalidError("referral.action-unknown", {"action": "an-allowed-action"})
    by, version, known = staff_actor(), version_of(request.form), Action(action)
    if version is None:
        raise StaleError("referral.changed-meanwhile")
    data = validated(bodies.ACTIONS[known], content_of(request.form))

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        done = STAFF_ACTIONS[known](work, by, referral_id, version, data)
        return withheld(done) if isinstance(done, Withheld) else (200, {})

    once_per_form(by.actor, referral_id, action, run)
    return redirect(f"/referral/referrals/{referral_id}?done={action}", 303)


@navigators
def record(referral_id: UUID, action: str) -> Response:
    """Write down what the partner told by telephone, letter or in person."""
    by, version = staff_actor(), version_of(request.form)
    data = validated(bodies.RecordIn(), {**content_of(request.form), "action": action})
    details = record_details(data)

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        referrals.record_for_partner(work, house().keys, by, referral_id, version, **details)
        return 200, {}

    once_per_form(by.actor, referral_id, f"record/{action}", run)
    return redirect(f"/referral/referrals/{referral_id}?done={action}", 303)


@navigators
def follow_up(referral_id: UUID) -> Response:
    """Refer again to the better body the partner named: a new referral, based on this one."""
    by = staff_actor()
    try:
        ids = {name: UUID(request.form[name]) for name in ("enquiry_id", "need_id", "service_id")}
    except (KeyError, ValueError):
        raise InvalidError("request.invalid", {"service_id": "an-id"}) from None

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        drafted = referrals.draft(
            work, house().keys, by, ids["enquiry_id"], ids["need_id"], ids["service_id"], based_on=referral_id
        )
        return 201, {"id": str(drafted.id)}

    body = once_per_form(by.actor, referral_id, "follow-up", run)
    return redirect(f"/referral/referrals/{body['id']}", 303)


@navigators
def handover_sheet(referral_id: UUID) -> str:
    """For a partner without a channel, on paper: a disclosure like a fetch, committed before it is shown."""
    by = staff_actor()
    with request_work() as work:
        printed = partners.print_dossier(work, house().keys, referral_id, by)
    if isinstance(printed, Withheld):
        _, body = withheld(printed)
        raise RefusedError(body.pop("slug"), **body)
    with room().unit.db.read() as connection:
        referral = store.load(connection, referral_id, visible_to=by)
        listing = Names(connection).listing(referral.service_id)
    return render_template(
        "referral/handover_sheet.html",
        referral=referral,
        listing=listing,
        sections=dossier_sections(printed),
        today=room().unit.clock.today(),
    )
