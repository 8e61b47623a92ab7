"""Several nodes: the healthiest answers, a failing one rests, a foreign one is never used, all get transactions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from chain.client import ChainClient
from chain.errors import MalformedAnswer, NodeUnavailable, StateMissing, WrongChain
from chain.hashing import keccak256

Connect = Callable[..., ChainClient]
Make = Callable[[], Any]


def break_node(node: Any, status: int = 500, headers: dict[str, str] | None = None) -> None:
    node.raw_reply = lambda good: (status, headers or {}, b"")


def test_a_dead_node_is_passed_over(make_node: Make, connect: Connect) -> None:
    dead, alive = make_node(), make_node()
    dead.stop()
    client = connect(dead, alive)
    assert client.head().number == 5
    assert [status.reachable for status in client.status()] == [False, True]


def test_a_lying_node_is_passed_over(make_node: Make, connect: Connect) -> None:
    liar, honest = make_node(), make_node()
    liar.answers["eth_getBlockByNumber"] = {"number": "0x99"}
    client = connect(liar, honest)
    assert client.head().number == 5
    with pytest.raises(MalformedAnswer):
        connect(liar).head()


def test_reads_go_to_the_node_that_is_not_behind(make_node: Make, connect: Connect, ticks: Any) -> None:
    late, fresh = make_node(), make_node()
    for _ in range(5):
        fresh.grow()
    client = connect(late, fresh)
    assert client.head().number == 10
    client.headers([1])
    assert "eth_getBlockByNumber" in fresh.methods()
    late.requests.clear()
    client.headers([1])
    assert late.requests == []
    ticks.now += 3  # the next look at all of them finds that it caught up and overtook
    for _ in range(9):
        late.grow()
    assert client.head().number == 14


def test_a_failing_node_rests_as_long_as_it_asks_for(make_node: Make, connect: Connect, ticks: Any) -> None:
    busy, other = make_node(), make_node()
    client = connect(busy, other)
    client.head()
    break_node(busy, 429, {"retry-after": "60"})
    client.headers([1])
    seen = len(busy.requests)
    ticks.now += 59
    client.head()
    client.headers([1])
    assert len(busy.requests) == seen
    busy.raw_reply = None
    ticks.now += 2
    client.head()
    assert len(busy.requests) > seen


def test_rests_double_until_the_node_answers(make_node: Make, connect: Connect, ticks: Any) -> None:
    bad, good = make_node(), make_node()
    break_node(bad)
    client = connect(bad, good)
    tried: list[float] = []
    for _ in range(400):
        before = len(bad.requests)
        client.head()
        if len(bad.requests) > before:
            tried.append(ticks.now)
        ticks.now += 0.25
    gaps = [later - earlier for earlier, later in pairwise(tried)]
    assert gaps == sorted(gaps)
    assert gaps[-1] >= 16


def test_when_all_rest_all_are_tried(make_node: Make, connect: Connect) -> None:
    a, b = make_node(), make_node()
    break_node(a)
    break_node(b)
    client = connect(a, b)
    with pytest.raises(NodeUnavailable):
        client.head()
    a.raw_reply = None
    assert client.head().number == 5


def test_one_node_without_the_block_is_no_reason_to_fail(make_node: Make, connect: Connect) -> None:
    pruned, archive = make_node(), make_node()
    pruned.answers["eth_call"] = {"error": {"code": -32000, "message": "missing trie node ab (path )"}}
    archive.answers["eth_call"] = "0x01"
    assert connect(pruned, archive).eth_call("0x" + "11" * 20, b"", block=1) == b"\1"
    with pytest.raises(StateMissing):
        connect(pruned).eth_call("0x" + "11" * 20, b"", block=1)


def test_a_node_of_another_chain_is_never_used(make_node: Make, connect: Connect, ticks: Any) -> None:
    ours, foreign = make_node(), make_node()
    foreign.chain_id = 8
    for _ in range(50):
        foreign.grow()
    client = connect(foreign, ours, chain_id=7)
    assert client.head().number == 5
    client.broadcast(b"\x02")
    assert set(foreign.methods()) == {"eth_chainId"}
    assert any("chain 8, not 7" in (status.refused or "") for status in client.status())


def test_the_first_answer_decides_the_chain_if_none_is_given(make_node: Make, connect: Connect) -> None:
    ours, foreign = make_node(), make_node()
    foreign.chain_id = 8
    client = connect(ours, foreign)
    assert client.chain_id() == 7
    break_node(ours)
    with pytest.raises(NodeUnavailable):
        client.head()
    assert client.chain_id() == 7
    assert set(foreign.methods()) == {"eth_chainId"}


def test_a_node_that_changes_its_chain_while_away_is_refused(
    make_node: Make, connect: Connect, ticks: Any
) -> None:
    node = make_node()
    client = connect(node)
    client.head()
    break_node(node)
    with pytest.raises(NodeUnavailable):
        client.head()
    node.raw_reply = None
    node.chain_id = 9
    ticks.now += 60
    with pytest.raises(WrongChain):
        client.head()


def test_transactions_go_to_every_node(make_node: Make, connect: Connect) -> None:
    nodes = [make_node() for _ in range(3)]
    raw = b"\x02\x07"
    for node in nodes:
        node.answers["eth_sendRawTransaction"] = "0x" + keccak256(raw).hex()
    nodes[0].answers["eth_sendRawTransaction"] = {"error": {"code": -32000, "message": "txpool is full"}}
    nodes[2].hangs()
    result = connect(*nodes, timeout=0.2).broadcast(raw)
    assert result.accepted
    assert {url: getattr(error, "code", "taken") for url, error in result.outcomes.items()} == {
        nodes[0].url: "tx_pool_full",
        nodes[1].url: "taken",
        nodes[2].url: "node_unavailable",
    }


def test_nodes_that_disagree_are_seen(make_node: Make, connect: Connect) -> None:
    a, b, dead = make_node(), make_node(), make_node()
    b.chain[-1] = b.chain[-1].__class__(**{**b.chain[-1].__dict__, "extra_data": b"other"})
    dead.stop()
    client = connect(a, b, dead)
    found = client.hashes_at(5)
    assert found == {a.url: a.chain[5].hash, b.url: b.chain[5].hash, dead.url: None}
    assert len(set(client.hashes_at(4).values()) - {None}) == 1


def test_the_pending_nonce_is_that_of_the_fullest_pool(make_node: Make, connect: Connect) -> None:
    a, b, dead = make_node(), make_node(), make_node()
    a.answers["eth_getTransactionCount"] = "0x5"
    b.answers["eth_getTransactionCount"] = "0x9"
    dead.stop()
    assert connect(a, b, dead).pending_nonce("0x" + "11" * 20) == 9
    with pytest.raises(NodeUnavailable):
        connect(dead).pending_nonce("0x" + "11" * 20)
