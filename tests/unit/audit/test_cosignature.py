"""Cosignatures as C2SP writes them; the verifier's and the witness's rules are the same."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.config import load_witnesses
from services.audit.domain.checkpoint import COSIGNATURE, Checkpoint, UnreadableNoteError, VerifierKey, signature_line
from services.audit.domain.cosignature import cosignatures, message
from services.audit.keys import make_signer
from services.chassis.config import ConfigError, Environment

PRIVATE = Ed25519PrivateKey.generate()
KEY = VerifierKey("witness.example/one", PRIVATE.public_key().public_bytes_raw(), COSIGNATURE)
HEAD = Checkpoint("log.example/audit", 7, bytes(32))
SECONDS = 1_763_888_400


def verify(signature, text):
    try:
        PRIVATE.public_key().verify(signature, text)
    except Exception:
        return False
    return True


def a_note(material):
    return f"{HEAD.text()}\n{signature_line(KEY, material)}"


def signed(seconds=SECONDS, text=None):
    return seconds.to_bytes(8, "big") + PRIVATE.sign(message(text or HEAD.text(), seconds))


def read(note, witnesses=None):
    return cosignatures(note, {KEY.name: KEY} if witnesses is None else witnesses, {KEY.name: verify})


def test_a_known_witness_s_line_is_kept_with_its_time():
    head, (found,) = read(a_note(signed()))
    assert head == HEAD
    assert found.witness == KEY.name
    assert found.cosigned_at == datetime.fromtimestamp(SECONDS, UTC)
    assert a_note(signed()).endswith(found.line)


def test_an_unknown_witness_is_passed_over():
    assert read(a_note(signed()), {}) == (HEAD, [])
    same_name = VerifierKey(KEY.name, bytes(32), COSIGNATURE)
    assert read(a_note(signed()), {KEY.name: same_name}) == (HEAD, [])


@pytest.mark.parametrize(
    "material",
    [signed(text="another\n"), (SECONDS + 1).to_bytes(8, "big") + signed()[8:], signed()[:-1]],
    ids=["another text", "another second", "cut"],
)
def test_a_known_witness_s_false_line_refuses_the_note(material):
    with pytest.raises(UnreadableNoteError, match="does not hold"):
        read(a_note(material))


def test_a_witness_s_key_has_another_id_than_a_log_s():
    assert VerifierKey.parse(KEY.text()) == KEY
    assert KEY.key_id() != VerifierKey(KEY.name, KEY.public).key_id()


def test_the_register_of_witnesses_is_a_file_of_keys(tmp_path):
    path = tmp_path / "witnesses"
    path.write_text(f"{KEY.text()}\n\n")
    assert load_witnesses(Environment({"WITNESS_KEYS_FILE": str(path)})) == {KEY.name: KEY}
    assert load_witnesses(Environment({})) == {}
    for wrong in ("nonsense", make_signer("log.example").key.text()):
        path.write_text(wrong)
        with pytest.raises(ConfigError, match="WITNESS_KEYS_FILE"):
            load_witnesses(Environment({"WITNESS_KEYS_FILE": str(path)}))
