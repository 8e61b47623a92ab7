"""Withdrawing documents, and the thirty days in which a withdrawal can be annulled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.documents.conftest import ISSUER, OTHER, T0, Clock, Shelf
from tests.contracts.frame import DAY, Refused, answer, events, some_tree

ACTIVE, SUPERSEDED, WITHDRAWN = 1, 2, 3
REASONS = range(1, 8)
PERIOD = 30 * DAY
WITHDRAWN_AT = T0 + 30


@pytest.fixture
def doc(shelf: Shelf) -> tuple[bytes, bytes, list[bytes]]:
    """A document of institution 1."""
    return shelf.early.ref(shelf.early.levels[0][5])


@pytest.fixture
def withdrawn(documents: Any, doc: Any, alice: Any) -> bytes:
    """The leaf of a document that institution 1 withdrew at WITHDRAWN_AT."""
    documents.withdraw(ISSUER, doc, 2, sender=alice)
    return bytes(doc[1])


@pytest.mark.parametrize("reason", [0, 8, 9, 255])
def test_an_unknown_reason_is_refused(documents: Any, doc: Any, alice: Any, reason: int) -> None:
    assert answer(documents.withdraw, ISSUER, doc, reason, sender=alice) == Refused(
        "UnknownReason", (reason,)
    )


def test_a_root_that_is_not_anchored_is_refused(documents: Any, shelf: Shelf, alice: Any) -> None:
    loose = some_tree("loose")
    refused = answer(documents.withdraw, ISSUER, loose.ref(loose.levels[0][0]), 1, sender=alice)
    assert refused == Refused("NotAnchored", (ISSUER, loose.root))


def test_a_document_of_another_batch_is_refused(documents: Any, shelf: Shelf, alice: Any) -> None:
    leaf = shelf.early.levels[0][0]
    foreign = (shelf.late.root, leaf, shelf.late.path(shelf.late.levels[0][0]))
    refused = answer(documents.withdraw, ISSUER, foreign, 1, sender=alice)
    assert refused == Refused("NotInBatch", (leaf,))


@pytest.mark.parametrize("reason", REASONS)
def test_a_withdrawn_document_says_why_when_and_by_whom(
    documents: Any, doc: Any, alice: Any, reason: int
) -> None:
    receipt = documents.withdraw(ISSUER, doc, reason, sender=alice)
    assert events(receipt) == [("Withdrawn", ISSUER, doc[1], reason)]
    assert tuple(documents.mark(ISSUER, doc[1])) == (WITHDRAWN, reason, WITHDRAWN_AT, alice.address)
    assert documents.successor(ISSUER, doc[1]) == bytes(32)


def test_a_document_is_withdrawn_once(documents: Any, doc: Any, withdrawn: bytes, alice: Any) -> None:
    refused = answer(documents.withdraw, ISSUER, doc, 1, sender=alice)
    assert refused == Refused("WrongState", (withdrawn, WITHDRAWN))


def test_a_document_withdrawn_in_one_batch_is_withdrawn_in_all(
    documents: Any, clock: Clock, withdrawn: bytes, alice: Any
) -> None:
    again = some_tree("again", withdrawn)
    documents.anchor(again.root, 4, sender=alice)
    assert documents.status(ISSUER, again.ref(withdrawn)).state == WITHDRAWN
    refused = answer(documents.withdraw, ISSUER, again.ref(withdrawn), 1, sender=alice)
    assert refused == Refused("WrongState", (withdrawn, WITHDRAWN))


def test_withdrawing_touches_no_document_of_another(
    documents: Any, shelf: Shelf, withdrawn: bytes, bob: Any
) -> None:
    documents.anchor(shelf.early.root, 4, sender=bob)
    assert documents.status(OTHER, shelf.early.ref(withdrawn)).state == ACTIVE


# --------------------------------------------------------------------------------------------------------- annul


def test_only_a_withdrawn_document_is_annulled(documents: Any, doc: Any, alice: Any) -> None:
    assert answer(documents.annul, ISSUER, doc[1], sender=alice) == Refused("WrongState", (doc[1], 0))
    unknown = b"\x11" * 32
    assert answer(documents.annul, ISSUER, unknown, sender=alice) == Refused("WrongState", (unknown, 0))


def test_the_period_ends_after_thirty_days(
    documents: Any, clock: Clock, withdrawn: bytes, alice: Any
) -> None:
    clock.set(WITHDRAWN_AT + PERIOD + 1)
    refused = answer(documents.annul, ISSUER, withdrawn, sender=alice)
    assert refused == Refused("AnnulPeriodOver", (withdrawn, WITHDRAWN_AT + PERIOD))


def test_an_annulled_withdrawal_leaves_the_document_active_with_a_trace(
    documents: Any, clock: Clock, doc: Any, withdrawn: bytes, alice: Any
) -> None:
    clock.set(WITHDRAWN_AT + PERIOD)
    receipt = documents.annul(ISSUER, withdrawn, sender=alice)
    assert events(receipt) == [("Annulled", ISSUER, withdrawn)]
    trace = (ACTIVE, 0, WITHDRAWN_AT + PERIOD, alice.address)
    assert tuple(documents.mark(ISSUER, withdrawn)) == trace
    assert documents.status(ISSUER, doc).state == ACTIVE
    assert answer(documents.annul, ISSUER, withdrawn, sender=alice) == Refused(
        "WrongState", (withdrawn, ACTIVE)
    )


def test_after_an_annulment_the_document_can_be_withdrawn_again_with_a_new_period(
    documents: Any, clock: Clock, doc: Any, withdrawn: bytes, alice: Any
) -> None:
    documents.annul(ISSUER, withdrawn, sender=alice)
    clock.set(WITHDRAWN_AT + PERIOD)
    documents.withdraw(ISSUER, doc, 6, sender=alice)
    clock.set(WITHDRAWN_AT + 2 * PERIOD)
    assert answer(documents.annul, ISSUER, withdrawn, sender=alice) is None


def test_after_an_annulment_the_document_can_be_replaced(
    documents: Any, shelf: Shelf, doc: Any, withdrawn: bytes, alice: Any
) -> None:
    documents.annul(ISSUER, withdrawn, sender=alice)
    documents.amend(ISSUER, doc, shelf.late.ref(shelf.late.levels[0][0]), 1, sender=alice)
    assert documents.status(ISSUER, doc).state == SUPERSEDED


def test_a_successor_institution_withdraws_and_annuls_for_an_issuer_that_ended(
    documents: Any, members: Any, keeper: Any, doc: Any, bob: Any
) -> None:
    members.setInstitution(ISSUER, 4, OTHER, 0, sender=keeper)
    documents.withdraw(ISSUER, doc, 7, sender=bob)
    assert tuple(documents.mark(ISSUER, doc[1])) == (WITHDRAWN, 7, WITHDRAWN_AT, bob.address)
    assert events(documents.annul(ISSUER, doc[1], sender=bob)) == [("Annulled", ISSUER, doc[1])]
