"""Where the partner stands: the network's address, who we are, which keys are ours, where files go."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from lotsennetz_partner.errors import SettingsError

PREFIX = "LOTSENNETZ_"
#: To these one may speak in the clear; to every other host only by TLS.
THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
NAMES = (
    "network_url",
    "organization_id",
    "token_url",
    "client_id",
    "client_secret",
    "client_secret_file",
    "client_key_file",
    "private_key_files",
    "signing_key_file",
    "amqp_uri",
    "amqp_ca_file",
    "journal",
    "inbox",
    "outbox",
    "command",
    "answered_within",
)
#: So long a result by queue may take; then it is lost, and the answer is said again under its key.
ANSWERED_WITHIN = 300.0
ONE_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Read from a TOML file and from `LOTSENNETZ_...` in the environment; the environment counts more."""

    network_url: str
    organization_id: UUID
    token_url: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    client_key_file: Path | None = None
    private_key_files: tuple[Path, ...] = ()
    #: Signs our receipts; without one we only keep the network's.
    signing_key_file: Path | None = None
    amqp_uri: str | None = field(default=None, repr=False)
    amqp_ca_file: Path | None = None
    journal: Path = Path("lotsennetz-journal.sqlite")
    inbox: Path = Path("inbox")
    outbox: Path = Path("outbox")
    command: str | None = None
    #: Seconds a result by queue may take before the answer is said again under its key.
    answered_within: float = ANSWERED_WITHIN


def load(file: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """All settings; what is missing or wrong is named together, so that one look is enough."""
    given = _from_file(file) if file else {}
    for name in NAMES:
        if value := environment.get(PREFIX + name.upper()):
            given[name] = value
    unknown = sorted(set(given) - set(NAMES))
    if unknown:
        raise SettingsError(f"unknown settings: {', '.join(unknown)}; known are {', '.join(NAMES)}")
    return _checked(given, base=file.parent if file else Path())


def _from_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: expected TOML ({error})") from error


def _checked(given: Mapping[str, Any], base: Path) -> Settings:
    wrong = [name for name in ("network_url", "organization_id", "token_url", "client_id") if not given.get(name)]
    if wrong:
        raise SettingsError(f"missing: {', '.join(wrong)} (in the file, or as {PREFIX}{wrong[0].upper()} ...)")
    for name in ("network_url", "token_url"):
        if not is_guarded(str(given[name]), "https", "http"):
            raise SettingsError(f"{name}: expected an https:// address (http only on this machine)")
    return Settings(
        network_url=str(given["network_url"]).rstrip("/"),
        organization_id=_id(given["organization_id"]),
        token_url=str(given["token_url"]),
        client_id=str(given["client_id"]),
        client_secret=_secret(given, base),
        client_key_file=_path(given, "client_key_file", base),
        private_key_files=tuple(base / part for part in _several(given.get("private_key_files"))),
        signing_key_file=_path(given, "signing_key_file", base),
        amqp_uri=checked_amqp(given["amqp_uri"]) if given.get("amqp_uri") else None,
        amqp_ca_file=_path(given, "amqp_ca_file", base),
        journal=base / given.get("journal", "lotsennetz-journal.sqlite"),
        inbox=base / given.get("inbox", "inbox"),
        outbox=base / given.get("outbox", "outbox"),
        command=given.get("command"),
        answered_within=_seconds(given.get("answered_within", ANSWERED_WITHIN)),
    )


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 1 <= seconds <= ONE_DAY:
        raise SettingsError("answered_within: expected seconds, from 1 to 86400")
    return seconds


def is_guarded(uri: str, by_tls: str, in_the_clear: str) -> bool:
    """Whether nobody between us and the host can listen or put himself in its place."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == by_tls or (parts.scheme == in_the_clear and host in THIS_MACHINE))


def checked_amqp(uri: Any) -> str:
    """The broker's address as it is given, if the password and the answers may travel there."""
    if not is_guarded(str(uri), "amqps", "amqp"):
        raise SettingsError("amqp_uri: expected amqps://user:password@host/vhost (amqp only on this machine)")
    return str(uri)


def _id(value: Any) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        raise SettingsError("organization_id: expected the UUID you were given") from None


def _secret(given: Mapping[str, Any], base: Path) -> str | None:
    if file := _path(given, "client_secret_file", base):
        try:
            return file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"client_secret_file: cannot be read ({error.strerror})") from error
    return given.get("client_secret")


def _path(given: Mapping[str, Any], name: str, base: Path) -> Path | None:
    return base / given[name] if given.get(name) else None


def _several(value: Any) -> list[str]:
    return [part for part in value.split(os.pathsep) if part] if isinstance(value, str) else list(value or ())
