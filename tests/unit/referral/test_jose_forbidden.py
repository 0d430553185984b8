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
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jws
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from services.chassis.access import UnauthenticatedError
from services.chassis.errors import ForbiddenError, InvalidError
from services.chassis.tokens import AccessTokens
from services.notifications.channels.desk_link import DeskLinks
from services.referral import link_tokens, receipts
from services.referral.link_tokens import LinkTokens, Token
from services.referral.sealing import LARGEST_COMMENT, OwnKeys
from services.referral.web import entrance
from tests.chassis.web_rig import ISSUER, TestIssuer
from tests.partner_kit import conftest  # noqa: F401 - the kit is found by its folder

from lotsennetz_partner import receipts as kit_receipts  # isort: skip
from lotsennetz_partner.errors import UnreadableError  # isort: skip

Json = dict[str, Any]


def b64(data: bytes | Json) -> str:
    raw = json.dumps(data).encode() if isinstance(data, dict) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# --- signed: receipts, access tokens, links -------------------------------------------------------------------------

SIGNING = RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)
REGISTERED = [{**SIGNING.as_dict(private=False), "use": "sig", "kid": SIGNING.kid}]
STRANGER = RSAKey.generate_key(2048, auto_kid=True)
LINKS = LinkTokens((OKPKey.generate_key("Ed25519", auto_kid=True),), "https://network.example")
TOKENS = TestIssuer()


DESK = OKPKey.generate_key("Ed25519", auto_kid=True)
NETWORK = OKPKey.generate_key("Ed25519", {"use": "sig"}, auto_kid=True)
US = UUID(int=10)
SOON = int(time.time()) + 86_400  # longer than any run: what is too old would be refused for that alone


@dataclass(frozen=True)
class Door:
    """Where tokens come in: what takes them, their type, a key whose public half everybody knows, and good claims."""

    enter: Callable[[str], object]
    type: str
    key: Any
    claims: Json

    @property
    def head(self) -> Json:
        return {"typ": self.type, "kid": self.key.kid}


def receipt(token: str) -> object:
    return receipts.read(token, REGISTERED)


def our_receipt(token: str) -> object:
    """As a partner checks it with the kit."""
    return kit_receipts.verify(token, {"keys": [{**NETWORK.as_dict(private=False), "use": "sig"}]}, ISSUER, US)


def access_token(token: str) -> object:
    return AccessTokens(ISSUER, "lotsennetz", TOKENS.keys()).claims(token)


def person_link(token: str) -> object:
    return LINKS.read(token)


def desk_link(token: str) -> object:
    return entrance.read_link(token)


@pytest.fixture(autouse=True)
def _a_house_that_knows_the_desks_key(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = SimpleNamespace(desk_links=KeySet([OKPKey.import_key(DESK.as_dict(private=False))]))
    monkeypatch.setattr(entrance, "house", lambda: SimpleNamespace(keys=keys))


DOORS = {
    "receipt": Door(receipt, "secevent+jwt", SIGNING, {"jti": "1", "events": {}}),
    "our receipt": Door(
        our_receipt,
        "secevent+jwt",
        NETWORK,
        {"iss": ISSUER, "aud": str(US), "jti": "1", "iat": 1, "events": {"urn:x": {"referral_id": "r"}}},
    ),
    "access token": Door(
        access_token,
        "at+jwt",
        TOKENS.key,
        {"iss": ISSUER, "aud": "lotsennetz", "sub": "anna", "exp": SOON, "iat": 1, "jti": "1", "client_id": "c"},
    ),
    "person's link": Door(person_link, link_tokens.TYPE, LINKS.keys[0], {"jti": "A" * 22, "nbf": 1, "exp": SOON}),
    "desk's link": Door(
        desk_link,
        entrance.TYPE,
        DESK,
        {
            "iss": entrance.ISSUER,
            "aud": entrance.AUDIENCE,
            "unit": "unit",
            "organization_id": str(US),
            "referral_id": str(US),
            "jti": str(US),
            "exp": SOON,
        },
    ),
}


def with_secret(door: Door, secret: bytes) -> str:
    """HS256 by hand."""
    text = f"{b64({'alg': 'HS256', **door.head})}.{b64(door.claims)}"
    return f"{text}.{b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def unsigned(door: Door) -> str:
    return f"{b64({'alg': 'none', **door.head})}.{b64(door.claims)}."


def unsigned_in_other_letters(door: Door) -> str:
    return f"{b64({'alg': 'nOnE', **door.head})}.{b64(door.claims)}."


def public_key_as_secret(door: Door) -> str:
    return with_secret(door, door.key.as_pem(private=False))


def key_set_as_secret(door: Door) -> str:
    return with_secret(door, json.dumps(door.key.as_dict(private=False)).encode())


def algorithm_of(signer: Any) -> str:
    return {"RSA": "PS256", "OKP": "Ed25519", "EC": "ES256"}[signer.key_type]


def signed_by(signer: Any, door: Door, **header: Any) -> str:
    """Signed well, under a header that no library would write."""
    algorithm = algorithm_of(signer)
    text = f"{b64({'alg': algorithm, **door.head, **header})}.{b64(door.claims)}".encode()
    model = jws.JWSRegistry(algorithms=[algorithm]).get_alg(algorithm)
    return f"{text.decode()}.{b64(model.sign(text, signer))}"


def key_brought_along(door: Door) -> str:
    return signed_by(STRANGER, door, jwk=STRANGER.as_dict(private=False))


def key_of_the_same_kind_brought_along(door: Door) -> str:
    """What the header's algorithm alone would not give away."""
    twin = type(door.key).generate_key("Ed25519" if door.key.key_type == "OKP" else 2048, auto_kid=True)
    return signed_by(twin, door, jwk=twin.as_dict(private=False))


def key_elsewhere(door: Door) -> str:
    return signed_by(STRANGER, door, jku="https://attacker.example/jwks.json")


def certificate_elsewhere(door: Door) -> str:
    return signed_by(STRANGER, door, x5u="https://attacker.example/cert.pem")


def critical_and_unknown(door: Door) -> str:
    return signed_by(door.key, door, crit=["exp"], exp=1)


def critical_and_known_to_the_library(door: Door) -> str:
    return signed_by(door.key, door, crit=["b64"], b64=True)


def detached(door: Door) -> str:
    head, _, signature = signed_by(door.key, door).split(".")
    return f"{head}..{signature}"


def no_signature(door: Door) -> str:
    return signed_by(door.key, door).rpartition(".")[0] + "."


def another_type(door: Door) -> str:
    return signed_by(door.key, door, typ="JOSE")


def another_claim(door: Door) -> str:
    """One word changed after signing."""
    head, _, signature = signed_by(door.key, door).split(".")
    return f"{head}.{b64({**door.claims, 'jti': 'B' * 22})}.{signature}"


FORGERIES = [
    unsigned,
    unsigned_in_other_letters,
    public_key_as_secret,
    key_set_as_secret,
    key_brought_along,
    key_of_the_same_kind_brought_along,
    key_elsewhere,
    certificate_elsewhere,
    critical_and_unknown,
    critical_and_known_to_the_library,
    detached,
    no_signature,
    another_type,
    another_claim,
]
REFUSALS = (InvalidError, UnauthenticatedError, ForbiddenError, UnreadableError)


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("door", DOORS)
def test_no_door_takes_it(door: str, forge: Callable[[Door], str]):
    with pytest.raises(REFUSALS):
        DOORS[door].enter(forge(DOORS[door]))


@pytest.mark.parametrize("door", DOORS)
def test_the_same_claims_are_taken_when_they_are_genuine(door: str):
    """Else the doors above might be shut for another reason."""
    assert DOORS[door].enter(signed_by(DOORS[door].key, DOORS[door]))


@pytest.mark.parametrize("door", DOORS)
def test_a_sealed_text_is_no_token_however_much_it_unpacks_to(door: str):
    """A compressed JWE where a signed token belongs: nothing is decrypted, nothing unpacked."""
    began = time.process_time()
    with pytest.raises(REFUSALS):
        DOORS[door].enter(by_hand({**GOOD, "zip": "DEF", "kid": DOORS[door].key.kid}, deflated(b"0" * 10_000_000)))
    assert time.process_time() - began < 3


def test_the_links_that_are_really_made_are_taken():
    moment = datetime.now(UTC)
    assert person_link(LINKS.sign(Token(UUID(int=7), moment, moment)))
    url, _ = DeskLinks(DESK, "https://network.example", timedelta(days=1)).issue(US, US, US, moment)
    assert desk_link(url.rpartition("/")[2])


def test_a_key_signs_only_with_what_its_kind_signs_with():
    """An allowed algorithm under an allowed key of another kind, or other than the key was registered for."""
    bound = [{**REGISTERED[0], "alg": "PS512"}]
    with pytest.raises(InvalidError):
        receipts.read(signed_by(SIGNING, DOORS["receipt"]), bound)
    other = ECKey.generate_key("P-256", auto_kid=True)
    as_ours = [{**other.as_dict(private=False), "kid": SIGNING.kid}]
    with pytest.raises(InvalidError):
        receipts.read(signed_by(SIGNING, DOORS["receipt"]), as_ours)


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
