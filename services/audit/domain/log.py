"""How the log grows: each leaf gets its place, its RFC 6962 hash and its link in the chain.

The tree proves a whole log against a signed head; the chain beside it names the *first* entry that is wrong, because
every link takes in its place and the link before it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from services.audit.domain.merkle import Frontier, Subtree, extend, leaf_hash

CHAIN_PREFIX = b"\x02"
CHAIN_START = bytes(32)

#: A head is signed when this many entries came since the last one, or this long after it.
CHECKPOINT_ENTRIES = 256
CHECKPOINT_AFTER = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log stands."""

    frontier: Frontier = field(default_factory=Frontier)
    chain_hash: bytes = CHAIN_START
    recorded_at: datetime | None = None

    @property
    def size(self) -> int:
        return self.frontier.size


class Link(NamedTuple):
    """What the log adds to one leaf."""

    position: int
    leaf_hash: bytes
    chain_hash: bytes


def chain_hash(position: int, previous: bytes, leaf: bytes) -> bytes:
    """The link after `previous` for the entry with this leaf hash at this place."""
    return hashlib.sha256(CHAIN_PREFIX + position.to_bytes(8, "big") + previous + leaf).digest()


def grow(head: Head, leaves: Sequence[bytes], now: datetime) -> tuple[Head, list[Link], list[Subtree]]:
    """Append leaves: the new head, each leaf's link, and the subtrees that were completed."""
    links, chain, hashes = [], head.chain_hash, [leaf_hash(leaf) for leaf in leaves]
    for position, hashed in enumerate(hashes, start=head.size):
        chain = chain_hash(position, chain, hashed)
        links.append(Link(position, hashed, chain))
    frontier, subtrees = extend(head.frontier, hashes)
    return Head(frontier, chain, not_before(head.recorded_at, now)), links, subtrees


def not_before(last: datetime | None, now: datetime) -> datetime:
    """Recorded times never run backwards, whatever the machine's clock does."""
    return now if last is None else max(last, now)


def checkpoint_is_due(signed_size: int, signed_at: datetime | None, head: Head, now: datetime) -> bool:
    """Whether the head should be signed now. Signatures do not wait until a clock that was set back has caught up."""
    if head.size <= signed_size:
        return False
    if signed_at is None or head.size - signed_size >= CHECKPOINT_ENTRIES:
        return True
    return abs(now - signed_at) >= CHECKPOINT_AFTER
