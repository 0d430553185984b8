"""Dossiers and comments: who can open them, and which keys and algorithms are refused."""

import base64
import json

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, JWKRegistry, OctKey, OKPKey, RSAKey

from services.chassis.errors import InvalidError
from services.referral import sealing

#: 1024 bits, as a file from long ago might hold it.
SHORT_RSA = {
    "kty": "RSA",
    "e": "AQAB",
    "n": base64.urlsafe_b64encode(b"\xc1" + b"\x5a" * 254 + b"\x01").decode().rstrip("="),
}
DOSSIER = {"person": {"family_name": "Trabelsi"}}
OWN = sealing.generate_own_keys()
PARTNER_RSA = RSAKey.generate_key(3072, auto_kid=True)


@pytest.mark.parametrize(
    "private",
    [PARTNER_RSA, ECKey.generate_key("P-256", auto_kid=True), OKPKey.generate_key("X25519", auto_kid=True)],
    ids=["rsa", "ec", "x25519"],
)
def test_a_dossier_opens_with_the_partners_key_alone(private: RSAKey | ECKey | OKPKey) -> None:
    sealed = sealing.seal(DOSSIER, sealing.public_key(private.as_dict(private=False)))

    assert "Trabelsi" not in sealed.jwe
    assert sealed.key_id == private.kid
    opened = jwe.decrypt_compact(sealed.jwe, private, algorithms=sealing.ALLOWED)
    assert json.loads(opened.plaintext or b"") == DOSSIER


def test_a_custodial_key_opens_at_the_desk() -> None:
    key = sealing.new_custodial_key()
    sealed = sealing.seal(DOSSIER, sealing.public_key(key.as_dict(private=False)), custodial=True)

    assert sealed.custodial
    assert sealing.open_with(sealed.jwe, key.as_dict(private=True)) == DOSSIER


def test_a_long_dossier_opens_at_the_desk_too() -> None:
    key = sealing.new_custodial_key()
    long = {"notes": ["words " * 500] * 100}
    sealed = sealing.seal(long, sealing.public_key(key.as_dict(private=False)), custodial=True)
    assert len(sealed.jwe) > 300_000
    assert sealing.open_with(sealed.jwe, key.as_dict(private=True)) == long


@pytest.mark.filterwarnings("ignore:Key size should be")
@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "RSA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        OctKey.generate_key(256).as_dict(private=True),
        SHORT_RSA,
        RSAKey.generate_key(3072).as_dict(private=True),
        OKPKey.generate_key("Ed25519").as_dict(private=False),
        ECKey.generate_key("secp256k1").as_dict(private=False),
    ],
    ids=["empty", "no-members", "tiny", "symmetric", "short", "private", "signing-only", "other-curve"],
)
def test_a_key_unfit_for_sealing_is_refused(jwk: dict[str, object]) -> None:
    with pytest.raises(InvalidError):
        sealing.public_key(jwk)


def test_a_comment_sealed_to_us_is_read() -> None:
    public = JWKRegistry.import_key(sealing.OwnKeys(OWN).public()["keys"][0])
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": public.kid}
    comment = jwe.encrypt_compact(header, "Wann war die Prüfung?".encode(), public, algorithms=sealing.ALLOWED)

    assert sealing.OwnKeys(OWN).open_comment(comment) == "Wann war die Prüfung?"


def test_the_published_key_set_holds_nothing_private() -> None:
    published = json.dumps(sealing.OwnKeys(OWN).public())

    assert not any(f'"{member}":' in published for member in ("d", "p", "q", "dp", "dq", "qi"))


@pytest.mark.parametrize("garbage", ["", "words in the clear", "a.b.c.d.e", "." * 4, "x" * 20_000])
def test_a_comment_that_is_not_sealed_is_refused_by_its_field(garbage: str) -> None:
    with pytest.raises(InvalidError) as refused:
        sealing.OwnKeys(OWN).open_comment(garbage)

    assert refused.value.fields == {"sealed_comment": "compact-jwe-to-our-key"}


def test_a_comment_sealed_to_somebody_else_is_refused() -> None:
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": PARTNER_RSA.kid}
    comment = jwe.encrypt_compact(header, b"words", PARTNER_RSA, algorithms=sealing.ALLOWED)

    with pytest.raises(InvalidError):
        sealing.OwnKeys(OWN).open_comment(comment)


def test_an_algorithm_off_the_list_is_refused_even_with_the_right_key() -> None:
    private = JWKRegistry.import_key(OWN["keys"][0])
    header = {"alg": "RSA-OAEP", "enc": "A128GCM", "kid": private.kid}
    comment = jwe.encrypt_compact(header, b"words", private, algorithms=["RSA-OAEP", "A128GCM"])

    with pytest.raises(InvalidError):
        sealing.OwnKeys(OWN).open_comment(comment)


def test_a_compressed_comment_cannot_blow_up() -> None:
    private = JWKRegistry.import_key(OWN["keys"][0])
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "zip": "DEF", "kid": private.kid}
    bomb = jwe.encrypt_compact(header, b"0" * 8_000_000, private, algorithms=[*sealing.ALLOWED, "DEF"])
    assert len(base64.urlsafe_b64decode(bomb.split(".")[3] + "===")) < 16_000

    with pytest.raises(InvalidError):
        sealing.OwnKeys(OWN).open_comment(bomb)
