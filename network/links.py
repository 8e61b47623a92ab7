"""Linking nodes, cutting and mending the links, through the administrative socket.

When both ends of a link dial at the same time, one connection is dropped and often both; and geth does not dial the
same node again for 35 s. So one end dials first, and the other only if that did not help.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import combinations, permutations

from network.errors import ConditionNotMet, RpcRefused
from network.node import ValidatorNode
from network.waiting import wait_for
from network.watch.branches import BranchTooLong, NodeSource, fetch_branch, import_branch
from network.watch.own import OwnNode
from network.watch.peer import PeerSilent

Pair = tuple[ValidatorNode, ValidatorNode]
"""The first dials first."""

_ONE_END = 2.0
_BOTH_ENDS = 60.0
"""Seconds; geth's dial history lasts 35."""


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
    """Bring these nodes to the height of the others, as far as that can be done at once.

    geth does it by itself, but looks round only every 10 s while a validator is missing.
    """
    leader = max(running, key=lambda node: node.head())
    target = OwnNode(leader.ipc).tip()
    for node in nodes:
        own = OwnNode(node.ipc)
        if own.tip().number >= target.number:
            continue
        with suppress(PeerSilent, BranchTooLong, RpcRefused):
            branch = fetch_branch(NodeSource(leader.ipc), target, own.holds)
            import_branch(node.ipc, branch, node.folder)


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
