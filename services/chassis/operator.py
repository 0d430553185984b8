"""The operators' door of every service: how it is doing, what is parked, try again or give up. Ids and codes only.

Each intervention is a fact, told in the transaction that makes it. Browsers get a page, programs JSON.
"""

from collections.abc import Callable
from typing import Any

from apiflask import APIBlueprint
from flask import redirect, render_template, request

from contracts.codes import DiscardReason, ParkedOutcome, StaffRole
from services.chassis import parking
from services.chassis.access import current_caller, staff
from services.chassis.beats import beats
from services.chassis.errors import InvalidError
from services.chassis.figures import figures
from services.chassis.room import request_work, room
from services.chassis.web_errors import wants_page
from services.chassis.work import Work

Json = dict[str, Any]
operations = staff(StaffRole.OPERATIONS)
PAGE = 200


def blueprint(service: str) -> APIBlueprint:
    """``/<service>/operator/status`` and ``/<service>/operator/parked...``, for the role operations."""
    door = APIBlueprint("operator", __name__, url_prefix=f"/{service}/operator", tag="operator")
    door.get("/status")(status)
    door.get("/parked")(list_parked)
    door.post("/parked/retries")(retry_some)
    door.get("/parked/<int:parked_id>")(show_parked)
    door.post("/parked/<int:parked_id>/retry")(retry_parked)
    door.post("/parked/<int:parked_id>/discard")(discard_parked)
    return door


@operations
def status() -> Json:
    """Roles alive, letters waiting to leave, events held and parked; and what the service itself adds."""
    here = room()
    with here.unit.db.read() as connection:
        found = figures(connection)
        own = dict(here.status(connection)) if here.status else {}
        alive = beats(connection)
    return {
        "service": here.service,
        "time": here.unit.clock.now().isoformat(),
        "roles": [{"role": one.role, "age_seconds": round(one.age_seconds, 1), **one.figures} for one in alive],
        "outbox": {
            "unpublished": int(found["outbox_unpublished"]),
            "lag_seconds": found["outbox_lag_seconds"],
            "published": int(found["published_total"]),
        },
        "held": int(found["held_events"]),
        "inbox_lag_seconds": found["inbox_lag_seconds"],
        "parked": int(found["parked_events"]),
        **own,
    }


@operations
def list_parked() -> Any:
    """What was put aside, oldest first; ``after`` is the cursor of the page before."""
    after = request.args.get("after", "0")
    if not after.isdecimal():
        raise InvalidError("request.invalid", {"after": "a-parked-id"})
    with room().unit.db.read() as connection:
        found = parking.parked(connection, PAGE, int(after))
    following = found[-1].parked_id if len(found) == PAGE else None
    if wants_page():
        return render_template("chassis/parked.html", parked=found, following=following, reasons=DiscardReason)
    return {"parked": [as_json(item) for item in found], "next": following}


@operations
def show_parked(parked_id: int) -> Json:
    with room().unit.db.read() as connection:
        return as_json(parking.show(connection, parked_id))


@operations
def retry_some() -> Any:
    """Everything parked for one reason, or everything: the first of each subject, the others wait their turn."""
    wanted = request.values.get("reason")
    return settle(lambda work: parking.retry_some(work.tx, wanted), ParkedOutcome.RETRY)


@operations
def retry_parked(parked_id: int) -> Any:
    """Ask the worker to try once more."""
    return settle(lambda work: [parking.retry(work.tx, parked_id)], ParkedOutcome.RETRY)


@operations
def discard_parked(parked_id: int) -> Any:
    """Give it up for good, for a reason in code; what waits behind it goes on."""
    reason = request.form.get("reason") or (request.get_json(silent=True) or {}).get("reason")
    if reason not in set(DiscardReason):
        raise InvalidError("request.invalid", {"reason": "a-code-like-DUPLICATE"})
    by = current_caller().actor
    return settle(lambda work: [parking.discard(work.tx, parked_id, f"{by} {reason}")], ParkedOutcome.DISCARD, reason)


def settle(act: Callable[[Work], list[parking.Parked]], outcome: ParkedOutcome, reason: str | None = None) -> Any:
    """Do it and say so; then back to the list, or what was touched."""
    tell = room().facts.settled
    with request_work() as work:
        items = act(work)
        if tell is not None:  # a service that hears has a word for this
            for item in items:
                work.announce(tell(work.new_id(), item, outcome, reason))
    if wants_page():
        return redirect(f"/{room().service}/operator/parked?done={len(items)}", 303)
    return {"outcome": outcome, "parked": [as_json(item) for item in items]}


def as_json(item: parking.Parked) -> Json:
    return {name: str(value) if not isinstance(value, int | None) else value for name, value in item._asdict().items()}
