// A partner's own queue: read notices, send one answer by queue, wait for its result. Node 18 or newer, `npm install amqplib`.
//
//   AMQP_HOST (host:port), AMQP_VHOST, AMQP_USER, AMQP_PASSWORD, AMQP_CA_FILE (none: no TLS, on this machine only),
//   ORGANIZATION_ID as you were given.
//
//   node by_queue.mjs read                                     every notice that waits, one JSON a line
//   node by_queue.mjs say REFERRAL VERSION ACTION '{...}'      sends it, prints what comes until its result
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import amqp from "amqplib";

const { AMQP_HOST, AMQP_VHOST = "lotsennetz", AMQP_USER, AMQP_PASSWORD, AMQP_CA_FILE, ORGANIZATION_ID } = process.env;
const [hostname, port] = AMQP_HOST.split(":");
if (!AMQP_CA_FILE && !["localhost", "127.0.0.1"].includes(hostname)) {
  console.error(`AMQP_CA_FILE: missing; to ${hostname} only by TLS, or the password travels in the clear`);
  process.exit(1);
}
const NOTICES = `partner.${ORGANIZATION_ID}.notices`;

const connection = await amqp.connect(
  {
    protocol: AMQP_CA_FILE ? "amqps" : "amqp", hostname, port: Number(port ?? 5671), vhost: AMQP_VHOST,
    username: AMQP_USER, password: AMQP_PASSWORD, heartbeat: 20,
  },
  // the certificate is checked against this authority and the host's name
  AMQP_CA_FILE ? { ca: [readFileSync(AMQP_CA_FILE)], servername: hostname, timeout: 5_000 } : { timeout: 5_000 },
);
const channel = await connection.createConfirmChannel(); // a command counts as sent when the broker has it

// One message after the other; it is acknowledged when the caller comes back for the next, not before.
async function* taken() {
  for (let message; (message = await channel.get(NOTICES)); channel.ack(message)) yield JSON.parse(message.content);
}

async function say(referral, version, action, data) {
  const command = {
    specversion: "1.0",
    id: randomUUID(), // the idempotency key: write it down before you send, send it again under the same
    source: `/partners/${ORGANIZATION_ID}`,
    type: `partner.${action}.v1`,
    subject: `referral/${referral}`,
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    expectedversion: version,
    data,
  };
  const options = {
    contentType: "application/cloudevents+json", persistent: true, mandatory: true, messageId: command.id,
    userId: AMQP_USER, // who says it: the broker compares it with the connection's user
  };
  channel.publish(`partner.${ORGANIZATION_ID}.commands`, command.type, Buffer.from(JSON.stringify(command)), options);
  await channel.waitForConfirms();
  return command.id;
}

const [verb, referral, version, action, data] = process.argv.slice(2);
if (verb === "read") {
  for await (const event of taken()) console.log(JSON.stringify(event));
} else {
  const sent = await say(referral, Number(version), action, JSON.parse(data));
  for (let result, until = Date.now() + 30_000; !result && Date.now() < until; await new Promise((done) => setTimeout(done, 200))) {
    for await (const event of taken()) {
      console.log(JSON.stringify(event)); // notices come through the same queue: none may be lost
      if (event.type === "partner.command_result.v1" && event.data.command_id === sent) result = event.data;
    }
  }
}
await channel.close(); // what was acknowledged is on its way before the connection ends
await connection.close();
