"""What each validator says at one moment, as data and as a table for a person."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chain.clique import IN_TURN
from chain.engine import engine_for
from chain.headers import Header
from network.errors import IpcUnavailable, RpcRefused
from network.genesis import vanity_tag
from network.manifest import Manifest
from network.node import ValidatorNode
from network.watch.health import health_file, read_alarms

RECENT = 64
"""Blocks looked at for who sealed in turn."""
_LAG = 2
"""Blocks behind the highest head that are still in step."""
_SLACK = 3
"""While blocks come, nodes may differ in so many of the newest: Clique decides again all the time."""
STALE_PERIODS = 10


@dataclass(frozen=True)
class NodeStatus:
    """One validator. None: the node does not answer, or the question has no answer yet."""

    index: int
    institution: str
    address: str
    rpc_url: str
    running: bool
    head: int | None = None
    head_hash: str | None = None
    peers: int | None = None
    sealing: bool | None = None
    """It is of the signer set and its miner runs."""
    last_in_turn: int | None = None
    """Newest block it sealed in its turn, of the last 64."""
    mempool: int | None = None
    """Transactions waiting, executable or not."""
    agreement: str = "down"
    """"agrees", "behind", "differs", or "down"."""
    alarms: tuple[str, ...] = ()
    """What its watch agent reports."""


@dataclass(frozen=True)
class NetworkStatus:
    """The whole network."""

    chain_id: int
    genesis_hash: str
    height: int | None
    age: float | None
    """Seconds since the newest block's time."""
    moving: bool
    """The newest block is less than ten periods old."""
    nodes: tuple[NodeStatus, ...]

    @property
    def healthy(self) -> bool:
        """Blocks come, every node agrees, and no agent has an alarm."""
        return self.moving and all(node.agreement == "agrees" and not node.alarms for node in self.nodes)

    def to_json(self) -> str:
        """All of it, for programs."""
        return json.dumps({**asdict(self), "healthy": self.healthy}, indent=2)


def collect_status(
    manifest: Manifest, nodes: Sequence[ValidatorNode], *, now: Callable[[], float] = time.time
) -> NetworkStatus:
    """Ask every node through its socket. Never raises for a node that is down."""
    heads = {node.entry.index: _ask(node, "eth_getBlockByNumber", "latest", False) for node in nodes}
    known = [head for head in heads.values() if head is not None]
    best = max(known, key=lambda head: int(head["totalDifficulty"], 16), default=None)
    leader = next((node for node in nodes if best is not None and heads[node.entry.index] is best), None)
    in_turn = {} if leader is None or best is None else _last_in_turn(leader, best, manifest)
    age = None if best is None else max(0.0, now() - int(best["timestamp"], 16))
    moving = age is not None and age < STALE_PERIODS * manifest.period
    view = _View(leader, best, in_turn, _SLACK if moving else 0)
    found = [_node_status(node, heads[node.entry.index], view) for node in nodes]
    return NetworkStatus(
        chain_id=manifest.chain_id,
        genesis_hash=manifest.genesis_hash,
        height=None if best is None else int(best["number"], 16),
        age=age,
        moving=moving,
        nodes=tuple(found),
    )


@dataclass(frozen=True)
class _View:
    """The network's best head, who has it, and what follows from it for every node."""

    leader: ValidatorNode | None
    best: dict[str, Any] | None
    in_turn: dict[str, int]
    slack: int

    def agreement(self, node: ValidatorNode, head: dict[str, Any]) -> str:
        """Whether a node is on the chain of the heaviest head."""
        if self.leader is None or self.best is None:
            return "down"
        number = int(head["number"], 16)
        common = hex(max(0, number - self.slack))
        mine = _ask(node, "eth_getBlockByNumber", common, False)
        theirs = _ask(self.leader, "eth_getBlockByNumber", common, False)
        if mine is None or theirs is None or mine["hash"] != theirs["hash"]:
            return "differs"
        return "behind" if int(self.best["number"], 16) - number > _LAG else "agrees"


def _node_status(node: ValidatorNode, head: dict[str, Any] | None, view: _View) -> NodeStatus:
    entry = node.entry
    common = (entry.index, entry.institution, entry.address, entry.rpc_url)
    alarms = read_alarms(health_file(node.folder, entry.name))
    if head is None:
        return NodeStatus(*common, running=node.daemon.pid() is not None, alarms=alarms)
    pool = _ask(node, "txpool_status") or {}
    signers = _ask(node, "clique_getSigners") or []
    return NodeStatus(
        *common,
        running=True,
        head=int(head["number"], 16),
        head_hash=head["hash"],
        peers=len(_ask(node, "admin_peers") or []),
        sealing=bool(_ask(node, "eth_mining")) and entry.address.lower() in signers,
        last_in_turn=view.in_turn.get(entry.address),
        mempool=sum(int(count, 16) for count in pool.values()),
        agreement=view.agreement(node, head),
        alarms=alarms,
    )


def _last_in_turn(leader: ValidatorNode, best: dict[str, Any], manifest: Manifest) -> dict[str, int]:
    """For each sealer, the newest block it sealed in turn among the last 64."""
    engine = engine_for("clique", vanity=vanity_tag(manifest.genesis_hash).encode())
    top = int(best["number"], 16)
    newest: dict[str, int] = {}
    for number in range(max(1, top - RECENT + 1), top + 1):
        block = _ask(leader, "eth_getBlockByNumber", hex(number), False)
        if block is not None and int(block["difficulty"], 16) == IN_TURN:
            newest[engine.sealer(Header.from_rpc(block))] = number
    return newest


def _ask(node: ValidatorNode, method: str, *params: Any) -> Any:
    """The answer, or None from a node that is down or refuses."""
    try:
        return node.ipc.call(method, *params)
    except (IpcUnavailable, RpcRefused):
        return None


_COLUMNS = ("", "institution", "head", "peers", "sealing", "last in turn", "mempool", "agreement", "alarms")


def table(status: NetworkStatus) -> str:
    """The status for a person: a headline and a row for each validator."""
    rows = [_COLUMNS, *(_row(node) for node in status.nodes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([_headline(status), "", *lines])


def _headline(status: NetworkStatus) -> str:
    if status.height is None or status.age is None:
        return f"chain {status.chain_id}: no validator answers"
    state = "blocks come" if status.moving else "NO BLOCKS COME"
    return f"chain {status.chain_id}: block {status.height}, {status.age:.0f} s old; {state}"


def _row(node: NodeStatus) -> tuple[str, ...]:
    name = f"validator-{node.index}"
    if node.head is None:
        agreement = "not answering" if node.running else "down"
        return (name, node.institution, *["-"] * 5, agreement, _alarms(node))
    return (
        name,
        node.institution,
        str(node.head),
        str(node.peers),
        "yes" if node.sealing else "no",
        "-" if node.last_in_turn is None else str(node.last_in_turn),
        str(node.mempool),
        node.agreement,
        _alarms(node),
    )


def _alarms(node: NodeStatus) -> str:
    return ", ".join(node.alarms) or "-"
