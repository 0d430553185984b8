"""Public keys of partners: only the public half, only kinds on the list, only sizes that hold.

To seal dossiers to (``enc``): RSA of 3072 bits and more (``RSA-OAEP-256``), EC P-256 and X25519 (``ECDH-ES+A256KW``).
To check a partner's receipts with (``sig``): RSA (``PS256``, ``PS512``), EC P-256 (``ES256``) and Ed25519.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from services.directory.domain.shapes import Problems, wrong

MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
ALGORITHMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "enc": {"RSA": ("RSA-OAEP-256",), "EC": ("ECDH-ES+A256KW",), "OKP": ("ECDH-ES+A256KW",)},
    "sig": {"RSA": ("PS256", "PS512"), "EC": ("ES256",), "OKP": ("Ed25519", "EdDSA")},
}
OPERATIONS: Mapping[str, frozenset[str]] = {
    "enc": frozenset({"encrypt", "wrapKey", "deriveKey", "deriveBits"}),
    "sig": frozenset({"verify"}),
}
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
DESCRIPTIVE = frozenset({"kid", "alg", "use", "key_ops"})
_KID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")

_P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def public_jwk(value: Any, path: str, problems: Problems) -> Any:
    """A public key (JWK) that a dossier may be sealed to."""
    return _read(value, path, problems, "enc")


def partner_jwk(value: Any, path: str, problems: Problems) -> Any:
    """A public key (JWK) that says itself what it is for: `use` is `enc` or `sig`."""
    use = value.get("use") if isinstance(value, Mapping) else None
    if not isinstance(use, str) or use not in ALGORITHMS:
        return wrong(problems, f"{path}.use", f"one of {', '.join(ALGORITHMS)}")
    return _read(value, path, problems, use)


def _read(value: Any, path: str, problems: Problems, use: str) -> Any:
    if not isinstance(value, Mapping):
        return wrong(problems, path, "a public key as JWK: an object")
    if PRIVATE & value.keys():
        return wrong(problems, path, "a public key only: the private members must never leave their owner")
    kind = value.get("kty")
    if not isinstance(kind, str) or kind not in MEMBERS:
        return wrong(problems, f"{path}.kty", f"one of {', '.join(MEMBERS)}")
    known = (*MEMBERS[kind], *sorted(DESCRIPTIVE))
    for name in value.keys() - set(known):
        wrong(problems, f"{path}.{name}", f"no such member; there are {', '.join(known)}")
    _check_description(value, kind, use, path, problems)
    on_curve = _check_x25519 if use == "enc" else _check_ed25519
    {"RSA": _check_rsa, "EC": _check_p256, "OKP": on_curve}[kind](value, path, problems)
    return dict(value)


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The fingerprint people compare by another way (RFC 7638, SHA-256)."""
    members = {name: jwk[name] for name in MEMBERS[jwk["kty"]]}
    digest = hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _check_description(jwk: Mapping[str, Any], kind: str, use: str, path: str, problems: Problems) -> None:
    kid, operations = jwk.get("kid"), jwk.get("key_ops", [])
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        wrong(problems, f"{path}.kid", "a key id of 1 to 128 letters, digits and _ . : -")
    if jwk.get("alg", ALGORITHMS[use][kind][0]) not in ALGORITHMS[use][kind]:
        wrong(problems, f"{path}.alg", " or ".join(ALGORITHMS[use][kind]))
    if jwk.get("use", use) != use:
        wrong(problems, f"{path}.use", use)
    known = OPERATIONS[use]
    if not isinstance(operations, list) or not all(isinstance(one, str) and one in known for one in operations):
        wrong(problems, f"{path}.key_ops", f"a list out of {', '.join(sorted(known))}")


def _check_rsa(jwk: Mapping[str, Any], path: str, problems: Problems) -> None:
    modulus, exponent = _integer(jwk.get("n"), 1024), _integer(jwk.get("e"), 8)
    if not 3072 <= modulus.bit_length() <= 8192 or modulus % 2 == 0:
        wrong(problems, f"{path}.n", "a modulus of 3072 to 8192 bits")
    if exponent < 65537 or exponent % 2 == 0:
        wrong(problems, f"{path}.e", "a public exponent of at least 65537 (AQAB)")


def _check_p256(jwk: Mapping[str, Any], path: str, problems: Problems) -> None:
    if jwk.get("crv") != "P-256":
        wrong(problems, f"{path}.crv", "P-256")
        return
    x, y = _octets(jwk.get("x")), _octets(jwk.get("y"))
    if len(x) != 32 or len(y) != 32 or not _is_on_p256(int.from_bytes(x), int.from_bytes(y)):
        wrong(problems, f"{path}.x", "with y the coordinates of a point on P-256, 32 octets each")


def _is_on_p256(x: int, y: int) -> bool:
    # The cofactor is 1: every point of the curve (infinity has no coordinates) is of the right order.
    return x < _P256 and y < _P256 and (y * y - (x * x * x - 3 * x + _P256_B)) % _P256 == 0


def _check_x25519(jwk: Mapping[str, Any], path: str, problems: Problems) -> None:
    if jwk.get("crv") != "X25519":
        wrong(problems, f"{path}.crv", "X25519")
    octets = _octets(jwk.get("x"))
    if len(octets) != 32 or _has_small_order(octets):
        wrong(problems, f"{path}.x", "32 octets of a point that is not of small order")


def _has_small_order(octets: bytes) -> bool:
    """RFC 7748 ignores the top bit and reduces; the points of order 1, 2, 4 and 8 make a secret anybody can compute."""
    prime = 2**255 - 19
    point = (int.from_bytes(octets, "little") & (2**255 - 1)) % prime
    order_eight = (
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
    )
    return point in (0, 1, prime - 1, *order_eight)


def _check_ed25519(jwk: Mapping[str, Any], path: str, problems: Problems) -> None:
    if jwk.get("crv") != "Ed25519":
        wrong(problems, f"{path}.crv", "Ed25519")
    octets = _octets(jwk.get("x"))
    if len(octets) != 32 or _signs_for_anybody(octets):
        wrong(problems, f"{path}.x", "32 octets of a point that is not of small order")


def _signs_for_anybody(octets: bytes) -> bool:
    """Under a point of order 1, 2, 4 or 8 there are signatures that hold for any text, made by anybody."""
    prime = 2**255 - 19
    height = (int.from_bytes(octets, "little") & (2**255 - 1)) % prime
    order_eight = 2707385501144840649318225287225658788936804267575313519463743609750303402022
    return height in (0, 1, prime - 1, order_eight, prime - order_eight)


def _integer(value: Any, most: int) -> int:
    octets = _octets(value, most)
    return int.from_bytes(octets)


def _octets(value: Any, most: int = 64) -> bytes:
    """The octets of base64url without padding; nothing if it is not that, or longer than it may be."""
    if not isinstance(value, str) or len(value) > most * 4 // 3 + 4 or not _BASE64URL.fullmatch(value):
        return b""
    if len(value) % 4 == 1:
        return b""
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
