"""Taking an enquiry down step by step: kept with each step and while it is typed, looked at once more, taken down."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from apiflask import APIBlueprint
from flask import abort, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from contracts.codes import EnquirerKind, RetentionKind, StaffRole, Urgency
from services.chassis.access import current_caller, staff
from services.chassis.errors import InvalidError
from services.chassis.room import room
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import enquiries, intake
from services.referral.domain.documents import UPLOADED
from services.referral.domain.retention import Period
from services.referral.store.referrals import StaffActor
from services.referral.web import enquiry_form, intake_steps
from services.referral.web.callers import house, staff_actor
from services.referral.web.forms import once_per_form
from services.referral.web.intake_steps import CHECK, PAGE, Step

desk = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
NOWHERE = UUID(int=0)
Answer = str | Response | tuple[str, int]


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("intake", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.get("/begin")(begin)
    pages.get("/drafts/<uuid:draft_id>/check")(check)
    pages.post("/drafts/<uuid:draft_id>/taken-down")(take_down)
    pages.post("/drafts/<uuid:draft_id>/thrown-away")(throw_away)
    pages.get("/drafts/<uuid:draft_id>/<step>")(show)
    pages.post("/drafts/<uuid:draft_id>/<step>")(answer)
    return pages


@desk
def begin() -> Response:
    """A number of its own for what is about to be typed, so that going back leads to it; nothing is kept yet."""
    kind = kind_of(request.args)
    chosen = [one.value for one in enquiries.topics_of(kind) if one.value in request.args.getlist("topics")]
    first = intake_steps.steps_of(kind)[0].name
    return redirect(url_for("intake.show", draft_id=uuid4(), step=first, enquirer=kind.value, topics=chosen), 303)


@desk
def show(draft_id: UUID, step: str) -> str:
    """The questions of one step, or all of them, with what was said."""
    with request_work() as work:
        found = intake.find(work, house().keys.vault, staff_actor(), draft_id)
    asked = request.args.get("enquirer")
    kind = found.draft.enquirer if found and asked is None else kind_of(request.args)
    given = intake_steps.as_form(found.words) if found else MultiDict()
    if found is None:
        given.setlist("topics", request.args.getlist("topics"))
    return page(draft_id, kind, expected(kind, step), given)


@desk
def answer(draft_id: UUID, step: str) -> Answer:
    """Keep what was typed, whatever it is; only who goes on is held up by what is wrong in it."""
    by, form, go = staff_actor(), request.form, request.form.get("go", "next")
    kind = kind_of(form)
    here = expected(kind, step)
    is_kept = keep(by, draft_id, kind, here, form)
    if go == "keep":
        return Response(status=204 if is_kept else 409)
    if go == "later":
        return redirect("/referral/?done=draft-kept", 303)
    if go == PAGE:
        return redirect(address(draft_id, PAGE), 303)
    if go == "back" or here.name == PAGE:
        first = intake_steps.steps_of(kind)[0]
        return redirect(address(draft_id, intake_steps.neighbor(kind, here if here.name != PAGE else first, -1)), 303)
    if wrong := intake_steps.problems(kind, here, form):
        return page(draft_id, kind, here, form, wrong), 422
    to = CHECK if form.get("return") == CHECK else intake_steps.neighbor(kind, here, 1)
    return redirect(address(draft_id, to), 303)


@desk
def check(draft_id: UUID) -> str:
    """Everything once more before it is taken down."""
    return look(draft_id)


@desk
def take_down(draft_id: UUID) -> Answer:
    """The draft becomes an enquiry, once, and is gone with that; what is wrong leads back to its step."""
    by, vault = staff_actor(), house().keys.vault

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        found = intake.load(work, vault, by, draft_id)
        kind = found.draft.enquirer
        record, needs = intake_steps.read(kind, intake_steps.as_form(found.words))
        return record_once(work, by, kind, record, needs, draft_id)

    try:
        body = once_per_form(by.actor, NOWHERE, "enquiry", run, key=f"draft-{draft_id.hex}")
    except InvalidError:
        return look(draft_id, refused=True), 422
    return redirect(f"/referral/enquiries/{body['id']}", 303)


@desk
def throw_away(draft_id: UUID) -> Response:
    with request_work() as work:
        intake.end(work, staff_actor(), draft_id, kind_of(request.form))
    return redirect("/referral/?done=draft-gone", 303)


def record_once(
    work: Work, by: StaffActor, kind: EnquirerKind, record: Mapping[str, Any], needs: list[Any], draft_id: UUID
) -> tuple[int, dict[str, Any]]:
    """Taken down, and the draft over, in one transaction."""
    site = current_caller().site
    assert site is not None
    found = enquiries.record_enquiry(
        work,
        house().keys.vault,
        by,
        enquirer=kind,
        site=site,
        record=record,
        needs=needs,
        asking=house().asking,
    )
    intake.end(work, by, draft_id, kind)
    return 201, {"id": str(found.id)}


def keep(by: StaffActor, draft_id: UUID, kind: EnquirerKind, here: Step, form: MultiDict[str, str]) -> bool:
    """Write down what was typed; False where the browser sent by itself what is older than what is kept."""
    typed = form.get("typed", "")
    with request_work() as work:
        return intake.keep(
            work,
            house().keys.vault,
            by,
            draft_id,
            kind,
            intake_steps.words_of(here, form),
            step=here.name,
            typed=int(typed) if typed.isdecimal() and len(typed) < 16 else 0,
            by_itself=form.get("go") == "keep",
        )


def kind_of(given: MultiDict[str, str]) -> EnquirerKind:
    asked = given.get("enquirer")
    return EnquirerKind(asked) if asked in set(EnquirerKind) else EnquirerKind.PERSON


def expected(kind: EnquirerKind, name: str) -> Step:
    if (found := intake_steps.step_of(kind, name)) is None:
        abort(404)
    return found


def address(draft_id: UUID, step: str) -> str:
    return f"/referral/enquiries/drafts/{draft_id}/{step}"


def kept_for() -> Period:
    """How long a draft waits for whoever began it."""
    return house().retention.periods.of[RetentionKind.ENQUIRY_DRAFT]


def page(
    draft_id: UUID,
    kind: EnquirerKind,
    step: Step,
    given: MultiDict[str, str],
    errors: Mapping[str, Any] | None = None,
) -> str:
    """The form of a step, or of everything."""
    template = "referral/enquiry_new.html" if step.name == PAGE else "referral/intake/step.html"
    return render_template(
        template,
        draft_id=draft_id,
        kind=kind,
        kinds=tuple(EnquirerKind),
        step=step,
        steps=intake_steps.steps_of(kind),
        fields=enquiry_form.fields_of(kind) if step.name == PAGE else step.fields,
        inputs=enquiry_form.INPUTS,
        codes=enquiry_form.CODES,
        several=enquiry_form.SEVERAL,
        papers=UPLOADED,
        languages_known=enquiry_form.LANGUAGES,
        countries=enquiry_form.COUNTRIES,
        situations=intake_steps.situations_of(kind),
        urgencies=tuple(Urgency),
        what_follows=intake_steps.what_follows,
        given=given,
        errors=errors or {},
        kept_until=kept_for().after(room().unit.clock.today()),
        back_to_check=CHECK if CHECK in (request.args.get("return"), request.form.get("return")) else "",
    )


def look(draft_id: UUID, *, refused: bool = False) -> str:
    with request_work() as work:
        found = intake.load(work, house().keys.vault, staff_actor(), draft_id)
    kind = found.draft.enquirer
    return render_template(
        "referral/intake/check.html",
        draft_id=draft_id,
        kind=kind,
        steps=intake_steps.steps_of(kind),
        reviewed=intake_steps.review(kind, intake_steps.as_form(found.words)),
        refused=refused,
    )
