"""The container that puts everything aside each night: when it does, what it takes away, what it runs."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.demo.postgres_server import binaries_of_wheel
from deploy.stack import backups
from deploy.stack.backups import MOST_KEYS_DAYS, STAMP, Plan, SettingError
from lotse.backups import postgres
from tests.stack.composed import ROOT

NOW = datetime(2026, 3, 20, 14, 30, tzinfo=UTC)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(data=tmp_path / "data", keys=tmp_path / "keys")


@pytest.fixture
def taken(plan: Plan) -> Callable[[timedelta], None]:
    def take(ago: timedelta) -> None:
        for folder in (plan.data, plan.keys):
            (folder / (NOW - ago).strftime(STAMP)).mkdir(parents=True)

    return take


def test_where_there_is_none_one_is_taken_at_once(plan: Plan) -> None:
    assert plan.next(NOW) == NOW and plan.is_late(NOW)


def test_after_one_of_today_the_next_is_taken_in_the_night(plan: Plan, taken: Callable[[timedelta], None]) -> None:
    taken(timedelta(hours=2))
    assert plan.next(NOW) == datetime(2026, 3, 21, 2, tzinfo=UTC)
    assert not plan.is_late(NOW)
    assert plan.is_late(NOW + timedelta(hours=25))


def test_keys_end_after_thirty_days_and_data_when_they_are_told_to(
    plan: Plan, taken: Callable[[timedelta], None]
) -> None:
    for days in (0, 29, 31, 91):
        taken(timedelta(days=days))
    foreign = plan.data / "from-last-year"
    foreign.mkdir()
    gone = {path.relative_to(plan.data.parent).as_posix() for path in plan.prune(NOW)}
    old, older = ((NOW - timedelta(days=days)).strftime(STAMP) for days in (31, 91))
    assert gone == {f"keys/{old}", f"keys/{older}", f"data/{older}"}
    assert foreign.is_dir() and (plan.data / old).is_dir()


def test_nobody_may_keep_keys_longer() -> None:
    assert Plan.told({"BACKUP_KEYS_DAYS": "7", "BACKUP_HOUR": ""}).keys_days == 7
    with pytest.raises(SettingError, match=f"BACKUP_KEYS_DAYS: expected a whole number from 1 to {MOST_KEYS_DAYS}"):
        Plan.told({"BACKUP_KEYS_DAYS": "31"})


def test_one_that_failed_is_tried_again_and_takes_nothing_away(
    plan: Plan, taken: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(timedelta(days=4000))
    tried: list[datetime] = []

    class Nights:
        """Does not wait, and ends after the second try."""

        @staticmethod
        def wait(seconds: float) -> bool:
            waits.append(seconds)
            return len(tried) == 2

    def fail(_: Plan, now: datetime) -> bool:
        tried.append(now)
        return False

    waits: list[float] = []
    monkeypatch.setattr(backups, "take", fail)
    backups.stand(plan, Nights())  # type: ignore[arg-type]
    assert [round(seconds / 60) for seconds in waits] == [0, 10, 10]
    assert len(list(plan.keys.iterdir())) == 1


def test_programs_taken_out_of_an_image_run_with_what_they_brought_along(tmp_path: Path) -> None:
    subprocess.run(["sh", ROOT / "deploy/stack/programs.sh", tmp_path, binaries_of_wheel()], check=True)
    version = postgres._version_of(binaries_of_wheel() / "pg_dump")
    assert version is not None
    for name in ("pg_dump", "pg_restore"):
        found = postgres.program(name, version, [tmp_path])
        shown = subprocess.run([found, "--help"], env={}, capture_output=True, text=True, check=True)
        assert "PostgreSQL" in shown.stdout
