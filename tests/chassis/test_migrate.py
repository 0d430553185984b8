"""Migrations: once, in order, never changed afterwards, and patient with nobody."""

import threading
from pathlib import Path

import psycopg
import pytest

from services.chassis.migrate import MigrationError, migrate
from tests.chassis.rig import Room


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "directory" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_begin.sql").write_text("CREATE TABLE things (id int);")
    (folder / "0002_more.sql").write_text("ALTER TABLE things ADD name text; INSERT INTO things VALUES (1, '100%');")
    return folder


def test_what_is_missing_is_applied_in_order_and_only_once(directory: Room, folder: Path) -> None:
    assert migrate(directory.owner_dsn, folder) == ["directory/0001_begin.sql", "directory/0002_more.sql"]
    assert migrate(directory.owner_dsn, folder) == []
    assert directory.rows("SELECT name FROM things") == [{"name": "100%"}]


def test_a_file_changed_after_it_was_applied_stops_everything(directory: Room, folder: Path) -> None:
    migrate(directory.owner_dsn, folder)
    (folder / "0001_begin.sql").write_text("CREATE TABLE things (id bigint);")
    with pytest.raises(MigrationError, match=r"0001_begin\.sql was changed"):
        migrate(directory.owner_dsn, folder)


def test_a_failing_migration_leaves_nothing_behind(directory: Room, folder: Path) -> None:
    (folder / "0003_wrong.sql").write_text("CREATE TABLE half (id int); SELECT 1 / 0;")
    with pytest.raises(MigrationError, match=r"0003_wrong\.sql"):
        migrate(directory.owner_dsn, folder)
    assert directory.value("SELECT to_regclass('half')::text") is None
    assert directory.value("SELECT to_regclass('things')::text") == "things"


def test_two_runners_at_once_apply_everything_once(directory: Room, folder: Path) -> None:
    applied: list[str] = []
    threads = [threading.Thread(target=lambda: applied.extend(migrate(directory.owner_dsn, folder))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == ["directory/0001_begin.sql", "directory/0002_more.sql"]


def test_it_gives_up_instead_of_queueing_all_traffic_behind_it(directory: Room, folder: Path) -> None:
    migrate(directory.owner_dsn, folder)
    (folder / "0003_change.sql").write_text("SET LOCAL lock_timeout = '200ms'; ALTER TABLE things ADD more int;")
    with psycopg.connect(directory.owner_dsn) as other:
        other.execute("LOCK TABLE things")
        with pytest.raises(MigrationError, match="lock timeout"):
            migrate(directory.owner_dsn, folder)


@pytest.mark.parametrize("name", ["1_begin.sql", "0001-begin.sql", "begin.sql"])
def test_a_badly_named_file_is_a_mistake(directory: Room, folder: Path, name: str) -> None:
    (folder / name).write_text("SELECT 1")
    with pytest.raises(MigrationError, match="expected names like"):
        migrate(directory.owner_dsn, folder)


def test_a_number_used_twice_is_a_mistake(directory: Room, folder: Path) -> None:
    (folder / "0002_again.sql").write_text("SELECT 1")
    with pytest.raises(MigrationError, match="used twice"):
        migrate(directory.owner_dsn, folder)


def test_the_running_role_may_work_in_the_tables_but_not_shape_them(directory: Room) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        directory.rows("DROP TABLE outbox")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        directory.rows("CREATE TABLE mine (id int)")
