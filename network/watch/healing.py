"""Carries out what `halts` decides: starts and stops sealing, imports branches, rewinds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from chain.engine import engine_for
from network.errors import RpcRefused
from network.genesis import vanity_tag
from network.watch import halts
from network.watch.branches import (
    BranchTooLong,
    fetch_branch,
    holds_settled,
    import_branch,
    rewind_and_import,
)
from network.watch.own import NodeState, OwnNode
from network.watch.peer import HttpPeer, PeerSilent

log = logging.getLogger(__name__)


class Healer:
    """Ends halts of one node. `scratch` is a folder the node can read; `done` is told each thing done."""

    def __init__(self, node: OwnNode, *, period: int, scratch: Path, done: Callable[[str], None]) -> None:
        self._node = node
        self._period = period
        self._scratch = scratch
        self._done = done
        self._refused: set[str] = set()
        self._refused_at = ""

    def step(
        self, state: NodeState, *, idle: float, rivals: Mapping[str, halts.Tip], peers: Sequence[HttpPeer]
    ) -> list[str]:
        """Do the one thing that is due; the alarms. Raises IpcUnavailable, RpcRefused.

        `rivals`: tips by agent address, empty while nobody was asked; `idle`: seconds since the tip changed.
        """
        action = halts.decide(self._situation(state, idle, rivals))
        if isinstance(action, halts.Alarm):
            return [action.code]
        if isinstance(action, halts.StartSealing):
            return self._switch("miner_start", "start-sealing")
        if isinstance(action, halts.StopSealing):
            return self._switch("miner_stop", "stop-sealing")
        if isinstance(action, halts.Nothing):
            return []
        source = next(peer for peer in peers if peer.url == action.source)
        try:
            return self._change_branch(state, action, source)
        except (PeerSilent, BranchTooLong) as error:
            log.warning("the branch of %s could not be had: %s", action.tip.hash, error)
            return ["halted"]

    def _situation(self, state: NodeState, idle: float, rivals: Mapping[str, halts.Tip]) -> halts.Situation:
        if state.tip.hash != self._refused_at:
            self._refused.clear()
            self._refused_at = state.tip.hash
        return halts.Situation(
            own=state.tip,
            rivals=rivals,
            idle=idle,
            period=self._period,
            sealing=state.sealing,
            authorised=self._node.address() in state.signers,
            validators=len(state.signers),
            imported=self._node.weights(rivals.values()),
            refused=frozenset(self._refused),
        )

    def _switch(self, method: str, what: str) -> list[str]:
        self._done(what)
        self._node.rpc.call(method)
        return []

    def _change_branch(
        self, state: NodeState, action: halts.ImportTip | halts.RewindTo, source: HttpPeer
    ) -> list[str]:
        """Import or rewind. Raises PeerSilent, BranchTooLong, IpcUnavailable."""
        rewind = isinstance(action, halts.RewindTo)
        branch = fetch_branch(source, action.tip, self._node.on_chain if rewind else self._node.holds)
        if self._node.tip() != state.tip:
            return []  # the chain moves again: leave it alone
        if self._would_lose_settled(state, branch[0].header.number):
            return ["settled-block-would-be-lost"]
        self._done(f"{'rewind-to' if rewind else 'import'} {action.tip.number} {action.tip.hash}")
        try:
            (rewind_and_import if rewind else import_branch)(self._node.rpc, branch, self._scratch)
        except RpcRefused as error:
            log.error("the node refused the branch of %s: %s", action.tip.hash, error)
            self._refused.add(action.tip.hash)
            return ["branch-refused"]
        return []

    def _would_lose_settled(self, state: NodeState, first: int) -> bool:
        """Whether the node's own blocks from number `first` on, which would go, hold a settled one."""
        vanity = vanity_tag(self._node.identity().genesis).encode("ascii")
        run = self._node.headers(first, state.tip.number)
        return holds_settled(engine_for(self._node.engine, vanity=vanity), run, state.signers)
