"""Texts of real nodes and the class each stands for. The table in chain/errors.py is held to them."""

from __future__ import annotations

import pytest

from chain.errors import (
    AlreadyKnown,
    FeeTooLow,
    InsufficientFunds,
    MethodMissing,
    NonceTooHigh,
    NonceTooLow,
    OutOfGas,
    PayloadRefused,
    RangeTooLarge,
    ReplacementUnderpriced,
    Reverted,
    StateMissing,
    TxPoolFull,
    Unclassified,
    classify,
    revert_data,
)

SEEN = [
    # geth 1.13
    ("nonce too low: next nonce 5, tx nonce 3", NonceTooLow),
    ("already known", AlreadyKnown),
    ("replacement transaction underpriced", ReplacementUnderpriced),
    ("transaction underpriced: tip needed 1, tip permitted 0", FeeTooLow),
    ("insufficient funds for gas * price + value: balance 0, tx cost 60000000000000", InsufficientFunds),
    ("txpool is full", TxPoolFull),
    ("future transaction tries to replace pending", TxPoolFull),
    ("intrinsic gas too low: gas 100, minimum needed 21000", PayloadRefused),
    ("exceeds block gas limit", PayloadRefused),
    ("oversized data: transaction size 140000, limit 131072", PayloadRefused),
    ("max priority fee per gas higher than max fee per gas", PayloadRefused),
    ("header not found", StateMissing),
    ("missing trie node 3a5e (path ) state 0x3a5e is not available", StateMissing),
    ("query returned more than 10000 results", RangeTooLarge),
    ("the method admin_peers does not exist/is not available", MethodMissing),
    ("execution reverted", Reverted),
    ("gas required exceeds allowance (100)", OutOfGas),
    # anvil
    ("transaction already imported", AlreadyKnown),
    ("max fee per gas less than block base fee", FeeTooLow),
    ("Insufficient funds for gas * price + value", InsufficientFunds),
    ("BlockOutOfRangeError: block height is 3 but requested was 9", StateMissing),
    # Hardhat
    (
        "Nonce too low. Expected nonce to be 5 but got 3. Note that transactions can't be queued when automining.",
        NonceTooLow,
    ),
    ("Nonce too high. Expected nonce to be 5 but got 7.", NonceTooHigh),
    ("Known transaction: 0x1f", AlreadyKnown),
    ("sender doesn't have enough funds to send tx. The max upfront cost is: 10", InsufficientFunds),
    (
        "Transaction maxFeePerGas (1) is too low for the next block, which has a baseFeePerGas of 7",
        FeeTooLow,
    ),
    ("Transaction requires at least 21000 gas but got 100", PayloadRefused),
    ("Transaction gas limit is 99 and exceeds block gas limit of 30", PayloadRefused),
    (
        "VM Exception while processing transaction: reverted with custom error 'EmptyRoot()'",
        Reverted,
    ),
    # Besu
    ("Nonce too low", NonceTooLow),
    ("Known transaction", AlreadyKnown),
    ("Replacement transaction underpriced", ReplacementUnderpriced),
    ("Gas price below configured minimum gas price", FeeTooLow),
    ("Upfront cost exceeds account balance", InsufficientFunds),
    ("Intrinsic gas exceeds gas limit", PayloadRefused),
    ("Transaction gas limit exceeds block gas limit", PayloadRefused),
    ("Method not enabled", MethodMissing),
    ("World state unavailable", StateMissing),
    ("Execution reverted", Reverted),
]


@pytest.mark.parametrize(("text", "kind"), SEEN)
def test_a_nodes_text_becomes_its_class(text: str, kind: type[Exception]) -> None:
    assert type(classify({"code": -32000, "message": text})) is kind


def test_an_unknown_text_is_never_guessed() -> None:
    found = classify({"code": -32000, "message": "the cat sat on the mat", "data": "0x12"})
    assert type(found) is Unclassified
    assert (found.text, found.rpc_code, found.data) == ("the cat sat on the mat", -32000, "0x12")


def test_standard_codes_speak_when_the_text_does_not() -> None:
    assert type(classify({"code": -32601, "message": "no"})) is MethodMissing
    assert type(classify({"code": -32005, "message": "slow down"})) is RangeTooLarge
    assert type(classify({"code": 3, "message": "", "data": "0x01020304"})) is Reverted


@pytest.mark.parametrize("error", [{}, {"message": None}, {"code": "x", "message": 5}, {"message": ["a"]}])
def test_an_error_object_of_any_shape_is_classified(error: dict[str, object]) -> None:
    assert isinstance(classify(error), Unclassified)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("0x01ff", b"\x01\xff"),
        ("Reverted 0x01ff", b"\x01\xff"),
        ({"data": "0x01ff", "message": "…"}, b"\x01\xff"),
        ("0x01f", b""),
        (None, b""),
        (7, b""),
    ],
)
def test_revert_bytes_are_found_where_clients_put_them(data: object, found: bytes) -> None:
    assert revert_data(data) == found


def test_a_refusal_shows_its_arguments_and_long_texts_are_cut() -> None:
    assert str(Reverted(b"\1", name="NotAnchored", arguments={"issuer": 1, "root": b"\2"})) == (
        "NotAnchored(issuer=1, root=0x02)"
    )
    assert len(str(Unclassified("x" * 5_000))) < 400
