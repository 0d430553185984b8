"""The first page of a desk: what waits for it, the soonest due first, each with its cause and the next step."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from apiflask import APIBlueprint
from flask import Response as Answer
from flask import jsonify, render_template, request

from contracts.codes import StaffRole, TaskKind
from services.chassis.access import staff
from services.chassis.errors import InvalidError
from services.chassis.pages import label, translate, translate_many
from services.chassis.room import room
from services.referral.calendar import is_working_day
from services.referral.domain import snoozing
from services.referral.domain.workdays import ONE_DAY, PLACE, add_working_days, working_days_between
from services.referral.queries import worklist
from services.referral.queries.worklist import Asked, DueBy, Item, Source, Wanted
from services.referral.store import handover
from services.referral.store import intake as intake_store
from services.referral.web import intake
from services.referral.web.absences import shown_desk
from services.referral.web.callers import staff_actor
from services.referral.web.names import in_words
from services.referral.web.tasks import ELSEWHERE, FILTERS, LOOKED_INTO, place_of

PAGE = "/referral/"
#: Offered for putting something off: tomorrow, the day after the next ones, a week - in working days.
LATER = (1, 3, 5)
#: So long both colleagues are told that cases passed from one to the other.
TOLD_FOR = timedelta(days=7)
#: Items that are no task: where they are dealt with.
PLACES = {
    Source.DISCLOSURE: "/referral/data-protection/disclosures",
    Source.RESOLUTION: "/referral/data-protection/pseudonyms",
}
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("worklist", __name__, url_prefix="/referral", enable_openapi=False)
    pages.get("/")(show)
    pages.get("/tasks")(show)
    pages.get("/news")(news)
    return pages


@navigators
def show() -> str:
    """The filters stand in the address; nobody's name stands on the page."""
    by, clock, wanted = staff_actor(), room().unit.clock, wanted_of(request.args)
    asked = Asked(by, clock.now(), clock.today())
    with room().unit.db.read() as connection:
        items, following = worklist.worklist(connection, asked, wanted)
        counted = worklist.counts(connection, asked)
        handed_over = handover.told(connection, by, asked.now - TOLD_FOR)
        begun = intake_store.of(connection, by)
    return render_template(
        "referral/worklist.html",
        groups=groups_of(items, asked.today),
        counts=counted,
        wanted=wanted,
        today=asked.today,
        now=asked.now,
        is_lead=by.role is StaffRole.LEAD,
        desks=(StaffRole.NAVIGATOR, StaffRole.LEAD),
        kinds=sorted(((kind, what_of(kind), many) for kind, many in counted.by_kind.items()), key=lambda one: one[1]),
        link=link,
        in_words=in_words,
        filters=urlencode({name: request.args[name] for name in FILTERS if request.args.get(name)}),
        following=link(after=following) if following else None,
        first=link(after=None) if wanted.after else None,
        told=told_of(request.args, asked.today),
        tomorrow=asked.today + ONE_DAY,
        week=asked.week,
        handed_over=handed_over,
        begun=[(one, _working_days(one.begun_at, asked.today)) for one in begun],
        kept_for=intake.kept_for(),
        **shown_desk(by),
    )


@navigators
def news() -> Answer:
    """How much has come since a page was drawn, for the one sentence it says aloud; asked in the background."""
    by, clock = staff_actor(), room().unit.clock
    since = _moment(request.args.get("since", ""))
    with room().unit.db.read() as connection:
        asked = Asked(by, clock.now(), clock.today())
        many = worklist.news(connection, asked, since, since.astimezone(PLACE).date())
    said = translate_many("%(num)s new item waits.", "%(num)s new items wait.", many) % {"num": many} if many else ""
    return jsonify({"many": many, "says": said})


class Shown:
    """One item as the page says it."""

    def __init__(self, item: Item, today: date) -> None:
        self.item = item
        self.what = what_of(item.kind)
        self.details = [label(code) for code in (item.rejection, *item.questions, item.next_step) if code is not None]
        self.next = translate(f"next:{item.kind}")
        self.place = place(item)
        self.waits = waits(item, today)
        self.late = working_days_between(item.due_on, today, is_working_day) if item.due_on < today else 0
        self.can_be_done = item.source is Source.TASK and item.kind in LOOKED_INTO
        self.later = later(item, today)
        self.latest = latest(item, today)


def groups_of(items: Sequence[Item], today: date) -> list[tuple[str, list[Shown]]]:
    """Overdue, today, this week, later: what is empty has no heading."""
    headings = ("Overdue", "Due today", "Due within a week", "Later")
    found: dict[str, list[Shown]] = {heading: [] for heading in headings}
    for item in items:
        days = (item.due_on - today).days
        found[headings[0 if days < 0 else 1 if days == 0 else 2 if days <= 7 else 3]].append(Shown(item, today))
    return [(heading, shown) for heading, shown in found.items() if shown]


def what_of(kind: str) -> str:
    """Why it waits."""
    return label(TaskKind(kind)) if kind in set(TaskKind) else translate(f"waits:{kind}")


def place(item: Item) -> str:
    """Where the next step is done."""
    if item.source in PLACES:
        return PLACES[item.source]
    if item.kind in ELSEWHERE and item.need_id:
        return f"/referral/enquiries/{item.enquiry_id}/needs/{item.need_id}"
    if item.source is Source.DRAFT:
        return f"/referral/referrals/{item.referral_id}"
    return place_of({"kind": item.kind, "referral_id": item.referral_id, "enquiry_id": item.enquiry_id})


def waits(item: Item, today: date) -> int:
    """Its age in working days."""
    return _working_days(item.opened_at, today)


def _working_days(since: datetime, today: date) -> int:
    return working_days_between(since.astimezone(PLACE).date(), today, is_working_day)


def latest(item: Item, today: date) -> date:
    """The last day until which it can be put off; only a task can be."""
    return snoozing.latest(TaskKind(item.kind), item.due_on, today) if item.source is Source.TASK else today


def later(item: Item, today: date) -> list[date]:
    """The days offered for putting it off; none where a law sets the deadline and it is here."""
    days = [add_working_days(today, count, is_working_day) for count in LATER]
    return [day for day in days if day <= latest(item, today)]


def told_of(given: Any, today: date) -> dict[str, Any] | None:
    """What was done a moment ago, said above the list; an address made by hand says nothing."""
    if given.get("done") in ("closed", "woken", "draft-kept", "draft-gone"):
        return {"done": given["done"], "task": "", "until": today}
    try:
        until = date.fromisoformat(given.get("until", ""))
    except ValueError:
        return None
    return (
        {"done": "snoozed", "task": given.get("task", ""), "until": until} if given.get("done") == "snoozed" else None
    )


def wanted_of(given: Any) -> Wanted:
    """The filters of the address; what is not known there is left out, so an old bookmark still works."""
    due, kind, desk = given.get("due", ""), given.get("kind", ""), given.get("desk", "")
    known = {*TaskKind, *Source} - {Source.TASK}
    return Wanted(
        due=DueBy(due) if due in set(DueBy) else None,
        kind=kind if kind in known else "",
        desk=StaffRole(desk) if desk in set(StaffRole) else None,
        mine=given.get("whose") == "mine",
        snoozed=given.get("show") == "snoozed",
        after=given.get("after", ""),
    )


def link(**changes: str | None) -> str:
    """This list with other filters; None takes one away. A page number never survives a change of filter."""
    kept = {name: value for name, value in request.args.items() if name in FILTERS and value}
    changed = {name: value for name, value in (kept | changes).items() if value is not None}
    return f"{PAGE}?{urlencode(changed)}" if changed else PAGE


def _moment(given: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise InvalidError("request.invalid", {"since": "a-day-and-time"}) from None
    if moment.tzinfo is None:
        raise InvalidError("request.invalid", {"since": "a-day-and-time"})
    return moment
