"""Who is given what: the contents of every container's /run/secrets. A secret lies only where it is used."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import certifi

from contracts.topology import OPERATIONS_USER
from deploy.demo import databases, people
from deploy.demo.databases import KEY_STORE, SERVICES
from deploy.demo.participants import PARTICIPANTS
from deploy.stack import keycloak
from deploy.stack.definitions import ADMINISTRATOR, definitions
from deploy.stack.store import SUPERUSER, Room, Store

VHOST = "lotsennetz"
OURS, POSTGRES, RABBITMQ, NGINX, GRAFANA, KEYCLOAK = 10001, 999, 999, 101, 472, 1000
AUTHORITY = "/run/secrets/ca.pem"
#: The oldest way of speaking to the database in the clear is not to ask: these are part of every address.
DATABASE_TLS = f"sslmode=verify-full&sslrootcert={AUTHORITY}"


@dataclass(frozen=True, slots=True)
class Addresses:
    """How the stack is reached: from outside under one origin, inside by the names of its containers."""

    origin: str
    issuer: str
    #: Where programs get their tokens, if it is neither of the two places known here.
    tokens: str = ""
    #: Whether the issuer is the demonstration's, at which `lotse` may register partners' clients.
    is_demo: bool = True
    #: How many queues each inbox is divided into.
    inbox_partitions: int = 1

    @property
    def host(self) -> str:
        return urlsplit(self.origin).hostname or "localhost"

    @property
    def token_url(self) -> str:
        """Where programs get their tokens: as told, or Keycloak's place, or the demonstration's."""
        if self.tokens:
            return self.tokens
        return f"{self.issuer}/protocol/openid-connect/token" if "/realms/" in self.issuer else f"{self.issuer}/token"

    @property
    def issuer_host(self) -> str:
        return urlsplit(self.issuer).hostname or "localhost"


@dataclass(frozen=True, slots=True)
class Rooms:
    """Every room, computed from the store."""

    store: Store
    at: Addresses
    #: Certificate and key of the door where the operator has some of an authority everybody knows.
    own_certificate: Path | None = None

    def all(self) -> Mapping[str, Room]:
        """By the name of the volume that carries it."""
        return {
            **{service: self.of_service(service) for service in SERVICES},
            "migrate": Room(OURS, self._owners()),
            "retention": Room(OURS, {"database-url": self._database("audit").retention_dsn}),
            "postgres": Room(POSTGRES, {**self._server("postgres", ["postgres"]), "password": self._secret(SUPERUSER)}),
            "rabbitmq": Room(
                RABBITMQ,
                {**self._server("rabbitmq", ["rabbitmq", self.at.host]), "definitions.json": self._definitions()},
            ),
            "proxy": Room(NGINX, self._door()),
            "oidc": Room(OURS, self._issuer(), is_kept_by_owner=True),
            "mailbox": Room(OURS, self._server("mailbox", ["mailbox"])),
            "operator": Room(OURS, {**self._vouchers(), **self._log_key(), "lotse.json": self._lotse()}),
            "backup": Room(OURS, {**self._vouchers(), **self._log_key(), "lotse.json": self._lotse_that_backs_up()}),
            "partners": Room(OURS, self._partners()),
            "keycloak": Room(KEYCLOAK, {"realm.json": self._realm(), "password": self._secret("keycloak")}),
            "grafana": Room(GRAFANA, {"password": self._secret("grafana")}),
        }

    def of_service(self, service: str) -> Room:
        passwords = self.store.passwords()
        keys = self.store.keys
        own: dict[str, Mapping[str, Path]] = {
            "referral": {
                "service-key": keys.service_key,
                "partner-facing.json": keys.partner_facing,
                "desk-link.public.json": keys.desk_link_public,
                "person-link.json": keys.person_link,
                "receipts.json": keys.receipts,
            },
            "notifications": {"desk-link.json": keys.desk_link},
            "audit": {"checkpoint.key": keys.checkpoint},
        }
        told = {
            "database-url": self._database(service).app_dsn,
            "amqp-uri": self._amqp(service, passwords[f"amqp-{service}"]),
            "oidc-client-secret": passwords[f"lotsennetz-{service}"],
            "deployment-key": keys.deployment_key.read_text(),
            "deployment-keys-old": self._former("deployment.keys-old"),
            "pseudonym-key": self._former("pseudonym.key") or keys.deployment_key.read_text(),
            **{name: path.read_text() for name, path in own.get(service, {}).items()},
        }
        if service == "referral":
            told["keys-database-url"] = self._database(KEY_STORE).app_dsn
            told["service-keys-old"] = self._former("referral.service.keys-old")
        if service == "notifications":
            told["operations-amqp-uri"] = self._amqp(OPERATIONS_USER, passwords[f"amqp-{OPERATIONS_USER}"])
        if service == "audit":
            told |= self._log_key()
        return Room(OURS, {**self._vouchers(), **told})

    @property
    def superuser_dsn(self) -> str:
        """The database's administrator, for the one container that prepares it."""
        return f"postgresql://{SUPERUSER}:{self._secret(SUPERUSER)}@postgres:5432/postgres?{DATABASE_TLS}"

    @property
    def management_url(self) -> str:
        """The broker's administrator."""
        return f"https://{ADMINISTRATOR}:{self._secret(f'amqp-{ADMINISTRATOR}')}@rabbitmq:15671"

    def _secret(self, name: str) -> str:
        return self.store.passwords()[name]

    def _former(self, name: str) -> str:
        """Keys an operator who exchanged one put beside it; empty where nobody did."""
        path = self.store.keys.folder / name
        return path.read_text() if path.exists() else ""

    def _vouchers(self) -> dict[str, str]:
        own = self.store.authority.certificate
        return {"ca.pem": own, "ca-bundle.pem": Path(certifi.where()).read_text() + own}

    def _server(self, name: str, hosts: list[str]) -> dict[str, str]:
        certificate, key = self.store.authority.server(name, hosts)
        return {"ca.pem": self.store.authority.certificate, "certificate.pem": certificate, "key.pem": key}

    def _log_key(self) -> dict[str, str]:
        """The half of the log's key that everybody may have."""
        return {"checkpoint.pub": Path(f"{self.store.keys.checkpoint}.pub").read_text()}

    def _door(self) -> dict[str, str]:
        made = self._server("proxy", [self.at.host, self.at.issuer_host, "localhost"])
        brought = self.own_certificate
        if brought is not None and (brought / "certificate.pem").exists():
            made |= {name: (brought / name).read_text() for name in ("certificate.pem", "key.pem")}
        return made

    def _database(self, name: str) -> databases.DatabaseAddresses:
        return databases.addresses(self.superuser_dsn, name, self.store.passwords())

    def _owners(self) -> dict[str, str]:
        return {f"{name}-owner-url": self._database(name).owner_dsn for name in databases.DATABASES}

    def _amqp(self, user: str, password: str) -> str:
        return f"amqps://{quote(user)}:{quote(password, safe='')}@rabbitmq:5671/{VHOST}?ssl_ca_certs={AUTHORITY}"

    def _definitions(self) -> str:
        users = (ADMINISTRATOR, OPERATIONS_USER, *SERVICES)
        passwords = {user: self._secret(f"amqp-{user}") for user in users}
        return json.dumps(definitions(VHOST, passwords, self.at.inbox_partitions), indent=1)

    def _issuer(self) -> dict[str, str]:
        known = people.clients(self.at.origin, self.store.passwords())
        kept = self.store.folder.parent / "oidc" / "register.json"
        return {"register.json": people.register_text(known, kept), "registration-token": self._secret("registration")}

    def _realm(self) -> str:
        return json.dumps(keycloak.realm(self.at.origin, self.store.passwords()), indent=1)

    def _lotse(self) -> str:
        """What `lotse` reads: a file of the form the demo writes."""
        return json.dumps(self._told_lotse(), indent=1)

    def _lotse_that_backs_up(self) -> str:
        """For the one container that reads every database, as its owner: it signs in nowhere, and opens nothing."""
        more = {
            "lotse": {"client_id": "", "client_secret": "", "token_url": self.at.token_url},
            "databases": {name: self._database(name).owner_dsn for name in databases.DATABASES},
            "deletion_ledger": "/var/lib/lotsennetz/deletions/deletions.ndjson",
        }
        return json.dumps({**self._told_lotse(), **more}, indent=1)

    def _told_lotse(self) -> dict[str, object]:
        passwords = self.store.passwords()
        return {
            "origin": self.at.origin,
            "issuer": self.at.issuer,
            "services": {service: f"http://{service}-web:8080" for service in SERVICES},
            "broker": {
                "management_url": self.management_url,
                "vhost": VHOST,
                "inbox_partitions": self.at.inbox_partitions,
            },
            "lotse": {
                "client_id": "lotse",
                "client_secret": passwords["lotse"],
                "lead_client_id": "lotse-lead",
                "lead_client_secret": passwords["lotse-lead"],
                "token_url": self.at.token_url,
                "registration_url": f"{self.at.issuer}/clients" if self.at.is_demo else "",
                "registration_token": passwords["registration"] if self.at.is_demo else "",
            },
            "audit": {"checkpoints": "/var/lib/lotsennetz/checkpoints", "key": "/run/secrets/checkpoint.pub"},
        }

    def _partners(self) -> dict[str, str]:
        """What the demo's stand-ins bring with them; one program plays them all, so one room holds it."""
        keys, passwords = self.store.keys, self.store.passwords()
        kept = ["partner-amqp", "webhook", *(partner.client_id for partner in PARTICIPANTS)]
        private = {
            f"partner.{one.slug}.json": keys.partner(one.slug).read_text() for one in PARTICIPANTS if one.has_own_key
        }
        signing = {
            f"partner.{one.slug}.client.json": keys.partner_client(one.slug).read_text()
            for one in PARTICIPANTS
            if one.signs_in_by_key
        }
        told = {"passwords.json": json.dumps({name: passwords[name] for name in kept})}
        return {**self._vouchers(), **told, **private, **signing}
