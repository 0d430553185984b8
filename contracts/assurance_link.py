"""The link by which an organization says that its entries in the directory are still true, without an account.

Notifications puts it into a mail, directory reads it. It names what was asked - never whom - and until when it holds,
and is signed under the key all services of a deployment share. Looking at what it leads to uses nothing up.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

_SIGNED = 16 + 8
_MAC = 16


@dataclass(frozen=True, slots=True)
class AssuranceLink:
    """A genuine link, perhaps one of former times."""

    ask_id: UUID
    until: datetime


def sign(key: bytes, ask_id: UUID, until: datetime) -> str:
    """The last part of the address."""
    content = ask_id.bytes + int(until.timestamp()).to_bytes(8, "big")
    return urlsafe_b64encode(content + _mac(key, content)).decode().rstrip("=")


def read(key: bytes, token: str) -> AssuranceLink | None:
    """What the link says; None if it is not ours."""
    try:
        found = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    content, mac = found[:_SIGNED], found[_SIGNED:]
    if len(content) != _SIGNED or not hmac.compare_digest(mac, _mac(key, content)):
        return None
    return AssuranceLink(UUID(bytes=content[:16]), datetime.fromtimestamp(int.from_bytes(content[16:], "big"), UTC))


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, b"lotsennetz/assurance-link/" + content, hashlib.sha256).digest()[:_MAC]
