"""The peer: the same work with FastAPI and FastStream as their documentation shows it - one message, one transaction.

python -m tests.benchmarks.peers.fastapi_faststream api | relay | consumer
"""

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import uvicorn
import uvloop
from fastapi import FastAPI, HTTPException
from faststream import FastStream
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitMessage, RabbitQueue

from tests.benchmarks.peers.letters import Advance, Event, Moved, letter

EVENTS = RabbitExchange("referral.events", type=ExchangeType.TOPIC, durable=True, declare=False)
INBOX = RabbitQueue("audit.inbox.0", durable=True, declare=False)
PREFETCH = 500


def a_pool() -> asyncpg.Pool:
    return asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=2, max_size=16)


def api() -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with a_pool() as app.state.pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/spine/cases/{case_id}")
    async def advance(case_id: UUID, wanted: Advance) -> Moved:
        async with app.state.pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow("SELECT version, status FROM cases WHERE id = $1", case_id)
            if row is None or row["version"] != wanted.version or row["status"] == "closed":
                raise HTTPException(412)
            changed = await connection.execute(
                "UPDATE cases SET version = version + 1, status = $1 WHERE id = $2 AND version = $3",
                wanted.status,
                case_id,
                wanted.version,
            )
            if changed != "UPDATE 1":
                raise HTTPException(412)
            await connection.execute(
                "INSERT INTO letters (id, type, body) VALUES ($1, $2, $3)", *letter(case_id, wanted.version + 1)
            )
        return Moved(id=case_id, version=wanted.version + 1)

    host, _, port = os.environ["HTTP_ADDRESS"].rpartition(":")
    uvicorn.run(app, host=host, port=int(port))


async def relay() -> None:
    """Every letter is confirmed before the next leaves, as publishing is documented."""
    broker = RabbitBroker(os.environ["AMQP_URI"], default_channel=Channel(on_return_raises=True))
    async with a_pool() as pool, broker:
        while True:
            async with pool.acquire() as connection, connection.transaction():
                rows = await connection.fetch("SELECT seq, id, type, body FROM letters ORDER BY seq LIMIT 100")
                for row in rows:
                    await broker.publish(
                        row["body"],
                        exchange=EVENTS,
                        routing_key=row["type"],
                        message_id=str(row["id"]),
                        content_type="application/json",
                        persist=True,
                        mandatory=True,
                    )
                if rows:
                    sent = [row["seq"] for row in rows]
                    await connection.execute("DELETE FROM letters WHERE seq = ANY($1)", sent)
            if not rows:
                await asyncio.sleep(0.01)


async def consumer() -> None:
    broker = RabbitBroker(os.environ["AMQP_URI"], default_channel=Channel(prefetch_count=PREFETCH))
    async with a_pool() as pool:

        @broker.subscriber(INBOX)
        async def record(event: Event, message: RabbitMessage) -> None:
            async with pool.acquire() as connection, connection.transaction():
                fresh = await connection.fetchval(
                    "INSERT INTO inbox (event_id, source) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1",
                    event.id,
                    event.source,
                )
                if fresh is not None:
                    await chain(connection, event, message.body)

        await FastStream(broker).run()


async def chain(connection: asyncpg.Connection, event: Event, body: bytes) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock(1)")
    last = await connection.fetchrow("SELECT n, hash FROM chain ORDER BY n DESC LIMIT 1")
    await connection.execute(
        "INSERT INTO chain (n, event_id, subject, sequence, told_at, body, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        (last["n"] if last else 0) + 1,
        event.id,
        event.subject,
        int(event.sequence),
        event.time,
        body,
        hashlib.sha256((last["hash"] if last else b"") + body).digest(),
    )


if __name__ == "__main__":
    if sys.argv[1] == "api":
        api()
    else:
        uvloop.run({"relay": relay, "consumer": consumer}[sys.argv[1]]())
