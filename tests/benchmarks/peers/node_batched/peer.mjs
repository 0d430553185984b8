// The peer: the same work with fastify, pg and amqplib, batched as we batch it.
//
//     node peer.mjs api | relay | consumer
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import Ajv from "ajv";
import amqp from "amqplib";
import Fastify from "fastify";
import pg from "pg";

const UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
const TYPE = "referral.received.v1";
const [PREFETCH, WINDOW, MANY, BATCH, LINGER_MS, POLL_BUSY_MS, POLL_IDLE_MS] = [500, 500, 200, 200, 5, 2, 20];

const ADVANCE = `
WITH moved AS (
    UPDATE cases SET version = version + 1, status = $1
    WHERE id = $2 AND version = $3 AND status <> 'closed' RETURNING 1
)
INSERT INTO letters (id, type, body) SELECT $4::uuid, $5::text, $6::bytea FROM moved`;
const TAKE = `
DELETE FROM letters WHERE seq IN (SELECT seq FROM letters ORDER BY seq LIMIT ${WINDOW} FOR UPDATE)
RETURNING seq, id, type, body`;
const REMEMBER = `
INSERT INTO inbox (event_id, source) SELECT DISTINCT ON (id) id, source
FROM unnest($1::uuid[], $2::text[]) AS told (id, source)
ON CONFLICT DO NOTHING RETURNING event_id`;
const CHAIN = `
INSERT INTO chain (n, event_id, subject, sequence, told_at, body, hash) SELECT * FROM unnest(
    $1::bigint[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[], $6::bytea[], $7::bytea[])`;

const text = (more = {}) => ({ type: "string", ...more });
const uuid = text({ pattern: UUID });
const advance = {
  type: "object",
  required: ["version", "status"],
  properties: {
    version: { type: "integer", minimum: 0, maximum: 1_000_000 },
    status: text({ minLength: 2, maxLength: 32 }),
    note: { type: ["string", "null"], maxLength: 200 },
  },
};
const received = {
  type: "object",
  required: ["referral_id", "organization_id"],
  properties: { referral_id: uuid, organization_id: uuid },
};
const event = {
  type: "object",
  required: ["specversion", "id", "source", "type", "subject", "time", "sequence", "actor", "correlationid", "data"],
  properties: {
    specversion: { const: "1.0" },
    id: uuid,
    source: { const: "/lotsennetz/referral" },
    type: { const: TYPE },
    subject: text(),
    time: text(),
    sequence: text({ pattern: "^[0-9]{10}$" }),
    actor: text(),
    correlationid: uuid,
    dataclassification: text(),
    datacontenttype: text(),
    data: received,
  },
};
const moved = { type: "object", properties: { id: text(), version: { type: "integer" } } };

/** An id that sorts by time (RFC 9562, version 7). */
function newId() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function letter(caseId, sequence) {
  const id = newId();
  const document = {
    specversion: "1.0",
    id,
    source: "/lotsennetz/referral",
    type: TYPE,
    subject: `referral/${caseId}`,
    time: new Date().toISOString(),
    sequence: String(sequence).padStart(10, "0"),
    actor: "anonymous",
    correlationid: id,
    dataclassification: "internal",
    datacontenttype: "application/json",
    data: { referral_id: caseId, organization_id: caseId },
  };
  return [id, TYPE, Buffer.from(JSON.stringify(document))];
}

async function api() {
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
  const app = Fastify({ logger: true });
  const params = { type: "object", properties: { case_id: uuid } };
  app.post("/spine/cases/:case_id", { schema: { params, body: advance, response: { 200: moved } } }, async (request, reply) => {
    const { version, status } = request.body;
    const id = request.params.case_id;
    const values = [status, id, version, ...letter(id, version + 1)];
    const done = await pool.query({ name: "advance", text: ADVANCE, values });
    return done.rowCount === 1 ? { id, version: version + 1 } : reply.code(412).send({});
  });
  const [host, port] = process.env.HTTP_ADDRESS.split(":");
  await app.listen({ host, port: Number(port) });
}

/** A window leaves at once; all of it is confirmed before it is forgotten. */
async function relay() {
  const database = await oneConnection();
  const link = await amqp.connect(process.env.AMQP_URI);
  const channel = await link.createConfirmChannel();
  let returned = 0;
  channel.on("return", () => (returned += 1));
  let pause = POLL_BUSY_MS;
  for (;;) {
    await database.query("BEGIN");
    const { rows } = await database.query({ name: "take", text: TAKE });
    rows.sort((one, other) => Number(BigInt(one.seq) - BigInt(other.seq)));
    for (const row of rows) {
      const options = { persistent: true, mandatory: true, messageId: row.id, contentType: "application/json" };
      channel.publish("referral.events", row.type, row.body, options);
    }
    if (rows.length) await channel.waitForConfirms();
    if (returned) throw new Error("a letter came back");
    await database.query("COMMIT");
    if (rows.length < MANY) {
      pause = rows.length ? POLL_BUSY_MS : Math.min(pause * 2, POLL_IDLE_MS);
      await sleep(pause);
    }
  }
}

async function consumer() {
  const database = await oneConnection();
  const link = await amqp.connect(process.env.AMQP_URI);
  const channel = await link.createChannel();
  await channel.prefetch(PREFETCH);
  const check = new Ajv().compile(event);
  const come = [];
  let [wanted, wake] = [1, () => {}];
  await channel.consume("audit.inbox.0", (message) => {
    come.push(message);
    if (come.length >= wanted) wake();
  });
  const until = (count, milliseconds) => {
    if (come.length >= count) return null;
    wanted = count;
    const filled = new Promise((done) => (wake = done));
    return milliseconds ? Promise.race([filled, sleep(milliseconds)]) : filled;
  };
  for (;;) {
    await until(1);
    await until(BATCH, LINGER_MS);
    const batch = come.splice(0, BATCH);
    await record(database, batch, check);
    channel.ack(batch.at(-1), true);
  }
}

async function record(database, batch, check) {
  const events = batch.map(({ content }) => {
    const document = JSON.parse(content);
    if (!check(document)) throw new Error(JSON.stringify(check.errors));
    return [document, content];
  });
  await database.query("BEGIN");
  const values = [events.map(([one]) => one.id), events.map(([one]) => one.source)];
  const remembered = await database.query({ name: "remember", text: REMEMBER, values });
  const fresh = new Set(remembered.rows.map((row) => row.event_id));
  await database.query("SELECT pg_advisory_xact_lock(1)");
  const newest = (await database.query("SELECT n, hash FROM chain ORDER BY n DESC LIMIT 1")).rows[0];
  let n = newest ? Number(newest.n) : 0;
  let last = newest ? newest.hash : Buffer.alloc(0);
  const columns = [[], [], [], [], [], [], []];
  for (const [one, body] of events) {
    if (!fresh.delete(one.id)) continue;
    last = createHash("sha256").update(last).update(body).digest();
    n += 1;
    [n, one.id, one.subject, Number(one.sequence), one.time, body, last].forEach((value, at) => columns[at].push(value));
  }
  await database.query({ name: "chain", text: CHAIN, values: columns });
  await database.query("COMMIT");
}

async function oneConnection() {
  const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  return client;
}

await { api, relay, consumer }[process.argv[2]]();
