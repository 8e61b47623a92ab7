"""Passes of one agent over a geth made of a dictionary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from network.watch.agent import Agent, Watched

REGISTRY = "0x" + "55" * 20


@pytest.fixture
def agent_of(tmp_path: Path, ticking: Callable[..., float]) -> Callable[..., Agent]:
    def make(geth: Any, peers: list[Any]) -> Agent:
        watched = Watched(
            name="validator-1",
            rpc=geth,
            peers=lambda: peers,
            period=1,
            scratch=tmp_path,
            registry=lambda: REGISTRY,
        )
        return Agent(watched, monotonic=ticking)

    return make


@pytest.fixture
def world(fork: Any, fakes: Any) -> Any:
    """A node on the branch that is not preferred, and a peer on the preferred one."""
    geth = fakes.FakeGeth([*fork.common, *fork.other], peers=[fakes.ENODE.format("aa" * 64)])
    return geth, fakes.FakePeer("http://b", [*fork.common, *fork.preferred])


def test_a_silent_node_is_an_alarm_and_no_error(agent_of: Callable[..., Agent], world: Any) -> None:
    geth, peer = world
    geth.silent = True
    health = agent_of(geth, [peer]).step()
    assert (health.answering, health.alarms) == (False, ("node-silent",))


def test_a_node_that_refuses_a_call_is_an_alarm_and_no_error(
    agent_of: Callable[..., Agent], world: Any
) -> None:
    geth, peer = world
    geth.refuses = {"clique_getSignersAtHash"}
    assert agent_of(geth, [peer]).step().alarms == ("node-silent",)


def test_while_blocks_come_nobody_is_asked_and_nothing_done(
    agent_of: Callable[..., Agent], world: Any, ticking: Callable[..., float]
) -> None:
    geth, peer = world
    peer.silent = True
    agent = agent_of(geth, [peer])
    agent.step()
    ticking(9.9)
    health = agent.step()
    assert health.alarms == ()
    assert health.last_action == ""
    assert not geth.asked("admin_importChain")


def test_a_halt_is_ended_by_importing_the_preferred_branch(
    agent_of: Callable[..., Agent], world: Any, fork: Any, ticking: Callable[..., float], tmp_path: Path
) -> None:
    geth, peer = world
    agent = agent_of(geth, [peer])
    agent.step()
    ticking(10)
    health = agent.step()
    assert geth.chain == [*fork.common, *fork.preferred]
    assert health.last_action.startswith("import 5 0x")
    assert not geth.asked("miner_stop")
    assert list(tmp_path.iterdir()) == [], "the branch's file is gone"


def test_a_node_that_does_not_follow_is_rewound_and_seals_again(
    agent_of: Callable[..., Agent], world: Any, fork: Any, ticking: Callable[..., float]
) -> None:
    geth, peer = world
    geth.follows = False
    agent = agent_of(geth, [peer])
    agent.step()
    ticking(10)
    agent.step()
    assert geth.chain == [*fork.common, *fork.other]
    ticking(2)
    health = agent.step()
    assert geth.chain == [*fork.common, *fork.preferred]
    assert geth.mining
    assert health.last_action.startswith("rewind-to 5 0x")
    assert geth.asked("debug_setHead") == [("debug_setHead", "0x3")]


def test_the_node_on_the_preferred_branch_stays(
    agent_of: Callable[..., Agent], fakes: Any, fork: Any, ticking: Callable[..., float]
) -> None:
    geth = fakes.FakeGeth([*fork.common, *fork.preferred], peers=["x"])
    agent = agent_of(geth, [fakes.FakePeer("http://b", [*fork.common, *fork.other])])
    agent.step()
    ticking(60)
    assert agent.step().last_action == ""
    assert geth.chain == [*fork.common, *fork.preferred]


def test_a_settled_block_is_never_given_up(
    agent_of: Callable[..., Agent], fakes: Any, fork: Any, ticking: Callable[..., float]
) -> None:
    """Three of four sealed on: a heavier rival can only be the work of dishonest validators."""
    order = sorted(range(4), key=lambda n: fakes.ADDRESSES[n].lower())
    tag = fakes.hex_hash(fork.common[0])[2:34]
    own = [*fork.common]
    for number in (4, 5, 6):
        own.append(fakes.sealed(own[-1], order[number % 4], difficulty=2, tag=tag))
    rival = [*fork.common]
    for number in (4, 5, 6, 7):
        rival.append(
            fakes.sealed(rival[-1], order[number % 4], difficulty=2, tag=tag, time=1_900_000_000 + number)
        )
    geth = fakes.FakeGeth(own, peers=["x"])
    agent = agent_of(geth, [fakes.FakePeer("http://b", rival)])
    agent.step()
    ticking(10)
    assert agent.step().alarms == ("settled-block-would-be-lost",)
    assert geth.chain == own
    assert not geth.asked("admin_importChain")


def test_a_branch_that_the_node_refuses_is_an_alarm_and_not_tried_again(
    agent_of: Callable[..., Agent], world: Any, ticking: Callable[..., float]
) -> None:
    geth, peer = world
    geth.refuses = {"admin_importChain"}
    agent = agent_of(geth, [peer])
    agent.step()
    ticking(10)
    assert agent.step().alarms == ("branch-refused",)
    ticking(2)
    agent.step()
    assert len(geth.asked("admin_importChain")) == 1


def test_a_rewind_that_fails_leaves_the_node_sealing(
    agent_of: Callable[..., Agent], world: Any, ticking: Callable[..., float]
) -> None:
    geth, peer = world
    geth.follows = False
    agent = agent_of(geth, [peer])
    agent.step()
    ticking(10)
    agent.step()
    geth.refuses = {"admin_importChain"}
    ticking(2)
    assert agent.step().alarms == ("branch-refused",)
    assert geth.mining


def test_a_miner_that_a_crashed_agent_left_stopped_is_started(
    agent_of: Callable[..., Agent], world: Any
) -> None:
    geth, peer = world
    geth.mining = False
    agent_of(geth, [peer]).step()
    assert geth.mining


def test_a_chain_that_moves_again_meanwhile_is_left_alone(
    agent_of: Callable[..., Agent], world: Any, fakes: Any, ticking: Callable[..., float]
) -> None:
    geth, peer = world
    agent = agent_of(geth, [peer])
    agent.step()
    ticking(10)
    block = peer.block

    def and_a_block_comes(block_hash: str) -> Any:
        geth.chain = [*geth.chain, fakes.sealed(geth.chain[-1], 0, difficulty=2, tag="0" * 32)]
        return block(block_hash)

    peer.block = and_a_block_comes
    assert agent.step().alarms == ()
    assert not geth.asked("admin_importChain")


def test_a_node_of_another_network_counts_for_nothing(
    agent_of: Callable[..., Agent], world: Any, ticking: Callable[..., float]
) -> None:
    geth, peer = world
    peer.genesis = "0x" + "77" * 32
    agent = agent_of(geth, [peer])
    agent.step()
    ticking(10)
    assert agent.step().alarms == ("too-few-validators",)
    assert not geth.asked("admin_importChain")


def test_missing_links_are_made_and_lasting_ones_are_an_alarm(
    agent_of: Callable[..., Agent], world: Any, ticking: Callable[..., float]
) -> None:
    geth, peer = world
    geth.peers = []
    agent = agent_of(geth, [peer])
    assert agent.step().alarms == ()
    assert geth.asked("admin_addPeer") == [("admin_addPeer", peer.enode)]
    assert geth.asked("admin_addTrustedPeer") == [("admin_addTrustedPeer", peer.enode)]
    peer.silent = True
    ticking(61)
    assert "links-missing" in agent.step().alarms


def test_votes_follow_the_registry_and_a_lasting_difference_is_an_alarm(
    agent_of: Callable[..., Agent], fakes: Any, fork: Any, ticking: Callable[..., float]
) -> None:
    newcomer = fakes.ADDRESSES[4].lower()
    geth = fakes.FakeGeth(list(fork.common), peers=["x"], registry=[*fakes.ADDRESSES[:4], newcomer])
    agent = agent_of(geth, [fakes.FakePeer("http://b", fork.common)])
    assert agent.step().alarms == ()
    assert geth.entries == {newcomer: True}
    for _ in range(13):
        ticking(5)
        geth.chain = [*geth.chain, fakes.sealed(geth.chain[-1], 0, difficulty=2, tag="0" * 32)]
        health = agent.step()
    assert health.alarms == ("validator-set-differs",)
    geth.signers = [*geth.signers, newcomer]
    assert agent.step().alarms == ()
    assert geth.entries == {}


def test_the_registry_is_read_below_the_head(agent_of: Callable[..., Agent], fakes: Any, fork: Any) -> None:
    geth = fakes.FakeGeth([*fork.common, *fork.left], peers=["x"], registry=fakes.ADDRESSES[:4])
    agent_of(geth, [fakes.FakePeer("http://b", fork.common)]).step()
    ((_, call, number),) = geth.asked("eth_call")
    assert REGISTRY in call
    assert number == hex(5 - 4)


def test_metrics_and_health_say_the_same(
    agent_of: Callable[..., Agent], world: Any, ticking: Callable[..., float]
) -> None:
    geth, peer = world
    agent = agent_of(geth, [peer])
    agent.step()
    ticking(10)
    agent.step()
    text = agent.pages().metrics().decode()
    assert 'saegim_validator_head_number{validator="validator-1"} 5.0' in text
    assert 'saegim_validator_actions_total{kind="import",validator="validator-1"} 1.0' in text
    assert 'saegim_validator_alarm{code="halted",validator="validator-1"} 0.0' in text
    assert agent.pages().health()["head"] == 5
