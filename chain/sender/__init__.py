"""The outbox of one key: nonces reserved with the work they belong to, each payload mined exactly once.

Invariants: a nonce is reserved in the transaction that writes its row · signed bytes are stored before any
node sees them · one nonce may have several attempts, whichever is mined counts · a nonce is given up only when
the reason stands at a settled block · what the chain knows and the database forgot is matched by payload.
"""

from __future__ import annotations

from chain.sender.context import CRASH_POINTS, Limits
from chain.sender.errors import KeyReused, UnknownKey
from chain.sender.fees import FeePolicy
from chain.sender.gas import GasQuota
from chain.sender.outbox import Reserved, Submission
from chain.sender.sender import Sender
from chain.sender.state import StepReport, TransactionState, TxState
from chain.sender.tables import OutboxRow, create_tables
from chain.window import SettledBlockLost

__all__ = [
    "CRASH_POINTS",
    "FeePolicy",
    "GasQuota",
    "KeyReused",
    "Limits",
    "OutboxRow",
    "Reserved",
    "Sender",
    "SettledBlockLost",
    "StepReport",
    "Submission",
    "TransactionState",
    "TxState",
    "UnknownKey",
    "create_tables",
]
