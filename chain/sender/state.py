"""The states of a submitted transaction, and what the sender tells about them and about one of its passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chain.errors import ChainError
from chain.finality import Finality


class TxState(StrEnum):
    """Where a submitted transaction stands.

    ```
    reserved ──▶ signed ──▶ broadcast ──▶ mined ──▶ settled
                              ▲             │  └───▶ failed   (reverted, or a no-op took its nonce; settled)
                              └─────────────┘ its block was reorganised away
    ```
    """

    RESERVED = "reserved"
    """It has a nonce; nothing is signed."""
    SIGNED = "signed"
    """Signed bytes are stored; it is not known that any node has them."""
    BROADCAST = "broadcast"
    """A node took it, or it can be mined all the same."""
    MINED = "mined"
    """In a block that an ordinary partition may still reverse."""
    SETTLED = "settled"
    """In a settled block, and it did what it should."""
    FAILED = "failed"
    """In a settled block, and it changed nothing; `TransactionState.error` says why."""


class AttemptKind(StrEnum):
    """What a signed transaction is to its row."""

    PAYLOAD = "payload"
    NOOP = "noop"
    """Nothing, to ourselves: frees a nonce whose payload can never be mined."""
    FOUND = "found"
    """The payload, found on the chain and sent by us in a past that this database does not remember."""


@dataclass(frozen=True)
class TransactionState:
    """What is known of one submitted transaction. Block fields are None until it is mined."""

    key: str
    state: TxState
    nonce: int
    transaction_hash: bytes | None
    block_number: int | None
    block_hash: bytes | None
    block_time: datetime | None
    finality: Finality
    error: ChainError | None
    """Why it failed, or (state mined) will have failed once settled."""


@dataclass
class StepReport:
    """What one pass did. Counts are of transactions."""

    leader: bool = True
    """False: another process holds this key's lease; nothing was done."""
    head: int | None = None
    chain_nonce: int | None = None
    balance: int | None = None
    """Of the account at the head, in wei; None if nothing was looked at."""
    waiting: int = 0
    """Not final yet, after this pass (at most the window the sender looks at)."""
    signed: int = 0
    sent: int = 0
    refused: int = 0
    mined: int = 0
    settled: int = 0
    strong: int = 0
    failed: int = 0
    replaced: int = 0
    returned: int = 0
    """Whose block disappeared, back to broadcast."""
    recovered: int = 0
    """Recognised on the chain, or moved to another nonce because a foreign transaction took theirs."""
    errors: list[ChainError] = field(default_factory=list)
    """What the nodes said that kept the pass from doing more; the next pass tries again."""

    @property
    def progressed(self) -> bool:
        """Whether another pass at once is worth while."""
        counts = (self.signed, self.sent, self.mined, self.settled, self.failed, self.returned)
        return any((*counts, self.recovered, self.replaced))
