"""Settings from the environment: read and checked once, refused with the setting's name and what was expected.

`load` reads what every service needs. What only one service needs it asks for by name with the same readers::

    settings = load("referral")
    service_key = settings.secret("SERVICE_KEY", "32 bytes in base64", matches=BASE64_32)

A secret ``X`` may stand in a file named by ``X_FILE`` instead, so that it need not appear in a process listing.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from contracts.topology import MOST_PARTITIONS

#: Published with the demo; production refuses to start with it.
DEMO_DEPLOYMENT_KEY = "d3" * 32
HEX_32 = r"[0-9a-f]{64}"
BASE64_32 = r"[A-Za-z0-9+/]{43}="
ADDRESS = r"[A-Za-z0-9_.:\[\]-]+:\d{1,5}"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ConfigError(Exception):
    """A setting is missing or wrong. Never holds the refused value: it may be a secret."""

    def __init__(self, setting: str, expected: str) -> None:
        super().__init__(f"setting {setting}: expected {expected}")
        self.setting = setting
        self.expected = expected


class Mode(StrEnum):
    DEMO = "demo"
    PRODUCTION = "production"


def is_socket(url: str) -> bool:
    """Whether an address leads to a socket of this machine, its path written as the host."""
    return str(urlsplit(url).hostname).lower().startswith("%2f")


@dataclass(frozen=True, slots=True)
class Environment:
    """Typed readers over environment variables; each raises `ConfigError` naming setting and expectation."""

    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    def text(self, name: str, expected: str, default: str | None = None, *, matches: str = r".+") -> str:
        value = self.variables.get(name, "") or default
        if value is None or not re.fullmatch(matches, value):
            raise ConfigError(name, expected)
        return value

    def optional(self, name: str) -> str | None:
        return self.variables.get(name) or None

    def secret(self, name: str, expected: str, default: str | None = None, *, matches: str = r"(?s).+") -> str:
        """The value of ``name``, or the content of the file that ``<name>_FILE`` points to."""
        if self.variables.get(f"{name}_FILE"):
            value: str | None = self.path(f"{name}_FILE").read_text(encoding="utf-8").strip()
        else:
            value = self.variables.get(name) or default
        if value is None or not re.fullmatch(matches, value):
            raise ConfigError(name, f"{expected} (or {name}_FILE naming a file with it)")
        return value

    def path(self, name: str) -> Path:
        path = Path(self.variables.get(name) or "/nonexistent")
        if not path.is_file() or not os.access(path, os.R_OK):
            raise ConfigError(name, "the path of a readable file")
        return path

    def number(self, name: str, default: int, *, low: int, high: int) -> int:
        expected = f"a whole number from {low} to {high}"
        value = int(self.text(name, expected, str(default), matches=r"\d{1,9}"))
        if not low <= value <= high:
            raise ConfigError(name, expected)
        return value

    def url(self, name: str, schemes: tuple[str, ...], default: str | None = None) -> str:
        expected = f"an address beginning with {' or '.join(f'{scheme}://' for scheme in schemes)}"
        value = self.secret(name, expected, default)
        if urlsplit(value).scheme not in schemes or not urlsplit(value).hostname:
            raise ConfigError(name, expected)
        return value.rstrip("/")

    def database(self, name: str, default: str | None = None) -> str:
        """Of a PostgreSQL database; in production nobody on the way reads along, and none other can pass for it."""
        value = self.url(name, ("postgresql", "postgres"), default)
        is_guarded = "sslmode=verify-full" in urlsplit(value).query or is_socket(value)
        if self.optional("MODE") != Mode.DEMO and not is_guarded:
            raise ConfigError(name, "sslmode=verify-full, or a socket of this machine (@%2Frun%2F...), in production")
        return value

    def broker(self, name: str) -> str:
        """Of RabbitMQ, with the rights of one user; in production by TLS, which always checks the certificate.

        Nodes of a cluster are divided by ``;``.
        """
        schemes = ("amqp", "amqps") if self.optional("MODE") == Mode.DEMO else ("amqps",)
        nodes = self.secret(name, "the broker's address").split(";")
        return ";".join(Environment({name: node}).url(name, schemes) for node in nodes)


@dataclass(frozen=True, slots=True)
class Settings(Environment):
    """What every service is told from outside."""

    service: str = ""
    mode: Mode = Mode.PRODUCTION
    database_url: str = field(default="", repr=False)
    migration_database_url: str = field(default="", repr=False)
    amqp_uri: str = field(default="", repr=False)
    http_address: str = "127.0.0.1:8101"
    http_threads: int = 8
    public_url: str = ""
    issuer_url: str = ""
    issuer_jwks_url: str | None = None
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    token_audience: str = "lotsennetz"  # noqa: S105  # a name, not a secret
    deployment_key: bytes = field(default=b"", repr=False)
    #: Former ones: what was signed or sealed with them still counts, nothing more is.
    deployment_keys_old: tuple[bytes, ...] = field(default=(), repr=False)
    #: By it staff and callers' keys keep their names, whatever becomes of the deployment key.
    pseudonym_key: bytes = field(default=b"", repr=False)
    session_idle_minutes: int = 30
    session_hours: int = 10
    person_idle_minutes: int = 15
    person_session_minutes: int = 60
    #: Values of OpenID Connect's ``acr`` that are strong enough to sign in, and for the doors that ask for more.
    sign_in_acr: tuple[str, ...] = ()
    step_up_acr: tuple[str, ...] = ()
    step_up_minutes: int = 0
    partner_requests_per_minute: int = 600
    trusted_proxy: str | None = None
    max_request_bytes: int = 5_000_000
    inbox_partitions: int = 1
    log_level: str = "INFO"

    @property
    def deployment_keys(self) -> tuple[bytes, ...]:
        """The one that signs and seals, and those that are still accepted."""
        return (self.deployment_key, *self.deployment_keys_old)

    @property
    def is_demo(self) -> bool:
        return self.mode is Mode.DEMO

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")


def load(service: str, variables: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings of one service; the first wrong one is named and stops the process."""
    env = Environment(dict(os.environ if variables is None else variables))
    mode = env.text("MODE", "demo or production", Mode.PRODUCTION, matches="demo|production")
    database_url, keys = env.database("DATABASE_URL"), deployment_keys(env)
    settings = Settings(
        variables=env.variables,
        service=service,
        mode=Mode(mode),
        database_url=database_url,
        migration_database_url=env.database("MIGRATION_DATABASE_URL", database_url),
        amqp_uri=env.broker("AMQP_URI"),
        http_address=env.text("HTTP_ADDRESS", "host:port", "127.0.0.1:8101", matches=ADDRESS),
        http_threads=env.number("HTTP_THREADS", 8, low=1, high=64),
        public_url=env.url("PUBLIC_URL", ("http", "https")),
        issuer_url=env.url("ISSUER_URL", ("http", "https")),
        issuer_jwks_url=env.optional("ISSUER_JWKS_URL"),
        oidc_client_id=env.text("OIDC_CLIENT_ID", "the client id at the issuer", f"lotsennetz-{service}"),
        oidc_client_secret=env.secret("OIDC_CLIENT_SECRET", "the client secret at the issuer"),
        token_audience=env.text("TOKEN_AUDIENCE", "the audience of access tokens", "lotsennetz"),
        deployment_key=keys[0],
        deployment_keys_old=keys[1:],
        pseudonym_key=pseudonym_key(env, keys),
        session_idle_minutes=env.number("SESSION_IDLE_MINUTES", 30, low=1, high=480),
        session_hours=env.number("SESSION_HOURS", 10, low=1, high=24),
        person_idle_minutes=env.number("PERSON_IDLE_MINUTES", 15, low=1, high=60),
        person_session_minutes=env.number("PERSON_SESSION_MINUTES", 60, low=5, high=240),
        sign_in_acr=tuple((env.optional("SIGN_IN_ACR") or "").split()),
        step_up_acr=tuple((env.optional("STEP_UP_ACR") or "").split()),
        step_up_minutes=env.number("STEP_UP_MINUTES", 0, low=0, high=480),
        partner_requests_per_minute=env.number("PARTNER_REQUESTS_PER_MINUTE", 600, low=10, high=100_000),
        trusted_proxy=env.optional("TRUSTED_PROXY"),
        max_request_bytes=env.number("MAX_REQUEST_BYTES", 5_000_000, low=10_000, high=50_000_000),
        inbox_partitions=env.number("INBOX_PARTITIONS", 1, low=1, high=MOST_PARTITIONS),
        log_level=env.text("LOG_LEVEL", "one of " + ", ".join(LOG_LEVELS), "INFO", matches="|".join(LOG_LEVELS)),
    )
    if settings.mode is Mode.PRODUCTION:
        refuse_demo_values(settings)
    return settings


def deployment_keys(env: Environment) -> tuple[bytes, ...]:
    """The one in use, and the former ones that still verify and open, divided by white space."""
    current = env.secret("DEPLOYMENT_KEY", "64 hexadecimal digits", matches=HEX_32)
    former = env.secret("DEPLOYMENT_KEYS_OLD", "keys of 64 hexadecimal digits", " ", matches=rf"\s*({HEX_32}\s*)*")
    return tuple(bytes.fromhex(key) for key in (current, *former.split()))


def pseudonym_key(env: Environment, keys: tuple[bytes, ...]) -> bytes:
    """The deployment key, until it is exchanged: then it has to be said by which one pseudonyms were made."""
    if len(keys) == 1 and not (env.optional("PSEUDONYM_KEY") or env.optional("PSEUDONYM_KEY_FILE")):
        return keys[0]
    expected = "64 hexadecimal digits: the deployment key that was in use when pseudonyms were first made"
    return bytes.fromhex(env.secret("PSEUDONYM_KEY", expected, matches=HEX_32))


def refuse_demo_values(settings: Settings) -> None:
    """Production does not start on what everybody knows or anybody can read on the wire."""
    if settings.deployment_key.hex() == DEMO_DEPLOYMENT_KEY or len(set(settings.deployment_key)) < 8:
        raise ConfigError("DEPLOYMENT_KEY", "a random key of its own in production, not the demo's")
    for name in ("PUBLIC_URL", "ISSUER_URL", "ISSUER_JWKS_URL"):
        if not (getattr(settings, name.lower()) or "https://").startswith("https://"):
            raise ConfigError(name, "an https:// address in production")
    if settings.oidc_client_secret.startswith("demo"):
        raise ConfigError("OIDC_CLIENT_SECRET", "a secret of its own in production, not the demo's")
    nodes = [("AMQP_URI", node) for node in settings.amqp_uri.split(";")]
    for name, value in (("DATABASE_URL", settings.database_url), *nodes):
        address = urlsplit(value)
        if not is_socket(value) and address.password in {None, "", "guest", "demo", "postgres"}:
            raise ConfigError(name, "a password of its own in production, not a well-known one")
