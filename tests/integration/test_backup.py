"""The drill: everything is put aside, goes on, is destroyed and comes back; and what a backup refuses to do."""

import io
import json
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
import pytest

from contracts import envelope
from deploy.demo import databases
from deploy.demo.databases import DatabaseAddresses
from lotse import __main__ as lotse
from lotse.backups import postgres as programs
from services.audit import commands as audit
from services.audit.domain.checkpoint import KeyRing
from services.audit.keys import load_signer, replace_key
from services.audit.writer import LogContradictsError, Writer
from services.chassis.db import Database, connect
from services.chassis.despatch import Shelf
from services.chassis.errors import NotFoundError
from services.chassis.hear import Arrival
from services.referral import fitness
from services.referral.commands import enquiries
from services.referral.store import persons
from tests.conftest import MADE, ROLE_PASSWORDS
from tests.integration.audit.conftest import LogAtWork, a_log
from tests.integration.referral.backups import environment
from tests.integration.referral.scene import NAVIGATOR, Scene, some_keys

OWN = ("directory", "referral", "notifications", "audit", "referral_keys")
#: Published, and on its way to the log when the moments were settled.
UNHEARD = 2


@dataclass
class Told:
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class Town:
    """The databases of a network, what its operator is told about them, and a backup of it."""

    scene: Scene
    log: LogAtWork
    made: Mapping[str, DatabaseAddresses]
    postgres: str
    folder: Path
    people: dict[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "away" / "data"

    @property
    def keys(self) -> Path:
        return self.folder / "vault" / "keys"

    def lotse(self, *words: str, **changes: Any) -> Told:
        """As it is typed."""
        state = {
            "origin": "http://127.0.0.1:9",
            "lotse": {"client_id": "lotse", "client_secret": "secret", "token_url": "http://127.0.0.1:9/token"},
            "audit": {"checkpoints": str(self.log.directory), "key": str(self.log.key_file)},
            "databases": {name: addresses.owner_dsn for name, addresses in self.made.items()},
            "deletion_ledger": str(self.scene.keys.ledger.path),
            "key_files": [str(self.folder / "log.key")],
            **changes,
        }
        file = self.folder / "lotse.json"
        file.write_text(json.dumps(state))
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.object(sys, "argv", ["lotse", "--config", str(file), *words]),
            redirect_stdout(out),
            redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            lotse.main()
        return Told(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    def backup(self, **where: Path) -> Told:
        out, keys = where.get("out", self.data), where.get("keys_out", self.keys)
        return self.lotse("backup", "--json", "--out", str(out), "--keys-out", str(keys))

    def publish(self) -> list[Arrival]:
        """What the relay does: everything gets its position and is confirmed."""
        with connect(self.made["referral"].app_dsn) as connection:
            shelf = Shelf(connection, 10_000)
            parcels = shelf.next([])
            shelf.next(parcels)
        events = [parcel for parcel in parcels if parcel.exchange == "referral.events"]
        return [
            Arrival(envelope.read(parcel.body), queue="audit.inbox.0", position=parcel.position) for parcel in events
        ]

    def log_hears(self, arrivals: list[Arrival]) -> None:
        with self.log.connection.transaction():
            audit.record(self.log.connection, self.log.writer, arrivals, self.scene.clock.now())
        self.log.sign()
        self.log.publish()

    def empty(self) -> dict[str, DatabaseAddresses]:
        """Databases as they are made for an installation, with nothing in them."""
        return {name: self.empty_one(name) for name in OWN}

    def empty_one(self, service: str) -> DatabaseAddresses:
        name = f"test_drill_{service}_{secrets.token_hex(4)}"
        MADE.append(lambda: databases.drop_database(self.postgres, name))
        return databases.create_database(self.postgres, service, ROLE_PASSWORDS, name=name)


@pytest.fixture(scope="module")
def town(
    make_database: Callable[[str], Any], postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """Three persons; one was erased before the backup, one will be after it. Some events are still under way."""
    folder = tmp_path_factory.mktemp("town")
    made = {name: make_database(name) for name in OWN if name != "audit"}
    with a_log(make_database, postgres, folder) as log, Database(made["referral"].app_dsn) as db:
        addresses = DatabaseAddresses(log.owner_dsn, log.app_dsn, log.retention_dsn)
        scene = Scene(db, keys_dsn=made["referral_keys"].app_dsn).told_directory()
        town = Town(scene, log, {**made, "audit": addresses}, postgres, folder)
        for name in ("Marta", "Zyrelha", "Olena"):
            town.people[name] = scene.an_enquiry(given_name=name)
        erase(scene, town.people["Marta"])
        told = town.publish()
        town.log_hears(told[:-UNHEARD])
        scene.consent(town.people["Olena"])  # told, and not published yet
        taken = town.backup()
        assert taken.code == 0, taken.err
        yield town
        scene.close()


def erase(scene: Scene, enquiry: Any) -> None:
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, NAVIGATOR, enquiry.id)
    scene.tick()


def test_a_backup_says_what_it_holds_how_far_it_had_come_and_which_keys_it_needs(town: Town):
    said = json.loads((town.data / "manifest.json").read_text())
    assert set(said["files"]) >= {*(f"{name}.dump" for name in OWN[:4]), "deletions.ndjson", "checkpoints/latest.note"}
    assert set(json.loads((town.keys / "manifest.json").read_text())["files"]) == {"referral_keys.dump"}
    assert said["databases"]["referral"]["waiting"] > 0
    [stream] = [one for one in said["databases"]["referral"]["streams"] if one["exchange"] == "referral.events"]
    logged = said["databases"]["audit"]["log"]
    assert stream["published"] - UNHEARD == logged["size"] == logged["signed"] > 0
    assert list(said["escrow"]["service_keys"].values()) == [2]  # the third was erased
    assert list(said["escrow"]["key_files"]) == ["log.key"]
    assert (town.data.stat().st_mode & 0o777, town.keys.stat().st_mode & 0o777) == (0o700, 0o700)
    held = b"".join(path.read_bytes() for path in town.folder.glob("*/*/**/*") if path.is_file())
    assert (town.folder / "log.key").read_bytes().strip() not in held


def test_whoever_hears_is_photographed_before_whoever_is_heard(town: Town):
    taken = json.loads((town.data / "manifest.json").read_text())["databases"]
    order = sorted(taken, key=lambda name: str(taken[name]["snapshot_at"]))
    assert order == ["audit", "notifications", "referral", "directory"]


def test_one_database_alone_comes_back_and_is_held_against_what_was_published(town: Town):
    """Before anything else was published: the log is as old as its word."""
    fresh = town.empty_one("audit")
    ways = {name: addresses.owner_dsn for name, addresses in {**town.made, "audit": fresh}.items()}
    told = town.lotse("restore", str(town.data), "--only", "audit", "--verify", "--json", databases=ways)
    assert told.code == 0, told.err
    assert told.data["restored"] == ["audit"] and "erasing again" not in told.err
    assert told.data["log"]["entries"] == len(town.log.positions())
    with connect(fresh.app_dsn) as connection:
        restored = town.log.elsewhere(connection)
        assert restored.positions() == town.log.positions()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM entries")


@pytest.mark.long
def test_after_everything_is_lost_the_backup_brings_back_all_but_the_erased(
    town: Town, monkeypatch: pytest.MonkeyPatch
):
    """What was on its way is told again, the log admits to be older than its word and goes on as the handbook says."""
    before = town.log.positions()
    erase(town.scene, town.people["Zyrelha"])
    town.log_hears(town.publish())
    restored = town.empty()
    for name, value in environment(
        restored["referral"], restored["referral_keys"], town.scene.keys.ledger.path, town.folder
    ).items():
        monkeypatch.setenv(name, value)

    told = town.lotse(
        "restore", str(town.data), "--keys", str(town.keys), "--verify", "--json",
        databases={name: addresses.owner_dsn for name, addresses in restored.items()},
    )  # fmt: skip

    assert told.code == 1, told.err
    assert "keys_destroyed: 1" in told.err
    assert told.data["publishes"]["referral"] > 0
    again = {(one["sender"], one["hearer"]): one for one in told.data["say_again"]}
    assert set(again) == {("referral", "audit"), ("referral", "notifications")}  # which has heard nothing at all
    assert again["referral", "audit"]["events"] == UNHEARD
    assert again["referral", "audit"]["command"].startswith("python -m services.referral republish --since ")
    log = told.data["log"]
    assert log["finding"]["kind"] == "truncated"
    assert (log["as_backed_up"]["ok"], log["as_backed_up"]["entries"]) == (True, len(before))
    with Database(restored["referral"].app_dsn) as db:
        old = Scene(db, keys_dsn=restored["referral_keys"].app_dsn)
        old.keys = some_keys(old.keys.store, town.scene.keys.ledger.path)
        fitness.check(old.unit, old.keys)
        with db.read() as connection:
            living = persons.record_of(connection, old.keys.vault, town.people["Olena"].person_id)
            for name in ("Marta", "Zyrelha"):
                with pytest.raises(NotFoundError):
                    persons.record_of(connection, old.keys.vault, town.people[name].person_id)
        assert living["given_name"] == "Olena"
        old.close()
    the_log_goes_on(town, restored, before)


def the_log_goes_on(town: Town, restored: Mapping[str, DatabaseAddresses], before: list[Any]) -> None:
    """Nothing is appended against what was published; under another key, from the copy's checkpoints on, it grows."""
    second = town.folder / "second"
    shutil.copytree(town.data / "checkpoints", second)
    with connect(restored["audit"].app_dsn) as connection:
        old = town.log.elsewhere(connection)
        with pytest.raises(LogContradictsError):
            old.hear(9_000_001)
        size = connection.execute("SELECT max(size) AS size FROM checkpoints").fetchone()
        assert size is not None
        ring = replace_key(KeyRing.parse(town.log.key_file.read_text()), town.folder / "next.key", size["size"])
        old.writer = Writer(load_signer(town.folder / "next.key"), second, ring)
        assert old.hear(9_000_001) == 1
        old.sign(town.scene.clock.now() + timedelta(hours=2))
        old.publish()
        assert old.positions()[: len(before)] == before
    where = {"checkpoints": str(second), "key": str(town.folder / "next.key.pub")}
    told = town.lotse("audit", "verify", "--database", restored["audit"].owner_dsn, audit=where)
    assert told.code == 0, told.err


def test_what_is_there_is_never_written_over(town: Town):
    told = town.lotse("restore", str(town.data), "--keys", str(town.keys))
    assert told.code == 1 and "Not empty: directory, referral, notifications, audit, referral_keys." in told.err
    assert "is there already" in town.backup().err


def test_data_and_keys_never_lie_in_one_folder(town: Town):
    told = town.backup(out=town.folder / "new", keys_out=town.folder / "new" / "keys")
    assert told.code == 1 and "apart" in told.err and not (town.folder / "new").exists()


def test_a_copy_that_was_damaged_or_belongs_to_another_backup_is_refused_before_anything_is_touched(
    town: Town, tmp_path: Path
):
    damaged = shutil.copytree(town.data, tmp_path / "damaged")
    with (damaged / "audit.dump").open("ab") as file:
        file.write(b"!")
    other = shutil.copytree(town.keys, tmp_path / "other")
    said = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps({**said, "id": "another"}))
    assert "audit.dump is not what was written" in town.lotse("restore", str(damaged), "--keys", str(town.keys)).err
    assert "belongs to another backup" in town.lotse("restore", str(town.data), "--keys", str(other)).err
    assert "Name where: --keys" in town.lotse("restore", str(town.data)).err


def test_a_backup_that_does_not_come_to_its_end_leaves_nothing(town: Town, monkeypatch: pytest.MonkeyPatch):
    dump = programs.dump

    def full(place: programs.Place, *rest: Any) -> None:
        if place.name == "referral_keys":
            raise OSError(28, "No space left on device")
        dump(place, *rest)

    monkeypatch.setattr(programs, "dump", full)
    out, keys_out = town.folder / "half" / "data", town.folder / "half" / "keys"
    told = town.backup(out=out, keys_out=keys_out)
    assert told.code == 1 and "No space left" in told.err
    assert list((town.folder / "half").iterdir()) == []


def test_a_program_of_another_version_is_named_with_where_to_look(tmp_path: Path):
    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 13.4'\n")
    (tmp_path / "pg_dump").chmod(0o755)
    with pytest.raises(programs.BackupError, match=r"pg_dump of version 18.*is of version 13") as told:
        programs.program("pg_dump", 18, [tmp_path])
    assert programs.WANTED in told.value.advice
    with pytest.raises(programs.BackupError, match=r"pg_restore of version 18.*missing\.$"):
        programs.program("pg_restore", 18, [tmp_path])
