"""The tree against the definitions of RFC 6962, against an independent implementation, and against foreign vectors."""

import base64
import hashlib
import importlib.util
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from services.audit.domain.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    extend,
    extends,
    frontier_at,
    includes,
    inclusion_proof,
    leaf_hash,
    node_hash,
)

leaves_of = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def by_definition(leaves):
    """MTH as RFC 6962 2.1 writes it down."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + by_definition(leaves[:half]) + by_definition(leaves[half:])).digest()


def node_of(leaves):
    def node(level, index):
        width = 1 << level
        subtree = leaves[index * width : (index + 1) * width]
        assert len(subtree) == width, "asked for a subtree that is not complete"
        return by_definition(subtree)

    return node


def grown(leaves):
    return extend(Frontier(), [leaf_hash(leaf) for leaf in leaves])[0]


def test_an_empty_tree_has_the_root_of_nothing():
    assert Frontier().root() == EMPTY_ROOT == by_definition([])


@given(leaves_of)
def test_the_frontier_s_root_is_the_root_by_definition(leaves):
    assert grown(leaves).root() == by_definition(leaves)


@given(leaves_of)
def test_the_root_equals_an_independent_implementation_s(leaves):
    oracle = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        oracle.append_entry(leaf)
    assert grown(leaves).root() == oracle.get_root()


@given(leaves_of, st.data())
def test_growing_in_batches_is_growing_one_by_one(leaves, data):
    cut = data.draw(st.integers(0, len(leaves)))
    hashes = [leaf_hash(leaf) for leaf in leaves]
    first, _ = extend(Frontier(), hashes[:cut])
    assert extend(first, hashes[cut:])[0] == grown(leaves)


@given(leaves_of, st.data())
def test_the_frontier_of_any_earlier_size_is_found_again(leaves, data):
    size = data.draw(st.integers(0, len(leaves)))
    assert frontier_at(size, node_of(leaves)) == grown(leaves[:size])


def test_the_kept_subtrees_are_the_complete_ones_of_every_kept_level():
    leaves = [bytes([number]) for number in range(21)]
    _, kept = extend(Frontier(), [leaf_hash(leaf) for leaf in leaves], keep=2)
    expected = {(level, index) for level in (2, 4) for index in range(21 >> level)}
    assert {(subtree.level, subtree.index) for subtree in kept} == expected
    assert all(subtree.hash == node_of(leaves)(subtree.level, subtree.index) for subtree in kept)


def test_a_frontier_with_edges_missing_is_refused():
    with pytest.raises(ValueError, match="a tree of 3 leaves has 2 edges, not 1"):
        Frontier(3, (bytes(32),))


@given(leaves_of, st.data())
def test_every_entry_is_proven_to_be_in_the_tree(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = inclusion_proof(index, len(leaves), node_of(leaves))
    root = by_definition(leaves)
    assert includes(leaf_hash(leaves[index]), index, len(leaves), proof, root)
    assert not includes(leaf_hash(leaves[index] + b"!"), index, len(leaves), proof, root)
    assert not includes(leaf_hash(leaves[index]), index, len(leaves), [*proof, bytes(32)], root)
    assert not proof or not includes(leaf_hash(leaves[index]), index, len(leaves), proof[:-1], root)
    assert not includes(leaf_hash(leaves[index]), len(leaves), len(leaves), proof, root)


@given(leaves_of, st.data())
def test_every_earlier_tree_is_proven_to_be_the_beginning_of_the_later(leaves, data):
    first = data.draw(st.integers(1, len(leaves)))
    proof = consistency_proof(first, len(leaves), node_of(leaves))
    old, new = by_definition(leaves[:first]), by_definition(leaves)
    assert extends(first, len(leaves), proof, old, new)
    assert not extends(first, len(leaves), proof, node_hash(old, old), new)
    assert not extends(first, len(leaves), proof, old, node_hash(new, new))
    assert not extends(first, len(leaves), [*proof, bytes(32)], old, new)


def test_nothing_is_proven_of_a_tree_that_was_empty():
    assert consistency_proof(0, 5, node_of([b""] * 5)) == []
    assert not extends(0, 5, [], EMPTY_ROOT, by_definition([b""] * 5))


def test_a_proof_outside_the_tree_is_refused():
    with pytest.raises(ValueError, match="entry 3 is not in a tree of 3"):
        inclusion_proof(3, 3, node_of([b""] * 3))
    with pytest.raises(ValueError, match="a tree of 3 has no beginning of 4"):
        consistency_proof(4, 3, node_of([b""] * 3))


def climbed(leaf, place, proof):
    """The root above a leaf of a full tree, by definition: left or right at each step."""
    for step in proof:
        leaf = node_hash(step, leaf) if place & 1 else node_hash(leaf, step)
        place >>= 1
    return leaf


VECTORS = Path(__file__).parents[2] / "data" / "merkle"


def independent(name="lotsennetz_verify"):
    """The functions of verifier or witness; programs and no packages, so each is loaded from its file."""
    path = Path(__file__).parents[3] / "services" / "audit" / "verifier" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def tried(kind, *names):
    """Each foreign vector with what its authors say of it, its proof and the hashes named."""
    for name, vector in json.loads((VECTORS / f"{kind}.json").read_text()).items():
        hashes = [base64.b64decode(vector[name] or "") for name in names]
        yield name, vector, [base64.b64decode(step) for step in vector["proof"] or []], hashes


@given(leaves_of, st.data())
def test_the_independent_verifier_judges_as_we_do(leaves, data):
    program, size, node = independent(), len(leaves), node_of(leaves)
    index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root, old = by_definition(leaves), by_definition(leaves[:first])
    assert program.leads_to(leaf_hash(leaves[index]), index, size, inclusion_proof(index, size, node)) == root
    proof = consistency_proof(first, size, node)
    assert program.lead_on(first, size, old, proof) == (old, root)
    assert program.lead_on(first, size, old, [*proof, bytes(32)]) != (old, root)


def test_foreign_proofs_of_inclusion_are_judged_as_their_authors_judge_them():
    program, seen = independent(), 0
    for name, vector, proof, (leaf, root) in tried("inclusion", "leafHash", "root"):
        index, size = vector["leafIdx"], vector["treeSize"]
        assert includes(leaf, index, size, proof, root) is not vector["wantErr"], name
        if len(leaf) == 32:
            assert (program.leads_to(leaf, index, size, proof) == root) is not vector["wantErr"], name
        seen += 1
    assert seen == 98


def test_foreign_proofs_of_consistency_are_judged_as_their_authors_judge_them():
    program, witness, seen = independent(), independent("lotsennetz_witness"), 0
    for name, vector, proof, (old, new) in tried("consistency", "root1", "root2"):
        first, second = vector["size1"], vector["size2"]
        assert extends(first, second, proof, old, new) is not vector["wantErr"], name
        assert (program.lead_on(first, second, old, proof) == (old, new)) is not vector["wantErr"], name
        if 0 < first < second:  # a witness asks for a proof of nothing else
            before, after = witness.Head(first, old, ""), witness.Head(second, new, "")
            assert witness.is_beginning(before, after, proof) is not vector["wantErr"], name
        seen += 1
    assert seen == 98
