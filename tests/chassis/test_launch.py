"""Roles as processes: the supervisor starts them again, stops them in order, and leaves no orphans."""

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from services.chassis.figures import figures
from tests.chassis.rig import LEADS, LISTENS, ROOT, Process, Room, relay_of, running, settings_of, worker_of
from tests.conftest import Broker
from tests.waiting import eventually


@pytest.fixture
def everything(referral: Room, vhost: Broker, tmp_path: Path) -> Process:
    return Process("tests.chassis.listener", "all", settings_of(referral, vhost.amqp_uri), tmp_path / "all.log")


def roles(process: Process) -> dict[str, psutil.Process]:
    found: dict[str, psutil.Process] = {}
    for child in psutil.Process(process.process.pid).children():
        with contextlib.suppress(psutil.Error, IndexError):  # one that just died has no command line
            found[child.cmdline()[-1]] = child
    return found


def test_all_starts_one_process_per_role_and_restarts_the_one_that_dies(everything: Process) -> None:
    with running(everything, until=LISTENS):
        assert set(roles(everything)) == {"worker", "relay", "clock"}
        victim = roles(everything)["worker"]
        victim.kill()
        eventually(lambda: roles(everything).get("worker", victim).pid != victim.pid, timeout=15)
        eventually(lambda: everything.said(LISTENS) == 2, timeout=15)
        before = list(roles(everything).values())
        assert everything.stop() == 0
        assert not any(child.is_running() for child in before)


@pytest.mark.long
def test_roles_leave_when_their_supervisor_is_killed(everything: Process) -> None:
    with running(everything, until=LISTENS):
        before = list(roles(everything).values())
        everything.process.send_signal(signal.SIGKILL)
        gone, alive = psutil.wait_procs(before, timeout=10)
        for child in alive:
            child.kill()
        assert len(gone) == 3


def test_a_wrong_setting_ends_the_process_with_its_name(referral: Room, vhost: Broker, tmp_path: Path) -> None:
    wrong = worker_of(referral, vhost.amqp_uri, tmp_path, DEPLOYMENT_KEY="short")
    assert wrong.start().process.wait(20) == 1
    assert "setting DEPLOYMENT_KEY: expected" in wrong.log.read_text()


@pytest.mark.long
def test_kept_events_can_be_sent_once_more_to_one_listener(
    directory: Room, referral: Room, vhost: Broker, tmp_path: Path
) -> None:
    directory.tell(60, subjects=3)
    with running(relay_of(directory, vhost.amqp_uri, tmp_path)):
        eventually(lambda: directory.unpublished() == 0, timeout=20)
    with running(worker_of(referral, vhost.amqp_uri, tmp_path), until=LISTENS) as worker:
        eventually(lambda: referral.heard() == 60, timeout=20)
        assert worker.stop() == 0
    referral.own("TRUNCATE heard, inbox, inbox_subjects")
    env = settings_of(directory, vhost.amqp_uri)
    command = [sys.executable, "-m", "tests.chassis.sender", "republish", "--all", "--to", "referral"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)
    assert "sent to referral" in done.stdout, done.stderr
    with running(worker_of(referral, vhost.amqp_uri, tmp_path), until=LISTENS):
        eventually(lambda: referral.heard() == 60, timeout=20)


def test_figures_tell_what_waits(directory: Room, vhost: Broker, tmp_path: Path) -> None:
    directory.tell(3)
    with directory.db.read() as connection:
        before = figures(connection)
    assert before["outbox_unpublished"] == 3
    assert before["outbox_lag_seconds"] > 0
    with running(relay_of(directory, vhost.amqp_uri, tmp_path), until=LEADS):
        eventually(lambda: directory.unpublished() == 0, timeout=20)
    with directory.db.read() as connection:
        assert figures(connection)["published_total"] >= 3
