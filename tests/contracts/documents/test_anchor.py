"""Anchoring and reaffirming batches."""

from __future__ import annotations

from typing import Any

import ape
import pytest

from chain.layout import layout_of
from tests.contracts.documents.conftest import ISSUER, OTHER, T0, Clock, Shelf
from tests.contracts.frame import DAY, Refused, answer, events, leaf_of, some_tree

ROOT = some_tree("a batch").root
MIN_DEPTH, MAX_DEPTH, MAX_ROOTS = 4, 16, 256
PER_DAY = 259_200


def test_limits_are_as_documented(documents: Any) -> None:
    assert tuple(documents.limits()) == (MIN_DEPTH, MAX_DEPTH, MAX_ROOTS, PER_DAY, 30 * DAY)


def test_a_zero_root_is_refused(documents: Any, alice: Any) -> None:
    assert answer(documents.anchor, bytes(32), 4, sender=alice) == Refused("EmptyRoot")


@pytest.mark.parametrize("depth", [0, MIN_DEPTH - 1, MAX_DEPTH + 1, 255])
def test_a_depth_out_of_range_is_refused(documents: Any, alice: Any, depth: int) -> None:
    refused = answer(documents.anchor, ROOT, depth, sender=alice)
    assert refused == Refused("DepthOutOfRange", (depth, MIN_DEPTH, MAX_DEPTH))


def test_the_same_root_twice_is_refused_and_names_the_first_time(
    documents: Any, clock: Clock, alice: Any
) -> None:
    clock.set(T0 + 5)
    documents.anchor(ROOT, 4, sender=alice)
    clock.set(T0 + 50)
    refused = answer(documents.anchor, ROOT, 5, sender=alice)
    assert refused == Refused("AlreadyAnchored", (ISSUER, ROOT, T0 + 5))


@pytest.mark.parametrize("depth", [MIN_DEPTH, 10, MAX_DEPTH])
def test_an_anchored_batch_is_logged_and_recorded(
    documents: Any, clock: Clock, alice: Any, depth: int
) -> None:
    clock.set(T0 + 5)
    receipt = documents.anchor(ROOT, depth, sender=alice)
    assert events(receipt) == [("Anchored", ISSUER, ROOT, depth)]
    assert tuple(documents.batch(ISSUER, ROOT)) == (T0 + 5, depth, 0)
    assert tuple(documents.batch(OTHER, ROOT)) == (0, 0, 0)


def test_nobody_occupies_the_root_of_another(documents: Any, clock: Clock, alice: Any, bob: Any) -> None:
    clock.set(T0 + 1)
    documents.anchor(ROOT, 7, sender=bob)
    clock.set(T0 + 2)
    receipt = documents.anchor(ROOT, 4, sender=alice)
    assert events(receipt) == [("Anchored", ISSUER, ROOT, 4)]
    assert tuple(documents.batch(OTHER, ROOT)) == (T0 + 1, 7, 0)
    assert tuple(documents.batch(ISSUER, ROOT)) == (T0 + 2, 4, 0)


# ----------------------------------------------------------------------------------------------- the daily limit


def with_count(documents: Any, issuer: int, day: int, count: int) -> None:
    """Write the counter as `count` anchors on that day would have left it."""
    slot = layout_of("DocumentRegistry").slot("_counts", issuer)
    value = (day << 32 | count).to_bytes(32, "big")
    request = [documents.address, "0x" + slot.hex(), "0x" + value.hex()]
    assert documents.provider.make_request("anvil_setStorageAt", request) is True


def test_the_counter_written_by_hand_is_the_one_the_contract_writes(documents: Any, alice: Any) -> None:
    with_count(documents, ISSUER, T0 // DAY, 7)
    assert documents.anchorsLeft(ISSUER) == PER_DAY - 7
    documents.anchor(ROOT, 4, sender=alice)
    assert documents.anchorsLeft(ISSUER) == PER_DAY - 8


def test_one_more_than_the_daily_limit_is_refused(documents: Any, alice: Any, bob: Any) -> None:
    with_count(documents, ISSUER, T0 // DAY, PER_DAY - 1)
    documents.anchor(ROOT, 4, sender=alice)
    assert documents.anchorsLeft(ISSUER) == 0
    another = leaf_of(bytes(32))
    assert answer(documents.anchor, another, 4, sender=alice) == Refused("DailyLimit", (ISSUER,))
    assert answer(documents.anchor, another, 4, sender=bob) is None


def test_at_the_limit_a_repeated_root_is_still_told_apart(documents: Any, clock: Clock, alice: Any) -> None:
    documents.anchor(ROOT, 4, sender=alice)
    with_count(documents, ISSUER, T0 // DAY, PER_DAY)
    refused = answer(documents.anchor, ROOT, 4, sender=alice)
    assert refused == Refused("AlreadyAnchored", (ISSUER, ROOT, T0))


def test_a_new_day_begins_at_midnight(documents: Any, clock: Clock, alice: Any) -> None:
    with_count(documents, ISSUER, T0 // DAY, PER_DAY)
    clock.set(T0 + DAY - 1)
    assert answer(documents.anchor, ROOT, 4, sender=alice) == Refused("DailyLimit", (ISSUER,))
    clock.set(T0 + DAY)
    assert documents.anchorsLeft(ISSUER) == PER_DAY
    documents.anchor(ROOT, 4, sender=alice)
    assert documents.anchorsLeft(ISSUER) == PER_DAY - 1


# ------------------------------------------------------------------------------------------------------ reaffirm


@pytest.mark.parametrize("count", [0, MAX_ROOTS + 1])
def test_an_empty_or_too_long_list_is_refused(documents: Any, alice: Any, count: int) -> None:
    refused = answer(documents.reaffirm, [ROOT] * count, sender=alice)
    assert refused == Refused("ListLength", (count, MAX_ROOTS))


def test_one_root_never_anchored_refuses_them_all(documents: Any, shelf: Shelf, alice: Any) -> None:
    refused = answer(documents.reaffirm, [shelf.early.root, ROOT, shelf.late.root], sender=alice)
    assert refused == Refused("NotAnchored", (ISSUER, ROOT))


def test_a_batch_of_another_cannot_be_reaffirmed(documents: Any, shelf: Shelf, bob: Any) -> None:
    refused = answer(documents.reaffirm, [shelf.early.root], sender=bob)
    assert refused == Refused("NotAnchored", (OTHER, shelf.early.root))


def test_reaffirming_is_logged_and_keeps_time_and_depth(documents: Any, shelf: Shelf, alice: Any) -> None:
    receipt = documents.reaffirm([shelf.early.root, shelf.late.root], sender=alice)
    assert events(receipt) == [
        ("Reaffirmed", ISSUER, shelf.early.root),
        ("Reaffirmed", ISSUER, shelf.late.root),
    ]
    assert tuple(documents.batch(ISSUER, shelf.early.root)) == (T0 + 10, 4, T0 + 30)
    assert tuple(documents.batch(ISSUER, shelf.late.root)) == (T0 + 20, 4, T0 + 30)
    assert tuple(documents.batch(ISSUER, shelf.same.root)) == (T0 + 10, 4, 0)


def test_a_batch_can_be_reaffirmed_again(documents: Any, shelf: Shelf, clock: Clock, alice: Any) -> None:
    documents.reaffirm([shelf.early.root], sender=alice)
    clock.set(T0 + 40)
    documents.reaffirm([shelf.early.root], sender=alice)
    assert documents.batch(ISSUER, shelf.early.root).reaffirmedAt == T0 + 40


def test_as_many_roots_as_allowed_fit_in_a_block(documents: Any, alice: Any) -> None:
    roots = [leaf_of(number.to_bytes(32, "big")) for number in range(3)]
    for root in roots:
        documents.anchor(root, 4, sender=alice)
    receipt = documents.reaffirm((roots * MAX_ROOTS)[:MAX_ROOTS], sender=alice)
    assert len(receipt.events) == MAX_ROOTS


def test_the_registry_can_be_read(documents: Any, members: Any) -> None:
    assert documents.registry() == members.address


def test_a_registry_without_code_is_refused(project: Any, keeper: Any, alice: Any) -> None:
    with pytest.raises(ape.exceptions.ContractLogicError) as refused:
        keeper.deploy(project.DocumentRegistry, alice)
    assert alice.address.lower().removeprefix("0x") in str(refused.value).lower()
