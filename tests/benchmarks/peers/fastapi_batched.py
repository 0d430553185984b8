"""The peer: the same work with FastAPI, asyncpg and aio-pika, batched as we batch it.

python -m tests.benchmarks.peers.fastapi_batched api | relay | consumer
"""

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import aio_pika
import asyncpg
import uvicorn
import uvloop
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage
from fastapi import FastAPI, HTTPException

from tests.benchmarks.peers.letters import Advance, Event, Moved, letter

ADVANCE = """
WITH moved AS (
    UPDATE cases SET version = version + 1, status = $1
    WHERE id = $2 AND version = $3 AND status <> 'closed' RETURNING 1
)
INSERT INTO letters (id, type, body) SELECT $4::uuid, $5::text, $6::bytea FROM moved"""
TAKE = """
DELETE FROM letters WHERE seq IN (SELECT seq FROM letters ORDER BY seq LIMIT 500 FOR UPDATE)
RETURNING seq, id, type, body"""
REMEMBER = """
INSERT INTO inbox (event_id, source) SELECT DISTINCT ON (id) id, source
FROM unnest($1::uuid[], $2::text[]) AS told (id, source)
ON CONFLICT DO NOTHING RETURNING event_id"""
CHAIN = """
INSERT INTO chain (n, event_id, subject, sequence, told_at, body, hash) SELECT * FROM unnest(
    $1::bigint[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[], $6::bytea[], $7::bytea[])"""
MANY, PREFETCH, BATCH, LINGER = 200, 500, 200, 0.005
POLL_BUSY, POLL_IDLE = 0.002, 0.020


def a_pool(most: int) -> asyncpg.Pool:
    return asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=most)


def api() -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with a_pool(16) as app.state.pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/spine/cases/{case_id}")
    async def advance(case_id: UUID, wanted: Advance) -> Moved:
        told = letter(case_id, wanted.version + 1)
        if await app.state.pool.execute(ADVANCE, wanted.status, case_id, wanted.version, *told) != "INSERT 0 1":
            raise HTTPException(412)
        return Moved(id=case_id, version=wanted.version + 1)

    host, _, port = os.environ["HTTP_ADDRESS"].rpartition(":")
    uvicorn.run(app, host=host, port=int(port))


async def relay() -> None:
    """A window leaves at once; all of it is confirmed before it is forgotten."""
    link = await aio_pika.connect(os.environ["AMQP_URI"])
    channel = await link.channel(publisher_confirms=True, on_return_raises=True)
    exchange = await channel.get_exchange("referral.events", ensure=False)
    pause = POLL_BUSY
    async with link, a_pool(1) as pool, pool.acquire() as connection:
        while True:
            async with connection.transaction():
                rows = sorted(await connection.fetch(TAKE), key=lambda row: row["seq"])
                await asyncio.gather(*(publish(exchange, row) for row in rows))
            if len(rows) < MANY:
                pause = POLL_BUSY if rows else min(pause * 2, POLL_IDLE)
                await asyncio.sleep(pause)


async def publish(exchange: AbstractExchange, row: asyncpg.Record) -> None:
    message = aio_pika.Message(
        row["body"],
        message_id=str(row["id"]),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
    await exchange.publish(message, row["type"], mandatory=True)


async def consumer() -> None:
    link = await aio_pika.connect(os.environ["AMQP_URI"])
    channel = await link.channel()
    await channel.set_qos(prefetch_count=PREFETCH)
    queue = await channel.get_queue("audit.inbox.0", ensure=False)
    come: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    async with link, a_pool(1) as pool, pool.acquire() as connection:
        await queue.consume(come.put)
        while True:
            batch = await gather(come)
            await record(connection, batch)
            await batch[-1].ack(multiple=True)


async def gather(come: asyncio.Queue[AbstractIncomingMessage]) -> list[AbstractIncomingMessage]:
    """A batch closes when it is full, or some milliseconds after its first message."""
    batch = [await come.get()]
    try:
        async with asyncio.timeout(LINGER):
            while len(batch) < BATCH:
                batch.append(come.get_nowait() if not come.empty() else await come.get())
    except TimeoutError:
        pass
    return batch


async def record(connection: asyncpg.Connection, batch: Sequence[AbstractIncomingMessage]) -> None:
    events = [(Event.model_validate_json(message.body), message.body) for message in batch]
    ids, sources = [event.id for event, _ in events], [event.source for event, _ in events]
    async with connection.transaction():
        fresh = {row["event_id"] for row in await connection.fetch(REMEMBER, ids, sources)}
        await connection.execute("SELECT pg_advisory_xact_lock(1)")
        row = await connection.fetchrow("SELECT n, hash FROM chain ORDER BY n DESC LIMIT 1")
        n, last, rows = (row["n"], row["hash"], []) if row else (0, b"", [])
        for event, body in events:
            if event.id in fresh:
                fresh.discard(event.id)
                n, last = n + 1, hashlib.sha256(last + body).digest()
                rows.append((n, event.id, event.subject, int(event.sequence), event.time, body, last))
        await connection.execute(CHAIN, *map(list, zip(*rows, strict=True)))


if __name__ == "__main__":
    if sys.argv[1] == "api":
        api()
    else:
        uvloop.run({"relay": relay, "consumer": consumer}[sys.argv[1]]())
