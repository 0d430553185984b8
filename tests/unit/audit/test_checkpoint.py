"""Signed heads: what the format's own specification shows, what we write, and what is refused."""

import base64

import pytest

from services.audit.domain.checkpoint import (
    Checkpoint,
    UnreadableNoteError,
    VerifierKey,
    open_note,
    parse_text,
    split,
)
from services.audit.keys import load_signer, make_signer, open_checkpoint, save_signer

SIGNER = make_signer("lotsennetz.example/audit")
ROOT = bytes(range(32))


def test_the_verifier_key_of_the_specification_is_read_and_written_back():
    text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    key = VerifierKey.parse(text + "\n")
    assert key.name == "example.com/foo"
    assert key.text() == text


def test_the_signed_note_of_the_specification_holds():
    key = VerifierKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    note = (
        "This is an example message.\n\n"
        "— example.com/foo "
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    )
    with pytest.raises(UnreadableNoteError, match="three lines"):  # the signature holds; the text is no checkpoint
        open_checkpoint(note, key)
    with pytest.raises(UnreadableNoteError, match="does not hold"):
        open_checkpoint(note.replace("This", "That"), key)


def test_what_was_signed_is_opened_again():
    assert open_checkpoint(SIGNER.sign(4711, ROOT), SIGNER.key) == Checkpoint("lotsennetz.example/audit", 4711, ROOT)


def test_a_note_has_one_spelling():
    note = SIGNER.sign(3, ROOT)
    head, _, tail = note.partition("\n\n")
    assert head == f"lotsennetz.example/audit\n3\n{base64.b64encode(ROOT).decode()}"
    assert tail.startswith("\N{EM DASH} lotsennetz.example/audit ") and tail.endswith("\n")


def test_the_signature_of_a_witness_is_passed_over():
    witness = make_signer("witness.example/one")
    note = SIGNER.sign(3, ROOT)
    line = witness.sign(3, ROOT).rpartition("\n\n")[2]
    assert open_checkpoint(note + line, SIGNER.key).size == 3


def test_a_note_of_another_log_is_refused():
    stranger = make_signer("lotsennetz.example/audit")
    with pytest.raises(UnreadableNoteError, match="no signature of lotsennetz"):
        open_checkpoint(stranger.sign(3, ROOT), SIGNER.key)


def test_a_changed_size_is_noticed():
    with pytest.raises(UnreadableNoteError, match="does not hold"):
        open_checkpoint(SIGNER.sign(3, ROOT).replace("\n3\n", "\n4\n"), SIGNER.key)


@pytest.mark.parametrize(
    ("note", "rule"),
    [
        ("", "expected text, an empty line"),
        ("a\n1\n", "expected text, an empty line"),
        ("a\n1\n\n- a AAAA\n", "malformed"),
        ("a\n1\n\n\N{EM DASH} a\n", "malformed"),
        ("a\n1\n\n\N{EM DASH} a !!\n", "not base64"),
        ("a\n1\n\n\N{EM DASH} a AAAA\n", "too short"),
        ("a\n1\n\n\N{EM DASH} a AAAAAAA=", "expected text, an empty line"),
    ],
)
def test_what_is_no_note_is_refused_by_the_rule_it_breaks(note, rule):
    with pytest.raises(UnreadableNoteError, match=rule):
        split(note)


@pytest.mark.parametrize("size", ["-1", "01", "", "1.0", "٣", " 1"])
def test_a_size_is_a_plain_decimal(size):
    with pytest.raises(UnreadableNoteError):
        parse_text(f"origin\n{size}\n{base64.b64encode(ROOT).decode()}\n")


@pytest.mark.parametrize("root", ["AAAA", "====", "A" * 44])
def test_a_root_is_32_bytes_in_base64(root):
    with pytest.raises(UnreadableNoteError):
        parse_text(f"origin\n1\n{root}\n")


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "+00000000+AA==",
        "name+00000000+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "name+00000000+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "name+00000000+AekyeRrm",
    ],
)
def test_a_broken_verifier_key_is_refused(text):
    with pytest.raises(UnreadableNoteError):
        VerifierKey.parse(text)


def test_a_key_is_kept_in_a_file_only_its_owner_can_read(tmp_path):
    path = tmp_path / "log.key"
    save_signer(SIGNER, path)
    assert path.stat().st_mode & 0o077 == 0
    assert load_signer(path).key == SIGNER.key
    assert VerifierKey.parse((tmp_path / "log.key.pub").read_text()) == SIGNER.key


def test_a_key_is_never_written_over_another(tmp_path):
    path = tmp_path / "log.key"
    save_signer(SIGNER, path)
    with pytest.raises(FileExistsError):
        save_signer(make_signer("other"), path)


@pytest.mark.parametrize("content", ["", "not a key", "PRIVATE+KEY+name+00000000+AQ=="])
def test_a_broken_key_file_is_refused(tmp_path, content):
    path = tmp_path / "log.key"
    path.write_text(content)
    with pytest.raises(UnreadableNoteError):
        load_signer(path)


@pytest.mark.parametrize("name", ["", "a b", "a+b"])
def test_a_key_s_name_has_neither_spaces_nor_plus(name):
    with pytest.raises(UnreadableNoteError):
        make_signer(name)


def test_opening_asks_for_every_signature_of_the_log_s_own_key():
    note = SIGNER.sign(3, ROOT)
    forged = note + note.rpartition("\n\n")[2].replace("A", "B")
    with pytest.raises(UnreadableNoteError):
        open_note(forged, SIGNER.key, lambda signature, text: False)
