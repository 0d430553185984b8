"""The signing key is replaced: what the old one signed stays valid, and it can sign nothing more."""

import sys
from datetime import timedelta

import pytest

from services.audit import keys
from services.audit.domain.checkpoint import KeyRing, UnreadableNoteError
from services.audit.keys import load_signer, make_signer, open_checkpoint, replace_key
from services.audit.queries import tree
from services.audit.writer import Writer
from services.chassis.db import Database
from tests.integration.audit.conftest import START
from tests.integration.audit.test_retention import clock_of, tell
from tests.integration.audit.test_verifier import Verified, of_database, seal, write_export
from tests.integration.audit.test_witness import Served, Watcher, grown


@pytest.fixture
def changed(log, tmp_path):
    """A sealed log whose key was replaced; the old key is still in somebody's hands."""
    seal(log)
    log.sign(START + timedelta(hours=2))
    log.publish()
    return change(log, tmp_path)


def change(log, tmp_path):
    size = tree.latest_checkpoint(log.connection).size
    ring = replace_key(KeyRing(log.writer.signer.key), tmp_path / "next.key", size)
    log.old = log.writer.signer
    log.writer = Writer(load_signer(tmp_path / "next.key"), log.directory, ring)
    log.key_file = tmp_path / "next.key.pub"
    return log


def test_the_log_goes_on_under_the_new_key_and_verifies_from_the_beginning(changed, tmp_path):
    changed.hear(*range(100, 120))
    changed.sign(START + timedelta(hours=3))
    changed.publish()
    answer = of_database(changed)
    assert (answer.code, answer.answer["signed"]) == (0, 63), answer.answer
    export = write_export(changed, tmp_path / "whole.ndjson")
    assert Verified("--export", export, "--checkpoint", changed.directory, "--key", changed.key_file).code == 0


def test_the_new_key_alone_does_not_vouch_for_what_the_old_one_signed(changed, tmp_path):
    (tmp_path / "alone.pub").write_text(changed.writer.signer.key.text() + "\n")
    answer = Verified(
        "--database", changed.superuser_dsn, "--checkpoint", changed.directory, "--key", tmp_path / "alone.pub"
    )
    assert answer.says("signature")


def test_the_old_key_signs_nothing_longer(changed):
    changed.hear(*range(100, 110))
    forged = changed.old.sign(53, tree.root_at(changed.connection, 53))
    with pytest.raises(UnreadableNoteError):
        open_checkpoint(forged, changed.writer.keys)
    (changed.directory / "latest.note").write_text(forged)
    answer = of_database(changed)
    assert answer.says("signature")
    assert "replaced at size 43" in answer.finding["detail"]


def test_the_change_is_an_entry_once(changed, monkeypatch):
    monkeypatch.setattr("services.audit.jobs.writer", lambda: changed.writer)
    with Database(changed.app_dsn) as database:
        clock = clock_of(database, "tell_key")
        assert [clock.run_due(job) for job in clock.jobs] == [1]
        tell(changed)
        assert [clock.run_due(job) for job in clock.jobs] == [0]
    (row,) = changed.connection.execute("SELECT leaf FROM entries WHERE source = '/lotsennetz/audit'").fetchall()
    assert b'"former_key_id":"' + changed.old.key.key_id().hex().encode() in bytes(row["leaf"])


def test_a_witness_that_knows_both_keys_goes_on(log, tmp_path):
    watcher = Watcher(tmp_path, log)
    grown(log, *range(5))
    with Served(log, watcher.keys) as served:
        assert watcher.look(served).returncode == 0
    change(log, tmp_path)
    grown(log, *range(5, 40), hours=3)
    with Served(log, watcher.keys) as served:
        seen = watcher.look(served)
        assert seen.stdout == "countersigned 40 entries, 35 more than last time\n", seen
        told = served.app.test_client().get("/audit/api/v1/checkpoints/key").get_data(as_text=True)
    assert told == log.key_file.read_text()
    assert " until 5\n" in told


def test_the_program_makes_the_next_key(tmp_path, monkeypatch, capsys):
    first, second = tmp_path / "first.key", tmp_path / "second.key"
    monkeypatch.setattr(sys, "argv", ["keys", "lotsennetz.example/audit", str(first)])
    keys.main()
    more = ["--after", f"{first}.pub", "--size", "7"]
    monkeypatch.setattr(sys, "argv", ["keys", "lotsennetz.example/audit", str(second), *more])
    keys.main()
    ring = KeyRing.parse((tmp_path / "second.key.pub").read_text())
    assert ring.former == ((load_signer(first).key, 7),)
    assert ring.current == load_signer(second).key
    assert capsys.readouterr().out.endswith(ring.text())


@pytest.mark.parametrize("text", ["", "a+b\n", "{key}\n{key}\n", "{key}\n{key} until x\n"])
def test_a_ring_that_says_not_until_when_is_refused(text):
    with pytest.raises(UnreadableNoteError):
        KeyRing.parse(text.format(key=make_signer("lotsennetz.example/audit").key.text()))


def test_a_log_keeps_its_name():
    ring = KeyRing(make_signer("lotsennetz.example/audit").key)
    with pytest.raises(UnreadableNoteError, match="keeps its name"):
        ring.replaced_by(make_signer("other.example/audit").key, int(START.timestamp()))
