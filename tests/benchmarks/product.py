"""The product on the stage: the real web process, relay and audit consumer, and a partner's system that answers.

A partner's answer (`accept` first) goes the whole way: token, idempotency key, load, consent and lifecycle, save,
announcement, receipts, outbox, relay, quorum queue, audit log. The referrals to be answered are made once by the real
commands, in a database that each round copies.
"""

import base64
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from contracts.identity import PARTNER_SCOPE
from deploy.demo import databases
from deploy.demo.clocks import FixedClock
from deploy.demo.databases import DatabaseAddresses
from deploy.demo.keys import KeyFiles
from deploy.demo.settings import Places, service_environment
from services.audit import commands
from services.audit.config import load_writer
from services.chassis.config import Environment
from services.chassis.db import Database, connect
from services.chassis.migrate import migrate, migrate_only
from services.referral import handlers
from services.referral.domain.referral import Referral
from tests.benchmarks.stage import (
    ROOT,
    Servers,
    all_live,
    answers,
    free_port,
    listened,
    new_database,
    stopped,
    virtual_host,
)
from tests.brokers import as_user
from tests.integration.referral.scene import HWK, SERVICE_KEY, Scene, a_service, an_organization, somebody_else
from tests.waiting import eventually

NAME = "product"
VERIFIER = ROOT / "services" / "audit" / "verifier" / "lotsennetz_verify.py"
ACCEPT: list[tuple[str, dict[str, Any]]] = [("accept", {})]
#: As far into the past as making the referrals takes at most, so that none of it lies in the future.
MADE_BEFORE = timedelta(minutes=15)


def further_steps() -> list[tuple[str, dict[str, Any]]]:
    """What a partner says after it has taken over."""
    start = ("start", {"first_contact_on": datetime.now(UTC).date().isoformat()})
    return [start, *[("pause", {"reason": "VISA"}), ("resume", {})] * 2]


@dataclass(frozen=True)
class Case:
    id: str
    version: int


@dataclass
class Prepared:
    """Databases to copy, the cases that wait in them, and the keys that go with them."""

    servers: Servers
    referral: str
    audit: str
    cases: Sequence[Case]
    scene: Scene
    keys: KeyFiles
    folder: Path


@dataclass
class Product:
    """The product at work."""

    prepared: Prepared
    sender_dsn: str
    listener_dsn: str
    port: int
    pids: dict[str, int]
    token: str
    checkpoints: Path

    def load(
        self, cases: Sequence[Case], clients: int, steps: list[tuple[str, Any]], per_second: float = 0.0
    ) -> dict[str, Any]:
        """Answer each case step by step, as fast as it goes or so many a second.

        Returns what the clients saw, and how each case stands afterwards.
        """
        told = {"token": self.token, "cases": [[case.id, case.version] for case in cases], "steps": steps}
        where = ["127.0.0.1", str(self.port), str(clients), str(per_second)]
        command = [sys.executable, "-m", "tests.benchmarks.product_load", *where]
        done = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True, cwd=ROOT, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def settled(self) -> bool:
        """Whether the log has everything that was ever put into the outbox."""
        return self.count() == _number(
            self.sender_dsn, "SELECT count(*) FROM outbox WHERE exchange = 'referral.events'"
        )

    def count(self) -> int:
        return _number(self.listener_dsn, "SELECT count(*) FROM entries")


@contextlib.contextmanager
def prepared(servers: Servers, folder: Path, cases: int) -> Iterator[Prepared]:
    """So many referrals, each fetched by its partner and waiting for an answer."""
    referral, audit = new_database(servers.dsn, "referral"), new_database(servers.dsn, "audit")
    migrate_only(referral, ROOT / "services" / "referral" / "keystore" / "migrations")
    migrate(referral, ROOT / "services" / "referral" / "migrations")
    migrate(audit, ROOT / "services" / "audit" / "migrations")
    _note_when_heard(audit)
    keys = KeyFiles(folder / "keys")
    keys.folder.mkdir(parents=True)
    (keys.folder / "referral.service.key").write_text(base64.b64encode(SERVICE_KEY).decode(), encoding="utf-8")
    scene: Scene | None = None
    try:
        with Database(referral, max_size=4) as db:
            scene = Scene(db, FixedClock(datetime.now(UTC) - MADE_BEFORE))
            waiting = referrals(scene, cases)
            scene.key_db.close()
        _as_found(referral, audit)
        yield Prepared(servers, referral, audit, waiting, scene, keys, folder)
    finally:
        if scene is not None:
            scene.folder.cleanup()
        for dsn in (referral, audit):
            databases.drop_database(servers.dsn, dsn.rpartition("/")[2])


def referrals(scene: Scene, cases: int) -> list[Case]:
    """Real people, consents and referrals, made by the commands the desk uses."""
    tell_directory(scene)
    sent = []
    for _ in range(cases):
        enquiry = scene.an_enquiry(**somebody_else())
        scene.consent(enquiry)
        sent.append(scene.prepared(enquiry))
    scene.clock.instant += timedelta(seconds=31)
    while scene.tick():  # the clock sends so many at a time
        pass
    return [_fetched(scene, one) for one in sent]


def tell_directory(scene: Scene) -> None:
    """One partner, whose agreement is in force today."""
    today = scene.clock.instant.date()
    usual = an_organization(HWK)
    agreement = replace(usual.agreement, signed_on=today - timedelta(days=90), valid_until=today + timedelta(days=300))
    with scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(work, replace(usual, agreement=agreement))
        handlers.keep_service(work, a_service(assured_on=today, capacity_reported_on=today))


def _fetched(scene: Scene, referral: Referral) -> Case:
    scene.fetched(scene.now(referral.id))
    return Case(str(referral.id), scene.now(referral.id).version)


def _as_found(*databases_made: str) -> None:
    """A database at work has been vacuumed and analyzed many times; a copy of these never would be."""
    for dsn in databases_made:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def _note_when_heard(audit: str) -> None:
    """The log keeps when a batch was begun; the benchmark wants to know when each row was written."""
    with psycopg.connect(audit, autocommit=True) as connection:
        connection.execute("ALTER TABLE entries ADD COLUMN heard_at timestamptz DEFAULT clock_timestamp()")


@contextlib.contextmanager
def product(made: Prepared, logs: Path) -> Iterator[Product]:
    """Copies of the databases, a virtual host, and the three processes of the path; all gone afterwards."""
    servers = made.servers
    sender, listener = (new_database(servers.dsn, name, template=one) for name, one in _templates(made))
    processes: list[subprocess.Popen[bytes]] = []
    with virtual_host(servers) as amqp_uri, issuer() as (issuer_url, sign):
        port, place = free_port(), logs / f"product-{sender[-8:]}"
        env = environments(made, place, sender, listener, amqp_uri, issuer_url, port)
        roles = (("api", "referral", "web"), ("relay", "referral", "relay"), ("consumer", "audit", "worker"))
        try:
            with (logs / "product.log").open("ab") as log:
                for _, service, role in roles:
                    command = [sys.executable, "-m", f"services.{service}", role]
                    processes.append(subprocess.Popen(command, env=env[service], stdout=log, stderr=log, cwd=ROOT))
            pids = {name: process.pid for (name, _, _), process in zip(roles, processes, strict=True)}
            at_work = Product(made, sender, listener, port, pids, sign(HWK), place / "checkpoints")
            eventually(lambda: all_live(processes) and answers(port), timeout=60)
            eventually(lambda: all_live(processes) and listened(amqp_uri), timeout=60)
            eventually(at_work.settled, timeout=60)  # what making the cases told
            yield at_work
        finally:
            stopped(processes)
            for dsn in (sender, listener):
                databases.drop_database(servers.dsn, dsn.rpartition("/")[2])


def _templates(made: Prepared) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("referral", made.referral), ("audit", made.audit)


def environments(
    made: Prepared, place: Path, sender: str, listener: str, amqp_uri: str, issuer_url: str, port: int
) -> dict[str, dict[str, str]]:
    """The settings of the two services, as the demo gives them."""
    told = {}
    for service, dsn in (("referral", sender), ("audit", listener)):
        places = Places(
            origin=f"http://127.0.0.1:{port}",
            issuer=issuer_url,
            http_address=f"127.0.0.1:{port}",
            smtp_url="smtp://127.0.0.1:1",
            checkpoints=place / "checkpoints",
            key_store=DatabaseAddresses(sender, sender),
            deletions=Path(made.scene.folder.name) / "deletions.ndjson",
        )
        ways = DatabaseAddresses(dsn, dsn, dsn)
        settings = service_environment(service, places, made.keys, ways, as_user(amqp_uri, service), "demo-secret")
        told[service] = {**os.environ, **settings, "PARTNER_REQUESTS_PER_MINUTE": "100000"}
    return told


@contextlib.contextmanager
def issuer() -> Iterator[tuple[str, Any]]:
    """An identity provider that serves its keys; and a way to get a partner's token of it."""
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here = f"http://{self.headers['Host']}"
            found: Any = {"issuer": here, "jwks_uri": f"{here}/jwks.json"}
            body = json.dumps(found if "openid" in self.path else KeySet([key]).as_dict(private=False)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"

    def sign(organization_id: UUID) -> str:
        now = int(time.time())
        claims = {"iss": url, "aud": "lotsennetz", "sub": "partner-bench", "iat": now, "exp": now + 7200}
        partner = {"organization_id": str(organization_id), "scope": PARTNER_SCOPE}
        return jwt.encode({"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}, {**claims, **partner}, key)

    try:
        yield url, sign
    finally:
        server.shutdown()
        server.server_close()


def broken(at_work: Product, answered: dict[str, int]) -> list[str]:
    """What does not hold: every answer once in the log, the stream complete and in order, and the log as signed."""
    found = []
    for action, many in answered.items():
        heard = _number(at_work.listener_dsn, f"SELECT count(*) FROM entries WHERE type = '{EVENTS[action]}'")
        if heard != many:
            found.append(f"{many} answered {action}, {heard} heard")
    before = "lag(stream_position) OVER (PARTITION BY source ORDER BY position)"
    steps = f"SELECT stream_position - {before} AS step FROM entries"
    if wrong := _number(at_work.listener_dsn, f"SELECT count(*) FROM ({steps}) AS s WHERE step <> 1"):
        found.append(f"{wrong} out of order or twice")
    if left := _number(at_work.sender_dsn, "SELECT count(*) FROM outbox WHERE published_at IS NULL"):
        found.append(f"{left} left in the outbox")
    _seal(at_work)
    outside = ["--checkpoint", str(at_work.checkpoints), "--key", f"{at_work.prepared.keys.checkpoint}.pub"]
    done = subprocess.run(
        [sys.executable, str(VERIFIER), "--database", at_work.listener_dsn, *outside],
        capture_output=True,
        text=True,
        check=False,
    )
    return [*found, *([f"the log does not verify: {done.stdout}{done.stderr}"] if done.returncode else [])]


def _seal(at_work: Product) -> None:
    """What audit's clock does each minute: sign where the log stands, and publish it."""
    told = {"CHECKPOINT_KEY_FILE": str(at_work.prepared.keys.checkpoint), "CHECKPOINT_DIR": str(at_work.checkpoints)}
    writer = load_writer(Environment(told))
    with connect(at_work.listener_dsn) as connection:
        with connection.transaction():
            commands.sign_what_is_left(connection, writer, datetime.now(UTC))
        commands.publish_newest(connection, writer)


EVENTS = {
    "accept": "referral.accepted.v1",
    "start": "referral.started.v1",
    "pause": "referral.paused.v1",
    "resume": "referral.resumed.v1",
}


def _number(dsn: str, sql: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(sql.encode()).fetchone()
    assert row is not None
    return int(row[0])
