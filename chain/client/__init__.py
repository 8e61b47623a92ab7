"""Talking to one or several nodes: which one is healthy, what it said, and whether that can be believed."""

from __future__ import annotations

from chain.client.answers import AccountView, Block, Log, Receipt, Transaction
from chain.client.node import NodeStatus
from chain.client.pool import BroadcastResult
from chain.client.reads import BlockTag, CallAt, ChainClient

__all__ = [
    "AccountView",
    "Block",
    "BlockTag",
    "BroadcastResult",
    "CallAt",
    "ChainClient",
    "Log",
    "NodeStatus",
    "Receipt",
    "Transaction",
]
