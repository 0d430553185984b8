"""A colleague's cases pass to another one: a lead chooses them, reads on one page what follows, and says yes once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import render_template, request
from werkzeug.wrappers import Response

from contracts.codes import StaffRole, Topic
from services.chassis.access import staff
from services.chassis.errors import InvalidError
from services.chassis.room import room
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import handing_over as commands
from services.referral.commands.handing_over import Colleague
from services.referral.domain.handover import MOST
from services.referral.store import handover as store
from services.referral.web.callers import house, staff_actor
from services.referral.web.forms import once_per_form

PAGE = "/referral/handover"
#: In place of a number: the cases of whoever has no name at this desk.
NOBODY = "nobody"
leads = staff(StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("handover", __name__, url_prefix=PAGE, enable_openapi=False)
    pages.get("")(choose)
    pages.post("/confirmation")(confirm)
    pages.post("")(hand_over)
    return pages


@leads
def choose() -> str:
    """First whose cases, then which of them; codes and numbers only, beside the names of colleagues."""
    by = staff_actor()
    whose, topic = request.args.get("from", ""), request.args.get("topic", "")
    with request_work() as work:
        everybody, nobodys = commands.colleagues(work, house().keys.vault, by)
        cases = None
        if whose:
            cases = store.cases(work.tx, by, _pseudonym(work, whose), topic if topic in set(Topic) else None, MOST)
    return render_template(
        "referral/handover/choose.html",
        colleagues=everybody,
        nobodys=nobodys,
        nobody=NOBODY,
        whose=whose,
        topic=topic,
        topics=tuple(Topic),
        cases=cases,
        others=[one for one in everybody if str(one.number) != whose],
        ticked=request.args.get("all") == "1",
        most=MOST,
        today=room().unit.clock.today(),
    )


@leads
def confirm() -> str | tuple[str, int] | Response:
    """What would follow, with how many; nothing is changed yet."""
    by, whose = staff_actor(), request.form.get("from", "")
    ids = chosen_cases()
    to = _number("to")
    if str(to) == whose:
        raise InvalidError("handover.invalid", {"to": "another-colleague"})
    with request_work() as work:
        everybody, _ = commands.colleagues(work, house().keys.vault, by)
        found = [one for one in store.cases(work.tx, by, _pseudonym(work, whose), None, MOST) if one["id"] in set(ids)]
        commands.pseudonym_of(work, by, to)
    return render_template(
        "referral/handover/confirm.html",
        whose=whose,
        to=to,
        from_name=name_of(everybody, whose),
        to_name=name_of(everybody, str(to)),
        ids=ids,
        referrals=sum(len(one["referrals"]) for one in found),
        tasks=sum(one["tasks"] for one in found),
    )


@leads
def hand_over() -> str:
    """All that can pass on does, or nothing; sent again, the page says the same and nothing passes twice."""
    by, whose = staff_actor(), request.form.get("from", "")
    ids, to = chosen_cases(), _number("to")
    number = None if whose == NOBODY else _number("from")

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        return 200, commands.hand_over(work, by, number, to, ids).to_json()

    told = once_per_form(by.actor, UUID(int=0), "handover", run)
    return render_template("referral/handover/done.html", handed=told["handed"], left_out=told["left_out"])


def chosen_cases() -> list[UUID]:
    """The ticked ones; none is no choice."""
    try:
        ids = list(dict.fromkeys(UUID(one) for one in request.form.getlist("enquiry")))
    except ValueError:
        raise InvalidError("handover.invalid", {"enquiry": "an-id"}) from None
    if not 1 <= len(ids) <= MOST:
        raise InvalidError("handover.invalid", {"enquiry": "between-one-and-five-hundred"})
    return ids


def name_of(everybody: Sequence[Colleague], number: str) -> str:
    return next((one.name for one in everybody if str(one.number) == number), "")


def _pseudonym(work: Work, whose: str) -> str | None:
    if whose == NOBODY:
        return None
    return commands.pseudonym_of(work, staff_actor(), _as_number("from", whose))


def _number(name: str) -> UUID:
    return _as_number(name, request.form.get(name, ""))


def _as_number(name: str, given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise InvalidError("handover.invalid", {name: "one-of-the-list"}) from None
