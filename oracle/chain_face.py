"""What the pipeline asks of the chain: three acts, each submitted in the caller's transaction, and their outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlmodel import Session

from chain.contracts.vocabulary import DocRef


@dataclass(frozen=True)
class Pending:
    """Not known yet."""


@dataclass(frozen=True)
class Settled:
    """On chain and settled. `tx` and `block_hash` in hex with 0x; `time` is the block's."""

    tx: str
    block: int
    block_hash: str
    time: datetime


@dataclass(frozen=True)
class RefusedOnChain:
    """The contract refused, and that block is settled. `error` is the name of its error."""

    error: str


Outcome = Pending | Settled | RefusedOnChain


class ChainFace(Protocol):
    """The document registry, reached through the sender's outbox. `key` is submitted once, however often given."""

    def anchor(self, session: Session, root: bytes, depth: int, key: str) -> None:
        """Submit `anchor(root, depth)`."""

    def amend(self, session: Session, old: DocRef, new: DocRef, reason: int, key: str) -> None:
        """Submit `amend(issuer, old, new, reason)`."""

    def withdraw(self, session: Session, document: DocRef, reason: int, key: str) -> None:
        """Submit `withdraw(issuer, document, reason)`."""

    def outcomes(self, session: Session, keys: Sequence[str]) -> dict[str, Outcome]:
        """What became of the acts submitted under `keys`; keys never submitted are left out."""

    def anchored(self, root: bytes) -> Settled | None:
        """How this root stands anchored by the institution, whoever sent it; None if it does not. Raises ChainError."""

    def ended(self, leaf: bytes, successor: bytes | None) -> Settled | None:
        """How the document stands withdrawn, or (with `successor`) replaced, at once or by way of others, by that
        document; None if it does not. Raises ChainError."""

    def step(self) -> bool:
        """Let the sender do one pass: sign, send, watch, settle. Whether another at once is worth while.

        Raises ChainError when the nodes kept it from doing all it could; what was done stays.
        """
