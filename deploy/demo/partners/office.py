"""What the four stand-in partner systems share: a store of their own and a client of the published interface.

Nothing here imports the network's code. A stand-in keeps its cases in SQLite and writes down what it is about to say
before it says it, under one idempotency key: killed at any moment it goes on where it was and says nothing twice.
"""

import json
import logging
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import requests
from joserfc import jwe, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

JSON = dict[str, Any]
TIMEOUT = 15
SATURDAY = 5
SEALING = ["RSA-OAEP-256", "ECDH-ES+A256KW", "A256GCM"]


class Roomy(jwe.JWERegistry):
    """Opens long dossiers: the library alone stops at 64 kilobytes."""

    max_ciphertext_length = 4_000_000


log = logging.getLogger("partner")

SCHEMA = """
create table if not exists cases (
    referral_id text primary key, reference text, status text, version integer, dossier text, fetched integer default 0,
    step text default 'new', rounds integer default 0);
create table if not exists answers (
    id text primary key, referral_id text, action text, body text, state text default 'open', result text,
    unique (referral_id, action));
create table if not exists notices (id text primary key, referral_id text, kind text);
create table if not exists places (name text primary key, value text);
"""


@dataclass(frozen=True)
class Settings:
    """Where the partner stands: its own folder, its identity, and the one address of the network."""

    store: Path
    network: str
    organization_id: UUID
    token_url: str
    client_id: str
    client_secret: str
    private_key: Path | None
    client_key: Path | None

    @classmethod
    def from_environment(cls) -> "Settings":
        key, client_key = (os.environ.get(f"PARTNER_{name}_KEY_FILE") for name in ("PRIVATE", "CLIENT"))
        return cls(
            store=Path(os.environ["PARTNER_STORE"]),
            network=os.environ["NETWORK_URL"].rstrip("/"),
            organization_id=UUID(os.environ["PARTNER_ORGANIZATION_ID"]),
            token_url=os.environ.get("PARTNER_TOKEN_URL", ""),
            client_id=os.environ.get("PARTNER_CLIENT_ID", ""),
            client_secret=os.environ.get("PARTNER_CLIENT_SECRET", ""),
            private_key=Path(key) if key else None,
            client_key=Path(client_key) if client_key else None,
        )


class Store:
    """The partner's own records. One file, one connection per thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "cases.sqlite"
        self._local = threading.local()
        self._connection.executescript(SCHEMA)

    @property
    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            self._local.connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
            self._local.connection.row_factory = sqlite3.Row
        return self._local.connection  # type: ignore[no-any-return]

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("begin immediate")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return list(self._connection.execute(sql, values))

    def take(self, notice_id: str, referral_id: str, kind: str) -> bool:
        """Note a notice; False if it was here before. A referral heard of for the first time becomes a case.

        A test is about a referral nobody has: noting that it came is all.
        """
        with self.transaction() as tx:
            new = tx.execute("insert or ignore into notices values (?, ?, ?)", (notice_id, referral_id, kind)).rowcount
            if kind != "test":
                tx.execute("insert or ignore into cases (referral_id) values (?)", (referral_id,))
        return bool(new)

    def plan(self, referral_id: str, action: str, body: JSON, step: str | None = None) -> None:
        """Write down an answer before it is given; the id is its idempotency key for ever."""
        with self.transaction() as tx:
            tx.execute(
                "insert or ignore into answers (id, referral_id, action, body) values (?, ?, ?, ?)",
                (str(uuid4()), referral_id, action, json.dumps(body)),
            )
            if step:
                tx.execute("update cases set step = ? where referral_id = ?", (step, referral_id))

    def settle(self, answer_id: str, state: str, result: JSON) -> None:
        with self.transaction() as tx:
            tx.execute("update answers set state = ?, result = ? where id = ?", (state, json.dumps(result), answer_id))
            if "status" in result:
                tx.execute(
                    "update cases set status = ?, version = ? where referral_id ="
                    " (select referral_id from answers where id = ?)",
                    (result["status"], result.get("version"), answer_id),
                )

    def place(self, name: str) -> str:
        return next((row["value"] for row in self.rows("select value from places where name = ?", name)), "")

    def keep_place(self, name: str, value: str) -> None:
        with self.transaction() as tx:
            tx.execute("insert or replace into places values (?, ?)", (name, value))


class Network:
    """The published interface, spoken over HTTPS with client credentials."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._token = ""
        self._expires = 0.0
        self._http = requests.Session()

    def _bearer(self) -> str:
        if time.monotonic() > self._expires:
            answer = self._http.post(
                self.settings.token_url,
                data={"grant_type": "client_credentials", **self._assertion()},
                auth=None if self.settings.client_key else (self.settings.client_id, self.settings.client_secret),
                timeout=TIMEOUT,
            )
            answer.raise_for_status()
            token = answer.json()
            self._token = token["access_token"]
            self._expires = time.monotonic() + token.get("expires_in", 60) - 30
        return self._token

    def _assertion(self) -> dict[str, str]:
        """`private_key_jwt` (RFC 7523): a minute's proof of the own key, made anew each time. No secret is shared."""
        if self.settings.client_key is None:
            return {}
        key = ECKey.import_key(json.loads(self.settings.client_key.read_text()))
        now, me = int(time.time()), self.settings.client_id
        claims = {
            "iss": me,
            "sub": me,
            "aud": self.settings.token_url,
            "iat": now,
            "exp": now + 60,
            "jti": str(uuid4()),
        }
        return {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode({"alg": "ES256", "kid": str(key.kid)}, claims, key),
        }

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._bearer()}", **arguments.pop("headers", {})}
        return self._http.request(
            method,
            f"{self.settings.network}{path}",
            headers=headers,
            timeout=TIMEOUT,
            allow_redirects=False,
            **arguments,
        )

    def referral(self, referral_id: str) -> JSON:
        answer = self.call("GET", f"/partner/v1/referrals/{referral_id}")
        answer.raise_for_status()
        return answer.json()  # type: ignore[no-any-return]

    def version(self, referral_id: str) -> int | None:
        """What an answer is given on; None for a referral nobody knows there: it was lost, and its copy put back."""
        answer = self.call("GET", f"/partner/v1/referrals/{referral_id}")
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        return int(answer.json()["version"])

    def dossier(self, referral_id: str) -> JSON:
        """Fetch the sealed dossier and open it with the partner's own key; consent is asked on the way."""
        answer = self.call("GET", f"/partner/v1/referrals/{referral_id}/dossier")
        answer.raise_for_status()
        assert self.settings.private_key is not None
        key = RSAKey.import_key(json.loads(self.settings.private_key.read_text()))
        opened = jwe.decrypt_compact(answer.text.strip(), key, registry=Roomy(algorithms=SEALING))
        assert opened.plaintext is not None
        return json.loads(opened.plaintext)  # type: ignore[no-any-return]

    def act(self, referral_id: str, action: str, key: str, body: JSON) -> tuple[str, JSON]:
        """Give one answer. Another's change in between (412) is looked at and the answer given anew on it."""
        for _ in range(10):
            seen = self.referral(referral_id)
            answer = self.call(
                "POST",
                f"/partner/v1/referrals/{referral_id}/actions/{action}",
                json=body,
                headers={"If-Match": f'"{seen["version"]}"', "Idempotency-Key": key},
            )
            if answer.status_code == 412:
                continue
            if answer.status_code in (409, 422):
                return "refused", answer.json()
            answer.raise_for_status()
            return "done", answer.json()
        raise ConnectionError("the referral kept changing")

    def seal_appointment(self, days: int, place: str, bring: str) -> str:
        """When, where and what to bring, sealed alike: on the first working day from then on, at ten."""
        day = date.today() + timedelta(days=days)
        if day.weekday() >= SATURDAY:
            day += timedelta(days=7 - day.weekday())
        starts_at = datetime.combine(day, clock(10), ZoneInfo("Europe/Berlin")).isoformat()
        return self.seal_comment(json.dumps({"starts_at": starts_at, "minutes": 45, "place": place, "bring": bring}))

    def seal_comment(self, text: str) -> str:
        """Free text goes sealed to the welcome center's own key."""
        answer = self._http.get(f"{self.settings.network}/partner/.well-known/jwks.json", timeout=TIMEOUT)
        answer.raise_for_status()
        key = next(key for key in KeySet.import_key_set(answer.json()).keys)
        header = {
            "alg": "RSA-OAEP-256" if key.key_type == "RSA" else "ECDH-ES+A256KW",
            "enc": "A256GCM",
            "kid": key.kid,
        }
        return jwe.encrypt_compact(header, text.encode(), key, algorithms=SEALING)


def send_open_answers(store: Store, network: Network) -> None:
    """Give every answer that was written down and not yet settled, oldest first."""
    for row in store.rows("select rowid, * from answers where state = 'open' order by rowid"):
        state, result = network.act(row["referral_id"], row["action"], row["id"], json.loads(row["body"]))
        log.info("%s %s: %s", row["action"], row["referral_id"][-8:], state)
        store.settle(row["id"], state, result)


def fetch_once(store: Store, network: Network, referral_id: str) -> JSON:
    """The dossier, from the partner's own records or, the first time, from the network."""
    row = store.rows("select * from cases where referral_id = ?", referral_id)[0]
    if row["dossier"]:
        return json.loads(row["dossier"])  # type: ignore[no-any-return]
    try:
        dossier = network.dossier(referral_id)
    except requests.HTTPError as refused:
        if slug_of(refused.response) in (
            "referral.closed",
            "referral.unknown",
        ):  # it will never be ours: the others must not wait for it
            give_up(store, referral_id)
        raise
    with store.transaction() as tx:
        tx.execute(
            "update cases set dossier = ?, fetched = fetched + 1 where referral_id = ?",
            (json.dumps(dossier), referral_id),
        )
    return dossier


def slug_of(answer: requests.Response) -> str | None:
    """What was wrong, in the network's word for it; nothing if somebody else answered."""
    try:
        return str(answer.json()["slug"])
    except (ValueError, KeyError, TypeError):
        return None


def give_up(store: Store, referral_id: str) -> None:
    """Its end came before the notice of it, or the notice never did, or nobody there knows of it any more."""
    with store.transaction() as tx:
        tx.execute("update cases set step = 'stopped' where referral_id = ?", (referral_id,))
        tx.execute("update answers set state = 'dropped' where referral_id = ? and state = 'open'", (referral_id,))


def meet_duties(store: Store, referral_id: str) -> None:
    """The referral was stopped: stop, delete what was fetched, and say so."""
    with store.transaction() as tx:
        tx.execute("update cases set dossier = null, step = 'stopped' where referral_id = ?", (referral_id,))
        tx.execute(
            "update answers set state = 'dropped' where referral_id = ? and state = 'open'"
            " and action not in ('acknowledge_stop', 'state_deletion')",
            (referral_id,),
        )
    store.plan(referral_id, "acknowledge_stop", {})
    store.plan(referral_id, "state_deletion", {"deletion": "deleted"})


def in_days(days: int) -> str:
    return (date.today() + timedelta(days=days)).isoformat()


def run(turn: Callable[[], None], pause: float = 0.3) -> None:
    """Work in turns until told to stop. The network being away is no reason to end: the next turn tries again."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    while not stop.is_set():
        try:
            turn()
        except (requests.RequestException, OSError) as away:
            log.warning("network away: %s", type(away).__name__)
            stop.wait(1.0)
        stop.wait(pause)
