"""A small network of real processes: a service with clients, its relay, a hearer that minds the order, the audit log.

Between each process and each server lies a way of its own, so that one of them can be cut off from one server.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from deploy.demo import databases
from deploy.demo.places import free_port
from services.audit.keys import make_signer, save_signer
from services.chassis.migrate import migrate
from tests.chassis.rig import LEADS, LISTENS, Process, Room, furnish, settings_of
from tests.conftest import ROLE_PASSWORDS
from tests.system.faults.held import Event, Seen, Verdict, verdict
from tests.system.faults.load import Load
from tests.system.faults.teller import TABLE
from tests.system.faults.way import Way, ways
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[3]
VERIFIER = ROOT / "services" / "audit" / "verifier" / "lotsennetz_verify.py"
TYPE = "directory.import_applied.v1"
#: Who stands where, and on which servers it leans.
ROLES = {"web": ("db",), "relay": ("db", "broker"), "hearer": ("db", "broker"), "log": ("db", "broker")}
#: What each says when it is at work.
AT_WORK = {"relay": LEADS, "hearer": LISTENS, "log": LISTENS}


@dataclass
class Network:
    """Everything a fault can be done to, and what became of it."""

    directory: Room
    referral: Room
    audit: Room
    amqp_uri: str
    folder: Path
    ways: Mapping[str, Way]
    ports: list[int]
    #: No way lies between: the servers themselves are what is done something to.
    direct: bool = False
    processes: dict[str, Process] = field(default_factory=dict)

    def __getitem__(self, role: str) -> Process:
        return self.processes[role]

    def start(self, *roles: str) -> None:
        """Start these and wait until they are at work."""
        before = {role: self._said(role) for role in roles}
        for role in roles:
            self.processes.setdefault(role, self.process(role)).start()
        eventually(lambda: all(self._at_work(role, before[role]) for role in roles), timeout=80, interval=0.2)

    def process(self, role: str, *, direct: bool = False, **settings: str) -> Process:
        """One process of a role, not yet started; `direct` leaves the ways aside."""
        room = {"hearer": self.referral, "log": self.audit, "clock": self.audit}.get(role, self.directory)
        env = settings_of(room, self.amqp_uri)
        if not (direct or self.direct) and role in ROLES:
            env = self._through_ways(role, env)
        module, name = {
            "web": ("tests.system.faults.teller", "web"),
            "relay": ("tests.system.faults.teller", "relay"),
            "hearer": ("tests.chassis.listener", "worker"),
            "log": ("services.audit", "worker"),
            "clock": ("services.audit", "clock"),
        }[role]
        own = {
            "TEST_SERVICE": room.name,
            "HTTP_ADDRESS": f"127.0.0.1:{self.ports[0]}",
            "CHECKPOINT_KEY_FILE": str(self.folder / "log.key"),
            "CHECKPOINT_DIR": str(self.folder / "checkpoints"),
        }
        return Process(module, name, {**env, **own, **settings}, self.folder / f"{role}-{os.urandom(2).hex()}.log")

    def _through_ways(self, role: str, env: dict[str, str]) -> dict[str, str]:
        changed = {"DATABASE_URL": at_port(env["DATABASE_URL"], self.ways[f"{role}-db"].port)}
        if "broker" in ROLES[role]:
            changed["AMQP_URI"] = at_port(env["AMQP_URI"], self.ways[f"{role}-broker"].port)
        return {**env, **changed}

    def _said(self, role: str) -> int:
        process = self.processes.get(role)
        return process.said(AT_WORK[role]) if process and role in AT_WORK and process.log.exists() else 0

    def _at_work(self, role: str, before: int) -> bool:
        if role == "web":
            return answers(self.ports[0])
        return role not in AT_WORK or self._said(role) > before

    def mend(self) -> None:
        """All ways free, every process alive: the next fault meets a whole network."""
        for way in self.ways.values():
            way.mend()
        self.start(*(role for role, process in self.processes.items() if not process.alive))

    def stop(self) -> None:
        for process in self.processes.values():
            if process.alive:
                process.kill()
        for room in (self.directory, self.referral, self.audit):
            room.db.close()

    # --- what became of it -------------------------------------------------------------------------------------------

    def announced(self) -> int:
        return int(str(self.directory.value("SELECT count(*) FROM outbox WHERE routing_key = %s", TYPE)))

    def confirmed(self) -> int:
        sql = "SELECT count(*) FROM outbox WHERE routing_key = %s AND published_at IS NOT NULL"
        return int(str(self.directory.value(sql, TYPE)))

    def logged(self) -> int:
        return int(str(self.audit.value("SELECT count(*) FROM entries WHERE type = %s", TYPE)))

    def is_through(self) -> bool:
        """Everything announced has been heard and logged, and nothing waits anywhere; where not, how far it is."""
        told = self.announced()
        reached = {"confirmed": self.confirmed(), "heard": self.referral.heard(), "logged": self.logged()}
        assert min(reached.values()) >= told, f"{told} were announced: {reached}"
        return True

    def settle(self, load: Load, timeout: float = 60) -> None:
        eventually(self.is_through, timeout=timeout, interval=0.1)
        eventually(lambda: self.set_aside() == 0, timeout=10)

    def set_aside(self) -> int:
        aside = (
            "SELECT (SELECT count(*) FROM parked_events WHERE settled_at IS NULL) + (SELECT count(*) FROM held_events)"
        )
        return sum(int(str(room.value(aside))) for room in (self.referral, self.audit))

    def verdict(self, acknowledged: list[str]) -> Verdict:
        told = events(self.directory, "SELECT event_id, subject, headers FROM outbox WHERE routing_key = %s")
        by_id = {event.event_id: event for event in told}
        entries = self.audit.rows("SELECT event_id FROM entries WHERE type = %s ORDER BY position", TYPE)
        heard = self.referral.rows("SELECT event_id, subject, sequence FROM heard ORDER BY n")
        return verdict(
            Seen(
                acknowledged=acknowledged,
                committed=[str(row["name"]) for row in self.directory.rows("SELECT name FROM steps")],
                announced=told,
                unconfirmed=len(told) - self.confirmed(),
                heard=[Event(str(row["event_id"]), str(row["subject"]), int(str(row["sequence"]))) for row in heard],
                logged=[by_id.get(str(row["event_id"]), Event(str(row["event_id"]), "?", 0)) for row in entries],
                set_aside=self.set_aside(),
                log_verifies=self.log_verifies(),
            )
        )

    def log_verifies(self) -> bool:
        outside = ["--checkpoint", str(self.folder / "checkpoints"), "--key", str(self.folder / "log.key.pub")]
        command = [sys.executable, str(VERIFIER), "--database", self.audit.dsn, *outside]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            print(done.stdout, done.stderr)
        return done.returncode == 0


def events(room: Room, sql: str) -> list[Event]:
    rows = room.rows(sql, TYPE)
    return [Event(str(row["event_id"]), str(row["subject"]), sequence_in(row["headers"])) for row in rows]


def sequence_in(headers: object) -> int:
    assert isinstance(headers, dict)
    return int(headers["ce-sequence"])


def at_port(uri: str, port: int) -> str:
    """The same address, by another door."""
    parts = urlsplit(uri)
    login = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{login}@127.0.0.1:{port}").geturl()


def answers(port: int, path: str = "/directory/health/ready") -> bool:
    try:
        return urllib3.request("GET", f"http://127.0.0.1:{port}{path}", retries=False, timeout=2).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def rooms(admin_dsn: str) -> tuple[Room, Room, Room]:
    """Three fresh databases: of who tells, of who hears, and of the log."""
    made = []
    for service in ("directory", "referral", "audit"):
        databases.ensure_roles(admin_dsn, service, ROLE_PASSWORDS)
        name = f"faults_{os.urandom(4).hex()}"
        addresses = databases.create_database(admin_dsn, service, ROLE_PASSWORDS, name=name)
        if service == "audit":
            migrate(addresses.owner_dsn, ROOT / "services" / "audit" / "migrations")
            made.append(Room(service, addresses.app_dsn, addresses.owner_dsn))
        else:
            made.append(furnish(service, addresses))
    made[0].own(TABLE)
    return made[0], made[1], made[2]


@contextlib.contextmanager
def running_network(admin_dsn: str, amqp_uri: str, folder: Path) -> Iterator[Network]:
    """`amqp_uri` names a virtual host of this network's own, with the whole topology in it."""
    made = rooms(admin_dsn)
    servers = {"db": urlsplit(admin_dsn).port or 5432, "broker": urlsplit(amqp_uri).port or 5672}
    with ways() as lay:
        laid = {f"{role}-{server}": lay(servers[server]) for role, on in ROLES.items() for server in on}
        try:
            with running(Network(*made, amqp_uri, folder, laid, [free_port()])) as network:
                yield network
        finally:
            for room in made:
                databases.drop_database(admin_dsn, room.dsn.rpartition("/")[2])


@contextlib.contextmanager
def running(network: Network) -> Iterator[Network]:
    """With a key for the log, and all its processes."""
    save_signer(make_signer("lotsennetz.example/audit"), network.folder / "log.key")
    (network.folder / "checkpoints").mkdir()
    try:
        network.start(*ROLES, "clock")
        yield network
    finally:
        network.stop()
