"""Sending packages, one or many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ape
import pytest
from eth_utils import keccak

from tests.contracts.frame import (
    EXPELLED,
    NONE,
    RETIRED,
    SUSPENDED,
    Refused,
    answer,
    events,
    receipt_of,
    request,
    rpc,
)
from tests.contracts.transfers.conftest import CIPHER, COMMIT, ID, MAC, RECEIVER, SENDER, T0, THIRD

MAX_BATCH = 256
HALF_A_BLOCK = 30_000_000
"""Gas; the network's blocks hold 60,000,000."""
NOTHING = (0, 0, 0, 0, 0, 0, bytes(32), bytes(32))
SENT = 1


def transfer(ledger: Any, transfer_id: bytes) -> tuple[Any, ...]:
    *numbers, commit, cipher = ledger.transfer(transfer_id)
    return (*numbers, bytes(commit), bytes(cipher))


@pytest.mark.parametrize("position", [0, 2, 3])
def test_a_zero_id_or_commitment_is_refused(ledger: Any, alice: Any, position: int) -> None:
    arguments = [ID, RECEIVER, COMMIT, CIPHER]
    arguments[position] = bytes(32)
    assert answer(ledger.send, *arguments, sender=alice) == Refused("EmptyCommitment", (arguments[0],))


def test_an_id_is_used_once_by_whomever(ledger: Any, sent: bytes, accounts: Any) -> None:
    for institution in (SENDER, RECEIVER, THIRD):
        refused = answer(ledger.send, ID, SENDER, CIPHER, COMMIT, sender=accounts[institution])
        assert refused == Refused("TransferExists", (ID,))


def test_an_answered_id_stays_used(ledger: Any, sent: bytes, alice: Any, bob: Any) -> None:
    ledger.acknowledge(ID, MAC, sender=bob)
    assert answer(ledger.send, ID, RECEIVER, COMMIT, CIPHER, sender=alice) == Refused("TransferExists", (ID,))


@pytest.mark.parametrize("receiver", [0, 99])
def test_a_receiver_that_never_was_is_refused(ledger: Any, alice: Any, receiver: int) -> None:
    refused = answer(ledger.send, ID, receiver, COMMIT, CIPHER, sender=alice)
    assert refused == Refused("UnknownInstitution", (receiver,))


@pytest.mark.parametrize("standing", [NONE, SUSPENDED, RETIRED, EXPELLED])
def test_a_receiver_that_is_not_active_is_refused(
    ledger: Any, members: Any, keeper: Any, alice: Any, standing: int
) -> None:
    members.setInstitution(RECEIVER, standing, THIRD, 0, sender=keeper)
    refused = answer(ledger.send, ID, RECEIVER, COMMIT, CIPHER, sender=alice)
    assert refused == Refused("InstitutionNotActive", (RECEIVER, standing))


def test_a_receiver_whose_admission_can_still_be_contested_is_refused(
    ledger: Any, members: Any, keeper: Any, alice: Any
) -> None:
    members.setInstitution(RECEIVER, 1, 0, T0 + 1, sender=keeper)
    refused = answer(ledger.send, ID, RECEIVER, COMMIT, CIPHER, sender=alice)
    assert refused == Refused("NotYetActive", (RECEIVER, T0 + 1))
    members.setInstitution(RECEIVER, 1, 0, T0, sender=keeper)
    assert answer(ledger.send, ID, RECEIVER, COMMIT, CIPHER, sender=alice) is None


def test_a_sent_package_is_logged_and_recorded(
    ledger: Any, alice: Any, set_time: Callable[[int], None]
) -> None:
    set_time(T0 + 5)
    assert transfer(ledger, ID) == NOTHING
    receipt = ledger.send(ID, RECEIVER, COMMIT, CIPHER, sender=alice)
    assert events(receipt) == [("Sent", ID, SENDER, RECEIVER, COMMIT, CIPHER)]
    assert transfer(ledger, ID) == (SENT, SENDER, RECEIVER, T0 + 5, 0, 0, COMMIT, CIPHER)


def test_an_institution_may_send_to_itself(ledger: Any, alice: Any) -> None:
    receipt = ledger.send(ID, SENDER, COMMIT, CIPHER, sender=alice)
    assert events(receipt) == [("Sent", ID, SENDER, SENDER, COMMIT, CIPHER)]
    assert [event[0] for event in events(ledger.acknowledge(ID, MAC, sender=alice))] == ["Acknowledged"]


# ------------------------------------------------------------------------------------------------------ send many


def many(count: int) -> tuple[list[bytes], list[int], list[bytes], list[bytes]]:
    ids = [keccak(text=f"transfer {number}") for number in range(count)]
    receivers = [(RECEIVER, THIRD)[number % 2] for number in range(count)]
    return ids, receivers, [keccak(own) for own in ids], [keccak(own + b"cipher") for own in ids]


@pytest.mark.parametrize("position", range(4))
@pytest.mark.parametrize("change", [1, -1])
def test_lists_of_different_length_are_refused(ledger: Any, alice: Any, position: int, change: int) -> None:
    lists = [list(column) for column in many(3)]
    lists[position] = lists[position] + lists[position][:1] if change == 1 else lists[position][:-1]
    lengths = tuple(len(column) for column in lists)
    assert answer(ledger.sendMany, *lists, sender=alice) == Refused("ListsDiffer", lengths)


@pytest.mark.parametrize("count", [0, MAX_BATCH + 1])
def test_no_entries_or_too_many_are_refused(ledger: Any, alice: Any, count: int) -> None:
    refused = answer(ledger.sendMany, *many(count), sender=alice)
    assert refused == Refused("ListLength", (count, MAX_BATCH))


def test_one_bad_entry_refuses_them_all(ledger: Any, sent: bytes, alice: Any) -> None:
    ids, receivers, commits, ciphers = many(3)
    used = answer(ledger.sendMany, [ids[0], ids[1], ID], receivers, commits, ciphers, sender=alice)
    assert used == Refused("TransferExists", (ID,))
    twice = answer(ledger.sendMany, [ids[0], ids[1], ids[0]], receivers, commits, ciphers, sender=alice)
    assert twice == Refused("TransferExists", (ids[0],))
    nobody = answer(ledger.sendMany, ids, [RECEIVER, 99, THIRD], commits, ciphers, sender=alice)
    assert nobody == Refused("UnknownInstitution", (99,))
    empty = answer(ledger.sendMany, ids, receivers, [*commits[:2], bytes(32)], ciphers, sender=alice)
    assert empty == Refused("EmptyCommitment", (ids[2],))


def test_many_packages_are_each_logged_and_recorded(ledger: Any, alice: Any) -> None:
    ids, receivers, commits, ciphers = many(5)
    receipt = ledger.sendMany(ids, receivers, commits, ciphers, sender=alice)
    rows = list(zip(ids, receivers, commits, ciphers, strict=True))
    assert events(receipt) == [("Sent", i, SENDER, to, commit, cipher) for i, to, commit, cipher in rows]
    for i, to, commit, cipher in rows:
        assert transfer(ledger, i) == (SENT, SENDER, to, T0, 0, 0, commit, cipher)


def test_as_many_as_allowed_fit_in_a_block(ledger: Any, alice: Any) -> None:
    asked = {**request(ledger.sendMany, many(MAX_BATCH), alice), "gas": hex(HALF_A_BLOCK)}
    transaction = rpc(ledger.sendMany, "eth_sendTransaction", [asked])["result"]
    receipt = receipt_of(ledger.sendMany, transaction)
    assert receipt["status"] == "0x1"
    assert len(receipt["logs"]) == MAX_BATCH


def test_the_longest_list_and_the_registry_can_be_read(ledger: Any, members: Any) -> None:
    assert ledger.maxBatch() == MAX_BATCH
    assert ledger.registry() == members.address


def test_a_registry_without_code_is_refused(project: Any, keeper: Any, alice: Any) -> None:
    with pytest.raises(ape.exceptions.ContractLogicError) as refused:
        keeper.deploy(project.TransferLedger, alice)
    assert alice.address.lower().removeprefix("0x") in str(refused.value).lower()
