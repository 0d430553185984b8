"""A partner's system on REST pull, whole: Python 3.11 or newer, `joserfc` and `requests`.

NETWORK, TOKEN_URL, CLIENT_ID, CLIENT_KEY_FILE (or CLIENT_SECRET), PRIVATE_KEY_FILE as you were given.
`python partner.py once`: take what is new, answer it, end. `python partner.py`: until Ctrl-C.
"""

import json
import os
import sys
import time
from pathlib import Path
from uuid import uuid4

import requests
from joserfc import jwe, jwt
from joserfc.jwk import JWKRegistry, KeySet

NETWORK, TOKEN_URL, CLIENT_ID = (os.environ[name] for name in ("NETWORK", "TOKEN_URL", "CLIENT_ID"))
ALGORITHMS = ["RSA-OAEP-256", "ECDH-ES+A256KW", "A256GCM"]  # and no other
STATE = Path(os.environ.get("STATE", "state.json"))
LATER = (429, 500, 502, 503, 504)
http = requests.Session()
token = {"value": "", "until": 0.0}


class RefusedError(Exception):
    def __init__(self, status, problem):
        super().__init__(f"{status} {problem.get('slug')}: {problem.get('title')}")
        self.status, self.problem = status, problem


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
    for attempt in range(8):
        headers["Authorization"] = f"Bearer {bearer()}"
        answer = http.request(method, NETWORK + path, json=body, headers=headers, timeout=60, allow_redirects=False)
        if answer.status_code == 401 and attempt == 0:
            token["until"] = 0  # it ended early: once more with a new one
        elif answer.status_code in LATER:  # nothing was decided: again, under the same key
            time.sleep(float(answer.headers.get("Retry-After", 2**attempt)))
        else:
            break
    if answer.status_code >= 300:
        raise RefusedError(answer.status_code, answer.json())
    return answer.json() if answer.headers["Content-Type"].startswith("application/json") else answer.text


def open_sealed(sealed):
    found = json.loads(Path(os.environ["PRIVATE_KEY_FILE"]).read_text())
    keys = KeySet.import_key_set({"keys": found.get("keys", [found])})
    return json.loads(jwe.decrypt_compact(sealed.strip(), keys, algorithms=ALGORITHMS).plaintext)


def seal(words):
    found = http.get(f"{NETWORK}/partner/.well-known/jwks.json", timeout=20).json()["keys"]
    key = JWKRegistry.import_key(next(one for one in found if one["use"] == "enc"))  # the others sign
    header = {"alg": "RSA-OAEP-256" if key.key_type == "RSA" else "ECDH-ES+A256KW", "enc": "A256GCM", "kid": key.kid}
    return jwe.encrypt_compact(header, words.encode(), key, algorithms=ALGORITHMS)


# --- what must survive a crash: the cursor, notices taken, answers planned under their keys

state = json.loads(STATE.read_text()) if STATE.exists() else {"cursor": 0, "taken": [], "answers": []}


def keep():
    draft = STATE.with_suffix(".new")
    draft.write_text(json.dumps(state))
    draft.replace(STATE)


def planned(referral, action, **body):
    return {"key": str(uuid4()), "referral": referral, "action": action, "body": body}


def say(answer):
    path = f"/partner/v1/referrals/{answer['referral']}"
    while True:
        version = call("GET", path)["version"]
        try:
            return call(
                "POST",
                f"{path}/actions/{answer['action']}",
                answer["body"],
                If_Match=f'"{version}"',
                Idempotency_Key=answer["key"],
            )
        except RefusedError as no:
            if no.status != 412:  # changed since we looked: look again, same key
                raise


# --- the office: put your own program here


def decide(notice):
    if notice["kind"] == "test":
        return []
    referral = call("GET", f"/partner/v1/referrals/{notice['referral_id']}")
    here, may, owed = referral["id"], referral["allowed_actions"], {one["duty"] for one in referral["duties"]}
    answers = []
    if "acknowledge_stop" in owed:  # data of ours must go: let it go, then say so
        answers.append(planned(here, "acknowledge_stop"))
    if "state_deletion" in owed:
        answers.append(planned(here, "state_deletion", deletion="deleted"))
    if notice["kind"] == "referral_requested" and "receive" in may:
        answers.append(planned(here, "receive"))
        dossier = open_sealed(call("GET", referral["dossier"]))
        fields = dossier.get("person") or dossier["employer"]
        print(f"{referral['reference']}: {referral['topic']}, {len(fields)} fields")
        if "accept" in may:  # otherwise this partner may say no more than that it came
            answers.append(planned(here, "accept"))
    return answers


def turn(wait):
    page = call("GET", f"/partner/v1/events?after={state['cursor']}&limit=100&wait={wait}")
    for event in page["events"]:
        if event["type"] != "partner.notice.v1" or event["id"] in state["taken"]:
            continue  # unknown, or here before
        try:
            state["answers"] += decide(event["data"])
        except RefusedError as no:
            print(f"{event['data'].get('reference')}: {no}", file=sys.stderr)  # show it to a clerk
        state["taken"].append(event["id"])  # with its answers in one write: a crash repeats all of it or nothing
        keep()
    while state["answers"]:
        answer = state["answers"][0]
        try:
            print(f"{answer['action']}: {say(answer)['status']}")
        except RefusedError as no:
            print(f"{answer['action']}: {no}", file=sys.stderr)
        state["answers"].pop(0)
        keep()
    if page["cursor"] > state["cursor"]:  # everything is ours now: only then say so
        call("POST", "/partner/v1/acknowledgements", {"cursor": page["cursor"]})
        state["cursor"] = page["cursor"]
        keep()
    return len(page["events"])


if __name__ == "__main__":
    if sys.argv[1:] == ["once"]:
        while turn(0):
            pass
    while sys.argv[1:] != ["once"]:
        turn(25)
