"""Accompaniment plans: made and followed on the enquiry's page, printed in her language, and read on her own page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import EnquirerKind, PersonLinkPurpose, PlanEnd, PlanOwner, StaffRole, Status, Topic
from services.chassis.access import person, staff
from services.chassis.errors import InvalidError
from services.chassis.i18n import for_persons
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.calendar import is_working_day
from services.referral.commands import plan as commands
from services.referral.commands import self_service
from services.referral.domain.plan import FARTHEST, LONGEST_WORDS, MANAGED, Plan, Said
from services.referral.domain.workdays import add_working_days
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor
from services.referral.web.callers import house, staff_actor
from services.referral.web.forms import once_per_form
from services.referral.web.limits import expect_patience_of_session
from services.referral.web.names import Names
from services.referral.web.self_service_door import her_link

desk = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
#: A first step is offered for this day.
USUAL_WORKING_DAYS = 10
#: We plan steps for these; case management plans its own.
OWNERS = (PlanOwner.WELCOME_CENTER, PlanOwner.PERSON, PlanOwner.PARTNER)
Verb = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Section:
    """What the enquiry's page shows of plans, and the choices of the forms."""

    plans: tuple[Plan, ...]
    today: date
    #: Referrals whose partner accepted, with the person they are about: who may manage the case from here on.
    managers: tuple[dict[str, Any], ...] = ()
    #: The need for accompaniment, where it was taken down: there a body is looked for.
    accompaniment: UUID | None = None
    owners: tuple[PlanOwner, ...] = OWNERS
    longest: int = LONGEST_WORDS

    @property
    def usual_day(self) -> date:
        return add_working_days(self.today, USUAL_WORKING_DAYS, is_working_day)

    @property
    def last_day(self) -> date:
        return self.today + FARTHEST

    @property
    def lacking(self) -> int:
        """Goals that go on and have no next step."""
        return sum(goal.lacks_step for one in self.plans if one.handover is None for goal in one.goals)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("plan", __name__, url_prefix="/referral", enable_openapi=False)
    base = "/enquiries/<uuid:enquiry_id>/persons/<uuid:person_id>/plan"
    pages.get(base)(sheet)
    pages.post(f"{base}/goals")(add_goal)
    pages.post(f"{base}/goals/<uuid:goal_id>/steps")(add_step)
    pages.post(f"{base}/goals/<uuid:goal_id>/ends")(end_goal)
    pages.post(f"{base}/steps/<uuid:step_id>/ends")(end_step)
    pages.post(f"{base}/steps/<uuid:step_id>/days")(move_step)
    pages.post(f"{base}/handovers")(hand_over)
    pages.post(f"{base}/returns")(take_back)
    pages.get("/my/plan")(hers)
    return pages


@desk
def add_goal(enquiry_id: UUID, person_id: UUID) -> Response:
    words, first = typed("goal"), step_of_form()
    return _done(enquiry_id, person_id, "goal", commands.add_goal, words, first)


@desk
def add_step(enquiry_id: UUID, person_id: UUID, goal_id: UUID) -> Response:
    return _done(enquiry_id, person_id, "step", commands.add_step, goal_id, step_of_form())


@desk
def end_goal(enquiry_id: UUID, person_id: UUID, goal_id: UUID) -> Response:
    return _done(enquiry_id, person_id, "end-goal", commands.end_goal, goal_id, end_of_form())


@desk
def end_step(enquiry_id: UUID, person_id: UUID, step_id: UUID) -> Response:
    return _done(enquiry_id, person_id, "end-step", commands.end_step, step_id, end_of_form())


@desk
def move_step(enquiry_id: UUID, person_id: UUID, step_id: UUID) -> Response:
    return _done(enquiry_id, person_id, "move", commands.move_step, step_id, day_of_form())


@desk
def hand_over(enquiry_id: UUID, person_id: UUID) -> Response:
    try:
        referral_id = UUID(request.form.get("referral_id", ""))
    except ValueError:
        raise InvalidError("request.invalid", {"referral_id": "an-id"}) from None
    return _done(enquiry_id, person_id, "hand-over", commands.hand_over, referral_id)


@desk
def take_back(enquiry_id: UUID, person_id: UUID) -> Response:
    return _done(enquiry_id, person_id, "take-back", commands.take_back)


def _done(enquiry_id: UUID, person_id: UUID, what: str, verb: Verb, *given: Any) -> Response:
    """Once per form; then the page again, where the plan stands."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        verb(work, house().keys.vault, by, enquiry_id, person_id, *given)
        return 200, {}

    once_per_form(by.actor, person_id, f"plan/{what}/{given[0] if given else ''}", run)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=plan#plan", 303)


@desk
@for_persons
def sheet(enquiry_id: UUID, person_id: UUID) -> str:
    """To print and take along, in the language she reads: `lang` in the address says which."""
    by = staff_actor()
    with request_work() as work:
        found = commands.of_person(work, house().keys.vault, by, enquiry_id, person_id)
        manager = manager_of(work, found)
        today = work.today
    return render_template("referral/plan/sheet.html", plan=found, manager=manager, today=today, enquiry_id=enquiry_id)


@person(PersonLinkPurpose.SELF_SERVICE)
@for_persons
def hers() -> str:
    """Her copy; that she looks is committed before anything is shown."""
    expect_patience_of_session()
    with request_work() as work:
        link = her_link(work)
        self_service.look(work, link)
        found = commands.of_her_own(work, house().keys.vault, link)
        manager = manager_of(work, found)
        today = work.today
    return render_template("referral/my/plan.html", plan=found, manager=manager, today=today)


def section(work: Work, by: StaffActor, enquiry: Enquiry) -> Section | None:
    """A company has needs, and no plan of life."""
    if enquiry.enquirer is not EnquirerKind.PERSON:
        return None
    plans = tuple(commands.of_enquiry(work, house().keys.vault, by, enquiry))
    needs = [one.id for one in enquiry.needs if one.topic is Topic.BEGLEITUNG]
    return Section(plans, work.today, tuple(managers(work, enquiry)), needs[0] if needs else None)


def managers(work: Work, enquiry: Enquiry) -> list[dict[str, Any]]:
    rows = work.tx.execute(
        "SELECT id, reference, organization_id, person_id FROM referrals WHERE enquiry_id = %s AND status = ANY(%s)"
        " ORDER BY drafted_on, id",
        (enquiry.id, [str(one) for one in sorted(MANAGED)]),
    ).fetchall()
    names = Names(work.tx)
    return [{**row, "organization": names.organization(row["organization_id"])} for row in rows]


def manager_of(work: Work, plan: Plan) -> str:
    return Names(work.tx).organization(plan.handover.organization_id) if plan.handover else ""


def is_over(status: Status) -> bool:
    """Whoever managed the case does so no longer."""
    return status not in MANAGED


def step_of_form() -> Said:
    owner = request.form.get("owner", "")
    if owner not in set(OWNERS):
        raise InvalidError("request.invalid", {"owner": "one-of-the-list"})
    return Said(typed("step"), PlanOwner(owner), day_of_form())


def end_of_form() -> PlanEnd:
    given = request.form.get("ended_as", "")
    if given not in set(PlanEnd):
        raise InvalidError("request.invalid", {"ended_as": "one-of-the-list"})
    return PlanEnd(given)


def day_of_form() -> date:
    try:
        return date.fromisoformat(request.form.get("due_on", "").strip())
    except ValueError:
        raise InvalidError("request.invalid", {"due_on": "a-day"}) from None


def typed(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n").replace("\0", "").strip()
