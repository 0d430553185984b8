"""What staff told outside the system: written down in the enquiry, confirmed by the lead, read by the officer."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import DataCategory, ExternalGround, StaffRole
from services.chassis.access import current_caller, staff
from services.chassis.errors import InvalidError
from services.chassis.room import room
from services.chassis.work import Work
from services.referral.commands import external_disclosures
from services.referral.domain.external_disclosure import WITHHELD_MOST_DAYS, Told
from services.referral.domain.workdays import PLACE
from services.referral.store import external_disclosures as store
from services.referral.store.enquiries import Enquiry
from services.referral.web.callers import house, staff_actor
from services.referral.web.forms import once_per_form
from services.referral.web.names import Names
from services.referral.web.protection import guardians, scope_of
from services.referral.web.subject_requests import chosen

PAGE = "/referral/data-protection/disclosures"
LONGEST_RECIPIENT = 200
LONGEST_LIST = 100
ONE_DAY = timedelta(days=1)
desk = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
leads = staff(StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("external_disclosures", __name__, url_prefix="/referral", enable_openapi=False)
    pages.get("/data-protection/disclosures")(register)
    pages.post("/data-protection/disclosures/<uuid:disclosure_id>/confirmations")(confirm)
    pages.post("/data-protection/disclosures/<uuid:disclosure_id>/hold-backs")(hold_back)
    pages.post("/enquiries/<uuid:enquiry_id>/external-disclosures")(record)
    return pages


@guardians
def register() -> str:
    """What a second person has to look at, and what has been looked at: codes and times, no words."""
    here, caller = room(), current_caller()
    today = here.unit.clock.today()
    with here.unit.db.read() as connection:
        waiting = store.listed(connection, scope_of(caller.role), is_open=True)
        confirmed = store.listed(connection, scope_of(caller.role), is_open=False, limit=LONGEST_LIST)
        held_back = store.held_back(connection, scope_of(caller.role), today)
        names, every = Names(connection), waiting + confirmed + held_back
        bodies = {one.recipient_id: names.organization(one.recipient_id) for one in every if one.recipient_id}
    return render_template(
        "referral/protection/disclosures.html",
        waiting=waiting,
        confirmed=confirmed,
        held_back=held_back,
        bodies=bodies,
        today=today,
        first_day=today + ONE_DAY,
        last_day=today + timedelta(days=WITHHELD_MOST_DAYS),
        day_after=lambda day: day + ONE_DAY,
        may_act=caller.role is StaffRole.LEAD,
        actor=caller.actor,
        done=request.args.get("done", ""),
    )


@desk
def record(enquiry_id: UUID) -> Response:
    """Somebody was told; whoever told it writes it down."""
    by, told, person_id = staff_actor(), told_of_form(), an_id("person_id")

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        kept = external_disclosures.record(work, house().keys.vault, by, enquiry_id, told, person_id)
        return 201, {"id": str(kept.id)}

    once_per_form(by.actor, enquiry_id, "external-disclosure", run)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=external-disclosure#told-outside", 303)


@leads
def confirm(disclosure_id: UUID) -> Response:
    """A second person looked at it."""
    by, withheld_until = staff_actor(), a_day("withheld_until")

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        external_disclosures.confirm(work, by, disclosure_id, withheld_until)
        return 200, {}

    once_per_form(by.actor, disclosure_id, "external-disclosure/confirm", run)
    return redirect(f"{PAGE}?done=confirmed", 303)


@leads
def hold_back(disclosure_id: UUID) -> Response:
    """Somebody else keeps it from her longer, or lets her hear of it."""
    by, until = staff_actor(), a_day("withheld_until")
    lifts = request.form.get("what") == "lift"
    if not lifts and until is None:
        raise InvalidError("request.invalid", {"withheld_until": "a-day-within-half-a-year"})

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        external_disclosures.hold_back(work, by, disclosure_id, None if lifts else until)
        return 200, {}

    once_per_form(by.actor, disclosure_id, "external-disclosure/hold-back", run)
    return redirect(f"{PAGE}?done={'told-now' if lifts else 'held-back'}", 303)


def told_of_form() -> Told:
    """What was typed; what cannot be read is named."""
    given = request.form.getlist("categories")
    recipient = request.form.get("recipient", "").strip()
    if not set(given) <= {str(one) for one in DataCategory}:
        raise InvalidError("request.invalid", {"categories": "one-of-the-list"})
    if len(recipient) > LONGEST_RECIPIENT:
        raise InvalidError("request.invalid", {"recipient": "at-most-200-characters"})
    return Told(
        ground=chosen("ground", ExternalGround),
        categories=tuple(DataCategory(one) for one in dict.fromkeys(given)),
        told_at=a_time("told_at"),
        recipient_id=an_id("recipient_id"),
        recipient=recipient,
    )


def an_id(name: str) -> UUID | None:
    given = request.form.get(name, "").strip()
    try:
        return UUID(given) if given else None
    except ValueError:
        raise InvalidError("request.invalid", {name: "an-id"}) from None


def a_day(name: str) -> date | None:
    given = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise InvalidError("request.invalid", {name: "a-day"}) from None


def a_time(name: str) -> datetime:
    """Day and time of the form, at the place where the network works."""
    try:
        given = datetime.fromisoformat(request.form.get(name, "").strip())
    except ValueError:
        raise InvalidError("request.invalid", {name: "day-and-time"}) from None
    return given if given.tzinfo else given.replace(tzinfo=PLACE)


def section(work: Work, enquiry: Enquiry, names: Names) -> dict[str, Any]:
    """What the enquiry's page shows: what was told, and the choices of the form."""
    rows = work.tx.execute("SELECT id FROM organizations ORDER BY id").fetchall()
    told = external_disclosures.of_enquiry(work, house().keys.vault, staff_actor(), enquiry)
    return {
        "told": [(one, names.organization(one.recipient_id) if one.recipient_id else words) for one, words in told],
        "bodies": sorted(((row["id"], names.organization(row["id"])) for row in rows), key=lambda body: body[1]),
        "grounds": tuple(ExternalGround),
        "categories": tuple(DataCategory),
        "latest": work.now.astimezone(PLACE).strftime("%Y-%m-%dT%H:%M"),
    }
