"""What the first container makes once and keeps: passwords, keys, the authority; and how a room is filled from it."""

import base64
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.topology import OPERATIONS_USER
from deploy.demo.databases import DATABASES, SERVICES, roles_of
from deploy.demo.keys import KeyFiles
from deploy.demo.participants import PARTICIPANTS
from deploy.demo.places import write_private
from deploy.stack.authority import Authority
from deploy.stack.definitions import ADMINISTRATOR

SUPERUSER = "postgres"


def names() -> Iterable[str]:
    """Every password there is, by the name of its owner."""
    yield SUPERUSER
    yield from (role for name in DATABASES for role in roles_of(name))
    yield from (f"amqp-{user}" for user in (ADMINISTRATOR, OPERATIONS_USER, *SERVICES))
    yield from (f"lotsennetz-{service}" for service in SERVICES)
    yield from ("lotse", "lotse-lead", "registration", "partner-amqp", "grafana", "keycloak")
    yield from (partner.client_id for partner in PARTICIPANTS)


@dataclass(frozen=True, slots=True)
class Store:
    """One folder nobody but the first container and the one that prepares the servers ever sees."""

    folder: Path

    @property
    def keys(self) -> KeyFiles:
        return KeyFiles(self.folder / "keys")

    @property
    def authority(self) -> Authority:
        return Authority(self.folder / "authority")

    def passwords(self) -> dict[str, str]:
        """All of them; those that are missing are made now, none is ever changed here."""
        path = self.folder / "passwords.json"
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        known = {name: secrets.token_urlsafe(24) for name in names()} | kept
        known.setdefault("webhook", f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")
        if known != kept:
            write_private(path, json.dumps(known, indent=1, sort_keys=True))
        return known


@dataclass(frozen=True, slots=True)
class Room:
    """What one kind of container finds under /run/secrets, and the one user who may read it."""

    user: int
    files: Mapping[str, str]
    #: Whether its owner changes what is in it.
    is_kept_by_owner: bool = False

    def fill(self, folder: Path) -> None:
        """Write what is new or changed; what nobody is given any more goes."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            path = folder / name
            if not path.exists() or path.read_text() != text:
                write_private(path, text)
                path.chmod(0o600 if self.is_kept_by_owner else 0o400)
            _give(path, self.user)
        for path in folder.iterdir():
            if path.name not in self.files and not self.is_kept_by_owner:
                path.unlink()
        folder.chmod(0o700 if self.is_kept_by_owner else 0o500)
        _give(folder, self.user)


def _give(path: Path, user: int) -> None:
    if os.geteuid() == 0:
        os.chown(path, user, user)
