"""Another implementation of the same formats reads what we write, and we read what it writes."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.domain.checkpoint import COSIGNATURE, DASH, Checkpoint, VerifierKey, signature_line
from services.audit.domain.cosignature import message
from services.audit.domain.merkle import (
    Frontier,
    consistency_proof,
    extend,
    frontier_at,
    inclusion_proof,
    leaf_hash,
)
from services.audit.keys import make_signer, open_checkpoint

tlog = pytest.importorskip("aics_tlog", reason="aics-tlog needs Python 3.12")
LEAVES = [bytes([number % 251, number // 251]) for number in range(300)]
ROOT = extend(Frontier(), map(leaf_hash, LEAVES))[0].root()


def node(level, index):
    width = 1 << level
    return extend(Frontier(), map(leaf_hash, LEAVES[index * width : (index + 1) * width]))[0].root()


@pytest.mark.parametrize("index", [0, 1, 255, 256, 299])
def test_it_accepts_our_inclusion_proofs(index):
    proof = inclusion_proof(index, 300, node)
    assert tlog.verify_inclusion(leaf_hash(LEAVES[index]), index, 300, proof, ROOT)


@pytest.mark.parametrize("size", [1, 2, 128, 255, 256, 257, 299])
def test_it_accepts_our_consistency_proofs(size):
    assert tlog.verify_consistency(size, 300, frontier_at(size, node).root(), ROOT, consistency_proof(size, 300, node))


def test_it_accepts_our_checkpoint_with_a_witness_s_line():
    signer, private = make_signer("lotsennetz.example/audit"), Ed25519PrivateKey.generate()
    witness = VerifierKey("witness.example/w", private.public_key().public_bytes_raw(), COSIGNATURE)
    text, seconds = Checkpoint(signer.key.name, 300, ROOT).text(), 1_763_888_400
    line = signature_line(witness, seconds.to_bytes(8, "big") + private.sign(message(text, seconds)))
    note = tlog.parse_note(signer.sign(300, ROOT) + line)
    assert tlog.verify_checkpoint(note, tlog.parse_vkey(signer.key.text()), [tlog.parse_vkey(witness.text())], 1).ok


def test_we_open_its_checkpoint():
    private, name = Ed25519PrivateKey.generate(), "their.example/log"
    text = Checkpoint(name, 300, ROOT).text()
    signed = tlog.sign_note(text, private, name)
    line = f"{DASH}{signed.name} {base64.b64encode(signed.key_id + signed.signature).decode()}\n"
    key = VerifierKey.parse(tlog.format_vkey(tlog.vkey_from_ed25519(name, private.public_key())))
    assert open_checkpoint(f"{text}\n{line}", key).root == ROOT
