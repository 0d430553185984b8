"""A partner's system on REST pull, whole: Python 3.11 or newer, `joserfc` and `requests`.

NETWORK, TOKEN_URL, CLIENT_ID, CLIENT_KEY_FILE (or CLIENT_SECRET), PRIVATE_KEY_FILE as you were given.
`python partner.py once`: take what is new, work on it, end. `python partner.py`: until Ctrl-C.

As it stands it does what certification.md asks for; put your own program in the place of `decide`.
"""

import json
import os
import sys
import time
from base64 import urlsafe_b64decode
from datetime import datetime
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import requests
from joserfc import jwe, jwt
from joserfc.jwk import JWKRegistry, KeySet

NETWORK, TOKEN_URL, CLIENT_ID = (os.environ[name] for name in ("NETWORK", "TOKEN_URL", "CLIENT_ID"))
ALGORITHMS = ["RSA-OAEP-256", "ECDH-ES+A256KW", "A256GCM"]  # and no other
STATE = Path(os.environ.get("STATE", "state.json"))
http = requests.Session()
token = {"value": "", "until": 0.0}


class RefusedError(Exception):
    """The network said no, and would again."""

    def __init__(self, status, problem):
        super().__init__(f"{status} {problem.get('slug')}: {problem.get('title')}")
        self.status, self.slug = status, problem.get("slug")


class LaterError(Exception):
    """Nothing is decided: the same may go well later."""

    def __init__(self, why, seconds=None):
        super().__init__(f"{why}; again later")
        self.seconds = seconds


def bearer():
    if time.time() < token["until"]:
        return token["value"]
    form, auth = {"grant_type": "client_credentials"}, None
    if file := os.environ.get("CLIENT_KEY_FILE"):
        key = JWKRegistry.import_key(json.loads(Path(file).read_text()))
        now = int(time.time())
        claims = {"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": TOKEN_URL}
        claims |= {"jti": str(uuid4()), "iat": now, "exp": now + 60}
        form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        form["client_assertion"] = jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)
    else:
        auth = (CLIENT_ID, os.environ["CLIENT_SECRET"])
    answer = http.post(TOKEN_URL, data=form, auth=auth, timeout=20)
    answer.raise_for_status()
    token.update(value=answer.json()["access_token"], until=time.time() + answer.json()["expires_in"] - 30)
    return token["value"]


def call(method, path, body=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    for renewed in (False, True):
        try:
            headers["Authorization"] = f"Bearer {bearer()}"
            answer = http.request(method, NETWORK + path, json=body, headers=headers, timeout=45, allow_redirects=False)
        except (requests.RequestException, ValueError) as why:
            raise LaterError(type(why).__name__) from why
        if answer.status_code != 401 or renewed:
            break
        token["until"] = 0  # it ended early: once more with a new one
    if answer.status_code in (408, 425, 429) or answer.status_code >= 500:
        raise LaterError(answer.status_code, float(answer.headers.get("Retry-After", 0)) or None)
    if answer.status_code >= 300:
        raise RefusedError(answer.status_code, parsed(answer.text) or {})
    return answer.text


def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def call_json(*request, **headers):
    if (found := parsed(call(*request, **headers))) is None:
        raise LaterError("what came is not JSON")
    return found


class Roomy(jwe.JWERegistry):
    max_ciphertext_length = 4_000_000  # joserfc alone opens nothing above 64 kilobytes


def open_sealed(sealed):
    header = sealed.strip().partition(".")[0]
    if "zip" in json.loads(urlsafe_b64decode(header + "==")):
        raise ValueError("compressed")  # the network never does that: what unpacks may fill the memory
    found = json.loads(Path(os.environ["PRIVATE_KEY_FILE"]).read_text())
    keys = KeySet.import_key_set({"keys": found.get("keys", [found])})
    return json.loads(jwe.decrypt_compact(sealed.strip(), keys, registry=Roomy(algorithms=ALGORITHMS)).plaintext)


def seal(words):
    found = http.get(f"{NETWORK}/partner/.well-known/jwks.json", timeout=20).json()["keys"]
    key = JWKRegistry.import_key(next(one for one in found if one["use"] == "enc"))  # the others sign
    header = {"alg": "RSA-OAEP-256" if key.key_type == "RSA" else "ECDH-ES+A256KW", "enc": "A256GCM", "kid": key.kid}
    return jwe.encrypt_compact(header, words.encode(), key, algorithms=ALGORITHMS)


# --- what must survive a crash: the cursor, the notices taken, the cases, each with the answer that is being said

state = json.loads(STATE.read_text()) if STATE.exists() else {"cursor": 0, "taken": {}, "cases": {}}


def keep():
    draft = STATE.with_suffix(".new")
    draft.write_text(json.dumps(state))
    draft.replace(STATE)


def take(event):
    number, data = (event.get("id"), event.get("data")) if isinstance(event, dict) else (None, None)
    if not isinstance(number, str) or not isinstance(data, dict) or event.get("type") != "partner.notice.v1":
        return  # nothing we know, or nothing anybody can read
    if number in state["taken"]:
        return  # here before
    state["taken"][number] = time.time()
    kind, referral = data.get("kind"), data.get("referral_id")
    if kind == "test" or not isinstance(referral, str):
        return
    one = state["cases"].setdefault(referral, {"id": referral, "heard": []})
    one |= {"due": 0, "tries": 0, "heard": [*one["heard"], kind]}
    if kind in ("question_answered", "data_corrected"):
        one.pop("dossier", None)  # there is a new one


# --- look, fetch, answer


def look(one):
    return call_json("GET", f"/partner/v1/referrals/{one['id']}")


def dossier_of(one, referral):
    if "dossier" not in one:  # once: each fetch is a disclosure
        sealed = call("GET", referral["dossier"])
        try:
            one["dossier"] = open_sealed(sealed)
        except Exception as why:  # whatever is wrong with it: none of it is used
            raise LaterError(f"dossier: {type(why).__name__}", 5) from why
        keep()
    return one["dossier"]


def say(one, action, **body):
    one.setdefault("saying", {"action": action, "body": body, "key": str(uuid4())})
    keep()  # one key for each answer, for ever, written down before it is said
    while True:
        path, version = f"/partner/v1/referrals/{one['id']}/actions/{action}", look(one)["version"]
        try:
            done = call_json("POST", path, body, If_Match=f'"{version}"', Idempotency_Key=one["saying"]["key"])
        except RefusedError as no:
            if no.status == 412:  # changed since we looked: look again, same key
                continue
            del one["saying"]  # after LaterError it stays: nobody knows whether it arrived
            raise
        del one["saying"]
        keep()
        print(f"{done['reference']} {action}: {done['status']}", flush=True)
        return done


def say_again(one):
    """An answer whose answer was lost is said again, whatever the referral looks like now."""
    try:
        say(one, one["saying"]["action"], **one["saying"]["body"])
    except RefusedError as no:
        print(f"{one['id']}: {no}", file=sys.stderr)


def work(one):
    if "saying" in one:
        say_again(one)
    referral = look(one)
    if {"acknowledge_stop", "state_deletion"} & {*referral["allowed_actions"]}:
        one.pop("dossier", None)  # let go what you imported, then say so
    if "acknowledge_stop" in referral["allowed_actions"]:
        referral = say(one, "acknowledge_stop")
    if "state_deletion" in referral["allowed_actions"]:
        referral = say(one, "state_deletion", deletion="deleted")
    if "receive" in referral["allowed_actions"]:
        referral = say(one, "receive")
    decide(one, referral)


# --- the office: here your own program, or a clerk, decides


def decide(one, referral):
    if "start" in referral["allowed_actions"]:
        referral = say(one, "start", first_contact_on=datetime.now(ZoneInfo("Europe/Berlin")).date().isoformat())
    if "complete" in referral["allowed_actions"]:
        say(one, "complete", outcome="ADVICE_GIVEN")
    if "accept" in referral["allowed_actions"]:  # otherwise it ended, or we may say no more than that it came
        judge(one, referral)


def judge(one, referral):
    name = dossier_of(one, referral).get("person", {}).get("family_name", "")
    wanted = name.rpartition("-")[2]  # a made-up person's name says what to try
    if wanted == "REJECT":
        say(one, "reject", reason="OTHER", sealed_comment=seal("Nur ein Versuch."))
    elif wanted == "ASK" and "question_answered" not in one["heard"]:
        if "ask" in referral["allowed_actions"]:
            say(one, "ask", question="LANGUAGE_LEVEL")
    elif wanted != "HOLD":
        referral = say(one, "accept")
        if wanted == "ACCEPT":
            decide(one, referral)


# --- turn by turn: hear, say that it is ours, work on what is due


def is_waiting():
    return any("due" in one for one in state["cases"].values())


def turn(wait):
    wait = min(wait, 1) if is_waiting() else wait
    try:
        page = call_json("GET", f"/partner/v1/events?after={state['cursor']}&limit=100&wait={wait}")
        for event in page["events"]:
            take(event)
        keep()
        if page["events"]:  # only now that it is written down
            call("POST", "/partner/v1/acknowledgements", {"cursor": page["cursor"]})
            state["cursor"] = page["cursor"]
    except (RefusedError, LaterError) as why:
        print(f"feed: {why}", file=sys.stderr)
        if getattr(why, "slug", None) == "feed.cursor-ahead":
            state["cursor"] = 0  # another sandbox, or a restored backup: the ids kept tell what came before
        time.sleep(getattr(why, "seconds", None) or 2)
    for one in [one for one in state["cases"].values() if one.get("due", time.time() + 1) <= time.time()]:
        try:
            work(one)
            del one["due"]
        except RefusedError as no:  # final: show it to a clerk
            print(f"{one['id']}: {no}", file=sys.stderr)
            del one["due"]
        except LaterError as why:  # one that cannot be worked on holds up no other
            print(f"{one['id']}: {why}", file=sys.stderr)
            one["tries"] += 1
            one["due"] = time.time() + (why.seconds or min(60, 2 ** one["tries"]))
    keep()


if __name__ == "__main__":
    once = sys.argv[1:] == ["once"]
    turn(0 if once else 25)
    while not once or is_waiting():
        turn(0 if once else 25)
        time.sleep(0.2)
