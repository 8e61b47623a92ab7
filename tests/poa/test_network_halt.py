"""Four validators, cut in two halves and mended: two tips of equal weight, and no block ever again.

Nothing in geth ends that. The watch agents do, and so does the rewind that they fall back on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from chain.clique import IN_TURN
from network.errors import ConditionNotMet, NotSealing
from network.local import LocalNetwork
from network.waiting import wait_for
from network.watch.branches import NodeSource, fetch_branch, rewind_and_import
from network.watch.halts import Tip
from network.watch.own import OwnNode

ATTEMPTS = 10
GETH_LOOKS_ROUND = 14.0
"""Seconds; geth asks its peers for heavier chains every 10."""


def tips(network: LocalNetwork) -> dict[int, Tip]:
    return {node.entry.index: OwnNode(node.ipc).tip() for node in network.nodes}


def halt(network: LocalNetwork) -> dict[int, Tip]:
    """Cut the network so that both halves must end with the same weight, mend it, and return the tips.

    Let t be whose turn the next block h is; the two before it were sealed by t-1 and t-2, who must wait two
    blocks. Of {t, t-1} only t can seal h (weight 2), and then nobody. Of {t+1, t-2} only t+1 can seal h and only
    t-2 can seal h+1, both out of turn (weight 1 each), and then nobody.
    """
    order = [
        entry.index for entry in sorted(network.manifest.validators, key=lambda one: one.address.lower())
    ]
    for _ in range(ATTEMPTS):
        number = wait_for(
            "two blocks in turn", lambda: next_after_two_in_turn(network), every=0.02, seconds=60
        )
        turn = [order[(number + step) % 4] for step in range(4)]
        network.cut({turn[0], turn[3]}, {turn[1], turn[2]})
        came_in_time = both_ended(network, {turn[0]: number, turn[1]: number + 1})
        network.mend()
        if came_in_time:
            return tips(network)
        network.wait_for_blocks(1, seconds=60)
    raise AssertionError("the cut never came in time")


def next_after_two_in_turn(network: LocalNetwork) -> int | None:
    """Number of the next block, right when all nodes have got two in turn; None at any other moment."""
    node = OwnNode(network.nodes[0].ipc)
    before = node.tip()
    wait_for("a new block", lambda: node.tip() != before, every=0.02, seconds=60)
    found = set(tips(network).values())
    if len(found) != 1:
        return None
    (tip,) = found
    last = node.headers(tip.number - 1, tip.number) if tip.number > 2 else []
    return tip.number + 1 if last and all(header.difficulty == IN_TURN for header in last) else None


def both_ended(network: LocalNetwork, ends: dict[int, int]) -> bool:
    """Whether these nodes come to stand at these heights; if the cut was late, they do not."""

    def there() -> bool:
        heights = {index: tip.number for index, tip in tips(network).items()}
        return all(heights[index] == number for index, number in ends.items())

    try:
        return wait_for("both halves' ends", there, seconds=8)
    except ConditionNotMet:
        return False


@pytest.mark.slow
def test_a_halt_lasts_without_agents_and_is_ended_by_them(
    fresh_poa_network: Callable[..., LocalNetwork],
) -> None:
    network = fresh_poa_network(validators=4, contracts=False)
    apart = halt(network)
    with pytest.raises(NotSealing):
        network.wait_for_blocks(1, seconds=GETH_LOOKS_ROUND)
    assert tips(network) == apart
    assert len(set(apart.values())) == 2
    assert len({tip.weight for tip in apart.values()}) == 1
    status = network.status()
    assert not status.moving
    assert "differs" in {node.agreement for node in status.nodes}

    network.start_watch()
    top = max(tip.number for tip in apart.values())
    wait_for("blocks again", lambda: min(t.number for t in tips(network).values()) > top + 2, seconds=90)

    network.stop_watch()
    apart = halt(network)
    best = min(apart.values(), key=lambda tip: tip.rank)
    source = next(node for node in network.nodes if apart[node.entry.index] == best)
    for node in network.nodes:
        if apart[node.entry.index] != best:
            own = OwnNode(node.ipc)
            branch = fetch_branch(NodeSource(source.ipc), best, own.on_chain)
            rewind_and_import(node.ipc, branch, network.folder)
            # geth takes the order to seal in a loop of its own, after the import's events
            wait_for("the node to seal again", partial(own.rpc.call, "eth_mining"), seconds=30)
    wait_for(
        "blocks again", lambda: min(t.number for t in tips(network).values()) > best.number + 2, seconds=90
    )
