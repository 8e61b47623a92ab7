"""One agent: looks at its node, asks the others when there is reason to, does the one thing due, reports."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from chain.clock import Clock, utc_now
from network.errors import IpcUnavailable, RpcRefused
from network.ipc import Rpc
from network.watch.halts import PATIENCE_PERIODS, Tip
from network.watch.healing import Healer
from network.watch.health import Health
from network.watch.metrics import Metrics
from network.watch.node_metrics import NodeCollector
from network.watch.node_view import NodeView
from network.watch.own import CLIQUE, NodeState, OwnNode
from network.watch.peer import HttpPeer, PeerSilent
from network.watch.peering import links_to_make
from network.watch.server import Pages
from network.watch.voting import Voter

log = logging.getLogger(__name__)

LINKS_PATIENCE_PERIODS = 60
"""Periods that a node may lack a link before it is an alarm."""


@dataclass(frozen=True)
class Watched:
    """Which node an agent watches, and with whom it speaks."""

    name: str
    rpc: Rpc
    peers: Callable[[], Sequence[HttpPeer]]
    """The agents of the other validators, asked for at each pass: the local network grows."""
    period: int
    """Seconds between blocks."""
    scratch: Path
    """A folder that the node can read, for branches on their way in."""
    registry: Callable[[], str | None]
    """Address of the InstitutionRegistry, None while there is none."""
    engine: str = CLIQUE
    """As in the deployment file. On any but Clique the agent only watches."""


class Agent:
    """The agent of one validator. `step` is one pass; nothing is done between passes."""

    def __init__(
        self,
        watched: Watched,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Clock = utc_now,
    ) -> None:
        self.name = watched.name
        self.metrics = Metrics(watched.name)
        self.metrics.registry.register(NodeCollector(watched.name, watched.rpc, clock, watched.engine))
        self.health = Health(watched.name, clock().isoformat(), answering=False)
        self._watched = watched
        self._monotonic = monotonic
        self._clock = clock
        self._node = OwnNode(watched.rpc, watched.engine)
        self._healer = Healer(self._node, period=watched.period, scratch=watched.scratch, done=self._done)
        self._voter = Voter(watched.rpc, watched.registry, watched.period, monotonic)
        self._tip = ""
        self._tip_since = monotonic()
        self._unlinked_since: float | None = None
        self._last_action = "" if watched.engine == CLIQUE else f"watches only: {watched.engine} heals itself"
        self._threads = ThreadPoolExecutor(8, thread_name_prefix=f"watch-{watched.name}")

    def step(self) -> Health:
        """One pass. Never raises for a node or a peer that does not answer."""
        try:
            state = self._node.state()
            self._note_tip(state.tip)
            alarms = self._look_after(state)
            self.health = self._report(state, alarms)
        except (IpcUnavailable, RpcRefused) as error:
            log.warning("%s: %s", self.name, error)
            self._node.forget()
            self.health = Health(
                self.name, self._now(), False, alarms=("node-silent",), last_action=self._last_action
            )
        self.metrics.show(self.health)
        return self.health

    def pages(self) -> Pages:
        """What this agent shows to others."""
        return Pages(
            view=lambda: self._node.view().to_json(),
            raw_block=self._node.raw_block,
            health=lambda: asdict(self.health),
            metrics=self.metrics.text,
        )

    def close(self) -> None:
        """End its threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _look_after(self, state: NodeState) -> list[str]:
        """Halts first, then votes and links; the alarms of this pass.

        Branches, votes and links are Clique's and geth's: another engine is told nothing. A QBFT chain stands while a
        third of its validators is away and goes on by itself; its set is the registry's own answer.
        """
        peers = list(self._watched.peers())
        halted = self._idle() >= PATIENCE_PERIODS * self._watched.period
        unlinked = len(state.peers) < len(peers)
        if self._watched.engine != CLIQUE:
            return [*(["halted"] if halted else []), *self._missing_links(unlinked)]
        tips, enodes = self._ask(peers) if halted or unlinked else ({}, [])
        alarms = self._healer.step(state, idle=self._idle(), rivals=tips, peers=peers)
        if not halted:
            own = self._node.address()
            alarms += self._voter.step(head=state.tip.number, signers=state.signers, own=own)
        self._link(state, enodes)
        return alarms + self._missing_links(unlinked)

    def _ask(self, peers: Sequence[HttpPeer]) -> tuple[dict[str, Tip], list[str]]:
        """Tips (by agent address) and enode addresses of the others that answer and are of this network."""
        genesis = self._node.identity().genesis
        asked = zip(peers, self._threads.map(_view_or_none, peers), strict=True)
        views = {peer.url: view for peer, view in asked if view is not None and view.genesis == genesis}
        return {url: view.tip for url, view in views.items()}, [view.enode for view in views.values()]

    def _link(self, state: NodeState, enodes: Sequence[str]) -> None:
        own = self._node.identity().enode
        for enode in links_to_make(own=own, expected=enodes, linked=state.peers):
            self._watched.rpc.call("admin_addTrustedPeer", enode)
            self._watched.rpc.call("admin_addPeer", enode)

    def _missing_links(self, unlinked: bool) -> list[str]:
        if not unlinked:
            self._unlinked_since = None
            return []
        if self._unlinked_since is None:
            self._unlinked_since = self._monotonic()
        lasted = self._monotonic() - self._unlinked_since
        return ["links-missing"] if lasted > LINKS_PATIENCE_PERIODS * self._watched.period else []

    def _note_tip(self, tip: Tip) -> None:
        if tip.hash != self._tip:
            self._tip = tip.hash
            self._tip_since = self._monotonic()

    def _idle(self) -> float:
        return self._monotonic() - self._tip_since

    def _done(self, what: str) -> None:
        log.warning("%s: %s", self.name, what)
        self._last_action = f"{what} at {self._now()}"
        self.metrics.count(what.split(" ")[0])

    def _report(self, state: NodeState, alarms: Sequence[str]) -> Health:
        return Health(
            name=self.name,
            at=self._now(),
            answering=True,
            head=state.tip.number,
            idle=self._idle(),
            peers=len(state.peers),
            expected_peers=len(self._watched.peers()),
            sealing=state.sealing,
            signers=len(state.signers),
            alarms=tuple(dict.fromkeys(alarms)),
            last_action=self._last_action,
        )

    def _now(self) -> str:
        return self._clock().isoformat()


def _view_or_none(peer: HttpPeer) -> NodeView | None:
    try:
        return peer.view()
    except PeerSilent:
        return None
