// A receiver of webhooks, whole: Node 18 or newer and nothing else. It verifies, writes down, answers - in this order.
//
//   WEBHOOK_SECRET=whsec_... PORT=8080 node webhook.mjs        (TLS and the public address are your proxy's)
import { createHmac, timingSafeEqual } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";

const { WEBHOOK_SECRET, PORT = "8080", JOURNAL = "notices.ndjson" } = process.env;
const key = Buffer.from(WEBHOOK_SECRET.replace(/^whsec_/, ""), "base64");
const LARGEST = 64 * 1024;
const known = new Set(existsSync(JOURNAL) ? readFileSync(JOURNAL, "utf8").trim().split("\n").filter(Boolean).map((line) => JSON.parse(line).id) : []);

function isGenuine(headers, body) {
  const [id, at, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => headers[name] ?? "");
  if (!(Math.abs(Date.now() / 1000 - Number(at)) < 300)) return false; // old or of the future: a repetition by somebody
  const expected = createHmac("sha256", key).update(`${id}.${at}.`).update(body).digest();
  return signatures.split(" ").some((one) => { // several while the secret changes: one that fits is enough
    const given = Buffer.from(one.replace(/^v1,/, ""), "base64");
    return one.startsWith("v1,") && given.length === expected.length && timingSafeEqual(given, expected);
  });
}

createServer((request, answer) => {
  const pieces = [];
  let size = 0;
  request.on("data", (piece) => { size += piece.length; if (size > LARGEST) request.destroy(); else pieces.push(piece); });
  request.on("end", () => {
    const body = Buffer.concat(pieces); // the bytes as they came: parsed and written anew they would not verify
    if (request.method !== "POST" || !isGenuine(request.headers, body)) return answer.writeHead(401).end();
    const notice = JSON.parse(body);
    if (!known.has(notice.id)) { // the same notice may come again, under the same id
      appendFileSync(JOURNAL, `${JSON.stringify(notice)}\n`, { flush: true });
      known.add(notice.id);
      console.log(`${notice.data.kind} ${notice.data.reference ?? ""}`);
    }
    answer.writeHead(204).end(); // quickly: the work is done from the journal, after this
  });
}).listen(Number(PORT), "127.0.0.1", () => console.log("listening"));
