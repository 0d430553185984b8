"""The Merkle tree of RFC 6962 / RFC 9162, grown from its right edge.

The writer keeps a `Frontier`: the roots of the complete subtrees that make up the tree, largest first. Appending a leaf
and reading the root both cost O(log n), whatever the size. Proofs are read back through a `Node` function that answers
the hash of any *complete* subtree; where it finds them is the store's business.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

LEAF_PREFIX = b"\x00"
NODE_PREFIX = b"\x01"
EMPTY_ROOT = hashlib.sha256(b"").digest()

#: (level, index) -> hash of the complete subtree over leaves [index * 2^level, (index + 1) * 2^level)
Node = Callable[[int, int], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(LEAF_PREFIX + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


@dataclass(frozen=True, slots=True)
class Subtree:
    """A complete subtree that came into being; it never changes again."""

    level: int
    index: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree of `size` leaves: one hash per set bit of `size`, largest subtree first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if len(self.hashes) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has {self.size.bit_count()} edges, not {len(self.hashes)}")

    def root(self) -> bytes:
        """The tree head: the edges folded together from the right."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root


def extend(frontier: Frontier, leaf_hashes: Iterable[bytes], keep: int = 8) -> tuple[Frontier, list[Subtree]]:
    """Append leaves; also answer the complete subtrees whose level is a multiple of `keep` (what the store keeps)."""
    size, edges, done = frontier.size, list(frontier.hashes), []
    for leaf in leaf_hashes:
        level, current = 0, leaf
        while size >> level & 1:
            current = node_hash(edges.pop(), current)
            level += 1
            if level % keep == 0:
                done.append(Subtree(level, size >> level, current))
        edges.append(current)
        size += 1
    return Frontier(size, tuple(edges)), done


def frontier_at(size: int, node: Node) -> Frontier:
    """The right edge the tree had when it held `size` leaves."""
    hashes, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            hashes.append(node(level, start >> level))
            start += 1 << level
    return Frontier(size, tuple(hashes))


def subtree_root(start: int, end: int, node: Node) -> bytes:
    """MTH(D[start:end]) where `start` is aligned as the recursions of RFC 6962 align it."""
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return node(level, start >> level)
    middle = start + _largest_power_below(width)
    return node_hash(subtree_root(start, middle, node), subtree_root(middle, end, node))


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 2.1.1: what turns the leaf's hash into the root."""
    if not 0 <= index < size:
        raise ValueError(f"entry {index} is not in a tree of {size}")
    proof, start, end = [], 0, size
    while end - start > 1:
        middle = start + _largest_power_below(end - start)
        if index < middle:
            proof.append(subtree_root(middle, end, node))
            end = middle
        else:
            proof.append(subtree_root(start, middle, node))
            start = middle
    return proof[::-1]


def consistency_proof(first: int, second: int, node: Node) -> list[bytes]:
    """PROOF(first, D[second]) of RFC 6962 2.1.2: that the tree of `first` is the beginning of the tree of `second`."""
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {second} has no beginning of {first}")
    if first in (0, second):
        return []
    proof, start, end, whole = [], 0, second, True
    while first != end:
        middle = start + _largest_power_below(end - start)
        if first <= middle:
            proof.append(subtree_root(middle, end, node))
            end = middle
        else:
            proof.append(subtree_root(start, middle, node))
            start, whole = middle, False
    if not whole:
        proof.append(subtree_root(start, end, node))
    return proof[::-1]


def includes(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """Whether the proof shows that the leaf with this hash is entry `index` of the tree (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size or len(leaf) != len(EMPTY_ROOT):
        return False
    position, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            current = node_hash(sibling, current)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and current == root


def extends(first: int, second: int, proof: list[bytes], first_root: bytes, second_root: bytes) -> bool:
    """Whether the proof shows that the first tree is the beginning of the second (RFC 9162 2.1.4.2).

    Nothing can be shown of an empty first tree, so the answer there is no.
    """
    if first == second:
        return first > 0 and not proof and first_root == second_root
    if not 0 < first < second or not proof:
        return False
    steps = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, step)
        position, last = position >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _largest_power_below(width: int) -> int:
    """The largest power of two smaller than `width`."""
    return 1 << (width - 1).bit_length() - 1
