"""Receipts as signed tokens (RFC 8417): ours are signed here, a partner's are read with the keys it registered.

Ours carry an Ed25519 signature: small, deterministic, and a tenth of a millisecond, which every answer of a partner
waits for. A partner may sign with what FIT-Connect asks for, too.
"""

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import JWKRegistry, KeySet, OKPKey
from joserfc.jws import extract_compact

from contracts.partner.receipts import MEDIA_TYPE, TYPE
from services.chassis.errors import InvalidError

ALGORITHM: Literal["Ed25519"] = "Ed25519"
#: Which algorithms a key of each kind may sign with: what a header claims is never enough (RFC 8725, 3.1).
BY_KEY: Mapping[str, tuple[str, ...]] = {
    "OKP": ("Ed25519", "EdDSA"),
    "EC": ("ES256",),
    "RSA": ("PS256", "PS512"),
}
CURVES = frozenset({"Ed25519", "P-256"})
LARGEST = 8_000
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
#: RFC 9864 asks for the name Ed25519; most programs still write EdDSA, and under an Ed25519 key it is the same.
warnings.filterwarnings("ignore", message="EdDSA is deprecated", category=SecurityWarning)

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signed:
    """A token whose signature holds, and the key it holds under."""

    claims: Json
    key_id: str


@dataclass(frozen=True, slots=True)
class ReceiptKeys:
    """Signs with the first key; those after it only stay published, so that what they signed can still be checked."""

    issuer: str
    keys: KeySet = field(repr=False)

    @classmethod
    def of(cls, jwks: Json, issuer: str) -> "ReceiptKeys":
        """The set of a key file; raises ValueError unless the first one is private and of the kind we sign with."""
        keys = KeySet.import_key_set(dict(jwks))  # type: ignore[arg-type]
        for key in keys.keys:
            if not isinstance(key, OKPKey) or key.as_dict(private=False).get("crv") != ALGORITHM:
                raise ValueError("an Ed25519 key")
            key.ensure_kid()
        if not keys.keys or not keys.keys[0].is_private:
            raise ValueError("a private key first")
        return cls(issuer, keys)

    @property
    def key_id(self) -> str:
        return str(self.keys.keys[0].kid)

    def sign(self, claims: Json) -> str:
        key = self.keys.keys[0]
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}
        return jwt.encode(header, {"iss": self.issuer, **claims}, key, algorithms=[ALGORITHM])

    def public(self) -> list[dict[str, Any]]:
        """What stands in the published set, beside the keys to seal to."""
        return [
            {**key.as_dict(private=False), "kid": key.kid, "use": "sig", "alg": ALGORITHM} for key in self.keys.keys
        ]


def generate_receipt_keys() -> dict[str, Any]:
    """A fresh private key set for a new deployment."""
    key = OKPKey.generate_key(ALGORITHM, {"use": "sig"}, auto_kid=True)
    return {"keys": [key.as_dict(private=True)]}


def read(token: str, registered: Sequence[Json]) -> Signed:
    """A partner's token, if it is one and signed with a key the partner registered; its header names which, no more.

    Whatever else the header brings - a key of its own, an address of one - is not looked at (RFC 8725, 3.10).
    """
    header = _header(token)
    jwk = next((one for one in registered if one.get("kid") == header["kid"]), None)
    if jwk is None:
        raise InvalidError("receipt.key-unknown", {"kid": "a-registered-signing-key"})
    algorithms = BY_KEY.get(str(jwk.get("kty")), ())
    if header["alg"] not in algorithms or header["alg"] != jwk.get("alg", header["alg"]):
        raise InvalidError("receipt.unreadable", {"alg": "an-algorithm-of-this-key"})
    if jwk.get("crv", ALGORITHM) not in CURVES:
        raise InvalidError("receipt.key-unknown", {"kid": "a-registered-signing-key"})
    try:
        found = jwt.decode(token, JWKRegistry.import_key(_bare(jwk)), algorithms=[header["alg"]])
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise InvalidError("receipt.signature-invalid", {"signature": "by-the-key-named"}) from error
    return Signed(found.claims, header["kid"])


def _bare(jwk: Json) -> dict[str, Any]:
    """The key alone; what it is for has been decided by whoever picked it."""
    return {name: value for name, value in jwk.items() if name in ("kty", "crv", "x", "y", "n", "e", "kid")}


def _header(token: str) -> dict[str, str]:
    """The header of something that may be a receipt: the right type, a key named, nothing critical we do not know."""
    if len(token) > LARGEST or not _COMPACT.fullmatch(token):
        raise InvalidError("receipt.unreadable", {"": "a-compact-signed-token"})
    try:
        header = extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidError("receipt.unreadable", {"": "a-compact-signed-token"}) from error
    if str(header.get("typ", "")).lower().removeprefix("application/") != MEDIA_TYPE.removeprefix("application/"):
        raise InvalidError("receipt.unreadable", {"typ": TYPE})
    if "crit" in header or "b64" in header:
        raise InvalidError("receipt.unreadable", {"crit": "nothing-critical"})
    if not isinstance(header.get("kid"), str) or not isinstance(header.get("alg"), str):
        raise InvalidError("receipt.unreadable", {"kid": "a-registered-signing-key"})
    return header
