"""What one node says is checked before it is believed, and every failure has its type."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from fake_chain import block_json

from chain.client import ChainClient
from chain.errors import (
    InsufficientFunds,
    MalformedAnswer,
    MethodMissing,
    NodeUnavailable,
    NonceTooLow,
    Reverted,
    StateMissing,
    WrongChain,
)
from chain.hashing import keccak256

Connect = Callable[..., ChainClient]
ADDRESS = "0x" + "11" * 20
HASH = "0x" + "ab" * 32


def reply(
    node: Any, status: int = 200, headers: dict[str, str] | None = None, body: bytes | None = None
) -> None:
    node.raw_reply = lambda good: (status, headers or {}, good if body is None else body)


def rewrite(node: Any, change: Callable[[Any], Any]) -> None:
    node.raw_reply = lambda good: (200, {}, json.dumps(change(json.loads(good))).encode())


def checked(client: ChainClient) -> ChainClient:
    """The chain id is asked for once; what follows is about the next question."""
    client.chain_id()
    return client


def test_the_constructor_asks_nothing(node: Any, connect: Connect) -> None:
    connect(node)
    assert node.requests == []
    with pytest.raises(ValueError, match="at least one node"):
        ChainClient([])


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_busy_or_broken_node_is_unavailable(node: Any, connect: Connect, status: int) -> None:
    reply(node, status, {"retry-after": "7"})
    with pytest.raises(NodeUnavailable) as caught:
        connect(node).head()
    assert (caught.value.url, caught.value.retry_after) == (node.url, 7.0)


def test_retry_after_may_be_a_date_and_is_bounded(node: Any, connect: Connect) -> None:
    later = datetime.now(UTC) + timedelta(days=30)
    reply(node, 429, {"retry-after": format_datetime(later, usegmt=True)})
    with pytest.raises(NodeUnavailable) as caught:
        connect(node).head()
    assert caught.value.retry_after == 3600.0
    reply(node, 429, {"retry-after": "soon"})
    with pytest.raises(NodeUnavailable) as caught:
        connect(node).head()
    assert caught.value.retry_after is None


def test_a_node_that_hangs_is_unavailable(node: Any, connect: Connect) -> None:
    node.hangs()
    with pytest.raises(NodeUnavailable, match="time-out"):
        connect(node, timeout=0.05).head()


def test_a_node_that_is_gone_is_unavailable(node: Any, connect: Connect) -> None:
    node.stop()
    with pytest.raises(NodeUnavailable):
        connect(node).head()


@pytest.mark.parametrize("status", [301, 401, 404])
def test_an_http_answer_that_is_no_node_is_malformed(node: Any, connect: Connect, status: int) -> None:
    reply(node, status, {"location": "http://127.0.0.1:1/"})
    with pytest.raises(MalformedAnswer):
        connect(node).head()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"jsonrpc": "2.0", "id": 1, "resu',
        b"[" * 100_000,
        b"\xff\xfe",
        b"7",
        b"[]",
        b"{}",
        b"[[]]",
    ],
    ids=["empty", "html", "half", "deep", "no utf-8", "number", "no answers", "no result", "nested"],
)
def test_half_an_answer_or_none_is_malformed(node: Any, connect: Connect, body: bytes) -> None:
    client = checked(connect(node))
    reply(node, body=body)
    with pytest.raises(MalformedAnswer):
        client.head()


def test_a_connection_cut_in_the_middle_of_an_answer_is_unavailable(node: Any, connect: Connect) -> None:
    client = checked(connect(node))
    node.raw_reply = lambda good: (200, {"content-length": str(len(good))}, good[: len(good) // 2])
    with pytest.raises(NodeUnavailable):
        client.head()


def test_an_endless_answer_is_not_read_to_its_end(
    node: Any, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = checked(connect(node))
    monkeypatch.setattr("chain.client.node.MAX_ANSWER_BYTES", 1_000)
    with pytest.raises(MalformedAnswer, match="longer than"):
        client.head()


@pytest.mark.parametrize(
    "change",
    [
        lambda replies: replies[:-1],
        lambda replies: [*replies, replies[0]],
        lambda replies: [replies[0], {**replies[1], "id": replies[0]["id"]}],
        lambda replies: [replies[0], {**replies[1], "id": 999}],
        lambda replies: [replies[0], {**replies[1], "error": {"code": 1, "message": "x"}}],
        lambda replies: [replies[0], "no object"],
        lambda replies: {
            "jsonrpc": "2.0",
            "id": None,
            "error": {"code": -32600, "message": "batch too large"},
        },
    ],
    ids=[
        "one missing",
        "one more",
        "same id twice",
        "foreign id",
        "result and error",
        "text",
        "batch refused",
    ],
)
def test_a_batch_must_be_answered_call_by_call(
    node: Any, connect: Connect, change: Callable[[Any], Any]
) -> None:
    client = checked(connect(node))
    rewrite(node, change)
    with pytest.raises(MalformedAnswer):
        client.headers([1, 2])


def test_batch_answers_are_matched_by_id_whatever_their_order(node: Any, connect: Connect) -> None:
    client = checked(connect(node))
    rewrite(node, lambda replies: replies[::-1])
    assert [header.number for header in client.headers([3, 1, 2])] == [3, 1, 2]


def test_large_batches_are_cut_into_several_requests(node: Any, connect: Connect) -> None:
    client = checked(connect(node))
    node.answers["eth_x"] = lambda method, parameters: parameters[0]
    assert client.batch([("eth_x", (i,)) for i in range(601)]) == list(range(601))
    assert [len(calls) for calls in node.requests[1:]] == [250, 250, 101]


def test_the_block_hash_is_computed_not_believed(node: Any, connect: Connect) -> None:
    client = checked(connect(node))
    for field in ("hash", "stateRoot"):
        node.answers["eth_getBlockByNumber"] = {**block_json(node.chain[-1]), field: HASH}
        with pytest.raises(MalformedAnswer, match="does not have the hash"):
            client.head()


def test_another_block_than_asked_for_is_malformed(node: Any, connect: Connect) -> None:
    client = checked(connect(node))
    wrong = block_json(node.chain[2])
    node.answers["eth_getBlockByNumber"] = wrong
    node.answers["eth_getBlockByHash"] = wrong
    with pytest.raises(MalformedAnswer, match="block 2 instead of 3"):
        client.header(3)
    with pytest.raises(MalformedAnswer, match="instead of"):
        client.header(node.chain[3].hash)
    assert client.header(node.chain[2].hash).number == 2


def test_a_block_the_node_lacks_is_state_missing(node: Any, connect: Connect) -> None:
    with pytest.raises(StateMissing):
        connect(node).header(99)


def test_an_account_is_read_at_exactly_one_block(node: Any, connect: Connect) -> None:
    client = checked(connect(node))
    node.answers |= {"eth_getTransactionCount": "0x5", "eth_getBalance": "0xde0b6b3a7640000"}
    head = client.head()
    assert client.account_at(ADDRESS, head).nonce == 5
    assert client.account(ADDRESS).balance == 10**18
    node.chain[-1] = replace(head, extra_data=b"another fork")
    with pytest.raises(StateMissing, match="replaced"):
        client.account_at(ADDRESS, head)


@pytest.mark.parametrize("value", [None, 5, "5", "0x", "0xzz", "0x" + "1" * 65, [], True])
def test_a_number_of_another_shape_is_malformed(node: Any, connect: Connect, value: object) -> None:
    client = checked(connect(node))
    node.answers["eth_getTransactionCount"] = value
    node.answers["eth_getBalance"] = "0x1"
    with pytest.raises(MalformedAnswer):
        client.account(ADDRESS)


def receipt(**changes: Any) -> dict[str, Any]:
    return {
        "transactionHash": HASH,
        "blockNumber": "0x3",
        "blockHash": "0x" + "cd" * 32,
        "status": "0x1",
        "gasUsed": "0x5208",
        "logs": [],
        **changes,
    }


def test_receipts_are_read_and_a_pending_one_is_none(node: Any, connect: Connect) -> None:
    client = checked(connect(node))
    node.answers["eth_getTransactionReceipt"] = receipt(status="0x0")
    found = client.receipts([bytes.fromhex(HASH[2:])])[0]
    assert found is not None
    assert (found.block_number, found.success, found.gas_used) == (3, False, 21_000)
    for pending in (None, receipt(blockHash=None, blockNumber=None)):
        node.answers["eth_getTransactionReceipt"] = pending
        assert client.receipts([bytes.fromhex(HASH[2:])]) == [None]


@pytest.mark.parametrize(
    "changes",
    [
        {"transactionHash": "0x" + "00" * 32},
        {"status": None},
        {"blockHash": "0x12"},
    ],
)
def test_a_receipt_of_another_shape_is_malformed(
    node: Any, connect: Connect, changes: dict[str, Any]
) -> None:
    client = checked(connect(node))
    node.answers["eth_getTransactionReceipt"] = receipt(**changes)
    with pytest.raises(MalformedAnswer):
        client.receipts([bytes.fromhex(HASH[2:])])


def test_a_blocks_receipts_are_of_exactly_that_block(node: Any, connect: Connect) -> None:
    client = checked(connect(node))
    head = node.chain[-1]
    ours = receipt(blockHash="0x" + head.hash.hex(), blockNumber="0x5")
    node.answers["eth_getBlockReceipts"] = [ours]
    assert [found.transaction_hash.hex() for found in client.block_receipts(head)] == [HASH[2:]]
    node.answers["eth_getBlockReceipts"] = [ours, receipt()]
    with pytest.raises(StateMissing):
        client.block_receipts(head)
    for wrong in (None, {}, [7], [{}], [receipt(blockHash=None)]):
        node.answers["eth_getBlockReceipts"] = wrong
        with pytest.raises((MalformedAnswer, StateMissing)):
            client.block_receipts(head)
    del node.answers["eth_getBlockReceipts"]
    with pytest.raises(MethodMissing):
        client.block_receipts(head)


def log(**changes: Any) -> dict[str, Any]:
    return {
        "address": ADDRESS,
        "topics": [HASH],
        "data": "0x01",
        "blockNumber": "0x3",
        "blockHash": "0x" + "cd" * 32,
        "transactionHash": HASH,
        "logIndex": "0x0",
        **changes,
    }


def test_logs_come_in_order(node: Any, connect: Connect) -> None:
    client = checked(connect(node))
    node.answers["eth_getLogs"] = [
        log(logIndex="0x2"),
        log(blockNumber="0x2", logIndex="0x9"),
        log(logIndex="0x1"),
    ]
    found = client.logs([ADDRESS], 2, 3)
    assert [(item.block_number, item.index) for item in found] == [(2, 9), (3, 1), (3, 2)]


@pytest.mark.parametrize(
    "logs",
    [
        [log(address="0x" + "22" * 20)],
        [log(blockNumber="0x9")],
        [log(), log()],
        [log(removed=True)],
        [log(topics=["0x12"])],
        [log(data="0x1")],
        {},
        None,
    ],
    ids=["other contract", "other block", "twice", "removed", "short topic", "half byte", "object", "null"],
)
def test_logs_that_were_not_asked_for_are_malformed(node: Any, connect: Connect, logs: object) -> None:
    client = checked(connect(node))
    node.answers["eth_getLogs"] = logs
    with pytest.raises(MalformedAnswer):
        client.logs([ADDRESS], 2, 3)


def test_a_nodes_errors_come_typed(node: Any, connect: Connect) -> None:
    client = checked(connect(node))
    node.answers["eth_call"] = {"error": {"code": 3, "message": "execution reverted", "data": "0x01020304"}}
    with pytest.raises(Reverted) as caught:
        client.eth_call(ADDRESS, b"")
    assert caught.value.data == b"\1\2\3\4"
    with pytest.raises(MethodMissing):
        client.call("admin_peers")
    outcomes = client.batch_outcomes([("eth_chainId", ()), ("admin_peers", ())])
    assert outcomes[0] == "0x7"
    assert isinstance(outcomes[1], MethodMissing)


def test_broadcast_tells_what_the_node_said(node: Any, connect: Connect) -> None:
    client = connect(node)
    raw = b"\x02\x01"
    node.answers["eth_sendRawTransaction"] = "0x" + keccak256(raw).hex()
    result = client.broadcast(raw)
    assert (result.accepted, result.hash, result.errors) == (True, keccak256(raw), ())

    node.answers["eth_sendRawTransaction"] = {"error": {"code": -32000, "message": "nonce too low"}}
    assert isinstance(client.broadcast(raw).errors[0], NonceTooLow)

    node.answers["eth_sendRawTransaction"] = HASH
    assert isinstance(client.broadcast(raw).errors[0], MalformedAnswer)

    reply(node, 500)
    assert isinstance(client.broadcast(raw).errors[0], NodeUnavailable)


def test_a_broadcast_batch_keeps_the_answers_that_came(node: Any, connect: Connect) -> None:
    client = checked(connect(node))

    def take(_: str, parameters: list[str]) -> Any:
        raw = bytes.fromhex(parameters[0][2:])
        if raw[-1] % 2:
            return {"error": {"code": -32000, "message": "insufficient funds for gas * price + value"}}
        return "0x" + keccak256(raw).hex()

    node.answers["eth_sendRawTransaction"] = take
    raws = [b"\x02" + i.to_bytes(2, "big") for i in range(300)]
    seen = len(node.requests)
    node.raw_reply = lambda good: (200, {}, good) if len(node.requests) == seen + 1 else (500, {}, b"")
    results = client.broadcast_many(raws)
    assert [result.accepted for result in results] == [i < 250 and i % 2 == 0 for i in range(300)]
    assert isinstance(results[1].errors[0], InsufficientFunds)
    assert isinstance(results[299].errors[0], NodeUnavailable)


def test_a_node_of_another_chain_is_refused(node: Any, connect: Connect) -> None:
    client = connect(node, chain_id=8)
    with pytest.raises(WrongChain) as caught:
        client.head()
    assert (caught.value.expected, caught.value.found) == (8, 7)
    assert node.methods() == ["eth_chainId"]
    assert isinstance(client.broadcast(b"\x02").errors[0], WrongChain)
    assert "eth_sendRawTransaction" not in node.methods()
