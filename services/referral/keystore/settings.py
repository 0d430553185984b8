"""Where the key store and the ledger lie, as the environment says; in production never beside the data."""

import atexit
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from services.chassis.config import ConfigError, Environment
from services.chassis.db import Database
from services.referral.keystore.ledger import DeletionLedger
from services.referral.keystore.store import KeyStore

CONNECTIONS = 8


def open_store(settings: Environment) -> KeyStore:
    """The store behind pools of its own, which connect when the first key is asked for."""
    db = Database(url(settings), 0, CONNECTIONS, name="referral.keystore")
    atexit.register(db.close)
    return KeyStore(db)


def url(settings: Environment) -> str:
    """The database the roles work in; a small box may name referral's own, production may not."""
    found = settings.database("KEYS_DATABASE_URL")
    if settings.optional("MODE") != "demo":
        _refuse_neighbors(urlsplit(found), urlsplit(settings.database("DATABASE_URL")))
    return found


def owner_url(settings: Environment) -> str:
    """The database as its owner sees it, to migrate."""
    return settings.database("KEYS_MIGRATION_DATABASE_URL", url(settings))


def deletion_ledger(settings: Environment) -> DeletionLedger:
    return DeletionLedger(Path(settings.text("DELETION_LEDGER_FILE", "the path of a file outside every database")))


def _refuse_neighbors(keys: SplitResult, data: SplitResult) -> None:
    """Whoever can read the data, or takes their backup, must not have the keys by the same way."""
    same: tuple[tuple[Callable[[SplitResult], object], str], ...] = (
        (_database, "a database of its own in production, not the one of DATABASE_URL"),
        (lambda address: address.username, "a role of its own in production, not the one of DATABASE_URL"),
    )
    for part, expected in same:
        if part(keys) == part(data):
            raise ConfigError("KEYS_DATABASE_URL", expected)


def _database(address: SplitResult) -> tuple[str | None, int, str]:
    return address.hostname, address.port or 5432, address.path
