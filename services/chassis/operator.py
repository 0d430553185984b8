"""The operators' door of every service: how it is doing, what is parked, try again or give up. Ids and codes only."""

import re
from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint
from flask import request

from contracts.codes import StaffRole
from services.chassis import parking
from services.chassis.access import current_caller, staff
from services.chassis.beats import beats
from services.chassis.errors import InvalidError
from services.chassis.figures import figures
from services.chassis.logging import get_logger
from services.chassis.room import room

Json = dict[str, Any]
operations = staff(StaffRole.OPERATIONS)
PAGE = 100
REASON = re.compile(r"[A-Z][A-Z_]{2,40}")


def blueprint(service: str) -> APIBlueprint:
    """``/<service>/operator/status`` and ``/<service>/operator/parked...``, for the role operations."""
    door = APIBlueprint("operator", __name__, url_prefix=f"/{service}/operator", tag="operator")
    door.get("/status")(status)
    door.get("/parked")(list_parked)
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
def list_parked() -> Json:
    """What was put aside, oldest first; ``after`` is the cursor of the page before."""
    after = request.args.get("after", "0")
    if not after.isdigit():
        raise InvalidError("request.invalid", {"after": "a-parked-id"})
    with room().unit.db.read() as connection:
        found = parking.parked(connection, PAGE, int(after))
    following = found[-1].parked_id if len(found) == PAGE else None
    return {"parked": [as_json(item) for item in found], "next": following}


@operations
def show_parked(parked_id: int) -> Json:
    with room().unit.db.read() as connection:
        return as_json(parking.show(connection, parked_id))


@operations
def retry_parked(parked_id: int) -> Json:
    """Ask the worker to try once more."""
    with room().unit.db.transaction() as tx:
        item = parking.retry(tx, parked_id)
    return settled(item, "retry")


@operations
def discard_parked(parked_id: int) -> Json:
    """Give it up for good, for a reason in code; what waits behind it goes on."""
    reason = str((request.get_json(silent=True) or {}).get("reason", ""))
    if not REASON.fullmatch(reason):
        raise InvalidError("request.invalid", {"reason": "a-code-like-DUPLICATE"})
    with room().unit.db.transaction() as tx:
        item = parking.discard(tx, parked_id, f"{current_caller().actor} {reason}")
    return settled(item, "discard")


def settled(item: parking.Parked, outcome: str) -> Json:
    get_logger().info("parked." + outcome, id=item.parked_id, type=item.type, subject=item.subject, outcome=outcome)
    return {**as_json(item), "outcome": outcome}


def as_json(item: parking.Parked) -> Json:
    return {name: str(value) if not isinstance(value, int | None) else value for name, value in asdict(item).items()}
