"""Dossiers not to be believed: sealed to somebody else, changed on the way, compressed, by a forbidden algorithm."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from joserfc import jwe
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from lotse.certify.cases import FAMILY_NAME, Word
from lotse.certify.checks.stopping import WORK
from lotse.certify.exam import Check, Exam

WRAPPING = {"RSA": "RSA-OAEP-256", "EC": "ECDH-ES+A256KW", "OKP": "ECDH-ES+A256KW"}
FORBIDDEN = {"RSA": "RSA1_5", "EC": "ECDH-ES", "OKP": "ECDH-ES"}
#: So much becomes a few kilobytes under DEFLATE: whoever unpacks without looking holds it in memory.
BOMB_BYTES = 20_000_000
Make = Callable[[Mapping[str, Any]], str]


def sealed(key: Any, algorithm: str, content: bytes, **more: str) -> str:
    """A dossier as it should not be."""
    header = {"alg": algorithm, "enc": "A256GCM", "kid": key.kid or key.thumbprint(), "cty": "json", **more}
    allowed = [*WRAPPING.values(), *FORBIDDEN.values(), "A256GCM", "DEF"]
    return jwe.encrypt_compact(header, content, key, algorithms=allowed)


def content() -> bytes:
    """What would be done if it were believed."""
    return json.dumps({"person": {"given_name": "Falsch", "family_name": f"{FAMILY_NAME}-{Word.ACCEPT}"}}).encode()


def to_another_key(public: Mapping[str, Any]) -> str:
    other: Any = RSAKey.generate_key(3072, auto_kid=True)
    if public["kty"] != "RSA":
        other = ECKey.generate_key("P-256", auto_kid=True)
    return sealed(other, WRAPPING[other.key_type], content())


def changed(public: Mapping[str, Any]) -> str:
    key = JWKRegistry.import_key(dict(public))
    parts = sealed(key, WRAPPING[key.key_type], content()).split(".")
    raw = bytearray(base64.urlsafe_b64decode(parts[3] + "=" * (-len(parts[3]) % 4)))
    raw[len(raw) // 2] ^= 1
    parts[3] = base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()
    return ".".join(parts)


def compressed(public: Mapping[str, Any]) -> str:
    """Valid JSON in front, twenty megabytes of blanks behind, packed by us: the header says `zip`."""
    key = JWKRegistry.import_key(dict(public))
    return sealed(key, WRAPPING[key.key_type], content() + b" " * BOMB_BYTES, zip="DEF")


def by_a_forbidden_algorithm(public: Mapping[str, Any]) -> str:
    key = JWKRegistry.import_key(dict(public))
    return sealed(key, FORBIDDEN[key.key_type], content())


def _not_believed(name: str, make: Make) -> Callable[[Exam], str]:
    """The false dossier is answered as long as it is asked for; another referral goes on meanwhile."""

    def run(exam: Exam) -> str:
        body = make(exam.welcome.public_key())
        ever = 1_000
        case = exam.draft(Word.HOLD)
        how = {"status": 200, "headers": {"Content-Type": "application/jose"}, "body": body, "times": ever}
        with exam.sandbox.misbehaving(exam.fault(name, "GET", f"{case.referral_id}/dossier$", **how)):
            exam.welcome.send(case)
            exam.until(lambda: exam.sandbox.faults_left()[name] < ever, lambda: "the dossier was never asked for")
            silent = exam.stays_silent(case.referral_id, WORK)
            others = exam.goes_on()
            exam.stays_silent(case.referral_id, WORK)
            exam.welcome.cancel(case)
        return f"{silent}; another meanwhile: {others}"

    return run


OPEN_ONLY = "Open with your own key only, by RSA-OAEP-256 or ECDH-ES+A256KW with A256GCM; refuse everything else."

CHECKS = (
    Check(
        "seal.other-key",
        sent="A dossier sealed to a key that is not this partner's.",
        expected="Not acted on; other referrals go on meanwhile.",
        hint="A dossier that does not open is noted and asked for again later; it must not stop the others.",
        run=_not_believed("other key", to_another_key),
    ),
    Check(
        "seal.changed",
        sent="A dossier in which one bit was changed on the way.",
        expected="Not acted on; other referrals go on meanwhile.",
        hint=OPEN_ONLY,
        run=_not_believed("changed", changed),
    ),
    Check(
        "seal.compressed",
        sent="A dossier that says ACCEPT and unpacks to 20 MB (`zip`).",
        expected="Not acted on; other referrals go on meanwhile.",
        hint="The network never compresses: refuse a header with `zip` before you decrypt.",
        run=_not_believed("compressed", compressed),
    ),
    Check(
        "seal.algorithm",
        sent="A dossier that says ACCEPT, sealed by an algorithm that is not allowed (RSA1_5, or ECDH-ES direct).",
        expected="Not acted on; other referrals go on meanwhile.",
        hint=OPEN_ONLY,
        run=_not_believed("algorithm", by_a_forbidden_algorithm),
    ),
)
