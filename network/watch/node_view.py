"""What a node shows to the agents of other nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from network.watch.halts import Tip

_HASH_LENGTH = 66


class ViewMalformed(ValueError):
    """Another agent's answer that is no view of a node. `problem` says where it is wrong."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"no view of a node: {problem}")
        self.problem = problem


@dataclass(frozen=True)
class NodeView:
    """One node at one moment."""

    genesis: str
    enode: str
    """Where its peer-to-peer port is."""
    tip: Tip

    def to_json(self) -> dict[str, Any]:
        """As other agents get it."""
        tip = {"number": self.tip.number, "hash": self.tip.hash, "weight": self.tip.weight}
        return {"genesis": self.genesis, "enode": self.enode, "tip": tip}

    @classmethod
    def from_json(cls, data: Any) -> NodeView:
        """Read another agent's answer; it may be anything. Raises ViewMalformed."""
        if not isinstance(data, Mapping) or not isinstance(data.get("tip"), Mapping):
            raise ViewMalformed("not an object with a tip")
        tip, genesis, enode = data["tip"], data.get("genesis"), data.get("enode")
        number, weight, block_hash = tip.get("number"), tip.get("weight"), tip.get("hash")
        if not _is_hash(genesis) or not _is_hash(block_hash):
            raise ViewMalformed("a hash is missing")
        if not isinstance(enode, str) or not enode.startswith("enode://") or len(enode) > 300:
            raise ViewMalformed("the enode address is missing")
        if type(number) is not int or type(weight) is not int or number < 0 or weight < 0:
            raise ViewMalformed("number or weight is no natural number")
        return cls(str(genesis), enode, Tip(number, str(block_hash), weight))


def tip_of(block: Mapping[str, Any]) -> Tip:
    """A block of `eth_getBlockBy…` as a tip. Where blocks are final, none weighs more than another: its height."""
    return Tip(
        int(block["number"], 16), block["hash"], int(block.get("totalDifficulty") or block["number"], 16)
    )


def identity(enode: str) -> str:
    """The public key in an enode address: who, not where."""
    return enode.removeprefix("enode://").split("@")[0].lower()


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and len(value) == _HASH_LENGTH and value.startswith("0x")
