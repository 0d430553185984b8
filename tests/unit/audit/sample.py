"""The frozen sample: a small log made of fixed events under a fixed key, byte for byte the same for ever.

Its files are committed in `sample/`. A change of the leaf's form, of the hashes, of the notes or of the export's layout
makes `make()` differ from them - and every log and every verifier already in the world differ from the program with it.
"""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contracts.envelope import write
from services.audit.domain.checkpoint import VerifierKey
from services.audit.domain.entry import entry_of
from services.audit.domain.log import Head, grow
from services.audit.exports import entry_line, header_line, line
from services.audit.keys import Signer
from tests.unit.audit.events import (
    a_consent_given,
    a_disclosure_decided,
    a_referral_received,
    a_referral_requested,
)

FOLDER = Path(__file__).parent / "sample"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SIZE, SIGNED_FIRST = 300, 200


def signer() -> Signer:
    """A key for this sample and nothing else."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"the frozen sample of the audit log").digest())
    return Signer(VerifierKey("lotsennetz.example/sample", private.public_key().public_bytes_raw()), private)


def leaves() -> list[bytes]:
    kinds = (a_consent_given, a_referral_requested, a_disclosure_decided, a_referral_received)
    made = []
    for number in range(SIZE):
        envelope = write(
            kinds[number % len(kinds)](),
            id=UUID(int=number),
            source="/lotsennetz/referral",
            sequence=number,
            time=START + timedelta(seconds=number),
            actor="staff:" + "ab" * 16,
            correlation_id=UUID(int=7),
        )
        made.append(entry_of(envelope, number + 1).leaf)
    return made


def make() -> dict[str, bytes]:
    """The sample's files by name."""
    content, key = leaves(), signer()
    early, _, _ = grow(Head(), content[:SIGNED_FIRST], START)
    head, links, _ = grow(Head(), content, START)
    notes = [key.sign(one.size, one.frontier.root()) for one in (early, head)]
    rows = [
        {"position": made.position, "leaf": leaf, "leaf_hash": made.leaf_hash, "chain_hash": made.chain_hash}
        for leaf, made in zip(content, links, strict=True)
    ]
    export = [line(header_line(Head(), SIZE)), *(line(entry_line(row)) for row in rows), line({"checkpoint": notes[1]})]
    return {
        "export.ndjson": b"".join(export),
        "checkpoints.notes": "".join(notes).encode(),
        "key.pub": f"{key.key.text()}\n".encode(),
        "expected.json": (json.dumps({"entries": SIZE, "root": head.frontier.root().hex()}, indent=1) + "\n").encode(),
    }


if __name__ == "__main__":
    for name, data in make().items():
        (FOLDER / name).write_bytes(data)
