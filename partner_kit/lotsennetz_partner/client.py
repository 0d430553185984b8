"""The published interface in Python: each call is one request, each refusal an error with its slug."""

import base64
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import urllib3
from joserfc import jwt

from lotsennetz_partner import keys, receipts
from lotsennetz_partner.errors import AwayError, RefusedError, SettingsError, StaleError, UnreadableError
from lotsennetz_partner.settings import Settings

JSON = dict[str, Any]
#: Is handed every receipt the network gives, with the digest of the bytes it is about.
KeepReceipt = Callable[[str, str | None], None]
CONNECT_SECONDS = 5
READ_SECONDS = 40
LARGEST_ANSWER = 8_000_000
#: A paper has at most 50 million bytes; sealed it is a third larger.
LARGEST_PAPER = 70_000_000
TOKEN_MARGIN_SECONDS = 30
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: How the network says that we rest for a while: nothing is decided, and all goes on once we are back.
RESTS, RESTING_SECONDS = "partner.suspended", 60.0
LATER = frozenset({408, 425, 429, 500, 502, 503, 504})

log = logging.getLogger("lotsennetz_partner")


@dataclass(frozen=True, slots=True)
class Event:
    """A notice or the answer to a command; ids and codes only, everything else is fetched."""

    id: str
    type: str
    data: JSON


@dataclass(frozen=True, slots=True)
class Page:
    """Events after a cursor, oldest first, and the cursor that stands behind them."""

    events: tuple[Event, ...]
    cursor: int


@dataclass(frozen=True, slots=True)
class Referral:
    """How a referral stands, and what we may do with it now."""

    id: str
    reference: str
    version: int
    status: str
    allowed_actions: tuple[str, ...]
    data: JSON


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: status, body, and the receipts in its header."""

    status: int
    body: bytes
    receipts: str = ""


class Client:
    """Speaks to the network in the partner's name; safe to keep for the life of a process, not across threads."""

    def __init__(
        self, settings: Settings, http: urllib3.PoolManager | None = None, keep_receipt: KeepReceipt | None = None
    ) -> None:
        self.settings = settings
        self._keep_receipt = keep_receipt or (lambda _token, _digest: None)
        self._http = http or urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), retries=False
        )
        self._own = keys.read(settings.private_key_files)
        self._token, self._until = "", 0.0

    # --- what there is ---------------------------------------------------------------------------------------------

    def events(self, after: int = 0, limit: int = 100, wait: int = 0) -> Page:
        """Our own notices after a cursor; where there are none, the network waits for one, at most `wait` seconds."""
        body = self.call("GET", f"/partner/v1/events?{urlencode({'after': after, 'limit': limit, 'wait': wait})}")
        return Page(tuple(_readable(body["events"])), int(body["cursor"]))

    def acknowledge(self, cursor: int) -> None:
        """Say that everything up to this cursor is safely ours."""
        self.call("POST", "/partner/v1/acknowledgements", {"cursor": cursor})

    def referral(self, referral_id: str) -> Referral:
        """One referral addressed to us."""
        return _referral(self.call("GET", f"/partner/v1/referrals/{referral_id}"))

    def sealed_dossier(self, referral_id: str) -> str:
        """The dossier as it is kept for us. Fetching is a disclosure: consent is asked at this very moment."""
        return self._sealed(f"/partner/v1/referrals/{referral_id}/dossier")

    def dossier(self, referral_id: str) -> JSON:
        """Fetched and opened with our own key."""
        return keys.open_sealed(self.sealed_dossier(referral_id), self._own)

    def document(self, referral_id: str, document_id: str) -> tuple[str, bytes]:
        """One paper the dossier names, opened: its media type and its bytes. A disclosure like the dossier."""
        path = f"/partner/v1/referrals/{referral_id}/documents/{document_id}"
        return keys.open_bytes(self._sealed(path, LARGEST_PAPER), self._own)

    def _sealed(self, path: str, largest: int = LARGEST_ANSWER) -> str:
        """Sealed bytes as they are kept for us; the network's word that it gave out these is kept."""
        answer = self._send("GET", path, None, {}, largest=largest)
        self._refuse(answer.status, answer.body)
        for token in filter(None, answer.receipts.split(", ")):
            self._keep_receipt(token, receipts.digest(answer.body))
        return answer.body.decode("ascii", "replace").strip()

    def network_keys(self) -> JSON:
        """The public keys our words are sealed to."""
        return self.call("GET", "/partner/.well-known/jwks.json", signed_in=False)

    # --- what we say -----------------------------------------------------------------------------------------------

    def act(self, referral_id: str, action: str, body: Mapping[str, Any], *, version: int, key: str) -> Referral:
        """Give one answer on the version that was seen, under one idempotency key for ever."""
        headers = {"If-Match": f'"{version}"', "Idempotency-Key": key}
        done = self.call("POST", f"/partner/v1/referrals/{referral_id}/actions/{action}", body, headers)
        for token in done.get("receipts") or ():
            self._keep_receipt(str(token), None)
        return _referral(done)

    def hand_in(self, token: str) -> JSON:
        """Give a receipt we signed ourselves; the same one again has no second effect."""
        return self._read(
            "/partner/v1/receipts",
            self._send(
                "POST", "/partner/v1/receipts", token.encode(), {"Content-Type": f"application/{receipts.TYPE}"}
            ),
        )

    def act_now(self, referral_id: str, action: str, body: Mapping[str, Any], key: str | None = None) -> Referral:
        """The same on the version as it stands; changed meanwhile means looking again, at most ten times."""
        key = key or str(uuid4())
        for attempt in range(10):
            try:
                return self.act(referral_id, action, body, version=self.referral(referral_id).version, key=key)
            except StaleError:
                if attempt == 9:
                    raise
        raise AssertionError("unreachable")

    def seal(self, words: str) -> str:
        """Words for the field `sealed_comment` of an answer."""
        return keys.seal_words(words, self.network_keys())

    # --- how -------------------------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        signed_in: bool = True,
    ) -> JSON:
        """One request with a JSON answer."""
        content = None if body is None else json.dumps(body).encode()
        return self._read(path, self._send(method, path, content, headers or {}, signed_in=signed_in))

    def _read(self, path: str, answer: Answered) -> JSON:
        self._refuse(answer.status, answer.body)
        try:
            document: JSON = json.loads(answer.body)
        except ValueError as error:
            raise AwayError(f"{path}: the answer is not JSON") from error
        return document

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        signed_in: bool = True,
        largest: int = LARGEST_ANSWER,
    ) -> Answered:
        sent = {"Accept": "application/json, application/problem+json, application/jose", **headers}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        for fresh in (False, True):
            if signed_in:
                sent["Authorization"] = f"Bearer {self._bearer(fresh=fresh)}"
            answer = self._exchange(method, self.settings.network_url + path, body, sent, largest)
            if answer.status != 401 or not signed_in:
                break
        return answer

    def _exchange(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], largest: int = LARGEST_ANSWER
    ) -> Answered:
        try:
            answer = self._http.request(
                method, url, body=body, headers=dict(headers), redirect=False, preload_content=False
            )
            try:
                content = answer.read(largest + 1)
            finally:
                answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise AwayError(f"{url}: no answer ({type(error).__name__})") from error
        if answer.status in LATER:
            raise AwayError(f"{url}: answered {answer.status}; try again later", _seconds(answer.headers))
        if len(content) > largest:
            raise AwayError(f"{url}: the answer is larger than we accept")
        return Answered(answer.status, content, answer.headers.get("Receipt", ""))

    def _refuse(self, status: int, answer: bytes) -> None:
        if status < 300:
            return
        try:
            problem = json.loads(answer)
        except ValueError:
            problem = {}
        problem = problem if isinstance(problem, dict) else {}
        if problem.get("slug") == RESTS:
            raise AwayError("our participation rests; what happens is kept for us", RESTING_SECONDS)
        raise (StaleError if status == 412 else RefusedError)(status, problem)

    def _bearer(self, *, fresh: bool) -> str:
        if fresh or time.monotonic() > self._until:
            answer = self._exchange("POST", self.settings.token_url, *self._token_request())
            if answer.status != 200:
                raise SettingsError(f"client_id, client_secret or client_key_file: not accepted ({answer.status})")
            token = json.loads(answer.body)
            self._token = str(token["access_token"])
            self._until = time.monotonic() + float(token.get("expires_in", 60)) - TOKEN_MARGIN_SECONDS
        return self._token

    def _token_request(self) -> tuple[bytes, dict[str, str]]:
        form = {"grant_type": "client_credentials"}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.settings.client_key_file is not None:
            form |= {"client_assertion_type": ASSERTION, "client_assertion": self._assertion()}
            form["client_id"] = self.settings.client_id
        else:
            pair = f"{self.settings.client_id}:{self.settings.client_secret or ''}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return urlencode(form).encode(), headers

    def _assertion(self) -> str:
        """Who we are, signed with our own key (RFC 7523): no secret travels."""
        assert self.settings.client_key_file is not None
        key = keys.read([self.settings.client_key_file])[0]
        algorithm = {"RSA": "PS256", "EC": "ES256"}.get(key.key_type, "Ed25519")
        now = int(time.time())
        claims = {
            "iss": self.settings.client_id,
            "sub": self.settings.client_id,
            "aud": self.settings.token_url,
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + 60,
        }
        return jwt.encode({"alg": algorithm, "kid": key.kid}, claims, key, algorithms=[algorithm])


def _seconds(headers: Mapping[str, str]) -> float:
    """What Retry-After asks for, where it names seconds."""
    given = headers.get("Retry-After", "")
    return float(given) if given.isdigit() else 0.0


def event_of(document: Any) -> Event:
    """A CloudEvent in its JSON form, or UnreadableError."""
    try:
        made = Event(document["id"], document["type"], document["data"])
    except (TypeError, KeyError, IndexError) as error:
        raise UnreadableError("message: expected a CloudEvent with id, type and data") from error
    if not (isinstance(made.id, str) and isinstance(made.type, str) and isinstance(made.data, dict)):
        raise UnreadableError("message: expected a CloudEvent with id, type and data")
    return made


def _readable(documents: Iterable[Any]) -> Iterator[Event]:
    """One that cannot be read is noted and passed over: it must not hold up those behind it."""
    for document in documents:
        try:
            yield event_of(document)
        except UnreadableError as unreadable:
            log.warning("passed over: %s", unreadable)


def _referral(data: JSON) -> Referral:
    return Referral(
        str(data["id"]),
        str(data["reference"]),
        int(data["version"]),
        str(data["status"]),
        tuple(data.get("allowed_actions", ())),
        data,
    )
