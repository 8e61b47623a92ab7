"""Replacing documents: one successor each, of the same issuer, anchored strictly later, never in a circle."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.documents.conftest import ISSUER, OTHER, T0, Clock, Shelf
from tests.contracts.frame import Refused, answer, events, some_leaves, some_tree

SUPERSEDED, WITHDRAWN = 2, 3
RESETTLED = 2
REASONS = range(1, 6)


@pytest.mark.parametrize("reason", [0, 6, 7, 255])
def test_an_unknown_reason_is_refused(documents: Any, shelf: Shelf, alice: Any, reason: int) -> None:
    old, new = shelf.early.ref(shelf.early.levels[0][0]), shelf.late.ref(shelf.late.levels[0][0])
    assert answer(documents.amend, ISSUER, old, new, reason, sender=alice) == Refused(
        "UnknownReason", (reason,)
    )


def test_a_document_does_not_replace_itself_even_from_a_later_batch(
    documents: Any, shelf: Shelf, clock: Clock, alice: Any
) -> None:
    leaf = shelf.early.levels[0][0]
    again = some_tree("again", leaf)
    documents.anchor(again.root, 4, sender=alice)
    refused = answer(documents.amend, ISSUER, shelf.early.ref(leaf), again.ref(leaf), 1, sender=alice)
    assert refused == Refused("OwnSuccessor", (leaf,))


def test_a_root_that_is_not_anchored_is_refused_on_either_side(
    documents: Any, shelf: Shelf, alice: Any
) -> None:
    loose = some_tree("loose")
    nowhere = Refused("NotAnchored", (ISSUER, loose.root))
    early, late = (tree.ref(tree.levels[0][0]) for tree in (shelf.early, shelf.late))
    unknown = loose.ref(loose.levels[0][0])
    assert answer(documents.amend, ISSUER, unknown, late, 1, sender=alice) == nowhere
    assert answer(documents.amend, ISSUER, early, unknown, 1, sender=alice) == nowhere


def test_a_batch_of_another_issuer_does_not_serve(
    documents: Any, shelf: Shelf, clock: Clock, alice: Any, bob: Any
) -> None:
    theirs = some_tree("theirs")
    documents.anchor(theirs.root, 4, sender=bob)
    refused = answer(
        documents.amend,
        ISSUER,
        shelf.early.ref(shelf.early.levels[0][0]),
        theirs.ref(theirs.levels[0][0]),
        1,
        sender=alice,
    )
    assert refused == Refused("NotAnchored", (ISSUER, theirs.root))


def test_a_path_that_does_not_hold_is_refused_on_either_side(
    documents: Any, shelf: Shelf, alice: Any
) -> None:
    root, leaf, path = shelf.early.ref(shelf.early.levels[0][0])
    wrong = (root, leaf, [*path[:-1], bytes(32)])
    good = shelf.late.ref(shelf.late.levels[0][0])
    assert answer(documents.amend, ISSUER, wrong, good, 1, sender=alice) == Refused("NotInBatch", (leaf,))
    root, leaf, path = good
    wrong = (root, leaf, path[::-1])
    early = shelf.early.ref(shelf.early.levels[0][0])
    assert answer(documents.amend, ISSUER, early, wrong, 1, sender=alice) == Refused("NotInBatch", (leaf,))


@pytest.mark.parametrize(("old", "new", "times"), [("early", "same", (10, 10)), ("late", "early", (20, 10))])
def test_a_replacement_that_is_not_later_is_refused(
    documents: Any, shelf: Shelf, alice: Any, old: str, new: str, times: tuple[int, int]
) -> None:
    before, after = getattr(shelf, old), getattr(shelf, new)
    refused = answer(
        documents.amend,
        ISSUER,
        before.ref(before.levels[0][0]),
        after.ref(after.levels[0][0]),
        1,
        sender=alice,
    )
    assert refused == Refused("NotLater", (T0 + times[0], T0 + times[1]))


@pytest.mark.parametrize("reason", REASONS)
def test_an_amended_document_points_to_its_successor(
    documents: Any, shelf: Shelf, alice: Any, reason: int
) -> None:
    old, new = shelf.early.levels[0][0], shelf.late.levels[0][0]
    receipt = documents.amend(ISSUER, shelf.early.ref(old), shelf.late.ref(new), reason, sender=alice)
    assert events(receipt) == [("Amended", ISSUER, old, new, reason)]
    assert documents.successor(ISSUER, old) == new
    assert tuple(documents.mark(ISSUER, old)) == (SUPERSEDED, reason, T0 + 30, alice.address)
    assert tuple(documents.mark(ISSUER, new)) == (0, 0, 0, "0x" + "0" * 40)
    assert documents.successor(OTHER, old) == bytes(32)


def test_a_document_has_one_successor_only(documents: Any, shelf: Shelf, alice: Any) -> None:
    old = shelf.early.ref(shelf.early.levels[0][0])
    first, second = (shelf.late.ref(leaf) for leaf in shelf.late.levels[0][:2])
    documents.amend(ISSUER, old, first, 1, sender=alice)
    superseded = Refused("WrongState", (old[1], SUPERSEDED))
    for replacement in (first, second):
        assert answer(documents.amend, ISSUER, old, replacement, 1, sender=alice) == superseded
    assert answer(documents.withdraw, ISSUER, old, 1, sender=alice) == superseded
    assert answer(documents.annul, ISSUER, old[1], sender=alice) == superseded


def test_several_documents_may_have_the_same_successor(documents: Any, shelf: Shelf, alice: Any) -> None:
    final = shelf.late.levels[0][0]
    for interim in shelf.early.levels[0][:2]:
        documents.amend(ISSUER, shelf.early.ref(interim), shelf.late.ref(final), 3, sender=alice)
        assert documents.successor(ISSUER, interim) == final


def test_a_withdrawn_document_is_neither_replaced_nor_a_replacement(
    documents: Any, shelf: Shelf, alice: Any
) -> None:
    old, new = shelf.early.ref(shelf.early.levels[0][0]), shelf.late.ref(shelf.late.levels[0][0])
    documents.withdraw(ISSUER, new, 1, sender=alice)
    withdrawn = Refused("WrongState", (new[1], WITHDRAWN))
    assert answer(documents.amend, ISSUER, old, new, 1, sender=alice) == withdrawn
    documents.withdraw(ISSUER, old, 1, sender=alice)
    withdrawn = Refused("WrongState", (old[1], WITHDRAWN))
    assert answer(documents.amend, ISSUER, old, new, 1, sender=alice) == withdrawn


def test_chains_grow_at_their_end(documents: Any, shelf: Shelf, clock: Clock, alice: Any) -> None:
    third = some_tree("third")
    documents.anchor(third.root, 4, sender=alice)
    a, b, c = (tree.ref(tree.levels[0][0]) for tree in (shelf.early, shelf.late, third))
    documents.amend(ISSUER, a, b, 1, sender=alice)
    documents.amend(ISSUER, b, c, 1, sender=alice)
    assert documents.successor(ISSUER, a[1]) == b[1]
    assert documents.successor(ISSUER, b[1]) == c[1]


def test_a_circle_is_refused_although_its_last_link_is_later(
    documents: Any, shelf: Shelf, clock: Clock, alice: Any
) -> None:
    """A document that stands in two batches has two times; the earlier one must not open a way back to it."""
    first, second = shelf.early.levels[0][0], shelf.late.levels[0][0]
    documents.amend(ISSUER, shelf.early.ref(first), shelf.late.ref(second), 1, sender=alice)
    again = some_tree("again", first)
    documents.anchor(again.root, 4, sender=alice)
    refused = answer(documents.amend, ISSUER, shelf.late.ref(second), again.ref(first), 1, sender=alice)
    assert refused == Refused("WrongState", (first, SUPERSEDED))


def test_a_successor_institution_may_replace_documents_of_an_issuer_that_ended(
    documents: Any, members: Any, keeper: Any, shelf: Shelf, bob: Any
) -> None:
    members.setInstitution(ISSUER, 3, OTHER, 0, sender=keeper)
    old, new = shelf.early.ref(shelf.early.levels[0][0]), shelf.late.ref(shelf.late.levels[0][0])
    receipt = documents.amend(ISSUER, old, new, RESETTLED, sender=bob)
    assert events(receipt) == [("Amended", ISSUER, old[1], new[1], RESETTLED)]
    assert tuple(documents.mark(ISSUER, old[1])) == (SUPERSEDED, RESETTLED, T0 + 30, bob.address)
    assert tuple(documents.mark(OTHER, old[1])) == (0, 0, 0, "0x" + "0" * 40)


def test_the_same_leaf_of_another_issuer_is_another_document(
    documents: Any, shelf: Shelf, clock: Clock, alice: Any, bob: Any
) -> None:
    leaf = shelf.early.levels[0][0]
    documents.anchor(shelf.early.root, 4, sender=bob)
    documents.anchor(shelf.late.root, 4, sender=bob)
    documents.amend(ISSUER, shelf.early.ref(leaf), shelf.late.ref(shelf.late.levels[0][0]), 1, sender=alice)
    assert documents.status(OTHER, shelf.early.ref(leaf)).state == 1
    same_second = Refused("NotLater", (T0 + 30, T0 + 30))
    early, late = shelf.early.ref(leaf), shelf.late.ref(shelf.late.levels[0][0])
    assert answer(documents.amend, OTHER, early, late, 1, sender=bob) == same_second


def test_a_zero_leaf_cannot_be_a_successor(documents: Any, shelf: Shelf, clock: Clock, alice: Any) -> None:
    """Zero means "no successor"; an issuer could build a tree with a zero leaf by hand."""
    odd = some_tree("odd", bytes(32), *some_leaves("filler", 3))
    documents.anchor(odd.root, 4, sender=alice)
    old = shelf.early.ref(shelf.early.levels[0][0])
    refused = answer(documents.amend, ISSUER, old, odd.ref(bytes(32)), 1, sender=alice)
    assert refused == Refused("NotInBatch", (bytes(32),))
