"""The receiver's answer: acknowledged, disputed or rejected, once and for ever."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils import keccak

from tests.contracts.frame import Refused, answer, events
from tests.contracts.transfers.conftest import CIPHER, COMMIT, ID, MAC, RECEIVER, SENDER, T0

SENT, ACKNOWLEDGED, DISPUTED, REJECTED = range(1, 5)
WRONG_MAC = keccak(text="another code")
REASONS = range(1, 8)


def recorded(ledger: Any) -> tuple[Any, ...]:
    """State, sender, receiver, sent at, answered at, reason; the commitments must be untouched."""
    *numbers, commit, cipher = ledger.transfer(ID)
    assert (bytes(commit), bytes(cipher)) == (COMMIT, CIPHER)
    return tuple(numbers)


def test_a_transfer_that_never_was_is_not_answered(ledger: Any, bob: Any) -> None:
    never = Refused("WrongState", (ID, 0))
    assert answer(ledger.acknowledge, ID, MAC, sender=bob) == never
    assert answer(ledger.reject, ID, 1, sender=bob) == never


@pytest.mark.parametrize("reason", [0, 8, 9, 255])
def test_an_unknown_reason_is_refused(ledger: Any, sent: bytes, bob: Any, reason: int) -> None:
    assert answer(ledger.reject, ID, reason, sender=bob) == Refused("UnknownReason", (reason,))


def test_the_right_mac_acknowledges(ledger: Any, sent: bytes, bob: Any) -> None:
    receipt = ledger.acknowledge(ID, MAC, sender=bob)
    assert events(receipt) == [("Acknowledged", ID)]
    assert recorded(ledger) == (ACKNOWLEDGED, SENDER, RECEIVER, T0, T0 + 60, 0)


@pytest.mark.parametrize("mac", [WRONG_MAC, COMMIT, bytes(32)])
def test_another_mac_is_a_dispute_that_shows_it(ledger: Any, sent: bytes, bob: Any, mac: bytes) -> None:
    receipt = ledger.acknowledge(ID, mac, sender=bob)
    assert events(receipt) == [("Disputed", ID, mac)]
    assert recorded(ledger) == (DISPUTED, SENDER, RECEIVER, T0, T0 + 60, 0)


@pytest.mark.parametrize("reason", REASONS)
def test_a_rejection_says_why(ledger: Any, sent: bytes, bob: Any, reason: int) -> None:
    receipt = ledger.reject(ID, reason, sender=bob)
    assert events(receipt) == [("Rejected", ID, reason)]
    assert recorded(ledger) == (REJECTED, SENDER, RECEIVER, T0, T0 + 60, reason)


@pytest.mark.parametrize(
    ("method", "argument", "state"),
    [
        ("acknowledge", MAC, ACKNOWLEDGED),
        ("acknowledge", WRONG_MAC, DISPUTED),
        ("reject", 2, REJECTED),
    ],
)
def test_an_answer_is_final(
    ledger: Any, sent: bytes, bob: Any, method: str, argument: Any, state: int
) -> None:
    getattr(ledger, method)(ID, argument, sender=bob)
    final = Refused("WrongState", (ID, state))
    assert answer(ledger.acknowledge, ID, MAC, sender=bob) == final
    assert answer(ledger.acknowledge, ID, WRONG_MAC, sender=bob) == final
    assert answer(ledger.reject, ID, 1, sender=bob) == final


def test_one_answer_leaves_other_transfers_alone(ledger: Any, sent: bytes, alice: Any, bob: Any) -> None:
    other = keccak(text="another id")
    ledger.send(other, RECEIVER, COMMIT, CIPHER, sender=alice)
    ledger.acknowledge(other, MAC, sender=bob)
    assert recorded(ledger)[0] == SENT
