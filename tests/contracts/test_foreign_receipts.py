"""Receipts between us and the JOSE library that partners in JavaScript use: it reads ours, we read its."""

import json
import subprocess
from typing import Any
from uuid import uuid4

import pytest

from contracts.partner.receipts import CONFIRMED
from services.referral.receipts import ReceiptKeys, generate_receipt_keys, read
from tests.contracts.test_foreign_readers import NODE, opinion  # noqa: F401 - its packages have to be there

NETWORK, PARTNER = "https://network.example", str(uuid4())
SIGNER = ReceiptKeys.of(generate_receipt_keys(), NETWORK)
CLAIMS = {
    "aud": PARTNER,
    "jti": str(uuid4()),
    "iat": 1,
    "events": {"urn:lotsennetz:event:referral.accepted.v1": {"referral_id": str(uuid4())}},
}


@pytest.fixture(scope="module")
def jose(opinion: Any) -> Any:  # noqa: F811
    stranger = ReceiptKeys.of(generate_receipt_keys(), NETWORK)
    forged = stranger.sign(CLAIMS).split(".")[2]
    token = SIGNER.sign(CLAIMS)
    asked = {
        "token": token,
        "forged": f"{token.rpartition('.')[0]}.{forged}",
        "jwks": {"keys": SIGNER.public()},
        "issuer": NETWORK,
        "audience": PARTNER,
    }
    done = subprocess.run(
        ["node", "receipts.mjs"],
        cwd=NODE,
        input=json.dumps(asked).encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.mark.long
def test_jose_in_javascript_checks_our_receipt(jose: Any) -> None:
    assert jose["payload"] == {"iss": NETWORK, **CLAIMS}
    assert jose["protectedHeader"]["kid"] == SIGNER.key_id


@pytest.mark.long
def test_and_refuses_one_that_somebody_else_signed(jose: Any) -> None:
    assert jose["refused"] == "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ["ES256", "PS512", "Ed25519", "EdDSA"])
def test_we_read_what_jose_signs(jose: Any, algorithm: str) -> None:
    theirs = jose["theirs"][algorithm]
    assert set(read(theirs["signed"], [theirs["jwk"]]).claims["events"]) == {CONFIRMED}
