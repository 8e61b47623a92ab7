"""What every stage of a pass works with: the sender's parts, and a snapshot of chain and outbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from sqlalchemy import Engine as Database
from sqlmodel import Session

from chain.client import AccountView, BroadcastResult, Receipt
from chain.client.answers import Block
from chain.client.reads import CallAt
from chain.clock import Clock
from chain.db import Lease, writing
from chain.errors import ChainError
from chain.headers import Header
from chain.sender.fees import FeePolicy
from chain.sender.rows import Account, OpenRow
from chain.sender.signing import Signer
from chain.sender.state import TxState
from chain.window import HeaderWindow, SettledBlockLost

CrashPoint = Callable[[str], None]
"""Called between any two durable steps with the step's name; tests let it raise or end the process."""

CRASH_POINTS = ("signed", "sent", "broadcast", "mined", "settled", "replaced", "recovered", "noop")
"""The names, in the order of sender.py's stages. "sent": nodes have it, the database does not know yet."""


class SenderClient(Protocol):
    """What the sender asks of `ChainClient`."""

    def head(self) -> Header:
        """The newest header."""

    def headers(self, numbers: Sequence[int]) -> list[Header]:
        """Headers by number."""

    def account_at(self, address: str, block: Header) -> AccountView:
        """Nonce and balance after exactly this block."""

    def pending_nonce(self, address: str) -> int:
        """The nonce after all mined transactions and those ready in any node's pool."""

    def receipts(self, hashes: Sequence[bytes]) -> list[Receipt | None]:
        """Receipts in order."""

    def block_receipts(self, block: Header) -> list[Receipt]:
        """Receipts of all transactions of a block."""

    def blocks(self, numbers: Sequence[int]) -> list[Block]:
        """Blocks with their transactions."""

    def broadcast_many(self, raws: Sequence[bytes]) -> list[BroadcastResult]:
        """Send to every node."""

    def try_calls(self, calls: Sequence[CallAt]) -> list[bytes | ChainError]:
        """Contract calls, each answered by its result or its error."""

    def try_estimates(self, calls: Sequence[CallAt]) -> list[int | ChainError]:
        """Gas estimates, each answered by its result or its error."""


@dataclass(frozen=True)
class Limits:
    """The sender's settings. Blocks and rows are counts."""

    window: int = 4_000
    """Most transactions looked at, and under way, at once. Nodes' pools must take that many per account
    (geth: `--txpool.accountslots`)."""
    replace_after: int = 10
    """Blocks without progress after which a transaction gets an attempt with a higher fee."""
    resend_after: int = 3
    """Blocks without progress after which the stored bytes are sent again (a pool may have dropped them)."""
    at_once: int = 256
    """Most transactions replaced or sent again in one pass."""
    scan_blocks: int = 2_000
    """Most blocks read in one pass when looking for our own forgotten transactions."""
    lease: timedelta = timedelta(seconds=30)


@dataclass
class Snapshot:
    """One consistent look: the chain at `head`, and the outbox rows that are not mined, by nonce."""

    head: Header
    account: AccountView
    own: Account
    rows: list[OpenRow]
    held: frozenset[int] = frozenset()
    """Rows that must not be signed now: their payload may be on the chain already."""
    hold_all: bool = False

    def ahead(self, *states: TxState) -> list[OpenRow]:
        """Rows in these states whose nonce the chain has not passed."""
        return [row for row in self.rows if row.nonce >= self.account.nonce and row.state in states]


@dataclass
class Memory:
    """What only this process knows and may forget: hints that save work or wait for the next pass."""

    started: bool = False
    """Whether all stored bytes were sent once since the process began."""
    drained: bool = False
    """Whether no pool held a transaction of ours that the database does not know, since the process began."""
    nonce: int = -1
    nonce_since: int = 0
    """Head at which the chain's nonce was first seen where it is."""
    resent_at: int = -1
    pool_full_at: int = -1
    """Head at which a node's pool was full: no new ones before the next block."""
    looked_at: int = -1
    """Block up to which receipts were read block by block."""
    quiet: tuple[bytes, int] | None = None
    """(head, next nonce) of a pass that left nothing to do before one of them changes."""
    waiting: int = 0
    underpriced: set[int] = field(default_factory=set)
    """Rows whose newest attempt offers too little."""
    condemned: dict[int, ChainError] = field(default_factory=dict)
    """Rows that no node can mine, and why."""


@dataclass
class Context:
    """The parts of one sender."""

    db: Database
    client: SenderClient
    signer: Signer
    window: HeaderWindow
    fees: FeePolicy
    limits: Limits
    lease: Lease
    owner: str
    clock: Clock
    crash_point: CrashPoint
    alarm: Callable[[SettledBlockLost], None]
    memory: Memory = field(default_factory=Memory)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A database transaction that commits only if this process still holds the lease."""
        with writing(self.db) as session:
            self.lease.hold(session, self.owner, self.limits.lease)
            yield session

    def headers_of(self, numbers: Sequence[int]) -> dict[int, Header]:
        """Canonical headers, from the window or (far below it) from the client. None above the head."""
        wanted = set(numbers)
        found = {number: header for number in wanted if (header := self.window.header(number))}
        below = sorted(number for number in wanted - found.keys() if number < self.window.head.number)
        if below:
            found.update({header.number: header for header in self.client.headers(below)})
        return found

    def waited(self, row: OpenRow) -> int:
        """Blocks since a node took the row's newest attempt in which the account made no progress."""
        if row.sent_block is None:
            return 0
        return self.window.head.number - max(row.sent_block, self.memory.nonce_since)
