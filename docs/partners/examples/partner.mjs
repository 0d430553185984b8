// A partner's system on REST pull, whole: Node 18 or newer and nothing else. No package is needed.
//
//   NETWORK, TOKEN_URL, CLIENT_ID, CLIENT_KEY_FILE (or CLIENT_SECRET), PRIVATE_KEY_FILE   as you were given
//   node partner.mjs once      take what is new, work on it, end      |      node partner.mjs      until Ctrl-C
//
// As it stands it does what certification.md asks for; put your own program in the place of `decide`.
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

// --- speak: a no is final (Refused), everything else may be better later (Later) ---------------------------------------

class Refused extends Error {
  constructor(status, problem) {
    super(`${status} ${problem.slug}: ${problem.title}`);
    Object.assign(this, { status, problem });
  }
}
class Later extends Error {
  constructor(why, seconds) {
    super(`${why}; again later`);
    this.seconds = seconds;
  }
}

async function call(method, path, { body, headers = {} } = {}) {
  for (const renewed of [false, true]) {
    let answer, text;
    try {
      const sent = { authorization: `Bearer ${await bearer()}`, ...(body ? { "content-type": "application/json" } : {}), ...headers };
      answer = await fetch(NETWORK + path, {
        method, headers: sent, body: body && JSON.stringify(body), redirect: "error", signal: AbortSignal.timeout(45_000),
      });
      text = await answer.text();
    } catch (why) { throw new Later(why.message); }
    if (answer.status === 401 && !renewed) { token.until = 0; continue; } // it ended early: once more with a new one
    if ([408, 425, 429].includes(answer.status) || answer.status >= 500) {
      throw new Later(answer.status, Number(answer.headers.get("retry-after")) || undefined);
    }
    if (!answer.ok) throw new Refused(answer.status, parsed(text) ?? { slug: "unknown", title: "" });
    return text;
  }
}
function parsed(text) { try { return JSON.parse(text); } catch { return undefined; } }
async function json(...request) {
  const found = parsed(await call(...request));
  if (found === undefined) throw new Later("what came is not JSON");
  return found;
}

// --- what must survive a crash: the cursor, the notices taken, the cases, each with the answer that is being said --------------

const fresh = { cursor: 0, taken: {}, cases: {} };
const state = existsSync(STATE) ? readJson(STATE) : fresh;
function keep() { writeFileSync(`${STATE}.new`, JSON.stringify(state)); renameSync(`${STATE}.new`, STATE); }

function take(event) {
  if (event?.type !== "partner.notice.v1" || state.taken[event.id]) return; // unknown, or here before
  state.taken[event.id] = Date.now();
  const { kind, referral_id: id } = event.data ?? {};
  if (kind === "test" || typeof id !== "string") return;
  const found = (state.cases[id] ??= { id, heard: {} });
  Object.assign(found, { due: 0, tries: 0 });
  found.heard[kind] = true;
  if (kind === "question_answered" || kind === "data_corrected") delete found.dossier; // there is a new one
}

// --- look, fetch, answer ---------------------------------------------------------------------------------------------

const look = (one) => json("GET", `/partner/v1/referrals/${one.id}`);
const ownKeys = () => { const found = readJson(PRIVATE_KEY_FILE); return found.keys ?? [found]; };

async function dossierOf(one, referral) { // once: each fetch is a disclosure
  if (one.dossier) return one.dossier;
  const sealed = await call("GET", referral.dossier);
  try { one.dossier = JSON.parse(open(sealed, ownKeys())); } catch (why) { throw new Later(`dossier: ${why.message}`, 5); }
  keep();
  return one.dossier;
}

async function say(one, action, body = {}) { // one key for each answer, for ever, written down before it is said
  one.saying ??= { action, body, key: randomUUID() };
  keep();
  for (;;) {
    const { version } = await look(one);
    try {
      const headers = { "if-match": `"${version}"`, "idempotency-key": one.saying.key };
      const done = await json("POST", `/partner/v1/referrals/${one.id}/actions/${action}`, { body, headers });
      delete one.saying;
      keep();
      console.log(`${done.reference} ${action}: ${done.status}`);
      return done;
    } catch (no) {
      if (no.status === 412) continue; // changed since we looked: look again, same key
      if (no instanceof Refused) delete one.saying; // Later leaves it there: nobody knows whether it arrived
      throw no;
    }
  }
}

async function sealed(words) {
  const { keys } = await json("GET", "/partner/.well-known/jwks.json");
  return seal(words, keys.find((one) => one.use === "enc")); // the others sign
}

async function work(one) {
  if (one.saying) { // an answer whose answer was lost: say it again, whatever the referral looks like now
    const { action, body } = one.saying;
    try { await say(one, action, body); } catch (no) { if (!(no instanceof Refused)) throw no; console.error(`${one.id}: ${no.message}`); }
  }
  let referral = await look(one);
  const may = (action) => referral.allowed_actions.includes(action);
  if (may("acknowledge_stop") || may("state_deletion")) { // let go what you imported, then say so
    delete one.dossier;
    keep();
  }
  if (may("acknowledge_stop")) referral = await say(one, "acknowledge_stop");
  if (may("state_deletion")) referral = await say(one, "state_deletion", { deletion: "deleted" });
  if (may("receive")) referral = await say(one, "receive");
  await decide(one, referral);
}

// --- the office: here your own program, or a clerk, decides -----------------------------------------------------------

const today = () => new Date().toLocaleDateString("sv-SE", { timeZone: "Europe/Berlin" }); // days are days in Germany

async function decide(one, referral) {
  const may = (action) => referral.allowed_actions.includes(action);
  if (may("start")) referral = await say(one, "start", { first_contact_on: today() });
  if (may("complete")) await say(one, "complete", { outcome: "ADVICE_GIVEN" });
  if (!may("accept")) return; // ended, or this partner may say no more than that it came
  const dossier = await dossierOf(one, referral);
  const wanted = dossier.person?.family_name?.split("-").pop(); // a made-up person's name says what to try
  if (wanted === "HOLD") return;
  if (wanted === "REJECT") return void await say(one, "reject", { reason: "NOT_COMPETENT" });
  if (wanted === "ACCEPT" || one.heard.question_answered) {
    referral = await say(one, "accept");
    return wanted === "ACCEPT" ? decide(one, referral) : undefined;
  }
  if (may("ask")) await say(one, "ask", { question: "LANGUAGE_LEVEL", sealed_comment: await sealed("Welches Niveau, bitte?") });
}

// --- turn by turn: hear, say that it is ours, work on what is due ----------------------------------------------------

async function turn(wait) {
  const waiting = Object.values(state.cases).some((one) => one.due !== undefined);
  try {
    const page = await json("GET", `/partner/v1/events?after=${state.cursor}&limit=100&wait=${waiting ? Math.min(wait, 1) : wait}`);
    page.events.forEach(take);
    keep();
    if (page.events.length) { // only now that it is written down
      await json("POST", "/partner/v1/acknowledgements", { body: { cursor: page.cursor } });
      state.cursor = page.cursor;
      keep();
    }
  } catch (why) {
    console.error(`feed: ${why.message}`);
    if (why.problem?.slug === "feed.cursor-ahead") state.cursor = 0; // another sandbox, a restored backup: ids tell what we had
    await new Promise((done) => setTimeout(done, 1000 * (why.seconds ?? 2)));
  }
  for (const one of Object.values(state.cases)) {
    if (!(one.due <= Date.now())) continue;
    try { await work(one); delete one.due; } catch (why) { // one that cannot be worked on holds up no other
      console.error(`${one.id}: ${why.message}`);
      if (why instanceof Refused) delete one.due; // final: show it to a clerk
      else one.due = Date.now() + 1000 * (why.seconds ?? Math.min(60, 2 ** (one.tries += 1)));
    }
    keep();
  }
  return Object.values(state.cases).some((one) => one.due !== undefined);
}

if (process.argv[2] === "once") while (await turn(0)) await new Promise((done) => setTimeout(done, 500));
else for (;;) await turn(25);
