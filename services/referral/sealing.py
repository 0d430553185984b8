"""Dossiers and comments as JWE: one allow-list of algorithms, public keys in, and referral's own key set.

The profile is FIT-Connect's (RSA-OAEP-256 with A256GCM) plus ECDH-ES+A256KW for partners with elliptic-curve keys.
"""

import hashlib
import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, KeySet, OKPKey, RSAKey

from services.chassis.errors import InvalidError

KEY_WRAPPING = {"RSA": "RSA-OAEP-256", "EC": "ECDH-ES+A256KW", "OKP": "ECDH-ES+A256KW"}
CONTENT = "A256GCM"
ALLOWED = [*sorted(set(KEY_WRAPPING.values())), CONTENT]
CURVES = frozenset({"P-256", "P-384", "P-521", "X25519"})
#: About 120 bits of security; BSI TR-02102-1 asks for 3,000 bits since 2024.
SMALLEST_RSA = 3072
LARGEST_COMMENT = 16_000

#: What is packed may burst, and what is critical we would have to know.
REFUSED_HEADERS = frozenset({"zip", "crit"})


class Roomy(jwe.JWERegistry):
    """Opens a dossier however much stands in it: the library stops at 64 kilobytes, and we sealed it ourselves."""

    max_ciphertext_length = 4_000_000


PublicKey = RSAKey | ECKey | OKPKey


@dataclass(frozen=True, slots=True)
class SealedDossier:
    """The bytes a partner fetches, and which of its keys opens them."""

    jwe: str
    key_id: str
    custodial: bool

    @property
    def sha256(self) -> str:
        """By which both sides can tell that they speak of the same bytes."""
        return hashlib.sha256(self.jwe.encode()).hexdigest()


def public_key(jwk: Mapping[str, Any]) -> PublicKey:
    """A partner's public key, fit for sealing; refused when it is weak, private or of a kind not on the list."""
    try:
        key = JWKRegistry.import_key(dict(jwk))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise InvalidError("sealing.key-unusable", {"public_key": "public-jwk"}) from error
    if key.is_private or key.key_type not in KEY_WRAPPING:
        raise InvalidError("sealing.key-unusable", {"public_key": "public-jwk"})
    if isinstance(key, RSAKey) and key.public_key.key_size < SMALLEST_RSA:
        raise InvalidError("sealing.key-weak", {"public_key": "rsa-3072-or-longer"})
    if not isinstance(key, RSAKey) and key.as_dict().get("crv") not in CURVES:
        raise InvalidError("sealing.key-unusable", {"public_key": "known-curve"})
    key.ensure_kid()
    return key  # type: ignore[return-value]


def seal(document: Mapping[str, Any], key: PublicKey, *, custodial: bool = False) -> SealedDossier:
    """Encrypt a dossier for one recipient's key."""
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return seal_bytes(content, "application/json", key, custodial=custodial)


def seal_bytes(content: bytes, media_type: str, key: PublicKey, *, custodial: bool = False) -> SealedDossier:
    """Encrypt whatever goes to one recipient; what it is stands in the header (``cty``)."""
    header = {
        "alg": KEY_WRAPPING[key.key_type],
        "enc": CONTENT,
        "kid": key.kid,
        "cty": str(media_type),
        "typ": "JWE",
    }
    sealed = jwe.encrypt_compact(header, content, key, algorithms=ALLOWED)
    return SealedDossier(sealed, str(key.kid), custodial)


def new_custodial_key() -> ECKey:
    """A key pair for a partner that has none of its own yet; made and kept here, and said so."""
    return ECKey.generate_key("P-256", {"use": "enc"}, auto_kid=True)


def open_with(sealed: str, private: Mapping[str, Any]) -> dict[str, Any]:
    """Open a dossier for a light-path unit at the desk page."""
    opened = jwe.decrypt_compact(sealed, JWKRegistry.import_key(dict(private)), registry=Roomy(algorithms=ALLOWED))
    document: dict[str, Any] = json.loads(opened.plaintext or b"{}")
    return document


class OwnKeys:
    """Referral's key set: partners seal their free text to it; old keys stay readable while they rotate out."""

    def __init__(self, private_jwks: Mapping[str, Any]) -> None:
        self._keys = KeySet.import_key_set(dict(private_jwks))  # type: ignore[arg-type]

    def public(self) -> dict[str, Any]:
        """What stands at ``/partner/.well-known/jwks.json``."""
        keys = [{**key.as_dict(private=False), "use": "enc", "kid": key.kid} for key in self._keys.keys]
        return {"keys": keys}

    def open_comment(self, sealed: str, field: str = "sealed_comment") -> str:
        """The words of a partner; what is not sealed to us, or not text, is refused by field name."""
        refusal = InvalidError("partner.comment-unreadable", {field: "compact-jwe-to-our-key"})
        if len(sealed) > LARGEST_COMMENT:
            raise refusal
        try:
            if REFUSED_HEADERS & _header(sealed).keys():
                raise refusal
            opened = jwe.decrypt_compact(sealed, self._keys, algorithms=ALLOWED)
            return (opened.plaintext or b"").decode()
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise refusal from error


def _header(sealed: str) -> dict[str, Any]:
    """The protected header, before anything is done by it."""
    first = sealed.partition(".")[0]
    header: dict[str, Any] = json.loads(urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    return dict(header)


def generate_own_keys() -> dict[str, Any]:
    """A fresh private key set for a new deployment."""
    key = RSAKey.generate_key(3072, {"use": "enc"}, auto_kid=True)
    return {"keys": [key.as_dict(private=True)]}
