"""A backup of the running network that agrees with itself.

Whoever hears is photographed before whoever is heard, so nobody knows of an event that its sender will not remember:
the audit log first, the directory last (`contracts.topology.HEARS` has no circle). Published checkpoints are copied
before the log, so that it fulfils them; the key store comes after the data, so that it holds every key they need; the
ledger last, because who is erased stands there before her key goes.
"""

import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from contracts.topology import SERVICES
from lotse.backups import manifest, postgres
from lotse.backups.manifest import Manifest
from lotse.backups.postgres import BackupError, Connection, Place, one
from lotse.broker import Broker
from lotse.config import Config

KEY_STORE = "referral_keys"
#: Who is heard comes after whoever hears it.
ORDER = tuple(reversed(SERVICES))
PRIVATE = 0o700
CHECKPOINTS, NEWEST = "checkpoints", "latest.note"
LEDGER, BROKER, BROKER_USERS = "deletions.ndjson", "broker.json", "broker-users.json"

STREAMS = "SELECT exchange, position, published, rolling_sha256 FROM outbox_heads ORDER BY exchange"
WAITING = "SELECT count(*) AS waiting FROM outbox WHERE published_at IS NULL"
LOG = "SELECT coalesce(max(size), 0) AS size, (SELECT max(size) FROM checkpoints) AS signed FROM heads"
WRAPPED = "SELECT wrapping_id, count(*) AS keys FROM keystore.person_keys GROUP BY wrapping_id ORDER BY wrapping_id"
SNAPSHOT = "SELECT pg_export_snapshot() AS snapshot, now() AS taken_at"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Photograph:
    """One database at one moment; the connection keeps the moment."""

    place: Place
    snapshot: str
    facts: dict[str, Any]


def take(config: Config, broker: Broker | None, out: Path, keys_out: Path, tell: Tell) -> Manifest:
    """Both halves, each whole or not there at all."""
    out, keys_out = out.resolve(), keys_out.resolve()
    _refuse_bad_places(out, keys_out)
    places = postgres.places_of(config.databases, (*ORDER, KEY_STORE))
    version = _one_version(list(places.values()))
    postgres.program("pg_dump", version)  # before anything is begun
    identity, begun_at = str(uuid4()), datetime.now(UTC)
    with _halves(out, keys_out) as (data, keys):
        _keep_broker(broker, data, keys, tell)
        _keep_checkpoints(config, data, tell)
        databases = _keep_data([places[name] for name in ORDER], data, version, tell)
        held = _keep_keys(places[KEY_STORE], keys, version, tell)
        _keep_ledger(config, data, tell)
        escrow = {"service_keys": held, "key_files": manifest.thumbprints(map(Path, config.key_files))}
        for half, folder, of_half in (("keys", keys, {}), ("data", data, databases)):
            finished = Manifest(
                identity, half, begun_at.isoformat(), datetime.now(UTC).isoformat(), version,
                manifest.files_in(folder), of_half, escrow if half == "data" else {},
            )  # fmt: skip
            finished.write(folder)
    return finished


@contextmanager
def _halves(out: Path, keys_out: Path) -> Iterator[tuple[Path, Path]]:
    """Two folders beside their later places; put there at the end, and gone if the end is not reached."""
    data, keys = _part_of(out), _part_of(keys_out)
    try:
        for part in (data, keys):
            part.parent.mkdir(parents=True, exist_ok=True)
            part.mkdir(mode=PRIVATE)
        yield data, keys
        _put_in_place(((keys, keys_out), (data, out)))  # where there are data, there are keys
    except OSError as error:
        raise BackupError(f"The backup did not come to its end, and nothing of it is left: {error}") from error
    finally:
        for part in (data, keys):
            shutil.rmtree(part, ignore_errors=True)


def _part_of(wanted: Path) -> Path:
    return wanted.with_name(f".{wanted.name}.{secrets.token_hex(4)}")


def _put_in_place(moves: Sequence[tuple[Path, Path]]) -> None:
    done: list[Path] = []
    try:
        for part, wanted in moves:
            part.rename(wanted)
            done.append(wanted)
    except OSError:
        for wanted in done:
            shutil.rmtree(wanted)
        raise


def _refuse_bad_places(out: Path, keys_out: Path) -> None:
    if keys_out == out or out in keys_out.parents or keys_out in out.parents:
        raise BackupError("The keys lie apart from the data, or neither protects the other.", "Change --keys-out.")
    for wanted in (out, keys_out):
        if wanted.exists():
            raise BackupError(f"{wanted} is there already.", "A backup never writes over another: name a new folder.")


def _keep_data(places: Sequence[Place], folder: Path, version: int, tell: Tell) -> dict[str, Any]:
    """All moments are settled first, one right after the other; reading them out may then take as long as it likes."""
    with ExitStack() as stack:
        photographs = [_photograph(place, stack.enter_context(place.session())) for place in places]
        for number, photograph in enumerate(photographs, start=1):
            tell(f"{number} of {len(photographs)}: {photograph.place.name}")
            file = folder / f"{photograph.place.name}.dump"
            postgres.dump(photograph.place, photograph.snapshot, file, version)
    return {photograph.place.name: photograph.facts for photograph in photographs}


def _photograph(place: Place, connection: Connection) -> Photograph:
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    settled = one(connection, SNAPSHOT)
    facts = {
        "snapshot_at": settled["taken_at"].isoformat(),
        "streams": connection.execute(STREAMS).fetchall(),
        "waiting": one(connection, WAITING)["waiting"],
    }
    if place.name == "audit":
        facts["log"] = one(connection, LOG)
    return Photograph(place, settled["snapshot"], facts)


def _keep_keys(place: Place, folder: Path, version: int, tell: Tell) -> dict[str, int]:
    """Also says under which service keys they lie: without these the copy opens nothing."""
    tell("the key store, apart")
    with place.session() as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = one(connection, SNAPSHOT)["snapshot"]
        held = {row["wrapping_id"]: row["keys"] for row in connection.execute(WRAPPED)}
        postgres.dump(place, snapshot, folder / f"{place.name}.dump", version)
    return held


def _keep_broker(broker: Broker | None, data: Path, keys: Path, tell: Tell) -> None:
    """Exchanges, queues, bindings and policies with the data; users with what proves them apart, with the keys."""
    if broker is None:
        tell("the broker's management is not known: its definitions are left out")
        return
    tell("the broker's definitions")
    _write(data / BROKER, broker.definitions())
    _write(keys / BROKER_USERS, broker.user_definitions())


def _keep_checkpoints(config: Config, folder: Path, tell: Tell) -> None:
    """The history first: the newest note is then never older than it."""
    if not config.audit_checkpoints:
        raise BackupError("Not known where the log's checkpoints lie.", "Set LOTSE_AUDIT_CHECKPOINTS.")
    tell("the log's published checkpoints")
    source = Path(config.audit_checkpoints)
    shutil.copytree(source, folder / CHECKPOINTS, ignore=shutil.ignore_patterns(".*", NEWEST))
    if (source / NEWEST).exists():  # a log that nothing was published of has none
        shutil.copyfile(source / NEWEST, folder / CHECKPOINTS / NEWEST)


def _keep_ledger(config: Config, folder: Path, tell: Tell) -> None:
    if not config.deletion_ledger:
        raise BackupError("Not known where the ledger of deletions lies.", "Set LOTSE_DELETION_LEDGER_FILE.")
    if Path(config.deletion_ledger).exists():  # nobody was erased yet
        tell("the ledger of deletions")
        shutil.copyfile(config.deletion_ledger, folder / LEDGER)


def _write(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _one_version(places: Sequence[Place]) -> int:
    found = {place.name: postgres.server_version(place) for place in places}
    if len(set(found.values())) > 1:
        raise BackupError(f"The databases' servers are of different versions: {found}.")
    return found[KEY_STORE]
