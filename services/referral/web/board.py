"""The tracking list: the own organization's referrals at the own site, by state, by whom they wait for, by when."""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response as Download
from flask import redirect, render_template, request, stream_with_context
from werkzeug.wrappers import Response

from contracts.codes import Party, StaffRole, Status
from services.chassis.access import staff
from services.chassis.pages import label
from services.chassis.room import room
from services.chassis.work import Work
from services.referral.commands import following_up as commands
from services.referral.domain.lifecycle import RUNNING
from services.referral.queries import tracking
from services.referral.queries.tracking import LastEvent, Row, Wanted
from services.referral.web.absences import shown_desk
from services.referral.web.callers import staff_actor
from services.referral.web.forms import once_per_form
from services.referral.web.names import Names, in_words
from services.referral.web.words import Line, line_of

PAGE = "/referral/tracking"
#: What a spreadsheet would read as a formula is kept from beginning a cell.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "reference",
    "state",
    "waiting_for",
    "due_on",
    "last_event",
    "last_event_at",
    "partner",
    "service",
    "topic",
    "urgency",
)
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("board", __name__, url_prefix=PAGE, template_folder="templates", enable_openapi=False)
    pages.get("")(board)
    pages.get("/referrals.csv")(export)
    pages.post("/follow-ups")(follow_up)
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
        names = Names(connection)
        shown = [(row, last_line(row.last, names)) for row in rows]
        counted = tracking.counts(connection, by, today)
        partners = tracking.partners(connection, by)
    return render_template(
        "referral/board.html",
        rows=shown,
        counts=counted,
        wanted=wanted,
        today=today,
        parties=(Party.NAVIGATOR, Party.PARTNER, Party.PERSON),
        statuses=tuple(Status),
        running=frozenset(status.value for status in RUNNING),
        partners=sorted(((id_, in_words(dict(name))) for id_, name in partners.items()), key=lambda one: one[1]),
        link=link,
        in_words=in_words,
        following=link(after=following) if following else None,
        first=link(after=None) if wanted.after else None,
        export=link(f"{PAGE}/referrals.csv", after=None),
        **shown_desk(by),
    )


@navigators
def export() -> Download:
    """The same list for a spreadsheet, all pages of it, in the reader's words; nothing in it is about a person."""
    by, here, wanted = staff_actor(), room(), wanted_of(request.args)
    today = here.unit.clock.today()
    if wanted.after:
        tracking.read_cursor(wanted.after)  # refused now: once the first line has left, nothing can be said any more

    def pieces() -> Iterator[str]:
        yield _line(COLUMNS)
        after: str | None = wanted.after
        while after is not None:  # whoever reads slowly keeps no connection meanwhile
            with here.unit.db.read() as connection:
                names, asked = Names(connection), replace(wanted, after=after)
                rows, after = tracking.tracking(connection, by, asked, today, tracking.PIECE)
                piece = "".join(_line(cells_of(row, names)) for row in rows)
            yield piece

    headers = {"Content-Disposition": f"attachment; filename=referrals-{today}.csv"}
    return Download(stream_with_context(pieces()), content_type="text/csv; charset=utf-8", headers=headers)


@navigators
def follow_up() -> str:
    """Ask the partners of what was ticked how it stands; the page sent again asks nobody twice and says the same."""
    by, ids = staff_actor(), [_id(given) for given in request.form.getlist("referral")]
    chosen = [one for one in ids if one is not None]

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        return 200, commands.follow_up(work, by, chosen).to_json()

    told = once_per_form(by.actor, UUID(int=0), "follow-up", run)
    return render_template("referral/followed_up.html", asked=told["asked"], left_out=told["left_out"])


def cells_of(row: Row, names: Names) -> tuple[str, ...]:
    last = last_line(row.last, names)
    return (
        row.reference,
        label(row.status),
        label(row.waiting_for),
        row.due_on.isoformat() if row.due_on else "",
        last.text if last else "",
        last.at.isoformat() if last else "",
        in_words(dict(row.organization)),
        in_words(dict(row.service)),
        label(row.topic),
        label(row.urgency),
    )


def _line(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells)
    return out.getvalue()


def last_line(last: LastEvent | None, names: Names) -> Line | None:
    """What happened last, in the words of the timeline."""
    return line_of({**asdict(last), "at": last.at.isoformat()}, names) if last else None


def wanted_of(given: Any) -> Wanted:
    """The filters of the address; what is not known there is left out, so an old bookmark still works."""
    status, waiting_for = given.get("status", ""), given.get("waiting_for", "")
    return Wanted(
        status=Status(status) if status in set(Status) else None,
        everything=status == "all",
        waiting_for=Party(waiting_for) if waiting_for in set(Party) else None,
        partner=_id(given.get("partner", "")),
        mine=given.get("whose") == "mine",
        overdue=given.get("due") == "overdue",
        reference=given.get("reference", "").strip(),
        after=given.get("after", ""),
    )


def _id(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None


def link(path: str = PAGE, **changes: str | None) -> str:
    """This list with other filters; None takes one away. A page number never survives a change of filter."""
    kept = {name: value for name, value in request.args.items() if name not in ("after", "lang") and value}
    changed = {name: value for name, value in (kept | changes).items() if value is not None}
    return f"{path}?{urlencode(changed)}" if changed else path
