"""Receipts: what the network signed for us, checked with its published key, and our own signed word in return.

A receipt is a security event token (RFC 8417): a compact JWS of ids, codes and times. With the network's key set in a
file it can be checked without the network, years later.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from lotsennetz_partner.errors import UnreadableError
from lotsennetz_partner.keys import header_of

ALGORITHM = "Ed25519"
TYPE = "secevent+jwt"
EVENT = "urn:lotsennetz:event:"
CONFIRMED = f"{EVENT}partner.confirmed.v1"
LARGEST = 8_000
#: What our own key signs with, by its kind.
SIGNING = {"EC": "ES256", "OKP": "Ed25519", "RSA": "PS256"}

JSON = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the network has put its name to: which fact, when, about which referral."""

    number: str
    event: str
    referral_id: str
    at: int
    body: JSON

    @property
    def sha256(self) -> str | None:
        """Of the sealed bytes, where some were handed out."""
        found = self.body.get("sha256")
        return str(found) if found else None


def digest(sealed: bytes) -> str:
    """By which both sides can tell that they speak of the same bytes."""
    return hashlib.sha256(sealed).hexdigest()


def verify(token: str, key_set: JSON, issuer: str, organization_id: UUID) -> Receipt:
    """The receipt, if the network signed it, for us; anything else is refused with what was expected."""
    if len(token) > LARGEST or token.count(".") != 2:
        raise UnreadableError("receipt: expected a compact signed token")
    try:
        header = header_of(token)
        key = _named(key_set, header)
        claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        [(event, body)] = claims["events"].items()
        receipt = Receipt(str(claims["jti"]), str(event), str(body["referral_id"]), int(claims["iat"]), body)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableError(f"receipt: the signature does not hold ({type(error).__name__})") from error
    if claims.get("iss") != issuer:
        raise UnreadableError(f"receipt: signed for {claims.get('iss')}, expected {issuer}")
    if claims.get("aud") != str(organization_id):
        raise UnreadableError("receipt: made out to another organization")
    return receipt


def _named(key_set: JSON, header: JSON) -> Any:
    """The network's signing key that the header names; a key or an address the header brings along counts nothing."""
    if header.get("alg") != ALGORITHM or header.get("typ") != TYPE or "crit" in header:
        raise UnreadableError(f"receipt: expected {TYPE} with {ALGORITHM}")
    for one in key_set.get("keys", ()):
        if one.get("kid") == header.get("kid") and one.get("use") == "sig" and one.get("crv") == ALGORITHM:
            return JWKRegistry.import_key({name: one[name] for name in ("kty", "crv", "x", "kid")})
    raise UnreadableError(f"receipt: signed with key {header.get('kid')}, which is not among the network's")


def confirm(receipt: Receipt, key: Any, network: str, organization_id: UUID) -> str:
    """Our own signed word that we have what the receipt says."""
    body = {"referral_id": receipt.referral_id, "receipt": receipt.number}
    if receipt.sha256:
        body["sha256"] = receipt.sha256
    claims = {
        "iss": str(organization_id),
        "aud": network,
        "jti": str(uuid4()),
        "iat": int(time.time()),
        "events": {CONFIRMED: body},
    }
    algorithm = SIGNING[key.key_type]
    return jwt.encode({"alg": algorithm, "typ": TYPE, "kid": key.kid}, claims, key, algorithms=[algorithm])


def as_json(receipt: Receipt) -> str:
    """For people and scripts: what was signed."""
    shown = {"number": receipt.number, "event": receipt.event.removeprefix(EVENT), "at": receipt.at, **receipt.body}
    return json.dumps(shown, indent=2)
