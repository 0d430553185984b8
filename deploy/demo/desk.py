"""The navigator's hands in the demo: signs in like staff do and works through the staff API, patiently.

Every writing call carries one idempotency key for all its tries, so a service that dies in the middle costs a second
and nothing else.
"""

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import requests

JSON = dict[str, Any]
TIMEOUT = 20


class UnexpectedAnswerError(Exception):
    """The network answered something the story did not expect."""

    def __init__(self, call: str, answer: requests.Response) -> None:
        super().__init__(f"{call}: {answer.status_code} {answer.text[:600]}")
        self.answer = answer


def patiently(call: Callable[[], requests.Response], patience: float = 90) -> requests.Response:
    """Repeat a call while nobody answers (connection refused, 502-504)."""
    deadline = time.monotonic() + patience
    while True:
        try:
            answer = call()
        except requests.ConnectionError:
            if time.monotonic() > deadline:
                raise
        else:
            if answer.status_code not in (502, 503, 504) or time.monotonic() > deadline:
                return answer
        time.sleep(0.3)


def sign_in(issuer: str, client_id: str, redirect_uri: str, user: str) -> str:
    """Authorization code with PKCE at the demo issuer: the same way a browser goes; returns the access token."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    browser = requests.Session()
    found = patiently(lambda: browser.get(f"{issuer}/.well-known/openid-configuration", timeout=TIMEOUT)).json()
    state = secrets.token_urlsafe(8)
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": "openid",
        "state": state,
        "nonce": secrets.token_urlsafe(8),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = browser.get(found["authorization_endpoint"], params=query, timeout=TIMEOUT)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    answer = browser.post(page.url, data={**hidden, "user": user}, timeout=TIMEOUT, allow_redirects=False)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    token = browser.post(
        found["token_endpoint"],
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": client_id,
            "code_verifier": verifier,
        },
        timeout=TIMEOUT,
    )
    token.raise_for_status()
    return str(token.json()["access_token"])


class Desk:
    """One signed-in caller at one origin."""

    def __init__(self, origin: str, token: Callable[[], str]) -> None:
        self._origin = origin
        self._new_token = token
        self._token = token()
        self._since = time.monotonic()
        self._http = requests.Session()

    def _headers(self) -> dict[str, str]:
        if time.monotonic() - self._since > 240:
            self._token, self._since = self._new_token(), time.monotonic()
        return {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}

    def ask(self, method: str, path: str, body: JSON | None = None, **headers: str) -> requests.Response:
        """One call, whatever comes back; writing calls carry a key that stays the same over all tries."""
        sent = {**self._headers(), **headers}
        if method != "GET":
            sent.setdefault("Idempotency-Key", str(uuid4()))
        return patiently(
            lambda: self._http.request(
                method, f"{self._origin}{path}", json=body, headers=sent, timeout=TIMEOUT, allow_redirects=False
            )
        )

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        if answer.status_code != 200:
            raise UnexpectedAnswerError(f"GET {path}", answer)
        return answer.json()

    def post(self, path: str, body: JSON, **headers: str) -> Any:
        answer = self.ask("POST", path, body, **headers)
        if answer.status_code >= 300:
            raise UnexpectedAnswerError(f"POST {path}", answer)
        return answer.json()

    def upload(self, path: str, content: bytes, media_type: str, **fields: str) -> Any:
        """Send a file with what the form asks beside it."""
        headers = {**self._headers(), "Idempotency-Key": str(uuid4())}
        file = {"file": ("scan", content, media_type)}
        answer = patiently(
            lambda: self._http.post(f"{self._origin}{path}", data=fields, files=file, headers=headers, timeout=TIMEOUT)
        )
        if answer.status_code >= 300:
            raise UnexpectedAnswerError(f"POST {path}", answer)
        return answer.json()

    def act(self, referral_id: str, action: str, body: JSON | None = None) -> JSON:
        """An action on the version last seen; changed meanwhile (412) means look again and decide again."""
        answer = self.try_act(referral_id, action, body)
        if answer.status_code >= 300:
            raise UnexpectedAnswerError(action, answer)
        return answer.json()  # type: ignore[no-any-return]

    def try_act(self, referral_id: str, action: str, body: JSON | None = None) -> requests.Response:
        key = str(uuid4())
        for _ in range(10):
            seen = self.get(f"/referral/api/v1/referrals/{referral_id}")
            answer = self.ask(
                "POST",
                f"/referral/api/v1/referrals/{referral_id}/actions/{action}",
                body or {},
                **{"If-Match": f'"{seen["version"]}"', "Idempotency-Key": key},
            )
            if answer.status_code != 412:
                return answer
        return answer

    def wait_for(self, referral_id: str, *statuses: str, patience: float = 120) -> JSON:
        """The referral once it has one of the statuses; an error that says where it stood otherwise."""
        deadline = time.monotonic() + patience
        while True:
            seen: JSON = self.get(f"/referral/api/v1/referrals/{referral_id}")
            if seen["status"] in statuses:
                return seen
            if time.monotonic() > deadline:
                raise TimeoutError(f"referral stands at {seen['status']}, not {' or '.join(statuses)}")
            time.sleep(0.2)
