"""The link by which a unit without an account says whether a service of its own has places.

Whoever tells the unit something may make one; directory reads it. It names the organization, perhaps one service, and
until when, and is signed under the key all services of a deployment share. It lets say nothing but a capacity code, and
may be used as often as one likes until then: saying the same twice changes nothing.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

_SIGNED = 16 + 16 + 8
_MAC = 16


@dataclass(frozen=True, slots=True)
class CapacityLink:
    """A genuine link: for all services of an organization, or for one."""

    organization_id: UUID
    service_id: UUID | None


def sign(key: bytes, organization_id: UUID, service_id: UUID | None, until: datetime) -> str:
    """The last part of the address."""
    service = service_id.bytes if service_id else bytes(16)
    content = organization_id.bytes + service + int(until.timestamp()).to_bytes(8, "big")
    return urlsafe_b64encode(content + _mac(key, content)).decode().rstrip("=")


def read(key: bytes, token: str, now: datetime) -> CapacityLink | None:
    """What the link says; None if it is not ours or too old."""
    try:
        found = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    content, mac = found[:_SIGNED], found[_SIGNED:]
    if len(content) != _SIGNED or not hmac.compare_digest(mac, _mac(key, content)):
        return None
    if int.from_bytes(content[32:], "big") <= now.timestamp():
        return None
    service = content[16:32]
    return CapacityLink(UUID(bytes=content[:16]), UUID(bytes=service) if any(service) else None)


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, b"lotsennetz/capacity-link/" + content, hashlib.sha256).digest()[:_MAC]
