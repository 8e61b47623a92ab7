"""Linking nodes, cutting and mending the links, through the administrative socket.

When both ends of a link dial at the same time, one connection is dropped and often both; and geth does not dial the
same node again for 35 s. So one end dials first, and the other only if that did not help.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import combinations, permutations

from network.errors import ConditionNotMet
from network.node import ValidatorNode
from network.waiting import wait_for

Pair = tuple[ValidatorNode, ValidatorNode]
"""The first dials first."""

_ONE_END = 2.0
_BOTH_ENDS = 60.0
_CATCH_UP = 15.0
"""Seconds. A node looks round for blocks every 10 s at the latest."""


def join(new: Sequence[ValidatorNode], running: Sequence[ValidatorNode]) -> None:
    """Link nodes that were just started with each other and with all that run."""
    started = {node.entry.index for node in new}
    older = [node for node in running if node.entry.index not in started]
    _link([*combinations(new, 2), *((node, other) for node in new for other in older)])


def mend(nodes: Sequence[ValidatorNode]) -> None:
    """Link every node with every other, after a cut."""
    _link([(later, earlier) for earlier, later in combinations(nodes, 2)])


def cut(groups: Sequence[Sequence[ValidatorNode]]) -> None:
    """Cut every link between nodes of different groups, and wait until they are gone."""
    pairs = [(one, other) for left, right in permutations(groups, 2) for one in left for other in right]

    def severed() -> bool:
        for one, other in pairs:
            one.ipc.call("admin_removeTrustedPeer", other.entry.enode)
            one.ipc.call("admin_removePeer", other.entry.enode)
        return not any(other.entry.node_id in peers(one) for one, other in pairs)

    wait_for("cut links", severed, seconds=20)


def catch_up(nodes: Sequence[ValidatorNode], running: Sequence[ValidatorNode]) -> None:
    """Wait until these nodes are at the height of the others, as far as they get there in time."""
    target = max(node.head() for node in running)
    with suppress(ConditionNotMet):
        wait_for("catching up", lambda: all(node.head() >= target for node in nodes), seconds=_CATCH_UP)


def peers(node: ValidatorNode) -> set[str]:
    """Identities (public keys, 128 hex characters) of the nodes that this one is linked with."""
    found = node.ipc.call("admin_peers") or []
    return {peer["enode"].removeprefix("enode://").split("@")[0] for peer in found}


def _link(pairs: Sequence[Pair]) -> None:
    for one, other in pairs:
        one.ipc.call("admin_addTrustedPeer", other.entry.enode)
        other.ipc.call("admin_addTrustedPeer", one.entry.enode)
        one.ipc.call("admin_addPeer", other.entry.enode)
    try:
        wait_for("links", lambda: not _unlinked(pairs), seconds=_ONE_END)
    except ConditionNotMet:
        for one, other in _unlinked(pairs):
            other.ipc.call("admin_addPeer", one.entry.enode)
        wait_for("links", lambda: not _unlinked(pairs), seconds=_BOTH_ENDS)


def _unlinked(pairs: Sequence[Pair]) -> list[Pair]:
    return [(one, other) for one, other in pairs if other.entry.node_id not in peers(one)]
