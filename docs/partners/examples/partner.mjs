// A partner's system on REST pull, whole: Node 18 or newer and nothing else. No package is needed.
//
//   NETWORK, TOKEN_URL, CLIENT_ID, CLIENT_KEY_FILE (or CLIENT_SECRET), PRIVATE_KEY_FILE   as you were given
//   node partner.mjs once      take what is new, answer it, end      |      node partner.mjs      until Ctrl-C
import { createPrivateKey, randomUUID, sign } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { open, seal } from "./jose.mjs";

const { NETWORK, TOKEN_URL, CLIENT_ID, CLIENT_SECRET, CLIENT_KEY_FILE, PRIVATE_KEY_FILE, STATE = "state.json" } = process.env;
const b64 = (bytes) => Buffer.from(bytes).toString("base64url");
const readJson = (file) => JSON.parse(readFileSync(file, "utf8"));

// --- sign in ---------------------------------------------------------------------------------------------------------

let token = { value: "", until: 0 };

function assertion() {
  const jwk = readJson(CLIENT_KEY_FILE);
  const now = Math.floor(Date.now() / 1000);
  const header = b64(JSON.stringify({ alg: "ES256", kid: jwk.kid }));
  const claims = b64(JSON.stringify({ iss: CLIENT_ID, sub: CLIENT_ID, aud: TOKEN_URL, jti: randomUUID(), iat: now, exp: now + 60 }));
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  const signature = sign("sha256", Buffer.from(`${header}.${claims}`), { key, dsaEncoding: "ieee-p1363" });
  return `${header}.${claims}.${b64(signature)}`;
}

async function bearer() {
  if (Date.now() < token.until) return token.value;
  const form = new URLSearchParams({ grant_type: "client_credentials" });
  const headers = {};
  if (CLIENT_KEY_FILE) {
    form.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    form.set("client_assertion", assertion());
  } else {
    headers.authorization = `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString("base64")}`;
  }
  const answer = await fetch(TOKEN_URL, { method: "POST", body: form, headers });
  if (!answer.ok) throw new Error(`no token: ${answer.status} ${await answer.text()}`);
  const { access_token, expires_in } = await answer.json();
  token = { value: access_token, until: Date.now() + (expires_in - 30) * 1000 };
  return token.value;
}

// --- speak -----------------------------------------------------------------------------------------------------------

class Refused extends Error {
  constructor(status, problem) {
    super(`${status} ${problem.slug}: ${problem.title}`);
    Object.assign(this, { status, problem });
  }
}

async function call(method, path, { body, headers = {} } = {}) {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await fetch(NETWORK + path, {
      method,
      redirect: "error",
      headers: { authorization: `Bearer ${await bearer()}`, ...(body ? { "content-type": "application/json" } : {}), ...headers },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    });
    if (answer.ok) return /json/.test(answer.headers.get("content-type")) ? answer.json() : answer.text();
    if (answer.status === 401 && attempt === 0) { token.until = 0; continue; } // the token ended early: once more
    if ([429, 500, 502, 503, 504].includes(answer.status) && attempt < 8) { // nothing was decided: again, same key
      await new Promise((done) => setTimeout(done, 1000 * Number(answer.headers.get("retry-after") ?? 2 ** attempt)));
      continue;
    }
    throw new Refused(answer.status, await answer.json().catch(() => ({ slug: "unknown", title: "" })));
  }
}

const ownKeys = () => { const found = readJson(PRIVATE_KEY_FILE); return found.keys ?? [found]; };

// --- what must survive a crash: the cursor, notices taken, answers planned under their keys -------------------------

const state = existsSync(STATE) ? readJson(STATE) : { cursor: 0, taken: {}, answers: [] };
function keep() { writeFileSync(`${STATE}.new`, JSON.stringify(state)); renameSync(`${STATE}.new`, STATE); }

const planned = (referral, action, body = {}) => ({ key: randomUUID(), referral, action, body });

async function say(answer) {
  for (;;) {
    const { version } = await call("GET", `/partner/v1/referrals/${answer.referral}`);
    try {
      return await call("POST", `/partner/v1/referrals/${answer.referral}/actions/${answer.action}`, {
        body: answer.body,
        headers: { "if-match": `"${version}"`, "idempotency-key": answer.key },
      });
    } catch (no) {
      if (no.status !== 412) throw no; // changed since we looked: look again, same key
    }
  }
}

// --- the office: put your own program here --------------------------------------------------------------------------

async function decide(notice) {
  if (notice.kind === "test") return [];
  const referral = await call("GET", `/partner/v1/referrals/${notice.referral_id}`);
  const may = (action) => referral.allowed_actions.includes(action);
  const owed = referral.duties.map((one) => one.duty); // data of ours must go: let it go, then say so
  const answers = [];
  if (owed.includes("acknowledge_stop")) answers.push(planned(referral.id, "acknowledge_stop"));
  if (owed.includes("state_deletion")) answers.push(planned(referral.id, "state_deletion", { deletion: "deleted" }));
  if (notice.kind !== "referral_requested" || !may("receive")) return answers;
  answers.push(planned(referral.id, "receive"));
  const dossier = JSON.parse(open(await call("GET", referral.dossier), ownKeys()));
  console.log(`${referral.reference}: ${referral.topic}, ${Object.keys(dossier.person ?? dossier.employer).length} fields`);
  if (!may("ask")) return answers; // this partner may say no more than that it came
  const { keys } = await call("GET", "/partner/.well-known/jwks.json");
  const sealed_comment = seal("Welches Niveau, bitte?", keys.find((one) => one.use === "enc"));
  return [...answers, planned(referral.id, "ask", { question: "LANGUAGE_LEVEL", sealed_comment })];
}

async function turn(wait) {
  const page = await call("GET", `/partner/v1/events?after=${state.cursor}&limit=100&wait=${wait}`);
  for (const event of page.events) {
    if (event.type !== "partner.notice.v1" || state.taken[event.id]) continue; // unknown, or here before
    try { state.answers.push(...await decide(event.data)); } catch (no) {
      if (!(no instanceof Refused)) throw no;
      console.error(`${event.data.reference}: ${no.message}`); // show it to a clerk; asking again changes nothing
    }
    state.taken[event.id] = true; // with its answers in one write: a crash repeats all of it or nothing
    keep();
  }
  while (state.answers.length) {
    const [answer] = state.answers;
    try { console.log(`${answer.action}: ${(await say(answer)).status}`); } catch (no) {
      if (!(no instanceof Refused)) throw no;
      console.error(`${answer.action}: ${no.message}`);
    }
    state.answers.shift();
    keep();
  }
  if (page.cursor > state.cursor) { // everything is ours now: only then say so
    await call("POST", "/partner/v1/acknowledgements", { body: { cursor: page.cursor } });
    state.cursor = page.cursor;
    keep();
  }
  return page.events.length;
}

if (process.argv[2] === "once") while (await turn(0));
else if (process.argv[1]?.endsWith("partner.mjs")) for (;;) await turn(25);
