"""What the JOSE cookbook and its history forbid, at every door where a token or a sealed text comes in.

RFC 7515, 7516, 8725; each case is made by hand where a library would refuse to make it.
"""

import base64
import hashlib
import hmac
import json
import os
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from services.chassis.access import UnauthenticatedError
from services.chassis.errors import ForbiddenError, InvalidError
from services.chassis.tokens import AccessTokens
from services.referral import receipts
from services.referral.link_tokens import LinkTokens, Token
from services.referral.sealing import LARGEST_COMMENT, OwnKeys
from tests.chassis.web_rig import ISSUER, TestIssuer

Json = dict[str, Any]
Door = Callable[[str], object]


def b64(data: bytes | Json) -> str:
    raw = json.dumps(data).encode() if isinstance(data, dict) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# --- signed: receipts, access tokens, links -------------------------------------------------------------------------

SIGNING = RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)
REGISTERED = [{**SIGNING.as_dict(private=False), "use": "sig", "kid": SIGNING.kid}]
STRANGER = RSAKey.generate_key(2048, auto_kid=True)
LINKS = LinkTokens((OKPKey.generate_key("Ed25519", auto_kid=True),), "https://network.example")
TOKENS = TestIssuer()


def receipt(token: str) -> object:
    return receipts.read(token, REGISTERED)


def access_token(token: str) -> object:
    return AccessTokens(ISSUER, "lotsennetz", TOKENS.keys()).claims(token)


def person_link(token: str) -> object:
    return LINKS.read(token)


#: Door -> the type its tokens have, a key of ours whose public half everybody knows, and its id.
DOORS: dict[str, tuple[Door, str, Any]] = {
    "receipt": (receipt, "secevent+jwt", SIGNING),
    "access token": (access_token, "at+jwt", TOKENS.key),
    "person's link": (person_link, LINKS.sign.__globals__["TYPE"], LINKS.keys[0]),
}
CLAIMS = {"iss": ISSUER, "aud": "lotsennetz", "sub": "anna", "exp": int(time.time()) + 600, "jti": "AAAA"}


def with_secret(header: Json, secret: bytes) -> str:
    """HS256 by hand."""
    text = f"{b64(header)}.{b64(CLAIMS)}"
    return f"{text}.{b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def unsigned(kid: str, kind: str, key: Any) -> str:
    return f"{b64({'alg': 'none', 'typ': kind, 'kid': kid})}.{b64(CLAIMS)}."


def unsigned_in_other_letters(kid: str, kind: str, key: Any) -> str:
    return f"{b64({'alg': 'nOnE', 'typ': kind, 'kid': kid})}.{b64(CLAIMS)}."


def public_key_as_secret(kid: str, kind: str, key: Any) -> str:
    public = key.as_pem(private=False)
    return with_secret({"alg": "HS256", "typ": kind, "kid": kid}, public)


def key_set_as_secret(kid: str, kind: str, key: Any) -> str:
    public = json.dumps(key.as_dict(private=False)).encode()
    return with_secret({"alg": "HS256", "typ": kind, "kid": kid}, public)


def signed_by(signer: Any, header: Json) -> str:
    """Signed well, under a header that no library would write."""
    algorithm = {"RSA": "PS256", "OKP": "Ed25519", "EC": "ES256"}[signer.key_type]
    text = f"{b64({'alg': algorithm, **header})}.{b64(CLAIMS)}".encode()
    model = jws.JWSRegistry(algorithms=[algorithm]).get_alg(algorithm)
    return f"{text.decode()}.{b64(model.sign(text, signer))}"


def key_brought_along(kid: str, kind: str, key: Any) -> str:
    return signed_by(STRANGER, {"typ": kind, "kid": kid, "jwk": STRANGER.as_dict(private=False)})


def key_elsewhere(kid: str, kind: str, key: Any) -> str:
    return signed_by(STRANGER, {"typ": kind, "kid": kid, "jku": "https://attacker.example/jwks.json"})


def certificate_elsewhere(kid: str, kind: str, key: Any) -> str:
    return signed_by(STRANGER, {"typ": kind, "kid": kid, "x5u": "https://attacker.example/cert.pem"})


def critical_and_unknown(kid: str, kind: str, key: Any) -> str:
    return signed_by(key, {"typ": kind, "kid": kid, "crit": ["exp"], "exp": 1})


def critical_and_known_to_the_library(kid: str, kind: str, key: Any) -> str:
    return signed_by(key, {"typ": kind, "kid": kid, "crit": ["b64"], "b64": True})


def detached(kid: str, kind: str, key: Any) -> str:
    head, _, signature = signed_by(key, {"typ": kind, "kid": kid}).split(".")
    return f"{head}..{signature}"


def no_signature(kid: str, kind: str, key: Any) -> str:
    return signed_by(key, {"typ": kind, "kid": kid}).rpartition(".")[0] + "."


def another_type(kid: str, kind: str, key: Any) -> str:
    return signed_by(key, {"typ": "JOSE", "kid": kid})


FORGERIES = [
    unsigned,
    unsigned_in_other_letters,
    public_key_as_secret,
    key_set_as_secret,
    key_brought_along,
    key_elsewhere,
    certificate_elsewhere,
    critical_and_unknown,
    critical_and_known_to_the_library,
    detached,
    no_signature,
    another_type,
]
REFUSALS = (InvalidError, UnauthenticatedError, ForbiddenError)


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("door", DOORS)
def test_no_door_takes_it(door: str, forge: Callable[[str, str, Any], str]):
    enter, kind, key = DOORS[door]
    with pytest.raises(REFUSALS):
        enter(forge(str(key.kid), kind, key))


def test_the_same_doors_take_what_is_genuine():
    assert receipts.read(signed_by(SIGNING, {"typ": "secevent+jwt", "kid": SIGNING.kid}), REGISTERED).claims == CLAIMS
    assert access_token(TOKENS.token())
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    assert person_link(LINKS.sign(Token(UUID(int=7), moment, moment)))


def test_a_key_signs_only_with_what_its_kind_signs_with():
    """An allowed algorithm under an allowed key of another kind, or other than the key was registered for."""
    bound = [{**REGISTERED[0], "alg": "PS512"}]
    with pytest.raises(InvalidError):
        receipts.read(signed_by(SIGNING, {"typ": "secevent+jwt", "kid": SIGNING.kid}), bound)
    other = ECKey.generate_key("P-256", auto_kid=True)
    as_ours = [{**other.as_dict(private=False), "kid": SIGNING.kid}]
    with pytest.raises(InvalidError):
        receipts.read(signed_by(SIGNING, {"typ": "secevent+jwt", "kid": SIGNING.kid}), as_ours)


# --- sealed: words to us --------------------------------------------------------------------------------------------

OURS = RSAKey.generate_key(2048, {"use": "enc"}, auto_kid=True)
SEALED = OwnKeys({"keys": [OURS.as_dict(private=True)]})


def by_hand(header: Json, plaintext: bytes = b"words", *, oaep: bool = True) -> str:
    """A compact JWE whose header says what it likes."""
    secret, iv = os.urandom(32), os.urandom(12)
    way: Any = (
        padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
        if oaep
        else padding.PKCS1v15()
    )
    wrapped = OURS.public_key.encrypt(secret, way)
    head = b64(header)
    closed = AESGCM(secret).encrypt(iv, plaintext, head.encode())
    return ".".join((head, b64(wrapped), b64(iv), b64(closed[:-16]), b64(closed[-16:])))


GOOD = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": OURS.kid}


def test_what_is_sealed_as_described_opens():
    assert SEALED.open_comment(by_hand(GOOD)) == "words"


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


SEALED_WRONGLY = {
    "RSA1_5": lambda: by_hand({**GOOD, "alg": "RSA1_5"}, oaep=False),
    "RSA-OAEP with SHA-1": lambda: by_hand({**GOOD, "alg": "RSA-OAEP"}),
    "dir": lambda: by_hand({**GOOD, "alg": "dir"}),
    "a password": lambda: by_hand({**GOOD, "alg": "PBES2-HS512+A256KW", "p2s": "AAAA", "p2c": 2**31 - 1}),
    "none": lambda: by_hand({**GOOD, "alg": "none"}),
    "CBC": lambda: by_hand({**GOOD, "enc": "A256CBC-HS512"}),
    "a short key": lambda: by_hand({**GOOD, "enc": "A128GCM"}),
    "critical and unknown": lambda: by_hand({**GOOD, "crit": ["b64"], "b64": False}),
    "compressed": lambda: by_hand({**GOOD, "zip": "DEF"}, deflated(b"words")),
    "a bomb": lambda: by_hand({**GOOD, "zip": "DEF"}, deflated(b"0" * 10_000_000)),
    "to another key": lambda: by_hand({**GOOD, "kid": "another"}),
    "changed": lambda: by_hand(GOOD)[:-2] + "AA",
    "five empty parts": lambda: "....",
    "too long": lambda: by_hand(GOOD, b"0" * LARGEST_COMMENT),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("case", sorted(SEALED_WRONGLY))
def test_what_is_sealed_otherwise_does_not_open(case: str):
    began = time.process_time()
    with pytest.raises(InvalidError):
        SEALED.open_comment(SEALED_WRONGLY[case]())
    assert time.process_time() - began < 2, "and costs next to nothing"
