"""Persons' keys in a database of their own: made before the person, destroyed after her erasure, never cached."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest

from contracts.referral import PersonKeyDestroyed
from deploy.demo.databases import at_database
from services.chassis.db import Database, connect
from services.chassis.errors import NotFoundError, UnavailableError
from services.chassis.migrate import migrate, migrate_only
from services.referral.commands import enquiries, erasures
from services.referral.keystore.moving import MIGRATIONS, move_keys
from services.referral.store import persons
from services.referral.store.enquiries import Enquiry
from tests.conftest import ROOT
from tests.integration.referral.scene import NAVIGATOR, Scene


@pytest.fixture
def apart(make_database: Callable[[str], Any]) -> Iterator[Scene]:
    """Referral with its key store really elsewhere: other database, other role."""
    with Database(make_database("referral").app_dsn) as db:
        scene = Scene(db, keys_dsn=make_database("referral_keys").app_dsn)
        yield scene.told_directory()
        scene.close()


def keys_of(scene: Scene) -> set[UUID]:
    with scene.key_db.read() as connection:
        return {row["person_id"] for row in connection.execute("SELECT person_id FROM keystore.person_keys")}


def erase(scene: Scene, enquiry: Enquiry) -> None:
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, NAVIGATOR, enquiry.id)


def read(scene: Scene, enquiry: Enquiry) -> dict[str, Any]:
    with scene.db.read() as connection:
        return persons.record_of(connection, scene.keys.vault, enquiry.person_id)


def test_a_record_opens_with_the_two_databases_and_with_none_of_them_alone(apart: Scene):
    enquiry = apart.an_enquiry(given_name="Amira")
    assert read(apart, enquiry)["given_name"] == "Amira"
    assert keys_of(apart) == {enquiry.person_id}
    assert apart.rows("SELECT FROM keystore.person_keys") == []
    with pytest.raises(psycopg.errors.UndefinedTable), connect(apart.key_db.dsn) as connection:
        connection.execute("SELECT FROM persons")


def test_the_role_of_one_database_may_not_enter_the_other(apart: Scene):
    for ours, theirs in ((apart.db.dsn, apart.key_db.dsn), (apart.key_db.dsn, apart.db.dsn)):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(at_database(ours, urlsplit(theirs).path.removeprefix("/")))


def test_while_the_key_store_is_away_nothing_is_recorded_and_nothing_shown(apart: Scene):
    enquiry = apart.an_enquiry()
    cut_off = Scene(apart.db, keys_dsn="postgresql://nobody@127.0.0.1:9/nothing")
    with pytest.raises(UnavailableError):
        read(cut_off, enquiry)
    with pytest.raises(UnavailableError):
        cut_off.an_enquiry()
    cut_off.close()
    assert len(apart.rows("SELECT FROM persons")) == 1


def test_an_erased_person_is_unreadable_from_the_commit_on_and_her_key_is_destroyed_by_the_clock(apart: Scene):
    erased, other = apart.an_enquiry(), apart.an_enquiry()
    erase(apart, erased)
    assert keys_of(apart) == {erased.person_id, other.person_id}
    with apart.db.read() as connection, pytest.raises(NotFoundError, match=r"person\.erased"):
        persons.key_of(connection, apart.keys.vault, erased.person_id)
    assert apart.said(PersonKeyDestroyed) == []

    apart.tick()

    assert keys_of(apart) == {other.person_id}
    assert apart.said(PersonKeyDestroyed) == [PersonKeyDestroyed(person_id=erased.person_id)]
    assert list(apart.keys.ledger.erasures()) == [erased.person_id]
    [row] = apart.rows("SELECT person_id, key_destroyed_at FROM deletions")
    assert row == {"person_id": erased.person_id, "key_destroyed_at": apart.clock.now()}
    assert read(apart, other)
    apart.tick()
    assert len(apart.said(PersonKeyDestroyed)) == 1


@pytest.mark.parametrize("step", ["ledger", "key", "commit"])
def test_a_crash_after_any_step_of_an_erasure_leaves_it_to_be_finished(
    apart: Scene, monkeypatch: pytest.MonkeyPatch, step: str
):
    class CrashError(BaseException):
        pass

    def crash(*_: object) -> None:
        raise CrashError

    erased, living = apart.an_enquiry(), apart.an_enquiry()
    erase(apart, erased)
    place = {"ledger": "services.referral.vault.Vault.destroy", "key": "services.referral.store.erasures.finished"}
    monkeypatch.setattr(place.get(step, "services.chassis.work.Unit.finish"), crash)
    with pytest.raises(CrashError):
        apart.tick()
    assert apart.said(PersonKeyDestroyed) == []
    assert erased.person_id in apart.keys.ledger.erasures()
    assert living.person_id in keys_of(apart)
    monkeypatch.undo()

    apart.tick()

    assert keys_of(apart) == {living.person_id}
    assert len(apart.said(PersonKeyDestroyed)) == 1
    assert len(apart.rows("SELECT FROM deletions WHERE key_destroyed_at IS NULL")) == 0
    assert list(apart.keys.ledger.erasures()) == [erased.person_id]


def test_a_key_whose_person_was_never_committed_is_swept_up_after_a_day_and_no_other(apart: Scene):
    living = apart.an_enquiry()
    with pytest.raises(RuntimeError), apart.unit.work(actor=NAVIGATOR.actor) as work:
        persons.add(work, apart.keys.vault, "person", {"given_name": "Amira"})
        raise RuntimeError
    assert len(keys_of(apart)) == 2

    apart.clock.instant += timedelta(hours=23)
    apart.tick()
    assert len(keys_of(apart)) == 2
    apart.clock.instant += timedelta(hours=2)
    apart.tick()
    assert keys_of(apart) == {living.person_id}
    assert read(apart, living)


def test_a_key_once_seen_to_have_a_person_is_kept_even_if_the_data_are_lost(apart: Scene, postgres: str):
    """Somebody may still find a newer backup of the data."""
    living = apart.an_enquiry()
    apart.clock.instant += timedelta(hours=25)
    apart.tick()
    with connect(at_database(postgres, urlsplit(apart.db.dsn).path.removeprefix("/"))) as superuser:
        superuser.execute("TRUNCATE persons CASCADE")
    apart.days_pass(3)
    assert keys_of(apart) == {living.person_id}


def test_a_living_persons_missing_key_is_not_taken_for_an_erasure(apart: Scene):
    enquiry = apart.an_enquiry()
    apart.keys.vault.destroy(enquiry.person_id)
    with pytest.raises(NotFoundError, match=r"person\.key-missing"):
        read(apart, enquiry)
    with apart.db.read() as connection, pytest.raises(NotFoundError, match=r"person\.key-missing"):
        persons.key_of(connection, apart.keys.vault, enquiry.person_id)


def test_an_unknown_person_cannot_be_finished(apart: Scene):
    with apart.unit.work(actor="system:test") as work:
        erasures.finish(work, apart.keys, uuid4())
    assert apart.said(PersonKeyDestroyed) == []


def test_keys_that_lay_beside_the_data_move_before_their_table_goes(
    make_database: Callable[[str], Any], tmp_path: Path
):
    """What the migrations before knew is kept: the store has it before the old table is dropped."""
    data = make_database("referral_keys").owner_dsn  # empty but for a store of its own
    before = tmp_path / "referral" / "migrations"
    before.mkdir(parents=True)
    for file in sorted((ROOT / "services" / "referral" / "migrations").glob("000[1-5]*.sql")):
        (before / file.name).write_text(file.read_text())
    migrate(data, before)
    store = make_database("referral_keys").owner_dsn
    person_id = uuid4()
    with connect(data) as connection:
        connection.execute(
            "INSERT INTO persons (id, kind, recorded_at, changed_at) VALUES (%s, 'person', now(), now())", (person_id,)
        )
        connection.execute("INSERT INTO person_keys VALUES (%s, 'wrapped', 'id', now())", (person_id,))
    with pytest.raises(Exception, match="still holds keys"):
        migrate(data, ROOT / "services" / "referral" / "migrations")

    migrate_only(store, MIGRATIONS)
    assert (move_keys(data, store), move_keys(data, store)) == (1, 0)
    migrate(data, ROOT / "services" / "referral" / "migrations")

    assert move_keys(data, store) == 0
    with connect(store) as connection:
        rows = connection.execute("SELECT person_id, wrapped, wrapping_id FROM keystore.person_keys").fetchall()
    assert rows == [{"person_id": person_id, "wrapped": b"wrapped", "wrapping_id": "id"}]
