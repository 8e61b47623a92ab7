"""Reading documents, and the tree: OpenZeppelin's own vectors, and trees of any size with any harm done to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.merkle import MerkleTree
from tests.contracts.documents.conftest import ISSUER, OTHER, T0, Shelf
from tests.contracts.frame import Tree, budget, leaf_of, look, send, some_leaves, some_tree

VECTORS = Path(__file__).parents[2] / "vectors" / "merkle" / "standard_trees.json"
TREES = json.loads(VECTORS.read_text(encoding="utf-8"))["trees"]
NONE, ACTIVE, SUPERSEDED, WITHDRAWN = range(4)
NO_BATCH = (0, 0, 0)
NO_MARK = (0, 0, 0, "0x" + "0" * 40)
NO_LEAF = bytes(32)


def status(documents: Any, issuer: int, ref: Any) -> tuple[Any, ...]:
    state, anchored_in, marked, successor = documents.status(issuer, ref)
    return state, tuple(anchored_in), tuple(marked), bytes(successor)


def test_a_root_never_anchored_gives_nothing(documents: Any, shelf: Shelf) -> None:
    loose = some_tree("loose")
    ref = loose.ref(loose.levels[0][0])
    assert status(documents, ISSUER, ref) == (NONE, NO_BATCH, NO_MARK, NO_LEAF)


def test_a_leaf_given_as_its_own_root_gives_nothing(documents: Any) -> None:
    """An empty path leads from anything to itself; no batch is that shallow."""
    leaf = some_leaves("alone", 1)[0]
    assert status(documents, ISSUER, (leaf, leaf, [])) == (NONE, NO_BATCH, NO_MARK, NO_LEAF)


def test_another_issuer_gives_nothing(documents: Any, shelf: Shelf) -> None:
    ref = shelf.early.ref(shelf.early.levels[0][0])
    assert status(documents, OTHER, ref) == (NONE, NO_BATCH, NO_MARK, NO_LEAF)


def test_a_path_that_does_not_hold_gives_the_batch_but_no_document(documents: Any, shelf: Shelf) -> None:
    root, leaf, path = shelf.early.ref(shelf.early.levels[0][0])
    found = status(documents, ISSUER, (root, leaf, [*path[:-1], leaf]))
    assert found == (NONE, (T0 + 10, 4, 0), NO_MARK, NO_LEAF)


def test_a_document_without_a_mark_is_active(documents: Any, shelf: Shelf) -> None:
    ref = shelf.early.ref(shelf.early.levels[0][0])
    assert status(documents, ISSUER, ref) == (ACTIVE, (T0 + 10, 4, 0), NO_MARK, NO_LEAF)


def test_a_superseded_document_names_its_successor(documents: Any, shelf: Shelf, alice: Any) -> None:
    ref, new = shelf.early.ref(shelf.early.levels[0][0]), shelf.late.levels[0][0]
    documents.amend(ISSUER, ref, shelf.late.ref(new), 1, sender=alice)
    marked = (SUPERSEDED, 1, T0 + 30, alice.address)
    assert status(documents, ISSUER, ref) == (SUPERSEDED, (T0 + 10, 4, 0), marked, new)


def test_a_withdrawn_document_says_why_even_under_a_root_that_is_not_anchored(
    documents: Any, shelf: Shelf, alice: Any
) -> None:
    ref = shelf.early.ref(shelf.early.levels[0][0])
    documents.withdraw(ISSUER, ref, 3, sender=alice)
    marked = (WITHDRAWN, 3, T0 + 30, alice.address)
    assert status(documents, ISSUER, ref) == (WITHDRAWN, (T0 + 10, 4, 0), marked, NO_LEAF)
    elsewhere = (bytes(32), ref[1], [])
    assert status(documents, ISSUER, elsewhere) == (NONE, NO_BATCH, marked, NO_LEAF)


# ------------------------------------------------------------------------------------------------------- the tree


@pytest.mark.parametrize("vector", TREES, ids=lambda vector: str(len(vector["digests"])))
def test_trees_of_openzeppelins_package_hold(documents: Any, alice: Any, vector: dict[str, Any]) -> None:
    digests = [bytes.fromhex(text[2:]) for text in vector["digests"]]
    own = Tree.of([leaf_of(digest) for digest in digests])
    assert "0x" + own.root.hex() == vector["root"]
    documents.anchor(own.root, own.depth, sender=alice)
    for entry in vector["leaves"]:
        ref = (vector["root"], entry["leaf"], entry["proof"])
        assert documents.status(ISSUER, ref).state == ACTIVE
        assert leaf_of(digests[entry["index"]]).hex() == entry["leaf"][2:]
        damaged = (vector["root"], entry["leaf"], entry["proof"][:-1])
        assert documents.status(ISSUER, damaged).state == NONE


def test_a_batch_as_the_oracle_builds_it_holds_for_each_of_its_documents(documents: Any, alice: Any) -> None:
    leaves = some_leaves("oracle", 37)
    tree = MerkleTree.build(leaves)
    documents.anchor(tree.root, tree.depth, sender=alice)
    states = {documents.status(ISSUER, (tree.root, leaves[i], tree.proof(i))).state for i in range(37)}
    assert states == {ACTIVE}


def test_an_inner_node_does_not_pass_for_a_document(documents: Any, shelf: Shelf) -> None:
    """Its path is right but short; only full paths count."""
    inner = shelf.early.levels[1][0]
    path = [level[0 >> step ^ 1] for step, level in enumerate(shelf.early.levels[1:-1])]
    assert documents.status(ISSUER, (shelf.early.root, inner, path)).state == NONE


def test_a_path_of_another_length_than_the_batch_claims_does_not_hold(documents: Any, alice: Any) -> None:
    tree = some_tree("claims less", size=32)
    documents.anchor(tree.root, tree.depth - 1, sender=alice)
    assert documents.status(ISSUER, tree.ref(tree.levels[0][0])).state == NONE


@st.composite
def harmed_paths(draw: st.DrawFn) -> tuple[Tree, Any, bool]:
    """A tree, a reference into it, and whether the reference is sound."""
    depth = draw(st.integers(4, 8))
    digests = draw(st.sets(st.binary(min_size=32, max_size=32), min_size=2**depth, max_size=2**depth))
    tree = Tree.of([leaf_of(digest) for digest in digests])
    root, leaf, path = tree.ref(draw(st.sampled_from(tree.levels[0])))
    harm = draw(st.sampled_from(["none", "bit", "swap", "cut", "more", "leaf"]))
    at = draw(st.integers(0, depth - 1))
    if harm == "bit":
        flipped = int.from_bytes(path[at], "big") ^ 1 << draw(st.integers(0, 255))
        path[at] = flipped.to_bytes(32, "big")
    elif harm == "swap":
        path[at], path[at - 1] = path[at - 1], path[at]
    elif harm == "cut":
        del path[at]
    elif harm == "more":
        path.insert(at, path[at])
    elif harm == "leaf":
        leaf = draw(st.binary(min_size=32, max_size=32).filter(lambda other: other != leaf))
    return tree, (root, leaf, path), harm == "none"


@budget(40)
@given(case=harmed_paths())
def test_only_sound_paths_hold(documents: Any, alice: Any, chain: Any, case: tuple[Tree, Any, bool]) -> None:
    tree, ref, sound = case
    before = chain.snapshot()  # ape's `isolate` would swallow what fails inside it
    try:
        send(documents.anchor, tree.root, tree.depth, sender=alice)
        assert look(documents.status, ISSUER, ref)[0] == (ACTIVE if sound else NONE)
    finally:
        chain.restore(before)
