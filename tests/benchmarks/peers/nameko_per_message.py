# ruff: noqa: E402 - the process has to be green before anything else is imported
"""The peer: the same work the way nameko's documentation shows it - one message, one worker, one transaction.

python -m tests.benchmarks.peers.nameko_per_message api | relay | consumer
"""

import os

os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_select")
import eventlet

eventlet.monkey_patch()

import hashlib
import json
import signal
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from kombu import Exchange, Queue
from marshmallow import Schema, fields, validate
from nameko.extensions import DependencyProvider
from nameko.messaging import Publisher, consume
from nameko.runners import ServiceRunner
from nameko.timer import timer
from nameko.web.handlers import http
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool
from uuid6 import uuid7
from werkzeug.wrappers import Request, Response

EVENTS = Exchange("referral.events", type="topic", durable=True, passive=True)
INBOX = Queue("audit.inbox.0", EVENTS, routing_key="#", no_declare=True)


class Advance(Schema):
    version = fields.Integer(required=True, validate=validate.Range(min=0, max=1_000_000))
    status = fields.String(required=True, validate=validate.Length(min=2, max=32))
    note = fields.String(load_default=None, validate=validate.Length(max=200))


class Received(Schema):
    referral_id = fields.UUID(required=True)
    organization_id = fields.UUID(required=True)


ADVANCE, RECEIVED = Advance(), Received()


class Db(DependencyProvider):  # type: ignore[misc]
    """A pool, injected the way nameko injects things."""

    def setup(self) -> None:
        kwargs = {"row_factory": dict_row}
        self.pool = ConnectionPool(os.environ["DATABASE_URL"], kwargs=kwargs, min_size=2, max_size=16, open=True)

    def stop(self) -> None:
        self.pool.close()

    def get_dependency(self, worker_ctx: Any) -> ConnectionPool[Any]:
        return self.pool


class Api:
    name = "referral_api"
    db = Db()

    @http("POST", "/spine/cases/<uuid:case_id>")  # type: ignore[untyped-decorator]
    def advance(self, request: Request, case_id: UUID) -> Response:
        wanted: Any = ADVANCE.load(json.loads(request.get_data()))
        with self.db.connection() as connection:
            row = connection.execute("SELECT version, status FROM cases WHERE id = %s", (case_id,)).fetchone()
            if row is None or row["version"] != wanted["version"]:
                return Response("{}", status=412)
            changed = connection.execute(
                "UPDATE cases SET version = version + 1, status = %s WHERE id = %s AND version = %s",
                (wanted["status"], case_id, wanted["version"]),
            ).rowcount
            if changed != 1:
                return Response("{}", status=412)
            connection.execute(
                "INSERT INTO letters (id, type, body) VALUES (%s, %s, %s)", self.letter(case_id, wanted["version"] + 1)
            )
        answer = json.dumps({"id": str(case_id), "version": wanted["version"] + 1})
        return Response(answer, mimetype="application/json")

    def letter(self, case_id: UUID, sequence: int) -> tuple[UUID, str, bytes]:
        event_id = UUID(int=uuid7().int)
        document = {
            "specversion": "1.0",
            "id": str(event_id),
            "source": "/lotsennetz/referral",
            "type": "referral.received.v1",
            "subject": f"referral/{case_id}",
            "time": datetime.now(UTC).isoformat(),
            "sequence": f"{sequence:010d}",
            "actor": "anonymous",
            "correlationid": str(event_id),
            "dataclassification": "internal",
            "datacontenttype": "application/json",
            "data": RECEIVED.dump({"referral_id": case_id, "organization_id": case_id}),
        }
        return event_id, "referral.received.v1", json.dumps(document).encode()


class Relay:
    name = "referral_relay"
    db = Db()
    publish = Publisher(exchange=EVENTS, mandatory=True)

    @timer(interval=0.01)  # type: ignore[untyped-decorator]
    def relay(self) -> None:
        """Every letter is confirmed before the next leaves, as nameko's publisher does it."""
        with self.db.connection() as connection:
            rows = connection.execute("SELECT seq, id, type, body FROM letters ORDER BY seq LIMIT 100").fetchall()
            for row in rows:
                self.publish(json.loads(row["body"]), routing_key=row["type"], message_id=str(row["id"]))
            if rows:
                connection.execute("DELETE FROM letters WHERE seq = ANY(%s)", ([row["seq"] for row in rows],))


class Consumer:
    name = "audit"
    db = Db()

    @consume(INBOX)  # type: ignore[untyped-decorator]
    def record(self, document: Any) -> None:
        RECEIVED.load(document["data"])
        with self.db.connection() as connection:
            fresh = connection.execute(
                "INSERT INTO inbox (event_id, source) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING 1",
                (document["id"], document["source"]),
            ).fetchone()
            if fresh is None:
                return
            connection.execute("SELECT pg_advisory_xact_lock(1)")
            last = connection.execute("SELECT n, hash FROM chain ORDER BY n DESC LIMIT 1").fetchone()
            raw = json.dumps(document, sort_keys=True).encode()
            connection.execute(
                "INSERT INTO chain (n, event_id, subject, sequence, told_at, body, hash)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (
                    (last["n"] if last else 0) + 1,
                    document["id"],
                    document["subject"],
                    int(document["sequence"]),
                    document["time"],
                    raw,
                    hashlib.sha256((last["hash"] if last else b"") + raw).digest(),
                ),
            )


def main() -> None:
    roles = {"api": Api, "relay": Relay, "consumer": Consumer}
    runner = ServiceRunner(
        {
            "AMQP_URI": os.environ["AMQP_URI"],
            "WEB_SERVER_ADDRESS": os.environ.get("HTTP_ADDRESS", "127.0.0.1:0"),
            "max_workers": 16 if sys.argv[1] == "api" else 10,
        }
    )
    runner.add_service(roles[sys.argv[1]])
    signal.signal(signal.SIGTERM, lambda *_: eventlet.spawn_n(runner.stop))
    runner.start()
    waiting = eventlet.spawn(runner.wait)
    while True:
        try:
            waiting.wait()
        except InterruptedError:
            continue
        return


if __name__ == "__main__":
    main()
