"""DocumentRegistry: batches and what became of their documents. See contracts/interfaces/IDocumentRegistry.sol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from eth_utils.address import to_checksum_address

from chain.client import BlockTag
from chain.contracts.base import Contract
from chain.contracts.typed import moment, moment_or_none
from chain.contracts.vocabulary import AmendReason, DocRef, DocumentState, WithdrawReason
from chain.state import Batch, Mark

NOTHING = bytes(32)


@dataclass(frozen=True)
class DocumentStatus:
    """All the registry knows of a document. `batch` None: never anchored by this issuer."""

    state: DocumentState
    batch: Batch | None
    mark: Mark | None
    successor_leaf: bytes | None


@dataclass(frozen=True)
class DocumentLimits:
    """The fixed numbers of the contract."""

    min_depth: int
    max_depth: int
    max_roots: int
    anchors_per_day: int
    annul_period: timedelta


class DocumentRegistry(Contract):
    """Which institution anchored which batch."""

    contract_name = "DocumentRegistry"

    def batch(self, issuer: int, root: bytes, *, block: BlockTag = "latest") -> Batch | None:
        """The batch under a root; None if it was never anchored."""
        return _batch(self.call("batch", issuer, root, block=block))

    def batches(
        self, issuer: int, roots: Sequence[bytes], *, block: BlockTag = "latest"
    ) -> list[Batch | None]:
        """Several batches of one issuer, in one request."""
        return [
            _batch(found)
            for found in self.call_each("batch", [(issuer, root) for root in roots], block=block)
        ]

    def mark(self, issuer: int, leaf: bytes, *, block: BlockTag = "latest") -> Mark | None:
        """The mark on a document; None if nothing happened to it."""
        return _mark(self.call("mark", issuer, leaf, block=block))

    def successor(self, issuer: int, leaf: bytes, *, block: BlockTag = "latest") -> bytes | None:
        """The leaf that replaced a document; None if it was not replaced."""
        return _leaf(self.call("successor", issuer, leaf, block=block))

    def status(self, issuer: int, doc: DocRef, *, block: BlockTag = "latest") -> DocumentStatus:
        """All that is known of a document."""
        state, batch, mark, leaf = self.call("status", issuer, doc.abi, block=block)
        return DocumentStatus(DocumentState(state), _batch(batch), _mark(mark), _leaf(leaf))

    def anchors_left(self, issuer: int) -> int:
        """How many batches the issuer may still anchor today (UTC)."""
        return int(self.call("anchorsLeft", issuer))

    def limits(self) -> DocumentLimits:
        """The fixed numbers of the contract."""
        least, most, roots, anchors, period = self.call("limits")
        return DocumentLimits(least, most, roots, anchors, timedelta(seconds=period))

    def encode_anchor(self, root: bytes, depth: int) -> bytes:
        """Call data: anchor a batch."""
        return self.encode("anchor", root, depth)

    def encode_reaffirm(self, roots: Sequence[bytes]) -> bytes:
        """Call data: vouch again for batches."""
        return self.encode("reaffirm", list(roots))

    def encode_amend(self, issuer: int, old: DocRef, replacement: DocRef, reason: AmendReason) -> bytes:
        """Call data: replace a document."""
        return self.encode("amend", issuer, old.abi, replacement.abi, int(reason))

    def encode_withdraw(self, issuer: int, doc: DocRef, reason: WithdrawReason) -> bytes:
        """Call data: withdraw a document."""
        return self.encode("withdraw", issuer, doc.abi, int(reason))

    def encode_annul(self, issuer: int, leaf: bytes) -> bytes:
        """Call data: annul a withdrawal."""
        return self.encode("annul", issuer, leaf)


def _batch(found: Sequence[Any]) -> Batch | None:
    time, depth, reaffirmed_at = found
    return Batch(moment(time), depth, moment_or_none(reaffirmed_at)) if time else None


def _mark(found: Sequence[Any]) -> Mark | None:
    state, reason, time, by = found
    return (
        Mark(DocumentState(state), reason, moment_or_none(time), to_checksum_address(by)) if state else None
    )


def _leaf(found: bytes) -> bytes | None:
    return found if found != NOTHING else None
