"""The questions an agent puts to its own node: geth with Clique, or Besu with QBFT, which knows other names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chain.headers import Header
from network.ipc import Rpc
from network.watch.halts import Tip
from network.watch.node_view import NodeView, identity, tip_of

CLIQUE = "clique"
"""The one engine whose halts an agent heals and whose votes it casts."""

_SIGNERS = {CLIQUE: "clique_getSignersAtHash", "qbft": "qbft_getValidatorsByBlockHash"}
"""By engine, the method that tells who may seal after a block."""


@dataclass(frozen=True)
class Identity:
    """What does not change while the node runs."""

    genesis: str
    """Hash of the first block."""
    enode: str


@dataclass(frozen=True)
class NodeState:
    """The node at one moment."""

    tip: Tip
    sealing: bool
    """Whether its miner runs."""
    signers: tuple[str, ...]
    """The signer set at the tip, lower case."""
    peers: frozenset[str]
    """Identities of linked nodes."""


class OwnNode:
    """A node through its administrative socket. Every method raises IpcUnavailable or RpcRefused."""

    def __init__(self, rpc: Rpc, engine: str = CLIQUE) -> None:
        self.rpc = rpc
        self.engine = engine
        self._identity: Identity | None = None
        self._address: str | None = None

    def identity(self) -> Identity:
        """Who the node is; asked once, and again after `forget`."""
        if self._identity is None:
            self._identity = Identity(
                genesis=self.block(0)["hash"],
                enode=self.rpc.call("admin_nodeInfo")["enode"],
            )
        return self._identity

    def address(self) -> str:
        """Its sealing account, lower case; asked once, as `identity`. Besu does not tell it while it seals QBFT."""
        if self._address is None:
            self._address = str(self.rpc.call("eth_coinbase")).lower()
        return self._address

    def forget(self) -> None:
        """The node went away; another may come in its place."""
        self._identity = None
        self._address = None

    def state(self) -> NodeState:
        """What an agent looks at in each pass."""
        head = self.rpc.call("eth_getBlockByNumber", "latest", False)
        return NodeState(
            tip=tip_of(head),
            sealing=bool(self.rpc.call("eth_mining")),
            signers=signers_at(self.rpc, self.engine, head["hash"]),
            peers=frozenset(identity(peer["enode"]) for peer in self.rpc.call("admin_peers") or []),
        )

    def tip(self) -> Tip:
        """The node's newest block."""
        return tip_of(self.rpc.call("eth_getBlockByNumber", "latest", False))

    def view(self) -> NodeView:
        """What its agent shows to others."""
        return NodeView(self.identity().genesis, self.identity().enode, self.tip())

    def block(self, number: int) -> Any:
        """The block with this number on the node's chain as JSON, None if there is none."""
        return self.rpc.call("eth_getBlockByNumber", hex(number), False)

    def has(self, block_hash: str) -> bool:
        """Whether the node has this block, on its chain or beside it."""
        return self.rpc.call("eth_getBlockByHash", block_hash, False) is not None

    def holds(self, number: int, block_hash: str) -> bool:
        """As `has`; the number is not needed."""
        return self.has(block_hash)

    def on_chain(self, number: int, block_hash: str) -> bool:
        """Whether this block is on the node's chain."""
        block = self.block(number)
        return block is not None and block["hash"] == block_hash

    def weights(self, tips: Iterable[Tip]) -> dict[str, int]:
        """Of these blocks, those the node has, with the total difficulty it computed itself."""
        blocks = [self.rpc.call("eth_getBlockByHash", tip.hash, False) for tip in tips]
        return {block["hash"]: tip_of(block).weight for block in blocks if block is not None}

    def headers(self, first: int, last: int) -> list[Header]:
        """Headers of the node's chain, both ends included."""
        return [Header.from_rpc(self.block(number)) for number in range(first, last + 1)]

    def raw_block(self, block_hash: str) -> bytes:
        """A block as geth encodes it."""
        return bytes.fromhex(self.rpc.call("debug_getRawBlock", block_hash)[2:])


def signers_at(rpc: Rpc, engine: str, block_hash: str) -> tuple[str, ...]:
    """Who may seal, as the node has it at this block, lower case; nobody on an engine without validators."""
    method = _SIGNERS.get(engine)
    return () if method is None else tuple(str(one).lower() for one in rpc.call(method, block_hash))
