"""The tracking list: the own organization's referrals at the own site, by state, by whom they wait for, by when."""

from typing import Any
from urllib.parse import urlencode

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import Party, StaffRole, Status
from services.chassis.access import staff
from services.chassis.room import room
from services.referral.queries import enquiries, tracking
from services.referral.queries.tracking import Wanted
from services.referral.web.absences import to_stand_in_for
from services.referral.web.callers import staff_actor
from services.referral.web.names import in_words
from services.referral.web.tasks import place_of

#: So many tasks stand above the list; all of them have a page of their own.
FIRST_TASKS = 20
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("board", __name__, url_prefix="/referral", template_folder="templates", enable_openapi=False)
    pages.get("/")(board)
    return pages


@navigators
def board() -> str | Response:
    """A number typed in full leads straight to its case; everything else is a filter in the address."""
    by, here, wanted = staff_actor(), room(), wanted_of(request.args)
    today = here.unit.clock.today()
    with here.unit.db.read() as connection:
        exact = tracking.by_reference(connection, by, wanted.reference) if wanted.reference else None
        if exact is not None:
            return redirect(f"/referral/referrals/{exact}", 303)
        rows, following = tracking.tracking(connection, by, wanted, today)
        counted = tracking.counts(connection, by, today)
        tasks = enquiries.tasks(connection, by, limit=FIRST_TASKS)
        many = enquiries.count_tasks(connection, by) if len(tasks) == FIRST_TASKS else len(tasks)
    return render_template(
        "referral/board.html",
        rows=rows,
        counts=counted,
        wanted=wanted,
        tasks=tasks,
        many_tasks=many,
        today=today,
        parties=(Party.NAVIGATOR, Party.PARTNER, Party.PERSON),
        statuses=tuple(Status),
        link=link,
        place_of=place_of,
        standing_in=g.get("standing_in"),
        substitutes_for=to_stand_in_for(by),
        in_words=in_words,
        following=link(after=following) if following else None,
        first=link(after=None) if wanted.after else None,
    )


def wanted_of(given: Any) -> Wanted:
    """The filters of the address; what is not known there is left out, so an old bookmark still works."""
    status, waiting_for = given.get("status", ""), given.get("waiting_for", "")
    return Wanted(
        status=Status(status) if status in set(Status) else None,
        everything=status == "all",
        waiting_for=Party(waiting_for) if waiting_for in set(Party) else None,
        overdue=given.get("due") == "overdue",
        reference=given.get("reference", "").strip(),
        after=given.get("after", ""),
    )


def link(**changes: str | None) -> str:
    """This list with other filters; None takes one away. A page number never survives a change of filter."""
    kept = {name: value for name, value in request.args.items() if name != "after" and value}
    changed = {name: value for name, value in (kept | changes).items() if value is not None}
    return f"/referral/?{urlencode(changed)}" if changed else "/referral/"
