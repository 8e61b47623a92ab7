"""What other agents say, over HTTP, is checked before it is used."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.watch.halts import Tip
from network.watch.node_view import NodeView, ViewMalformed, identity
from network.watch.peer import HttpPeer, PeerSilent, parse_block
from network.watch.peering import links_to_make
from network.watch.server import AgentServer, Pages

HASH = "0x" + "ab" * 32
VIEW = NodeView(HASH, "enode://" + "cd" * 64 + "@127.0.0.1:1?discport=0", Tip(7, HASH, 13))


def peer(answer: httpx.Response | Exception) -> HttpPeer:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return HttpPeer("http://b", transport=httpx.MockTransport(handle))


@pytest.mark.parametrize(
    "change",
    [
        {"tip": None},
        {"tip": {"number": "7", "hash": HASH, "weight": 13}},
        {"tip": {"number": -1, "hash": HASH, "weight": 13}},
        {"tip": {"number": True, "hash": HASH, "weight": 13}},
        {"tip": {"number": 7, "hash": "0x12", "weight": 13}},
        {"tip": {"number": 7, "hash": HASH}},
        {"genesis": 5},
        {"enode": "http://x"},
        {"enode": "enode://" + "a" * 400},
    ],
)
def test_a_malformed_view_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ViewMalformed):
        NodeView.from_json({**VIEW.to_json(), **change})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
    )
)
def test_any_other_json_is_refused(data: Any) -> None:
    with pytest.raises(ViewMalformed):
        NodeView.from_json(data)


def test_a_view_goes_over_the_wire_unchanged() -> None:
    assert NodeView.from_json(json.loads(json.dumps(VIEW.to_json()))) == VIEW


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.Response(503),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(302, headers={"Location": "http://elsewhere"}),
    ],
    ids=["no connection", "time-out", "503", "no JSON", "no view", "redirect"],
)
def test_whatever_else_an_agent_answers_it_is_silent(answer: httpx.Response | Exception) -> None:
    with pytest.raises(PeerSilent):
        peer(answer).view()


def test_another_block_than_asked_for_is_refused(fork: Any, fakes: Any) -> None:
    block = fakes.raw(fork.left[0])
    assert peer(httpx.Response(200, content=block.data)).block(block.hash).header == fork.left[0]
    with pytest.raises(PeerSilent, match="not the block asked for"):
        peer(httpx.Response(200, content=block.data)).block(fakes.hex_hash(fork.right[0]))


@given(st.binary(max_size=300))
def test_bytes_that_are_no_block_are_refused(data: bytes) -> None:
    assert parse_block(data) is None


def test_only_missing_links_are_made_and_never_one_to_itself() -> None:
    own, a, b = (
        f"enode://{letter * 128}@127.0.0.1:{port}" for letter, port in (("0", 1), ("a", 2), ("b", 3))
    )
    assert links_to_make(own=own, expected=[own, b, a, b], linked=[identity(a)]) == [b]
    assert links_to_make(own=own, expected=[a], linked=[identity(a.replace(":2", ":9"))]) == []


@pytest.fixture
def served() -> Any:
    pages = Pages(
        view=VIEW.to_json,
        raw_block=lambda block_hash: bytes.fromhex(block_hash[2:]),
        health=lambda: {"head": 7},
        metrics=lambda: b"metric 1\n",
    )
    server = AgentServer(("127.0.0.1", 0), pages)
    server.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.stop()


def test_an_agent_serves_its_four_pages_and_nothing_else(served: str) -> None:
    assert HttpPeer(served).view() == VIEW
    with httpx.Client(base_url=served, trust_env=False) as client:
        assert client.get(f"/blocks/{HASH}").content == bytes.fromhex(HASH[2:])
        assert client.get("/health").json() == {"head": 7}
        assert client.get("/metrics").text == "metric 1\n"
        for path in ("/", "/blocks/0x12", f"/blocks/{HASH}/..", "/view/", "/admin"):
            assert client.get(path).status_code == 404
        assert client.post("/view").status_code == 501
