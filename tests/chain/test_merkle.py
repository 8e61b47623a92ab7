"""The batch tree: refusals, equality with OpenZeppelin's package, paths, padding."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.hashing import keccak256
from chain.merkle import MerkleInputError, MerkleTree, hash_pair, leaf_of, verify_path

VECTORS = Path(__file__).parents[1] / "vectors" / "merkle" / "standard_trees.json"
TREES = json.loads(VECTORS.read_text())["trees"]

leaves = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40, unique=True)


def unhex(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def counting_pad():
    numbers = count()
    return lambda size: keccak256(b"pad%d" % next(numbers))[:size]


def test_refuses_an_empty_batch():
    with pytest.raises(MerkleInputError):
        MerkleTree.build([])


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_refuses_leaves_and_digests_of_another_length(length):
    with pytest.raises(MerkleInputError) as caught:
        MerkleTree.build([b"\1" * 32, b"\2" * length])
    assert caught.value.position == 1
    with pytest.raises(MerkleInputError):
        leaf_of(b"\1" * length)


def test_refuses_short_padding():
    with pytest.raises(MerkleInputError):
        MerkleTree.build([b"\1" * 32], pad=lambda size: b"\0")


def test_padding_has_no_path():
    tree = MerkleTree.build([b"\1" * 32])
    with pytest.raises(IndexError):
        tree.proof(1)
    with pytest.raises(IndexError):
        tree.proof(-1)


@pytest.mark.parametrize("vector", TREES, ids=lambda v: str(len(v["digests"])))
def test_equals_the_standard_tree_of_openzeppelin(vector):
    tree = MerkleTree.build([leaf_of(unhex(d)) for d in vector["digests"]])
    assert tree.root == unhex(vector["root"])
    for shown in vector["leaves"]:
        assert leaf_of(unhex(vector["digests"][shown["index"]])) == unhex(shown["leaf"])
        assert tree.proof(shown["index"]) == [unhex(node) for node in shown["proof"]]


@given(leaves)
def test_every_leaf_has_a_path_of_the_trees_depth(given_leaves):
    tree = MerkleTree.build(given_leaves, pad=counting_pad())
    assert 2**tree.depth >= max(16, len(given_leaves)) > 2 ** (tree.depth - 1) or tree.depth == 4
    for index, leaf in enumerate(given_leaves):
        path = tree.proof(index)
        assert len(path) == tree.depth
        assert verify_path(tree.root, leaf, path)


@given(leaves, st.integers(0, 10_000), st.integers(0, 255))
def test_a_flipped_bit_anywhere_breaks_the_path(given_leaves, where, bit):
    tree = MerkleTree.build(given_leaves, pad=counting_pad())
    parts = [tree.root, given_leaves[0], *tree.proof(0)]
    target = where % len(parts)
    flipped = bytearray(parts[target])
    flipped[bit // 8] ^= 1 << bit % 8
    parts[target] = bytes(flipped)
    assert not verify_path(parts[0], parts[1], parts[2:])


def test_a_path_cut_short_or_extended_is_refused():
    tree = MerkleTree.build([b"\1" * 32, b"\2" * 32])
    path = tree.proof(0)
    assert not verify_path(tree.root, b"\1" * 32, path[:-1])
    assert not verify_path(tree.root, b"\1" * 32, [*path, b"\0" * 32])
    assert not verify_path(tree.root, b"\1" * 32, [*path[:-1], path[-1][:31]])


def test_absurdly_long_paths_are_not_walked():
    node, path = b"\1" * 32, [b"\2" * 32] * 33
    root = node
    for sibling in path:
        root = hash_pair(root, sibling)
    assert not verify_path(root, node, path)


def test_batches_of_one_and_of_sixteen_look_alike():
    assert (
        MerkleTree.build([b"\1" * 32]).depth
        == MerkleTree.build([bytes([i]) * 32 for i in range(16)]).depth
        == 4
    )
    assert MerkleTree.build([bytes([i]) * 32 for i in range(17)]).depth == 5


def test_padding_is_fresh_each_time():
    assert MerkleTree.build([b"\1" * 32]).root != MerkleTree.build([b"\1" * 32]).root
