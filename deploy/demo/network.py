"""The whole network as processes of one machine: servers, databases, four services, issuer, door, mailbox, stand-ins.

`Network.start` brings it up in order, `watch` brings back whatever dies, `stop` leaves nothing running.
"""

import base64
import json
import os
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import urllib3

from contracts.identity import PARTNER_SCOPE
from contracts.topology import OPERATIONS_USER
from deploy.demo import databases, people
from deploy.demo.child import Child
from deploy.demo.databases import DATABASES, KEY_STORE, SERVICES
from deploy.demo.keys import KeyFiles
from deploy.demo.participants import PARTICIPANTS, Participant, World
from deploy.demo.places import ROOT, free_port, read_state, write_private, write_state
from deploy.demo.postgres_server import PostgresServer
from deploy.demo.rabbitmq_server import RabbitServer
from deploy.demo.servers import ForeignBroker, choose_broker
from deploy.demo.settings import Places, service_environment
from lotse import topology
from lotse.broker import Broker

Tell = Callable[[str], None]
PORTS = ("front", "issuer", "smtp", "webhook", *SERVICES)
VHOST = "lotsennetz"


class StartError(Exception):
    """Something did not come up; the text ends with its log."""


@dataclass
class Network:
    """One demo in one folder."""

    dev: Path
    tell: Tell = print
    #: Settings that differ from the usual ones, for every service.
    changes: Mapping[str, str] = field(default_factory=dict)
    #: The program at the one address of the network, and what it is told besides.
    door: str = "deploy.demo.front"
    door_settings: Callable[[], Mapping[str, str]] = dict
    ports: dict[str, int] = field(init=False)
    secrets: dict[str, str] = field(init=False)
    children: list[Child] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None

    def __post_init__(self) -> None:
        state = read_state(self.dev)
        self.postgres = PostgresServer(self.dev)
        self.rabbit: RabbitServer | ForeignBroker = choose_broker(self.dev)
        self.keys = KeyFiles(self.dev / "keys")
        self.ports = dict(state.get("ports", {}))
        self.secrets = dict(state.get("secrets", {}))

    @property
    def origin(self) -> str:
        """The one address of the network."""
        return f"http://127.0.0.1:{self.ports['front']}"

    @property
    def inbox_partitions(self) -> int:
        """How many queues each inbox is divided into."""
        return int(self.changes.get("INBOX_PARTITIONS", "1"))

    @property
    def issuer(self) -> str:
        """The demo identity provider."""
        return f"http://127.0.0.1:{self.ports['issuer']}"

    def start(self) -> None:
        """Bring everything up; raises `StartError` with the log of what did not come."""
        self._begin_together()
        self.ports = {name: free_port(self.ports.get(name)) for name in PORTS}
        self._make_secrets()
        self.tell("starting RabbitMQ and PostgreSQL")
        self.rabbit.begin()
        self.postgres.start()
        self._make_databases()
        self.rabbit.finish()
        self._shape_broker()
        self._write_down()
        self._start_surroundings()
        self._start_services()

    def _start_services(self) -> None:
        for service in SERVICES:
            self.tell(f"starting {service}")
            self._start_child(service, ["-m", f"services.{service}", "all"], self.environment(service))
        for service in SERVICES:
            self._wait_for(service, f"http://127.0.0.1:{self.ports[service]}/{service}/health/ready", 240)

    def start_partners(self) -> None:
        """Start the stand-ins; each knows the one address of the network and its own credentials."""
        for partner in PARTICIPANTS:
            key = self.keys.partner(partner.slug) if partner.has_own_key else None
            client_key = self.keys.partner_client(partner.slug) if partner.signs_in_by_key else None
            settings = self.world.environment(partner, self.secrets[partner.client_id], key, client_key)
            self._start_child(f"partner-{partner.slug}", ["-m", f"deploy.demo.partners.{partner.program}"], settings)

    def watch(self) -> None:
        """From now on bring back whatever dies, as systemd or Kubernetes would."""
        self._watcher = threading.Thread(target=self._keep_alive, name="watch", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """End everything in order: stand-ins and services first, then what they stand on."""
        self._stopping.set()
        if self._watcher:
            self._watcher.join()
        for child in reversed(self.children):
            child.ask_to_stop()
        for child in reversed(self.children):
            child.stop()
        self.rabbit.stop()
        self.postgres.stop()

    @property
    def world(self) -> World:
        """What the stand-ins know."""
        hwk = f"partner.{PARTICIPANTS[0].organization_id}"
        return World(
            folder=self.dev / "partners",
            origin=self.origin,
            token_url=f"{self.issuer}/token",
            mail_folder=self.dev / "mail",
            webhook_port=self.ports["webhook"],
            webhook_secret=self.secrets["webhook"],
            amqp_uri=self.amqp_uri(hwk, self.secrets["partner-amqp"]),
        )

    def amqp_uri(self, user: str, password: str) -> str:
        """One user's way into the network's virtual host."""
        parts = urlsplit(self.rabbit.amqp_uri)
        address = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{quote(user)}:{quote(password, safe='')}@{address}/{VHOST}"

    def environment(self, service: str) -> Mapping[str, str]:
        """The settings of one service."""
        database = databases.addresses(self.postgres.dsn, service, self.secrets)
        places = Places(
            key_store=databases.addresses(self.postgres.dsn, KEY_STORE, self.secrets),
            deletions=self.dev / "referral" / "deletions.ndjson",
            origin=self.origin,
            issuer=self.issuer,
            http_address=f"127.0.0.1:{self.ports[service]}",
            smtp_url=f"smtp://127.0.0.1:{self.ports['smtp']}",
            checkpoints=self.dev / "audit" / "checkpoints",
        )
        amqp_uri = self.amqp_uri(service, self.secrets[f"amqp-{service}"])
        secret = self.secrets[f"lotsennetz-{service}"]
        told = service_environment(service, places, self.keys, database, amqp_uri, secret)
        operations = self.amqp_uri(OPERATIONS_USER, self.secrets[f"amqp-{OPERATIONS_USER}"])
        mailroom = {"OPERATIONS_AMQP_URI": operations} if service == "notifications" else {}
        return {**told, **mailroom, **self.changes}

    def _begin_together(self) -> None:
        """Where the databases are gone, what others remember of them (queues, cursors, checkpoints) goes too."""
        if not (self.dev / "postgres" / "data" / "PG_VERSION").exists():
            for remembered in ("rabbitmq", "partners", "audit", "mail", "referral"):
                shutil.rmtree(self.dev / remembered, ignore_errors=True)

    def _make_secrets(self) -> None:
        wanted = [role for name in DATABASES for role in databases.roles_of(name)]
        wanted += [f"{kind}-{service}" for service in SERVICES for kind in ("amqp", "lotsennetz")]
        wanted += [
            "lotse",
            "lotse-lead",
            "registration",
            "partner-amqp",
            f"amqp-{OPERATIONS_USER}",
            *(partner.client_id for partner in PARTICIPANTS),
        ]
        self.secrets = {name: secrets.token_urlsafe(24) for name in wanted} | self.secrets
        self.secrets.setdefault("webhook", f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")
        write_state({"ports": self.ports, "secrets": self.secrets}, self.dev)

    def _make_databases(self) -> None:
        self.tell("migrating the four databases and the key store")
        for name in DATABASES:
            databases.ensure_roles(self.postgres.dsn, name, self.secrets)
            databases.create_database(self.postgres.dsn, name, self.secrets)
        runs = []
        for service in SERVICES:
            command = [sys.executable, "-m", f"services.{service}", "migrate"]
            log = self.dev / "logs" / f"{service}.migrate.log"
            run = Child(service, command, log, _around(self.environment(service)), ROOT)
            run.start()
            runs.append(run)
        for run in runs:
            if run.wait(300) != 0:
                raise StartError(f"{run.name} could not be migrated:\n{run.tail()}")

    def _shape_broker(self) -> None:
        self.tell("applying the broker's topology")
        passwords = {user: self.secrets[f"amqp-{user}"] for user in (*SERVICES, OPERATIONS_USER)}
        topology.apply(self.rabbit.management_url, VHOST, passwords, self.inbox_partitions)
        broker = Broker(self.rabbit.management_url, VHOST)
        for partner in PARTICIPANTS:
            if partner.channel == "amqp":
                topology.onboard(broker, partner.organization_id, self.secrets["partner-amqp"])

    def _write_down(self) -> None:
        """What `lotse` and the story read."""
        write_state(
            {
                "origin": self.origin,
                "issuer": self.issuer,
                "services": {service: f"http://127.0.0.1:{self.ports[service]}" for service in SERVICES},
                "broker": {
                    "management_url": self.rabbit.management_url,
                    "amqp_uri": self.rabbit.amqp_uri,
                    "vhost": VHOST,
                    "inbox_partitions": self.inbox_partitions,
                },
                "lotse": {
                    "client_id": "lotse",
                    "client_secret": self.secrets["lotse"],
                    "lead_client_id": "lotse-lead",
                    "lead_client_secret": self.secrets["lotse-lead"],
                    "token_url": f"{self.issuer}/token",
                    "registration_url": f"{self.issuer}/clients",
                    "registration_token": self.secrets["registration"],
                },
                "audit": {"checkpoints": str(self.dev / "audit" / "checkpoints"), "key": f"{self.keys.checkpoint}.pub"},
                "databases": {
                    name: databases.addresses(self.postgres.dsn, name, self.secrets).owner_dsn for name in DATABASES
                },
                "deletion_ledger": str(self.dev / "referral" / "deletions.ndjson"),
                "key_files": [str(path) for path in sorted(self.keys.folder.iterdir()) if path.suffix != ".pub"],
            },
            self.dev,
        )

    def _start_surroundings(self) -> None:
        self.tell("starting issuer, door and mailbox")
        register = self.dev / "issuer" / "register.json"
        write_private(register, people.register_text(self._clients(), register))
        self._start_child(
            "issuer",
            ["-m", "deploy.demo.issuer"],
            {
                "MODE": "demo",
                "ISSUER_URL": self.issuer,
                "HTTP_ADDRESS": f"127.0.0.1:{self.ports['issuer']}",
                "ISSUER_REGISTER": str(register),
                "ISSUER_KEY_FILE": str(self.dev / "issuer" / "signing.json"),
                "ISSUER_REGISTRATION_TOKEN": self.secrets["registration"],
            },
        )
        self._start_child(
            "front",
            ["-m", self.door],
            {
                "HTTP_ADDRESS": f"127.0.0.1:{self.ports['front']}",
                "UPSTREAMS": json.dumps(self._upstreams()),
                **self.door_settings(),
            },
        )
        smtp = {"SMTP_ADDRESS": f"127.0.0.1:{self.ports['smtp']}", "MAIL_DIR": str(self.dev / "mail")}
        self._start_child("mailbox", ["-m", "deploy.demo.mailbox"], smtp)
        self._wait_for("issuer", f"{self.issuer}/health", 30)

    def _upstreams(self) -> Mapping[str, str | list[str]]:
        return {service: f"http://127.0.0.1:{self.ports[service]}" for service in SERVICES}

    def _clients(self) -> list[dict[str, Any]]:
        partners = [
            {
                "client_id": partner.client_id,
                **self._proof(partner),
                "claims": {"organization_id": str(partner.organization_id), "scope": PARTNER_SCOPE},
            }
            for partner in PARTICIPANTS
        ]
        return people.clients(self.origin, self.secrets) + partners

    def _proof(self, partner: Participant) -> dict[str, Any]:
        """What the issuer knows a partner's system by."""
        if not partner.signs_in_by_key:
            return {"client_secret": self.secrets[partner.client_id]}
        public = self.keys.partner_client_public(partner.slug)
        return {"auth_method": "private_key_jwt", "jwks": {"keys": [public]}}

    def _start_child(self, name: str, arguments: list[str], settings: Mapping[str, str]) -> None:
        child = Child(name, [sys.executable, *arguments], self.dev / "logs" / f"{name}.log", _around(settings), ROOT)
        child.start()
        self.children.append(child)

    def _wait_for(self, name: str, url: str, seconds: float) -> None:
        child = next(child for child in self.children if child.name == name)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and child.alive:
            try:
                if urllib3.request("GET", url, retries=False, timeout=3).status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                pass
            time.sleep(0.2)
        raise StartError(f"{name} is not ready ({url}):\n{child.tail(30)}")

    def _keep_alive(self) -> None:
        while not self._stopping.wait(0.5):
            for server in (self.postgres, self.rabbit):
                if not server.alive:
                    self._bring_back(server)
            for child in self.children:
                if not child.alive and not self._stopping.is_set():
                    child.kill()  # what is left of its group
                    child.start()

    def _bring_back(self, server: PostgresServer | RabbitServer | ForeignBroker) -> None:
        """One that does not come back in time is tried again: a watcher that gave up would leave everything dead."""
        server.kill()
        try:
            server.start()
        except RuntimeError as error:
            self.tell(str(error).partition("\n")[0])


def _around(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings and the little every process needs; nothing else of our environment is passed on."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV") if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1", **settings}
