"""An agent beside a Besu node: it looks, it tells, and it does nothing to the node."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "chain"))

from qbft_chain import QbftChain
from synthetic import address, to_rpc

from network.errors import RpcRefused
from network.watch.agent import Agent, Watched
from network.watch.own import OwnNode

ENODE = "enode://" + "ab" * 64 + "@10.0.0.1:30303"


class FakeBesu:
    """The methods that Besu has and an agent may ask; blocks come without total difficulty, as its newer ones do."""

    def __init__(self) -> None:
        self.chain = QbftChain()
        self.chain.mine(3)
        self.links = 4
        self.refused: list[str] = []

    def call(self, method: str, *params: Any) -> Any:
        answer = getattr(self, "_" + method, None)
        if answer is None:
            self.refused.append(method)
            raise RpcRefused(method, -32601, "Method not found")
        return answer(*params)

    def _eth_getBlockByNumber(self, tag: str, full: bool) -> Any:
        return to_rpc(self.chain.blocks[-1 if tag == "latest" else int(tag, 16)])

    def _qbft_getValidatorsByBlockHash(self, block_hash: str) -> list[str]:
        assert block_hash == "0x" + self.chain.head.hash.hex()
        return [address(key).lower() for key in self.chain.validators]

    def _eth_mining(self) -> bool:
        return True

    def _admin_peers(self) -> list[dict[str, str]]:
        return [{"enode": f"enode://{i:0128x}@10.0.0.{i}:30303"} for i in range(self.links)]

    def _admin_nodeInfo(self) -> dict[str, str]:
        return {"enode": ENODE}


class Peer:
    """Another agent, whose node has a longer chain."""

    url = "http://other"

    def view(self) -> Any:
        other = FakeBesu()
        other.chain.mine(20)
        return OwnNode(other, "qbft").view()


@pytest.fixture
def besu() -> FakeBesu:
    return FakeBesu()


@pytest.fixture
def agent(besu: FakeBesu, tmp_path: Path, ticking: Callable[..., float]) -> Agent:
    watched = Watched(
        name="validator-1",
        rpc=besu,
        peers=lambda: [Peer()] * 4,
        period=1,
        scratch=tmp_path,
        registry=lambda: "0x" + "55" * 20,
        engine="qbft",
    )
    return Agent(watched, monotonic=ticking)


def test_it_says_that_it_only_watches(agent: Agent) -> None:
    health = agent.step()
    assert (health.answering, health.alarms, health.head, health.signers, health.peers) == (True, (), 3, 5, 4)
    assert "watches only" in health.last_action


def test_a_halt_is_told_and_not_healed(agent: Agent, besu: FakeBesu, ticking: Callable[..., float]) -> None:
    agent.step()
    ticking(30)
    assert agent.step().alarms == ("halted",)
    assert besu.refused == []
    besu.chain.mine()
    assert agent.step().alarms == ()


def test_missing_links_are_told_and_not_made(
    agent: Agent, besu: FakeBesu, ticking: Callable[..., float]
) -> None:
    besu.links = 2
    for _ in range(3):
        besu.chain.mine()
        health = agent.step()
        ticking(40)
    assert health.alarms == ("links-missing",)
    assert besu.refused == []


def test_a_clique_agent_beside_besu_finds_no_node_of_its_kind(
    besu: FakeBesu, tmp_path: Path, ticking: Callable[..., float]
) -> None:
    watched = Watched("validator-1", besu, lambda: [], 1, tmp_path, lambda: None)
    assert Agent(watched, monotonic=ticking).step().alarms == ("node-silent",)


def test_its_metrics_name_the_engine_and_count_the_seals(agent: Agent) -> None:
    agent.step()
    text = agent.metrics.text().decode()
    assert 'engine="qbft"' in text
    assert 'saegim_validator_strong_number{validator="validator-1"} 3.0' in text
    assert 'saegim_validator_sealers_seen{validator="validator-1"} 5.0' in text
