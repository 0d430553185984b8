"""The spine: the smallest command that goes the whole way through our chassis, comparable with the peers.

POST -> validated -> one statement (state and version guard, number, letter) -> relay -> topic exchange -> quorum queue
-> batch -> one transaction (remembered, chained by hash) -> acknowledged. No sign-in, no consent: that is the product.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema
from apiflask.fields import Integer, String
from apiflask.validators import Length, Range

from contracts.referral import ReferralReceived
from services.chassis.access import public
from services.chassis.config import Settings
from services.chassis.hear import Arrival, hears_everything
from services.chassis.launch import Service, main
from services.chassis.web import create_app, request_work
from services.chassis.work import Unit, Work

HERE = Path(__file__).parent
ADVANCE = "UPDATE cases SET version = version + 1, status = %s WHERE id = %s AND version = %s AND status <> 'closed'"


class Advance(Schema):
    """What a client sends: the version it saw and the status it wants."""

    version = Integer(required=True, validate=Range(min=0, max=1_000_000))
    status = String(required=True, validate=Length(min=2, max=32))
    note = String(load_default=None, validate=Length(max=200))


def app(settings: Settings, unit: Unit) -> Any:
    spine = APIBlueprint("spine", __name__, url_prefix="/spine")

    @spine.post("/cases/<uuid:case_id>")
    @spine.input(Advance, arg_name="wanted")
    def advance(case_id: UUID, wanted: dict[str, Any]) -> dict[str, Any]:
        with request_work() as work:
            work.follows(f"referral/{case_id}", wanted["version"])
            work.save(ADVANCE, (wanted["status"], case_id, wanted["version"]))
            work.announce(ReferralReceived(referral_id=case_id, organization_id=case_id))
        return {"id": str(case_id), "version": wanted["version"] + 1}

    public(advance)
    return create_app("spine", settings, unit, blueprints=[spine])


class Chain:
    """Chains what it hears by hash, a batch at a time."""

    @hears_everything
    def record(self, work: Work, arrivals: Sequence[Arrival]) -> None:
        row = work.tx.execute("SELECT n, hash FROM chain ORDER BY n DESC LIMIT 1").fetchone()
        n, last = (row["n"], row["hash"]) if row else (0, b"")
        rows = []
        for number, arrival in enumerate(arrivals, n + 1):
            envelope = arrival.envelope
            last = hashlib.sha256(last + envelope.raw).digest()
            rows.append((number, envelope.id, envelope.subject, envelope.sequence, envelope.time, envelope.raw, last))
        work.tx.execute(
            "INSERT INTO chain (n, event_id, subject, sequence, told_at, body, hash) SELECT * FROM unnest("
            "%s::bigint[], %s::uuid[], %s::text[], %s::bigint[], %s::timestamptz[], %s::bytea[], %s::bytea[])",
            [list(column) for column in zip(*rows, strict=True)],
        )


if __name__ == "__main__":
    service = os.environ["SPINE_SERVICE"]
    listens = service == "audit"
    main(
        Service(
            name=service,
            package="tests.benchmarks.spine",
            migrations=HERE,
            doors=Chain if listens else None,
            web=None if listens else app,
        )
    )
