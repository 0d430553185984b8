"""The log in its database: it grows in order, once per event, by one writer, and nothing else can happen to it."""

import os
import random
import signal
import threading
from datetime import timedelta
from multiprocessing import get_context
from uuid import UUID

import psycopg
import pytest

from contracts.referral import StreamReported
from services.audit import commands, publication, store
from services.audit.domain.entry import REFERENCES, entry_of
from services.audit.domain.log import Link
from services.audit.domain.merkle import consistency_proof, extends, includes, inclusion_proof, leaf_hash
from services.audit.keys import open_checkpoint
from services.audit.queries import tree
from services.audit.writer import LogContradictsError, Writer
from services.chassis.db import connect
from tests.integration.audit.conftest import START, an_envelope
from tests.integration.audit.test_verifier import of_database
from tests.unit.audit.events import a_disclosure_decided


def test_events_stand_in_the_order_heard(log):
    assert log.hear(3, 1, 2) == 3
    assert log.hear(5, 4) == 2
    assert log.positions() == [(0, 3), (1, 1), (2, 2), (3, 5), (4, 4)]


def test_an_event_heard_again_leaves_no_second_entry(log):
    log.hear(1, 2, 2, 1)
    assert log.hear(2, 3, 1) == 1
    assert log.positions() == [(0, 1), (1, 2), (2, 3)]


def test_hearing_only_known_events_changes_nothing(log):
    log.hear(1)
    assert log.hear(1) == 0
    assert log.connection.execute("SELECT count(*) AS n FROM heads").fetchone() == {"n": 1}


def test_the_root_does_not_depend_on_how_the_batches_fell(log):
    log.hear(*range(300))
    root = tree.root_at(log.connection, 300)
    assert log.connection.execute("SELECT root FROM heads WHERE size = 300").fetchone() == {"root": root}
    log.hear(*range(300, 700))
    log.hear(700)
    assert tree.root_at(log.connection, 300) == root
    head = log.connection.execute("SELECT root FROM heads WHERE size = 701").fetchone()
    assert head == {"root": tree.root_at(log.connection, 701)}


def test_every_entry_and_every_earlier_head_can_be_proven(log):
    log.hear(*range(520))
    node, root = tree.node_reader(log.connection), tree.root_at(log.connection, 520)
    for index in (0, 255, 256, 300, 511, 512, 519):
        leaf = tree.stored_hashes(log.connection, 0, index, 1)[0]
        assert includes(leaf, index, 520, inclusion_proof(index, 520, node), root)
    for size in (1, 256, 257, 519):
        assert extends(size, 520, consistency_proof(size, 520, node), tree.root_at(log.connection, size), root)


def test_a_batch_is_on_disk_before_its_commit_counts_and_locks_out_every_other(log):
    with log.connection.transaction(), connect(log.app_dsn) as other:
        log.connection.execute("SET LOCAL synchronous_commit = off")
        standing, known = store.begin(log.connection, [UUID(int=1)])
        assert (standing.head.size, known) == (0, frozenset())
        assert log.connection.execute("SHOW synchronous_commit").fetchone() == {"synchronous_commit": "on"}
        assert log.connection.execute("SHOW enable_seqscan").fetchone() == {"enable_seqscan": "on"}
        free = other.execute("SELECT pg_try_advisory_lock(%s) AS free", (store.WRITER_LOCK,)).fetchone()
        assert free == {"free": False}


NOTHING_NAMED = {"subject": None, "stream_position": None, "references": {}}


@pytest.mark.parametrize("named", [{}, NOTHING_NAMED, {"actor": "staff:\u00fc\u2028"}], ids=["whole", "bare", "odd"])
def test_a_row_is_read_back_as_it_was_written(log, named):
    entry = entry_of(an_envelope(1, a_disclosure_decided()), 17)._replace(**named)
    with log.connection.transaction():
        store.append_entries(log.connection, [(entry, Link(0, leaf_hash(entry.leaf), bytes(32)))], START)
    row = log.connection.execute("SELECT * FROM entries").fetchone()
    assert {name: row[name] for name in REFERENCES} == {**dict.fromkeys(REFERENCES), **entry.references}
    for name in ("event_id", "type", "source", "stream_position", "subject", "actor", "occurred_at", "correlation_id"):
        assert row[name] == getattr(entry, name), name
    assert (row["position"], row["recorded_at"], row["leaf"]) == (0, START, entry.leaf)
    assert (row["leaf_hash"], row["chain_hash"]) == (leaf_hash(entry.leaf), bytes(32))


def test_recorded_times_never_run_backwards(log):
    log.hear(1, now=START + timedelta(hours=1))
    log.hear(2, now=START)
    times = [row["recorded_at"] for row in log.connection.execute("SELECT recorded_at FROM entries ORDER BY position")]
    assert times == [START + timedelta(hours=1)] * 2


@pytest.mark.parametrize("table", ["entries", "heads", "tiles", "checkpoints"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
@pytest.mark.parametrize("who", ["app_dsn", "owner_dsn"])
def test_neither_the_service_nor_the_owner_can_change_the_log(log, table, change, who):
    log.hear(*range(300))
    column = {"entries": "leaf", "heads": "root", "tiles": "hash", "checkpoints": "note"}[table]
    statement = change.replace("SET {} = {}", f"SET {column} = {column}").format(table)
    with psycopg.connect(getattr(log, who)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_two_writers_at_once_leave_one_log_without_a_gap(log):
    def write(start):
        with connect(log.app_dsn) as connection:
            own = log.elsewhere(connection)
            for number in range(start, start + 200, 5):
                own.hear(*range(number, number + 10))

    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    positions = log.positions()
    assert [position for position, _ in positions] == list(range(305))
    assert {event for _, event in positions} == set(range(305))
    head = log.connection.execute("SELECT root FROM heads ORDER BY size DESC LIMIT 1").fetchone()
    assert head == {"root": tree.root_at(log.connection, 305)}


def test_a_head_is_signed_every_256_entries(log):
    for start in range(0, 600, 100):
        log.hear(*range(start, start + 100))
    sizes = [row["size"] for row in log.connection.execute("SELECT size FROM checkpoints ORDER BY size")]
    assert sizes == [100, 400]


def test_a_head_is_signed_a_second_after_the_last(log):
    log.hear(1, now=START)
    log.hear(2, now=START + timedelta(milliseconds=900))
    log.hear(3, now=START + timedelta(milliseconds=1000))
    sizes = [row["size"] for row in log.connection.execute("SELECT size FROM checkpoints ORDER BY size")]
    assert sizes == [1, 3]


def test_what_a_crash_left_unsigned_is_signed_later(log):
    log.hear(1)
    log.hear(2, 3)  # appended, and then the writer dies
    assert log.sign()
    assert not log.sign()
    assert tree.latest_checkpoint(log.connection).size == 3


def killed_after(log, act):
    """Another process does it and is killed, as a machine is that loses its power."""

    def run():
        with connect(log.app_dsn) as connection:
            act(log.elsewhere(connection))
            os.kill(os.getpid(), signal.SIGKILL)

    writer = get_context("fork").Process(target=run)
    writer.start()
    writer.join(60)
    assert writer.exitcode == -signal.SIGKILL


def test_a_writer_killed_between_append_and_signature_leaves_a_log_that_another_signs_and_publishes(log):
    log.hear(1)
    log.publish()
    killed_after(log, lambda own: own.hear(2, 3))
    assert (tree.latest_checkpoint(log.connection).size, log.publish()) == (1, None)
    assert log.sign() and log.publish() == 3
    killed_after(log, lambda own: (own.hear(4, now=START + timedelta(hours=2)), own.sign(START + timedelta(hours=3))))
    assert log.publish() == 4  # signed, and killed before it left the database
    assert of_database(log).code == 0


def test_a_writer_cut_off_within_a_batch_leaves_nothing_of_it(log):
    log.hear(1)

    def cut_off(connection):
        with connection.transaction():
            arrivals = [log.arrival(number) for number in range(2, 400)]
            commands.record(connection, log.elsewhere(connection).writer, arrivals, START + timedelta(minutes=1))
            with psycopg.connect(log.superuser_dsn) as superuser:
                superuser.execute("SELECT pg_terminate_backend(%s, 10000)", (connection.info.backend_pid,))

    with pytest.raises(psycopg.OperationalError), connect(log.app_dsn) as connection:
        cut_off(connection)
    assert log.positions() == [(0, 1)]
    assert log.hear(*range(2, 400), now=START + timedelta(minutes=2)) == 398
    log.sign()
    log.publish()
    assert of_database(log).code == 0


def test_signatures_do_not_wait_for_a_clock_that_was_set_back(log):
    log.hear(1, now=START + timedelta(hours=5))
    log.hear(2, now=START)
    log.hear(3, now=START + timedelta(milliseconds=1))
    assert log.sign(START + timedelta(milliseconds=2)) is False  # it is already
    assert log.publish() == 3
    signed = [row["signed_at"] for row in log.connection.execute("SELECT signed_at FROM checkpoints ORDER BY size")]
    assert signed == [START + timedelta(hours=5)] * 3
    assert of_database(log).code == 0


def test_what_arrives_twice_and_in_any_order_is_a_whole_log_to_the_verifier(log):
    """Nothing is missing of a stream whose events came late, early and again, and one that never came is."""
    sent = [number for number in range(1, 200) if number != 120]
    arrived = sent + sent[::3]
    random.Random(6962).shuffle(arrived)
    for start in range(0, len(arrived), 40):
        log.hear(*arrived[start : start + 40])
    report = StreamReported(stream_id=UUID(int=1), position=199, count=199, rolling_sha256="0" * 64, reported_at=START)
    with log.connection.transaction():
        commands.record(log.connection, log.writer, [log.arrival(200, report)], START)
    log.sign()
    log.publish()
    assert len(log.positions()) == 199
    found = of_database(log)
    assert found.says("gap") and "its events 120 to 120;" in found.finding["detail"]
    log.hear(120, now=START + timedelta(hours=2))
    log.sign(START + timedelta(hours=3))
    assert of_database(log).code == 0


def test_the_newest_head_leaves_the_database_and_its_history_is_kept(log):
    log.hear(1)
    assert log.publish() == 1
    assert log.publish() is None
    log.hear(2, now=START + timedelta(seconds=5))
    assert log.publish() == 2
    newest = open_checkpoint(publication.latest(log.directory), log.writer.signer.key)
    assert (newest.size, newest.root) == (2, tree.root_at(log.connection, 2))
    history = (log.directory / "history" / "2026-11-23.notes").read_text()
    assert history.count("\N{EM DASH} ") == 2


def test_a_note_torn_by_a_crash_is_cut_off_before_the_next(log):
    log.hear(1)
    log.publish()
    history = log.directory / "history" / "2026-11-23.notes"
    whole = history.read_text()
    history.write_text(whole + "lotsennetz.example/audit\n2\nabc")
    log.hear(2, now=START + timedelta(seconds=5))
    log.publish()
    assert history.read_text().startswith(whole + "lotsennetz.example/audit\n2\n")
    assert history.read_text().count("\N{EM DASH} ") == 2


def test_a_log_restored_from_an_older_backup_is_not_written(log, make_database):
    log.hear(*range(10))
    log.publish()
    older = make_database("audit")
    with connect(older.app_dsn) as connection:
        restored = log.elsewhere(connection)
        with pytest.raises(LogContradictsError) as refusal:
            restored.hear(11)
    assert refusal.value.slug == "audit.log-behind-checkpoint"


def test_a_log_that_contradicts_what_was_published_is_not_written(log, make_database):
    log.hear(*range(10))
    log.publish()
    other = make_database("audit")
    with connect(other.app_dsn) as connection:
        (log.directory / "elsewhere").mkdir()
        forked = log.elsewhere(connection, log.directory / "elsewhere")
        forked.hear(*range(100, 120))
        forked.writer = Writer(log.writer.signer, log.directory)
        with pytest.raises(LogContradictsError) as refusal:
            forked.hear(200)
        with pytest.raises(LogContradictsError):
            forked.publish()
    assert refusal.value.slug == "audit.log-contradicts-checkpoint"


@pytest.mark.parametrize("note", ["torn", "", "\xff"])
def test_a_published_head_that_cannot_be_read_stops_the_writer(log, note):
    log.hear(1)
    log.publish()
    (log.directory / "latest.note").write_text(note, encoding="latin-1")
    with pytest.raises(LogContradictsError, match="checkpoint-unreadable"):
        log.hear(2)


def test_entries_that_are_gone_stop_the_writer(log):
    log.hear(*range(10))
    log.publish()
    log.tamper("DELETE FROM entries WHERE position = 4")
    with connect(log.app_dsn) as connection, pytest.raises(LogContradictsError):
        log.elsewhere(connection).hear(11)


def test_nothing_is_published_without_an_entry(log):
    assert log.publish() is None
    assert not log.sign()
