"""What a node's numbers say: age, fees, who seals, and how final its chain is by the seals themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from chain.clock import from_block_time
from network.watch.node_metrics import NodeCollector


class Measured:
    """A node made of a dictionary, and its numbers."""

    def __init__(self, geth: Any) -> None:
        self.geth, self.registry, self.late = geth, CollectorRegistry(), timedelta(0)
        self.registry.register(NodeCollector("validator-1", geth, self.clock))

    def clock(self) -> datetime:
        return from_block_time(self.geth.chain[-1].time) + self.late

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(
            f"saegim_validator_{name}", {"validator": "validator-1", **labels}
        )


@pytest.fixture
def measured(fork: Any, fakes: Any) -> Measured:
    geth = fakes.FakeGeth([*fork.common])
    geth.signers = list(fakes.ADDRESSES[:4])
    return Measured(geth)


def test_a_silent_node_is_down_and_nothing_else_is_said(measured: Measured) -> None:
    measured.geth.silent = True
    assert measured("node_up") == 0
    assert measured("head_age_seconds") is None
    measured.geth.silent = False
    assert measured("node_up") == 1
    assert measured("engine_info", engine="clique") == 1


def test_the_age_of_the_head_is_that_of_its_block_and_negative_when_the_clock_is_behind(
    measured: Measured,
) -> None:
    measured.late = timedelta(seconds=11)
    assert measured("head_age_seconds") == 11
    measured.late = timedelta(seconds=-3)
    assert measured("head_age_seconds") == -3
    assert measured("base_fee_wei") == 7


def grow(chain: list[Any], fakes: Any, blocks: int) -> list[Any]:
    """`chain` and more blocks, sealed in turn."""
    order, grown = sorted(range(4), key=lambda n: fakes.ADDRESSES[n].lower()), list(chain)
    for number in range(len(chain), len(chain) + blocks):
        tag = grown[1].extra_data[:32].decode()
        grown.append(fakes.sealed(grown[-1], order[number % 4], difficulty=2, tag=tag))
    return grown


def test_finality_is_judged_by_the_seals(measured: Measured, fork: Any, fakes: Any) -> None:
    assert measured("settled_number") == 1, "three sealers of four stand behind block 1"
    assert measured("finality_lag_blocks") == 2
    measured.geth.chain = grow(fork.common, fakes, 5)
    assert measured("settled_number") == 6
    assert measured("finality_lag_blocks") == 2
    assert (measured("sealers_expected"), measured("sealers_seen")) == (4, 4)


def test_a_validator_that_does_not_seal_is_missed(measured: Measured, fork: Any, fakes: Any) -> None:
    assert measured("sealers_seen") == 3


def test_seals_of_strangers_do_not_count(measured: Measured, fakes: Any) -> None:
    measured.geth.signers = [fakes.ADDRESSES[4], fakes.ADDRESSES[5]]
    assert measured("seal_fault") == 1
    assert measured("settled_number") == 0
    assert measured("sealers_seen") == 0


def test_a_settled_block_that_is_replaced_is_counted(measured: Measured, fork: Any, fakes: Any) -> None:
    measured.geth.chain = grow(fork.common, fakes, 5)
    assert measured("settled_number") == 6
    assert measured("settled_blocks_lost_total") == 0
    order = sorted(range(4), key=lambda n: fakes.ADDRESSES[n].lower())
    other = [*fork.common, fakes.sealed(fork.common[-1], order[1], difficulty=1, tag="f" * 32)]
    measured.geth.chain = grow(other, fakes, 6)
    measured("node_up")
    assert measured("settled_blocks_lost_total") == 1
