"""Every way of tampering we could think of, and what the independent verifier says about each."""

import base64
import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from threading import Thread
from uuid import UUID
from warnings import catch_warnings

import psycopg
import pytest

from contracts.referral import StreamReported
from services.audit import commands
from services.audit.exports import export_lines, extract_lines
from services.audit.keys import make_signer, save_signer
from services.audit.writer import Writer
from services.chassis.db import connect
from tests.benchmarks import audit_tamperings
from tests.integration.audit.conftest import START, a_log, an_arrival

VERIFIER = Path(__file__).parents[3] / "services" / "audit" / "verifier" / "lotsennetz_verify.py"
SIZE = 40
SPEC = importlib.util.spec_from_file_location("lotsennetz_verify_of_databases", VERIFIER)
#: A program and no package. What it says is asked here without starting it each time; some tests do start it.
independent = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = independent
SPEC.loader.exec_module(independent)


class Verified:
    """What the verifier answered, as a program sees it."""

    def __init__(self, *arguments: object) -> None:
        with (
            redirect_stdout(StringIO()) as said,
            redirect_stderr(StringIO()) as complained,
            catch_warnings(action="ignore", category=ResourceWarning),  # cursors end with their transaction
        ):
            self.code = independent.main([*map(str, arguments), "--json"])
        self.answer = json.loads(said.getvalue() or complained.getvalue())
        self.finding = self.answer.get("finding") or {}

    def says(self, kind: str, entry: int | None = None, last: int | None = None) -> bool:
        found = (self.code, self.finding.get("kind"), self.finding.get("entry"), self.finding.get("last"))
        assert found == (1, kind, entry, last), self.answer
        return True


def seal(log):
    """Forty entries, published in two checkpoints (20, 40), and three that are newer than both."""
    log.hear(*range(20))
    log.publish()
    log.hear(*range(20, SIZE))
    log.sign()
    log.publish()
    log.hear(*range(SIZE, SIZE + 3), now=START + timedelta(hours=1))  # as it was signed: no clock was set back
    return log


def write_export(log, path, first=0):
    with connect(log.app_dsn) as connection:
        path.write_bytes(b"".join(export_lines(connection, first)))
    return path


@pytest.fixture
def sealed(log):
    """A sealed log of this test's own."""
    return seal(log)


def test_a_stream_given_up_half_way_is_swept_up_even_while_the_connection_is_busy(sealed):
    with connect(sealed.app_dsn) as connection, connection.transaction():
        given_up = independent._stream(connection, "given_up", "SELECT generate_series(1, 10)")
        next(given_up)
        with connection.lock:  # as amid the fetch of another stream, when garbage happens to be collected
            sweeper = Thread(target=given_up.close, daemon=True)
            sweeper.start()
            sweeper.join(20)
        assert not sweeper.is_alive()
        assert next(independent._stream(connection, "another", "SELECT 7"))


@pytest.fixture(scope="module")
def kept(make_database, postgres, tmp_path_factory):
    """One sealed log and its export for all tests that only tamper with copies."""
    folder = tmp_path_factory.mktemp("kept")
    with a_log(make_database, postgres, folder) as log:
        write_export(seal(log), folder / "export.ndjson")
        yield log


@pytest.fixture
def shared(kept, tmp_path):
    """The kept log, with a copy of its checkpoints that may be tampered with."""
    copied = shutil.copytree(kept.directory, tmp_path / "outside")
    return replace(kept, directory=Path(copied))


@pytest.fixture
def exported(kept, tmp_path):
    return Path(shutil.copy(kept.directory.with_name("export.ndjson"), tmp_path / "export.ndjson"))


def of_export(sealed, path):
    return Verified("--export", path, "--checkpoint", sealed.directory, "--key", sealed.key_file)


def of_database(sealed):
    return Verified("--database", sealed.superuser_dsn, "--checkpoint", sealed.directory, "--key", sealed.key_file)


def edited(path, edit):
    """The export after somebody edited its entries (a list of mappings, header and checkpoint aside)."""
    header, *entries, checkpoint = [json.loads(line) for line in path.read_text().splitlines()]
    entries = edit(entries) or entries
    path.write_text("".join(json.dumps(line) + "\n" for line in (header, *entries, checkpoint)))
    return path


def leaf_hash(leaf: str) -> str:
    return hashlib.sha256(b"\x00" + leaf.encode()).hexdigest()


def rechained(entries):
    """All hashes recomputed, as a forger would."""
    before = bytes(32)
    for position, entry in enumerate(entries):
        hashed = leaf_hash(entry["leaf"])
        before = hashlib.sha256(b"\x02" + position.to_bytes(8, "big") + before + bytes.fromhex(hashed)).digest()
        entry.update(position=position, leaf_hash=hashed, chain_hash=before.hex())
    return entries


# --- nothing was done -------------------------------------------------------------------------------------------------


def test_an_untouched_export_verifies(shared, exported):
    answer = of_export(shared, exported)
    assert answer.code == 0
    assert (answer.answer["entries"], answer.answer["signed"], answer.answer["checkpoints"]) == (40, 40, 3)


def test_an_untouched_database_verifies(sealed):
    answer = of_database(sealed)
    assert answer.code == 0, answer.answer
    assert (answer.answer["entries"], answer.answer["signed"]) == (43, 40)


def test_the_service_s_own_role_is_enough_to_verify(sealed):
    key, outside = sealed.key_file, sealed.directory
    assert Verified("--database", sealed.app_dsn, "--checkpoint", outside, "--key", key).code == 0


def test_a_part_of_the_log_verifies_by_itself(shared, tmp_path):
    for first in (1, 7, 20, 33):
        path = write_export(shared, tmp_path / f"from-{first}.ndjson", first)
        answer = of_export(shared, path)
        assert (answer.code, answer.answer["entries"]) == (0, 40 - first), answer.answer


def test_a_longer_log_spans_tiles_and_verifies(log, tmp_path):
    for start in range(0, 1500, 150):
        log.hear(*range(start, start + 150))
    log.sign()
    log.publish()
    assert of_database(log).answer["entries"] == 1500
    path = write_export(log, tmp_path / "from-700.ndjson", 700)
    assert of_export(log, path).code == 0


# --- a copy of the export ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("position", [0, 7, 39])
def test_one_byte_of_a_leaf_names_that_entry(shared, exported, position):
    lines = exported.read_bytes().splitlines(keepends=True)
    lines[1 + position] = lines[1 + position].replace(b"referral.received", b"referral.recejved", 1)
    exported.write_bytes(b"".join(lines))
    answer = of_export(shared, exported)
    assert answer.says("changed", position)
    assert answer.finding["event_id"] == f"00000000-0000-0000-0000-{position:012x}"


def test_a_byte_that_breaks_the_line_names_that_entry(shared, exported):
    lines = exported.read_bytes().splitlines(keepends=True)
    lines[1 + 11] = lines[1 + 11].replace(b'"leaf"', b'"leaf', 1)
    exported.write_bytes(b"".join(lines))
    assert of_export(shared, exported).says("changed", 11)


@pytest.mark.parametrize("position", [0, 12, 39])
def test_a_changed_leaf_with_its_hash_recomputed(shared, exported, position):
    def edit(entries):
        entries[position]["leaf"] = entries[position]["leaf"].replace("staff:ab", "staff:cd")
        entries[position]["leaf_hash"] = leaf_hash(entries[position]["leaf"])

    assert of_export(shared, edited(exported, edit)).says("changed", position)


def test_a_removed_entry_leaves_a_gap(shared, exported):
    assert of_export(shared, edited(exported, lambda entries: entries[:9] + entries[10:])).says("removed", 9, 9)


def test_removed_entries_with_the_rest_renumbered(shared, exported):
    def edit(entries):
        kept = entries[:9] + entries[12:]
        for position, entry in enumerate(kept):
            entry["position"] = position
        return kept

    answer = of_export(shared, edited(exported, edit))
    assert answer.says("removed", 9)
    assert answer.finding["detail"] == "3 missing before it"


def test_an_inserted_entry(shared, exported):
    def edit(entries):
        forged = {**entries[5], "leaf": entries[5]["leaf"].replace("received", "rejected")}
        forged["leaf_hash"] = leaf_hash(forged["leaf"])
        entries.insert(9, forged)
        for position, entry in enumerate(entries):
            entry["position"] = position
        return entries

    assert of_export(shared, edited(exported, edit)).says("inserted", 9)


def test_a_doubled_entry(shared, exported):
    assert of_export(shared, edited(exported, lambda entries: entries[:10] + entries[9:])).says("inserted", 10)


@pytest.mark.parametrize("renumbered", [False, True])
def test_two_entries_swapped(shared, exported, renumbered):
    def edit(entries):
        entries[9], entries[15] = entries[15], entries[9]
        if renumbered:
            entries[9]["position"], entries[15]["position"] = 9, 15

    assert of_export(shared, edited(exported, edit)).says("reordered", 9)


def test_two_contents_swapped_in_place(shared, exported):
    def edit(entries):
        for name in ("leaf", "leaf_hash"):
            entries[9][name], entries[15][name] = entries[15][name], entries[9][name]

    assert of_export(shared, edited(exported, edit)).says("reordered", 9)


def test_the_tail_cut_off(shared, exported):
    assert of_export(shared, edited(exported, lambda entries: entries[:-4])).says("truncated", 36, 39)


def test_the_tail_cut_off_and_the_header_adjusted(shared, exported):
    lines = exported.read_text().splitlines(keepends=True)
    lines[0] = lines[0].replace('"size":40', '"size":30')
    exported.write_text("".join(lines[:31]))
    assert of_export(shared, exported).says("truncated", 30, 39)


def test_everything_rewritten_with_all_hashes_is_caught_by_the_checkpoint_outside(shared, exported):
    def edit(entries):
        entries[25]["leaf"] = entries[25]["leaf"].replace("staff:ab", "staff:cd")
        return rechained(entries)

    assert of_export(shared, edited(exported, edit)).says("forked", 20, 39)


def test_an_early_entry_rewritten_with_all_hashes(shared, exported):
    def edit(entries):
        entries[3]["leaf"] = entries[3]["leaf"].replace("staff:ab", "staff:cd")
        return rechained(entries)

    assert of_export(shared, edited(exported, edit)).says("forked", 0, 19)


def test_without_a_checkpoint_outside_the_one_inside_still_holds(shared, exported):
    assert Verified("--export", exported, "--key", shared.key_file).code == 0

    def edit(entries):
        entries[3]["leaf"] = entries[3]["leaf"].replace("staff:ab", "staff:cd")
        return rechained(entries)

    assert Verified("--export", edited(exported, edit), "--key", shared.key_file).says("forked", 0, 39)


def test_an_export_without_its_checkpoint_proves_nothing(shared, exported):
    exported.write_text("".join(exported.read_text().splitlines(keepends=True)[:-1]))
    assert Verified("--export", exported, "--key", shared.key_file).says("signature")
    assert of_export(shared, exported).code == 0


def test_an_export_that_was_made_earlier_is_sound_and_said_to_be_older(sealed, tmp_path):
    exported = write_export(sealed, tmp_path / "export.ndjson")
    assert sealed.sign(START + timedelta(hours=2))
    sealed.publish()
    answer = of_export(sealed, exported)
    assert (answer.code, answer.answer["entries"], answer.answer["behind"]) == (0, 40, 3)


def test_a_publication_under_way_is_no_fork(sealed, tmp_path):
    """The history holds the newest note already, the other file not yet."""
    exported = write_export(sealed, tmp_path / "export.ndjson")
    before = (sealed.directory / "latest.note").read_text()
    assert sealed.sign(START + timedelta(hours=2))
    sealed.publish()
    (sealed.directory / "latest.note").write_text(before)
    assert of_export(sealed, exported).code == 0
    assert of_database(sealed).code == 0


# --- extracts and receipts ---


@pytest.fixture
def extract(shared, tmp_path):
    path = tmp_path / "extract.ndjson"
    with connect(shared.app_dsn) as connection:
        path.write_bytes(b"".join(extract_lines(connection, [31, 3, 17, 3])))
    return path


def test_single_entries_are_proven_by_themselves(shared, extract):
    answer = of_export(shared, extract)
    assert (answer.code, answer.answer["entries"], answer.answer["signed"]) == (0, 3, 40), answer.answer
    assert Verified("--export", extract, "--key", shared.key_file).code == 0


def test_a_changed_entry_of_an_extract_is_named(shared, extract):
    extract.write_bytes(extract.read_bytes().replace(b'\\"sequence\\":17,', b'\\"sequence\\":18,'))
    assert of_export(shared, extract).says("changed", 17)


@pytest.mark.parametrize(
    ("old", "new", "kind", "entry"),
    [
        (b'"position":17', b'"position":18', "changed", 18),
        (b'"position":17', b'"position":99', "changed", 99),
        (b'"position":17', b'"position":null', "changed", None),
        (b'"entries":3', b'"entries":4', "truncated", None),
        (b"lotsennetz.example/audit\\n40", b"lotsennetz.example/audit\\n41", "signature", None),
    ],
)
def test_an_extract_with_anything_else_changed_does_not_hold(shared, extract, old, new, kind, entry):
    assert old in extract.read_bytes()
    extract.write_bytes(extract.read_bytes().replace(old, new, 1))
    assert of_export(shared, extract).says(kind, entry)


def test_an_extract_of_a_forked_log_contradicts_the_checkpoint_outside(shared, extract):
    (shared.directory / "latest.note").write_text(shared.writer.signer.sign(40, bytes(32)))
    (shared.directory / "history").rename(shared.directory / "elsewhere")
    assert of_export(shared, extract).says("forked")


# --- checkpoints and keys ---------------------------------------------------------------------------------------------


def test_a_forked_checkpoint_of_the_same_size(shared, exported):
    fork = shared.writer.signer.sign(40, hashlib.sha256(b"another history").digest())
    (shared.directory / "latest.note").write_text(fork)
    assert of_export(shared, exported).says("forked")


def test_a_checkpoint_of_a_forked_log(shared, exported, tmp_path):
    fork = tmp_path / "fork.note"
    fork.write_text(shared.writer.signer.sign(30, hashlib.sha256(b"another history").digest()))
    answer = Verified("--export", exported, "--checkpoint", fork, "--key", shared.key_file)
    assert answer.says("forked", 0, 29)


def test_a_shrunk_checkpoint(shared, exported):
    (shared.directory / "latest.note").write_text(shared.writer.signer.sign(10, bytes(32)))
    assert of_export(shared, exported).says("forked")


def test_a_checkpoint_with_an_edited_size(shared, exported):
    latest = shared.directory / "latest.note"
    latest.write_text(latest.read_text().replace("\n40\n", "\n41\n"))
    assert of_export(shared, exported).says("signature")


def test_the_wrong_key(shared, exported, tmp_path):
    save_signer(make_signer("lotsennetz.example/audit"), tmp_path / "other.key")
    wrong = tmp_path / "other.key.pub"
    answer = Verified("--export", exported, "--checkpoint", shared.directory, "--key", wrong)
    assert answer.says("signature")


def test_a_log_written_anew_under_another_key(sealed, make_database, tmp_path):
    other = make_database("audit")
    with connect(other.app_dsn) as connection:
        (tmp_path / "elsewhere").mkdir()
        writer = Writer(make_signer("lotsennetz.example/audit"), tmp_path / "elsewhere")
        forged = replace(sealed, connection=connection, writer=writer)
        forged.hear(*range(50))
    answer = Verified("--database", other.app_dsn, "--checkpoint", sealed.directory, "--key", sealed.key_file)
    assert answer.says("signature")


# --- the database, by its superuser -----------------------------------------------------------------------------------


#: Within a value; a brace that opens no more; what is no UTF-8; JSON that is no object.
BYTES = {"a value": "set_byte(leaf, 20, 65)", "a brace": "set_byte(leaf, 0, 65)", "no text": "set_byte(leaf, 20, 255)"}
WHOLE = {**BYTES, "no object": "'[]'::bytea", "nothing": "''::bytea"}


@pytest.mark.parametrize("wrong", BYTES.values(), ids=BYTES)
def test_a_byte_of_a_leaf_in_the_database(sealed, wrong):
    sealed.tamper(f"UPDATE entries SET leaf = {wrong} WHERE position = 17")
    assert of_database(sealed).says("changed", 17)


@pytest.mark.parametrize("wrong", WHOLE.values(), ids=WHOLE)
def test_a_leaf_and_its_hash_in_the_database(sealed, wrong):
    sealed.tamper(
        f"UPDATE entries SET leaf = {wrong} WHERE position = 17",
        "UPDATE entries SET leaf_hash = sha256('\\x00'::bytea || leaf) WHERE position = 17",
    )
    assert of_database(sealed).says("changed", 17)


@pytest.mark.parametrize(
    "column",
    [
        "actor = 'staff:somebody'",
        "referral_id = NULL",
        "organization_id = gen_random_uuid()",
        "occurred_at = occurred_at + interval '1 second'",
        "stream_position = 99",
        "subject = 'referral/other'",
        "type = 'referral.rejected.v1'",
        # a leaf with these columns would have the very same bytes
        """source = format('%s","streamposition":%s,"subject":"%s', source, stream_position, subject),
            stream_position = NULL, subject = NULL""",
    ],
)
def test_a_search_column_that_says_other_than_its_leaf(sealed, column):
    sealed.tamper(f"UPDATE entries SET {column} WHERE position = 5")
    assert of_database(sealed).says("changed", 5)


def test_a_deleted_row(sealed):
    sealed.tamper("DELETE FROM entries WHERE position IN (8, 9)")
    assert of_database(sealed).says("removed", 8, 9)


def test_a_deleted_row_with_the_rest_moved_up(sealed):
    sealed.tamper(
        "ALTER TABLE entries DROP CONSTRAINT entries_position_check",
        "DELETE FROM entries WHERE position = 8",
        "UPDATE entries SET position = -position WHERE position > 8",
        "UPDATE entries SET position = -position - 1 WHERE position < 0",
    )
    assert of_database(sealed).says("removed", 8)


def test_an_inserted_row(sealed):
    sealed.tamper(
        "ALTER TABLE entries DROP CONSTRAINT entries_position_check",
        "UPDATE entries SET position = -position - 1 WHERE position >= 8",
        "UPDATE entries SET position = -position WHERE position < 0",
        "CREATE TEMP TABLE forged AS SELECT * FROM entries WHERE position = 3",
        "UPDATE forged SET position = 8, event_id = gen_random_uuid()",
        "INSERT INTO entries SELECT * FROM forged",
    )
    assert of_database(sealed).says("inserted", 8)


def test_two_rows_swapped(sealed):
    sealed.tamper(
        "ALTER TABLE entries DROP CONSTRAINT entries_position_check",
        "UPDATE entries SET position = -8 WHERE position = 8",
        "UPDATE entries SET position = 8 WHERE position = 12",
        "UPDATE entries SET position = 12 WHERE position = -8",
    )
    assert of_database(sealed).says("reordered", 8)


def test_the_newest_rows_deleted(sealed):
    sealed.tamper("DELETE FROM entries WHERE position >= 35")
    assert of_database(sealed).says("truncated", 35, 39)


def test_the_newest_rows_deleted_with_every_trace_of_them_in_the_database(sealed):
    sealed.tamper(
        "DELETE FROM entries WHERE position >= 35",
        "DELETE FROM heads WHERE size > 35",
        "DELETE FROM checkpoints WHERE size > 35",
    )
    assert of_database(sealed).says("truncated", 35, 39)


def test_everything_rewritten_in_the_database(sealed):
    with psycopg.connect(sealed.superuser_dsn) as superuser:
        superuser.execute("SET session_replication_role = replica")
        before = bytes(32)
        for position, leaf in superuser.execute("SELECT position, leaf FROM entries ORDER BY position").fetchall():
            forged = leaf.replace(b'"sequence":26,', b'"sequence":27,')
            hashed = hashlib.sha256(b"\x00" + forged).digest()
            before = hashlib.sha256(b"\x02" + position.to_bytes(8, "big") + before + hashed).digest()
            superuser.execute(
                "UPDATE entries SET leaf = %s, leaf_hash = %s, chain_hash = %s WHERE position = %s",
                (forged, hashed, before, position),
            )
        superuser.execute("DELETE FROM heads WHERE size > 20")
        superuser.execute("DELETE FROM checkpoints WHERE size > 20")
    assert of_database(sealed).says("forked", 20, 39)


def test_a_forged_head_in_the_database(sealed):
    sealed.tamper("UPDATE heads SET root = sha256('forged') WHERE size = 20")
    assert of_database(sealed).says("changed", 19, 19)


def test_a_forged_subtree_in_the_database(log):
    log.hear(*range(300))
    log.publish()
    log.tamper("UPDATE tiles SET hash = sha256('forged')")
    assert of_database(log).says("changed")


def test_a_forged_checkpoint_in_the_database(sealed):
    sealed.tamper("UPDATE checkpoints SET note = replace(note, E'\\n20\\n', E'\\n21\\n') WHERE size = 20")
    assert of_database(sealed).says("signature")


# --- what never arrived ---


def a_report(position, at=0):
    return StreamReported(
        stream_id=UUID(int=at), position=position, count=position, rolling_sha256="0" * 64, reported_at=START
    )


def heard_with_a_report(log, numbers, position):
    arrivals = [an_arrival(number) for number in numbers]
    arrivals.append(an_arrival(position + 1, a_report(position)))
    with log.connection.transaction():
        commands.record(log.connection, log.writer, arrivals, START)
    log.sign()
    log.publish()


@pytest.mark.parametrize(
    ("numbers", "places"), [((1, 2, 5, 6, 7, 8, 9), "3 to 4"), ((2, 3), "1 to 1"), ((1, 2, 3), "4 to 9")]
)
def test_events_that_a_service_sent_and_the_log_never_got(log, tmp_path, numbers, places):
    heard_with_a_report(log, numbers, 9)
    exported = write_export(log, tmp_path / "export.ndjson")
    for answer in (of_database(log), of_export(log, exported)):
        assert answer.says("gap")
        assert f"/lotsennetz/referral sent its events {places};" in answer.finding["detail"]


def test_events_that_came_late_are_no_gap(log, tmp_path):
    heard_with_a_report(log, (1, 2, 6, 3, 4, 5), 6)
    assert of_database(log).code == 0
    for first in (1, 3):
        assert of_export(log, write_export(log, tmp_path / f"{first}.ndjson", first)).code == 0


# --- what cannot be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("garbage", [b"", b"\x00\xff\xfe not an export", b"[]\n", b'{"format":"other"}\n'])
def test_garbage_is_unreadable_not_tampered(shared, tmp_path, garbage):
    path = tmp_path / "garbage"
    path.write_bytes(garbage)
    answer = of_export(shared, path)
    assert answer.code == 2 and answer.answer["ok"] is False


def test_a_garbage_key_or_checkpoint_is_unreadable(shared, exported, tmp_path):
    garbage = tmp_path / "garbage"
    garbage.write_text("no key, no checkpoint\n")
    assert Verified("--export", exported, "--checkpoint", shared.directory, "--key", garbage).code == 2
    assert Verified("--export", exported, "--checkpoint", garbage, "--key", shared.key_file).code == 2


def test_missing_files_and_databases_are_unreadable(shared, exported, tmp_path):
    missing = tmp_path / "missing"
    assert Verified("--export", missing, "--checkpoint", shared.directory, "--key", shared.key_file).code == 2
    assert Verified("--export", exported, "--checkpoint", missing, "--key", shared.key_file).code == 2
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1"
    assert Verified("--database", nowhere, "--checkpoint", shared.directory, "--key", shared.key_file).code == 2


def test_an_empty_directory_holds_no_checkpoint(shared, exported, tmp_path):
    (tmp_path / "empty").mkdir()
    assert Verified("--export", exported, "--checkpoint", tmp_path / "empty", "--key", shared.key_file).code == 2


def test_the_verifier_stands_alone(exported, shared, tmp_path):
    """Copied elsewhere, away from this repository, it works as well: it shares no code with the service."""
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(VERIFIER, alone)
    key = base64.b64decode(shared.key_file.read_text().strip().split("+", 2)[2])
    assert len(key) == 33
    command = [sys.executable, "-I", "lotsennetz_verify.py", "--export", exported, "--key", shared.key_file]
    done = subprocess.run(command, cwd=alone, check=False, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("VERIFIED: 40 entries, 1 comparisons with signed checkpoints agree")


# --- by pieces --------------------------------------------------------------------------------------------------------


def in_pieces(log, monkeypatch):
    """What both ways say of a database that is cut into pieces of one block."""
    monkeypatch.setattr(independent, "PIECE", 256)
    monkeypatch.setattr(independent, "WITHIN", 8)
    key = independent.Key.read(log.key_file)
    with independent._connect(log.superuser_dsn) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        source = independent.shared_source(connection, log.superuser_dsn)
        outside = partial(independent.checkpoints_at, log.directory, key)
        opening = independent.Opening(partial(independent.open_database, connection, key), outside, source, 1)
        with catch_warnings(action="ignore", category=ResourceWarning):
            quick, careful = (way(opening, lambda _: None) for way in (independent._in_order, independent._in_detail))
    return quick and asdict(quick), asdict(careful)


FLIPPED = "set_byte({0}, 3, get_byte({0}, 3) # 1)"
WRONG = (
    f"UPDATE tiles SET hash = {FLIPPED.format('hash')} WHERE level = 8 AND index = 1",
    f"UPDATE heads SET root = {FLIPPED.format('root')} WHERE size = 300",
    f"UPDATE entries SET leaf_hash = {FLIPPED.format('leaf_hash')} WHERE position = 511",
    f"UPDATE entries SET chain_hash = {FLIPPED.format('chain_hash')} WHERE position = 255",
    "UPDATE entries SET stream_position = 601 - stream_position WHERE position = 300",
    "UPDATE entries SET type = reverse(type) WHERE position = 301",
)


def test_a_database_read_in_pieces_is_found_sound_or_left_to_the_careful_way(log, monkeypatch):
    log.hear(*range(300), now=START)
    log.sign()
    log.publish()
    log.hear(*range(300, 620), now=START)
    log.hear(700, now=START)
    log.sign(START + timedelta(hours=2))
    log.publish()
    quick, careful = in_pieces(log, monkeypatch)
    assert quick == careful
    assert (quick["ok"], quick["entries"], quick["signed"]) == (True, 621, 621)
    for wrong in WRONG:
        log.tamper(wrong)
        quick, careful = in_pieces(log, monkeypatch)
        assert quick is None and not careful["ok"], wrong
        log.tamper(wrong)
    assert in_pieces(log, monkeypatch)[0] is not None


#: As the program does it, only that a log of a thousand entries has pieces enough.
IN_PIECES = """
import sys
import lotsennetz_verify as program

if __name__ == "__main__":
    program.PIECE, program.WITHIN, program.BEGIN = 256, 8, sys.argv.pop(1)
    sys.exit(program.main(sys.argv[1:]))
"""


def in_several(folder, begin, processes, *ways):
    """Exit code and answer of the program, its time aside."""
    (folder / "in_pieces.py").write_text(IN_PIECES)
    shutil.copy(VERIFIER, folder)
    command = [sys.executable, "in_pieces.py", begin, *map(str, ways), "--json", "--processes", str(processes)]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=120)
    assert not done.stderr, done.stderr
    return done.returncode, {**json.loads(done.stdout), "seconds": 0}


@pytest.mark.parametrize("begin", ["fork", pytest.param("spawn", marks=pytest.mark.long)])
def test_several_processes_say_the_same_as_one(log, tmp_path, begin):
    for start in range(0, 1100, 220):
        log.hear(*range(start, start + 220))
    log.sign()
    log.publish()
    ways = ("--database", log.superuser_dsn, "--checkpoint", log.directory, "--key", log.key_file)
    said = partial(in_several, tmp_path, begin)
    code, sound = said(2, *ways)
    assert (code, sound["entries"], sound["signed"]) == (0, 1100, 1100)
    assert said(1, *ways) == (code, sound)
    log.tamper("UPDATE entries SET actor = 'staff:0' WHERE position IN (300, 900)")
    code, found = said(2, *ways)
    assert (code, found["finding"]["kind"], found["finding"]["entry"]) == (1, "changed", 300)
    assert said(1, *ways) == (code, found)


@pytest.mark.long
def test_whatever_is_tampered_with_several_processes_name_what_the_careful_way_names(postgres, tmp_path, monkeypatch):
    found = []

    def both(what, dsn, outside, key):
        ways = ("--database", dsn, "--checkpoint", outside, "--key", key)
        code, answer = in_several(tmp_path, "fork", 2, *ways)
        with monkeypatch.context() as only:
            only.setattr(independent, "_in_order", lambda *_: None)
            careful = Verified(*ways)
        assert (code, answer) == (careful.code, {**careful.answer, "seconds": 0}), what
        found.append((what, code))
        return audit_tamperings.Tried(what, code, "", None, None, "")

    monkeypatch.setattr(audit_tamperings, "_verified", both)
    audit_tamperings.tampered(postgres, tmp_path)
    assert len(found) == 1 + len(audit_tamperings.IN_DATABASE) + len(audit_tamperings.BY_HAND)
    assert [what for what, code in found if code == 0] == ["nothing"]
