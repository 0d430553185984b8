"""The servers we bring along: private, killable, gone when we go."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import urlsplit

import amqp
import psutil
import psycopg
import pytest

from contracts.envelope import MAX_BYTES
from deploy.demo import servers
from deploy.demo.child import Child
from deploy.demo.places import ROOT, free_port, read_state, write_state
from deploy.demo.postgres_server import PostgresServer
from deploy.demo.rabbitmq_server import MAX_MESSAGE_SIZE, RabbitServer
from lotse.broker import Broker
from tests.waiting import eventually


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(folder)
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def rabbit(folder: Path) -> Iterator[RabbitServer]:
    server = RabbitServer(folder)
    server.start()
    yield server
    server.stop()


def test_a_wrong_password_does_not_open_the_database(database: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(database.dsn.replace(database.password, "guess"))


def test_the_database_listens_on_this_machine_only(database: PostgresServer) -> None:
    with psycopg.connect(database.dsn) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)


def test_the_database_never_runs_as_root(database: PostgresServer) -> None:
    [process] = [one for one in psutil.process_iter(["cmdline"]) if str(database.port) in (one.info["cmdline"] or [])]
    assert process.uids().effective != 0


def test_what_was_committed_survives_a_kill(database: PostgresServer) -> None:
    with psycopg.connect(database.dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    port = database.port
    database.kill()
    assert not database.alive
    database.start()
    assert database.port == port
    with psycopg.connect(database.dsn) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_secrets_are_readable_by_their_owner_only(database: PostgresServer, folder: Path) -> None:
    assert (folder / "state.json").stat().st_mode & 0o077 == 0
    assert read_state(folder)["postgres"]["password"] == database.password


@pytest.mark.long
def test_a_durable_message_survives_a_kill_of_the_broker(rabbit: RabbitServer) -> None:
    admin = Broker(rabbit.management_url)
    admin.call("PUT", "/queues/%2F/kept", {"durable": True, "arguments": {"x-queue-type": "quorum"}})
    letter = {"properties": {"delivery_mode": 2}, "routing_key": "kept", "payload": "x", "payload_encoding": "string"}
    assert admin.call("POST", "/exchanges/%2F/amq.default/publish", letter) == {"routed": True}
    eventually(lambda: _depth(rabbit) == 1, timeout=60)
    rabbit.kill()
    rabbit.start()
    eventually(lambda: _depth(rabbit) == 1, timeout=60)


@pytest.mark.long
def test_a_message_larger_than_any_envelope_is_refused_by_the_broker(rabbit: RabbitServer) -> None:
    host = rabbit.amqp_uri.rpartition("@")[2]
    for size, refused in ((MAX_BYTES, False), (MAX_MESSAGE_SIZE + 1, True)):
        with amqp.Connection(host, "admin", rabbit.password, confirm_publish=True) as link:
            link.channel().queue_declare("large", durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
            with pytest.raises(amqp.exceptions.PreconditionFailed) if refused else nullcontext():
                link.channel().basic_publish(amqp.Message(b"x" * size, delivery_mode=2), "", "large")
    Broker(rabbit.management_url).call("DELETE", "/queues/%2F/large")


@pytest.mark.long
def test_stopping_the_broker_leaves_no_process_behind(folder: Path, rabbit: RabbitServer) -> None:
    rabbit.stop()
    eventually(lambda: _processes_of(folder / "rabbitmq") == [])
    rabbit.start()


def _runs(pid: int) -> bool:
    """Whether it still does anything; a dead process nobody has collected yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _depth(rabbit: RabbitServer) -> int:
    return sum(int(queue["messages"]) for queue in Broker(rabbit.management_url).queues() if "messages" in queue)


def _processes_of(home: Path) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("HOME") == str(home):
                found.append(process.name())
        except psutil.Error:
            continue
    return found


def test_a_child_dies_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from deploy.demo.child import Child;"
        "child = Child('sleeper', [sys.executable, '-c', 'import time; time.sleep(600)'], Path(sys.argv[1]) / 'log');"
        "child.start(); print(child.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert parent.stdout
    sleeper = int(parent.stdout.readline())
    # what makes it die with its parent is arranged before it becomes the sleeper
    eventually(lambda: "setpriv" not in (psutil.Process(sleeper).cmdline() or ["setpriv"])[0])
    parent.kill()
    parent.wait()
    parent.stdout.close()
    eventually(lambda: not _runs(sleeper))


def test_a_child_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    child = Child("stubborn", [sys.executable, "-c", stubborn], tmp_path / "log")
    child.start()
    eventually(lambda: "up" in child.tail())
    began = time.monotonic()
    child.stop(patience=0.5)
    assert not child.alive
    assert time.monotonic() - began < 5


def test_a_taken_port_is_left_alone(database: PostgresServer) -> None:
    assert free_port(database.port) != database.port


def test_a_broker_in_the_environment_is_used_and_never_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AMQP_URI", "amqp://me:secret@broker.example:5672/")
    chosen = servers.choose_broker(tmp_path)
    assert isinstance(chosen, servers.ForeignBroker)
    assert urlsplit(chosen.management_url).port == 15672
    assert chosen.amqp_uri == "amqp://me:secret@broker.example:5672"
    chosen.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can close a folder to others and step down")
def test_a_checkout_that_others_cannot_enter_still_gets_its_database(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = PostgresServer(closed / ".dev")
    server.start()
    try:
        psycopg.connect(server.dsn).close()
        assert (closed / ".dev" / "postgres").is_symlink()
        assert server.home.stat().st_mode & 0o777 == 0o711
    finally:
        server.remove()
    assert not server.home.exists()


def test_a_cluster_whose_password_is_lost_is_made_anew(tmp_path: Path) -> None:
    first = PostgresServer(tmp_path)
    first.start()
    first.stop()
    (tmp_path / "state.json").unlink()
    second = PostgresServer(tmp_path)
    second.start()
    try:
        psycopg.connect(second.dsn).close()
    finally:
        second.remove()


def test_the_state_file_is_merged_not_replaced(tmp_path: Path) -> None:
    write_state({"a": 1}, tmp_path)
    write_state({"b": 2}, tmp_path)
    assert read_state(tmp_path) == {"a": 1, "b": 2}


def test_no_port_is_given_twice_before_anybody_listens_there() -> None:
    assert len({free_port() for _ in range(400)}) == 400
