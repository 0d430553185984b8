"""A receipt on paper: small enough for a QR code however long the log grows, and read back by the verifier."""

import hashlib
import secrets
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import segno

from contracts.codes import DataCategory
from contracts.envelope import write
from services.audit.domain.entry import entry_of
from services.audit.domain.receipt import base45, receipt_text
from services.audit.keys import make_signer, save_signer
from tests.unit.audit.events import a_disclosure_decided
from tests.unit.audit.test_merkle import climbed

VERIFIER = Path(__file__).parents[3] / "services" / "audit" / "verifier" / "lotsennetz_verify.py"
MOST = 1 << 40
#: What the largest code holds of these letters at its lowest level of correction.
MOST_LETTERS = 4296


@pytest.mark.parametrize(
    ("plain", "letters"), [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"", "")]
)
def test_letters_are_those_of_rfc_9285(plain, letters):
    assert base45(plain) == letters


def a_long_envelope():
    """A decision over every kind of data, with every member an envelope may have and ids as random as they are."""
    names = ("decision_id", "referral_id", "person_id", "organization_id", "service_id", "ground_id")
    decided = a_disclosure_decided(**{name: uuid4() for name in names}, categories=tuple(DataCategory))
    return write(
        decided,
        id=uuid4(),
        source="/lotsennetz/referral",
        sequence=MOST,
        time=datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC),
        actor=f"staff:{secrets.token_hex(32)}",
        correlation_id=uuid4(),
        causation_id=uuid4(),
        consentref=f"consent/{uuid4()}/12",
    )


@pytest.fixture
def receipt(tmp_path):
    """The receipt of a disclosure in a log of 2^40 entries whose signer has a long name."""
    signer = make_signer("audit.lotsennetz.welcome-center-region.example/log-of-the-network")
    save_signer(signer, tmp_path / "log.key")
    leaf = entry_of(a_long_envelope(), MOST).leaf
    proof = [secrets.token_bytes(32) for _ in range(40)]
    place = MOST - 12_345
    note = signer.sign(MOST, climbed(hashlib.sha256(b"\x00" + leaf).digest(), place, proof))
    return receipt_text(note, place, leaf, proof)


def verified(tmp_path, text):
    (tmp_path / "receipt.txt").write_text(text)
    command = [sys.executable, "-I", VERIFIER, "--receipt", tmp_path / "receipt.txt", "--key", tmp_path / "log.key.pub"]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_a_disclosure_among_a_trillion_entries_fits_into_a_code_with_room_to_spare(receipt):
    code = segno.make(receipt, error="l", micro=False)
    assert code.mode == "alphanumeric"
    assert len(receipt) < 0.9 * MOST_LETTERS


def test_it_is_proven_offline(receipt, tmp_path):
    done = verified(tmp_path, receipt + "\n")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("place", [6, 100, 700, -300, -2])
def test_another_letter_anywhere_does_not_hold(receipt, tmp_path, place):
    letter = "A" if receipt[place] != "A" else "B"
    place %= len(receipt)
    done = verified(tmp_path, receipt[:place] + letter + receipt[place + 1 :])
    assert done.returncode in (1, 2), done.stdout


@pytest.mark.parametrize("text", ["", "LNR1:", "LNR1:AB", "lnr1:UJCLQE7W581", "LNR1:::::::", "nothing"])
def test_what_is_no_receipt_is_unreadable(receipt, tmp_path, text):
    assert verified(tmp_path, text).returncode == 2
    assert verified(tmp_path, receipt[:-9]).returncode == 2
