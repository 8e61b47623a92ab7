"""Finds on chain what the outbox does not know: acts of this institution that somebody else, or a forgotten past, sent.

Asked only after the registry has refused ours, which is settled: so what stood in its way is settled too.
"""

from __future__ import annotations

from dataclasses import dataclass

from chain.client import ChainClient
from chain.clock import from_block_time
from chain.contracts import DocumentRegistry
from chain.hashing import keccak256
from chain.state import DocumentState
from oracle.chain_face import Settled

_ANCHORED = keccak256(b"Anchored(uint32,bytes32,uint8)")
_AMENDED = keccak256(b"Amended(uint32,bytes32,bytes32,uint8)")
_WITHDRAWN = keccak256(b"Withdrawn(uint32,bytes32,uint8)")
_FOLLOWED = 128
"""Longest chain of successors, as in chain.light."""


@dataclass(frozen=True)
class Finder:
    """Looks for one institution's events. `since`: the block from which the registry exists."""

    client: ChainClient
    registry: DocumentRegistry
    issuer: int
    since: int

    def anchored(self, root: bytes) -> Settled | None:
        """How `root` was anchored. Raises ChainError."""
        return None if self.registry.batch(self.issuer, root) is None else self._newest(_ANCHORED, root)

    def ended(self, leaf: bytes, successor: bytes | None) -> Settled | None:
        """How the document was withdrawn, or replaced by `successor` or by one that it replaced in turn."""
        mark = self.registry.mark(self.issuer, leaf)
        if mark is None:
            return None
        if successor is None:
            withdrawn = mark.state is DocumentState.WITHDRAWN
            return self._newest(_WITHDRAWN, leaf) if withdrawn else None
        return self._newest(_AMENDED, leaf) if self._leads(leaf, successor) else None

    def _leads(self, leaf: bytes, successor: bytes) -> bool:
        following: bytes | None = leaf
        for _ in range(_FOLLOWED):
            following = self.registry.successor(self.issuer, following) if following else None
            if following == successor:
                return True
        return False

    def _newest(self, event: bytes, subject: bytes) -> Settled | None:
        """The last such event; a withdrawal may have been annulled and come again."""
        topics = [event, self.issuer.to_bytes(32, "big"), subject]
        asked = {
            "address": self.registry.address,
            "fromBlock": hex(self.since),
            "toBlock": "latest",
            "topics": [f"0x{topic.hex()}" for topic in topics],
        }
        logs = self.client.call("eth_getLogs", asked)
        if not logs:
            return None
        log = logs[-1]
        number = int(log["blockNumber"], 16)
        (header,) = self.client.headers([number])
        return Settled(log["transactionHash"], number, log["blockHash"], from_block_time(header.time))
