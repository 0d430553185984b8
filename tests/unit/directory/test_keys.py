"""Only a public key that a dossier can safely be sealed to comes into the directory."""

import base64
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from services.directory.domain.keys import public_jwk, thumbprint
from services.directory.domain.shapes import Problems

RSA = RSAKey.generate_key(3072, {"kid": "rsa"}, auto_kid=False).as_dict(private=False)
EC = ECKey.generate_key("P-256", {"kid": "ec"}, auto_kid=False).as_dict(private=False)
OKP = OKPKey.generate_key("X25519", {"kid": "okp"}, auto_kid=False).as_dict(private=False)


def problems_of(jwk: Any) -> dict[str, str]:
    problems: Problems = []
    public_jwk(jwk, "key", problems)
    return dict(problems)


@pytest.mark.parametrize("jwk", [RSA, EC, OKP], ids=["RSA", "P-256", "X25519"])
def test_keys_of_the_sealing_profile_are_taken(jwk: dict[str, Any]) -> None:
    assert problems_of(jwk) == {}
    described = {**jwk, "use": "enc", "key_ops": ["wrapKey" if jwk["kty"] == "RSA" else "deriveKey"]}
    assert problems_of(described) == {}


@pytest.mark.parametrize("key", [RSAKey, ECKey, OKPKey])
def test_the_fingerprint_is_the_one_of_rfc_7638(key: Any) -> None:
    made = key.generate_key(2048 if key is RSAKey else ("P-256" if key is ECKey else "X25519"))
    assert thumbprint(made.as_dict(private=False)) == made.thumbprint()


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_private_member_is_refused_before_anything_else(member: str) -> None:
    assert list(problems_of({**RSA, member: "AAAA"})) == ["key"]


@pytest.mark.parametrize(
    ("jwk", "field"),
    [
        ("not a key", "key"),
        ({}, "key.kty"),
        ({**RSA, "kty": "oct"}, "key.kty"),
        ({**RSA, "kty": ["RSA"]}, "key.kty"),
        ({**RSA, "x5c": []}, "key.x5c"),
        ({**RSA, "kid": ""}, "key.kid"),
        ({**RSA, "kid": 7}, "key.kid"),
        ({**RSA, "alg": "RSA1_5"}, "key.alg"),
        ({**RSA, "alg": "RSA-OAEP"}, "key.alg"),
        ({**EC, "alg": "ECDH-ES"}, "key.alg"),
        ({**RSA, "use": "sig"}, "key.use"),
        ({**RSA, "key_ops": ["sign"]}, "key.key_ops"),
        ({**RSA, "key_ops": "encrypt"}, "key.key_ops"),
        ({**RSA, "key_ops": [["encrypt"]]}, "key.key_ops"),
        ({**RSA, "n": RSA["n"][:340]}, "key.n"),
        ({**RSA, "n": "A" * 2000}, "key.n"),
        ({**RSA, "n": "not base64 url!"}, "key.n"),
        ({**RSA, "n": 7}, "key.n"),
        ({**RSA, "n": "AAAAA"}, "key.n"),
        ({**RSA, "e": "Aw"}, "key.e"),
        ({**RSA, "e": "AQAA"}, "key.e"),
        ({**EC, "crv": "P-384"}, "key.crv"),
        ({**EC, "x": EC["y"], "y": EC["x"]}, "key.x"),
        ({**EC, "x": "AA"}, "key.x"),
        ({**EC, "y": "_" * 43}, "key.x"),
        ({**OKP, "crv": "Ed25519"}, "key.crv"),
        ({**OKP, "x": "AA"}, "key.x"),
        ({**OKP, "x": "A" * 43}, "key.x"),
        ({**OKP, "x": "AQ" + "A" * 41}, "key.x"),
    ],
)
def test_what_no_dossier_may_be_sealed_to_is_refused_at_its_member(jwk: Any, field: str) -> None:
    assert field in problems_of(jwk)


def test_the_points_of_order_eight_are_refused_too() -> None:
    for hexadecimal in (
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ):
        x = base64.urlsafe_b64encode(bytes.fromhex(hexadecimal)).rstrip(b"=").decode()
        assert "key.x" in problems_of({**OKP, "x": x})
