"""Putting a backup back: into empty databases only, and no role may start before the erased are erased again."""

import json
import shlex
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from contracts.topology import HEARS, events_exchange
from lotse.backups import manifest, postgres
from lotse.backups.manifest import Manifest
from lotse.backups.postgres import BackupError, Connection, Place, one
from lotse.backups.taking import CHECKPOINTS, KEY_STORE, LEDGER, ORDER, WAITING, Tell
from lotse.config import Config

#: In an environment that has referral's settings; elsewhere `--replay` says how to get there.
REPLAY = (sys.executable, "-m", "services.referral", "replay-deletions")
VERIFIER = Path(__file__).resolve().parents[2] / "services" / "audit" / "verifier" / "lotsennetz_verify.py"
PAGE = 1000

PUBLISHED = """
SELECT event_id, position, written_at FROM outbox
WHERE exchange = %s AND published_at IS NOT NULL AND position < %s ORDER BY position DESC LIMIT %s"""
#: What waits to be handled or was put aside has come, too.
HEARD = """
SELECT event_id FROM inbox WHERE event_id = ANY(%(ids)s)
UNION SELECT event_id FROM held_events WHERE event_id = ANY(%(ids)s)
UNION SELECT event_id FROM parked_events WHERE event_id = ANY(%(ids)s)"""
LOGGED = "SELECT event_id FROM entries WHERE event_id = ANY(%(ids)s)"


@dataclass(frozen=True, slots=True)
class Missed:
    """What a service published and another never heard of: it was on its way when the moments were settled."""

    sender: str
    hearer: str
    events: int
    since: datetime

    @property
    def command(self) -> str:
        return f"python -m services.{self.sender} republish --since {self.since.isoformat()} --to {self.hearer}"


@dataclass(frozen=True, slots=True)
class Backup:
    """Both halves of one backup, looked through before anything is touched."""

    data: Path
    keys: Path | None
    said: Manifest

    @classmethod
    def at(cls, data: Path, keys: Path | None, names: Collection[str]) -> "Backup":
        said = manifest.read(data, "data")
        said.check(data)
        if KEY_STORE in names:
            if keys is None:
                raise BackupError("The key store lies apart from the data.", "Name where: --keys FOLDER.")
            apart = manifest.read(keys, "keys")
            if apart.id != said.id:
                raise BackupError(f"{keys} belongs to another backup than {data}.")
            apart.check(keys)
        return cls(data, keys, said)

    def file_of(self, name: str) -> Path:
        folder = self.keys if name == KEY_STORE else self.data
        assert folder is not None
        return folder / f"{name}.dump"


def put_back(backup: Backup, places: Mapping[str, Place], config: Config, tell: Tell) -> None:
    """Refuses before it begins if any of the databases holds anything."""
    if full := [name for name, place in places.items() if not place.is_empty()]:
        raise BackupError(
            f"Not empty: {', '.join(full)}.", "Restore into new databases; what is there may be all that is left."
        )
    version = postgres.server_version(next(iter(places.values())))
    for number, (name, place) in enumerate(places.items(), start=1):
        tell(f"{number} of {len(places)}: {name}")
        postgres.restore(place, backup.file_of(name), version)
    _lay_ledger(backup, config, tell)


def _lay_ledger(backup: Backup, config: Config, tell: Tell) -> None:
    """The one outside knows more than any copy; the copy is for when it is lost."""
    ledger = Path(config.deletion_ledger) if config.deletion_ledger else None
    copy = backup.data / LEDGER
    if ledger and not ledger.exists() and copy.exists():
        tell("the ledger of deletions is lost: its copy is laid down, who was erased since the backup is not in it")
        ledger.parent.mkdir(parents=True, exist_ok=True)
        ledger.touch(mode=0o600)
        ledger.write_bytes(copy.read_bytes())


def replay_deletions(command: str | None, tell: Tell) -> None:
    """Before any role starts."""
    words = shlex.split(command) if command else list(REPLAY)
    tell("erasing again whoever was erased since")
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - the operator's own words
    for line in done.stdout.splitlines():
        tell(f"  {line}")
    if done.returncode:
        raise BackupError(
            f"{shlex.join(words)}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}",
            "The databases are restored; referral will not start before `replay-deletions` has run with its settings.",
        )


def verify_log(place: Place, checkpoints: Path, key: Path) -> dict[str, Any]:
    """What the program that shares no code with the log's writer says of it."""
    command = [sys.executable, str(VERIFIER), "--database", place.address, "--json"]
    command += ["--checkpoint", str(checkpoints), "--key", str(key)]
    done = subprocess.run(command, env=place.environment, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        return dict(json.loads(done.stdout or done.stderr.strip().splitlines()[-1]))
    except (ValueError, IndexError) as error:
        raise BackupError(f"The log could not be verified: {done.stderr.strip()[:600]}") from error


def checkpoints_of(backup: Backup) -> Path:
    """Those that were published when the backup was taken."""
    return backup.data / CHECKPOINTS


def waiting(places: Mapping[str, Place]) -> dict[str, int]:
    """How many letters each relay will publish as soon as it runs."""
    found = {}
    for name in ORDER:
        with places[name].session() as connection:
            found[name] = one(connection, WAITING)["waiting"]
    return found


def missed(places: Mapping[str, Place]) -> list[Missed]:
    """By sender and hearer, what has to be said once more; what was heard already is dropped there anyway."""
    with ExitStack() as stack:
        open_ = {name: stack.enter_context(places[name].session()) for name in ORDER}
        pairs = [(sender, hearer) for hearer in ORDER for sender in HEARS[hearer]]
        found = [_missed(sender, hearer, open_[sender], open_[hearer]) for sender, hearer in pairs]
    return [one for one in found if one]


def _missed(sender: str, hearer: str, said: Connection, heard: Connection) -> Missed | None:
    lost: list[datetime] = []
    for page in _newest_first(said, sender):
        ids = [row["event_id"] for row in page]
        known = {row["event_id"] for row in heard.execute(LOGGED if hearer == "audit" else HEARD, {"ids": ids})}
        unheard = [row["written_at"] for row in page if row["event_id"] not in known]
        if not unheard:
            break  # events come in their order: what is older has come
        lost += unheard
    return Missed(sender, hearer, len(lost), min(lost)) if lost else None


def _newest_first(connection: Connection, sender: str) -> Iterator[list[dict[str, Any]]]:
    before = 1 << 62
    while page := connection.execute(PUBLISHED, (events_exchange(sender), before, PAGE)).fetchall():
        yield page
        before = page[-1]["position"]
