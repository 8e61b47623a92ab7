"""Submitting: a row and its nonce in the caller's own transaction, once per idempotency key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eth_utils.address import to_checksum_address
from sqlmodel import Session, col, select

from chain.db import chunks
from chain.sender import rows
from chain.sender.errors import KeyReused
from chain.sender.rows import Line
from chain.sender.signing import payload_hash
from chain.sender.state import AttemptKind, TxState
from chain.sender.tables import ForeignRow, OutboxRow

MAX_KEY = 200
MAX_DATA = 128 * 1024
"""Nodes refuse transactions larger than this (geth: txMaxSize)."""


@dataclass(frozen=True)
class Submission:
    """A transaction to be mined once. `gas_limit` None: estimated when signed."""

    to: str
    data: bytes
    gas_limit: int | None
    key: str

    def __post_init__(self) -> None:
        if not 0 < len(self.key) <= MAX_KEY:
            raise ValueError(f"an idempotency key has 1 to {MAX_KEY} characters")
        if len(self.data) > MAX_DATA:
            raise ValueError(f"call data of more than {MAX_DATA} bytes: no node takes it")


@dataclass(frozen=True)
class Reserved:
    """What a submission has in the outbox. `fresh` False: its key was there before, and nothing was added."""

    key: str
    nonce: int
    fresh: bool


def submit_many(
    session: Session, line: Line, submissions: Sequence[Submission], *, now: datetime
) -> list[Reserved]:
    """Put transactions into the outbox, in order; known keys keep what they have.

    Nothing exists, and no nonce is used, unless the caller's transaction commits. Raises KeyReused.
    """
    own = rows.lock_account(session, line)  # from here on nobody else reserves nonces or adds keys
    known = rows.known_keys(session, line, [submission.key for submission in submissions])
    fresh: dict[str, dict[str, Any]] = {}
    payloads: dict[str, bytes] = {key: digest for key, (_, digest) in known.items()}
    for submission in submissions:
        digest = payload_hash(submission.to, submission.data)
        if payloads.setdefault(submission.key, digest) != digest:
            raise KeyReused(submission.key)
        if submission.key not in known and submission.key not in fresh:
            fresh[submission.key] = _columns(line, submission, digest, now)
    _place(session, line, own, list(fresh.values()))
    return [
        Reserved(key, fresh[key]["nonce"] if key in fresh else known[key][0], key in fresh)
        for key in (submission.key for submission in submissions)
    ]


def by_key(session: Session, line: Line, keys: Sequence[str]) -> dict[str, OutboxRow]:
    """Rows by key, as far as there are any."""
    found: dict[str, OutboxRow] = {}
    for part in chunks(list(dict.fromkeys(keys))):
        query = select(OutboxRow).where(
            OutboxRow.chain_id == line.chain_id,
            OutboxRow.sender == line.address,
            col(OutboxRow.key).in_(part),
        )
        found.update({row.key: row for row in session.exec(query)})
    return found


def _columns(line: Line, submission: Submission, digest: bytes, now: datetime) -> dict[str, Any]:
    """A row that has no nonce yet."""
    return {
        "chain_id": line.chain_id,
        "sender": line.address,
        "key": submission.key,
        "recipient": to_checksum_address(submission.to),
        "data": submission.data,
        "gas_limit": submission.gas_limit,
        "payload_hash": digest,
        "state": TxState.RESERVED,
        "created_at": now,
        "sent_block": None,
        "transaction_hash": None,
    }


def _place(session: Session, line: Line, own: rows.Account, made: Sequence[dict[str, Any]]) -> None:
    """Give each row its nonce: the next one, or that of the same payload found on the chain."""
    taken = _take_over(session, line, own, made)
    rest = [row for row in made if row["key"] not in taken]
    for nonce, row in enumerate(rest, own.next_nonce):
        row["nonce"] = nonce
    rows.add_rows(session, made)
    if rest:
        rows.set_account(session, line, next_nonce=own.next_nonce + len(rest))
    if taken:
        nonces = [old.nonce for old in taken.values()]
        ids = rows.ids_at(session, line, nonces)
        found = [
            rows.attempt(ids[old.nonce], old.nonce, AttemptKind.FOUND, old.hash) for old in taken.values()
        ]
        rows.add_attempts(session, found)
        rows.drop_foreign(session, line, nonces)
        rows.set_account(session, line, floor=min(own.floor, *nonces))


def _take_over(
    session: Session, line: Line, own: rows.Account, made: Sequence[dict[str, Any]]
) -> dict[str, ForeignRow]:
    """Which rows (by key) are on the chain already, sent in a past this database has forgotten.

    Not those whose nonce is still to be given out here: recovery.py matches them once they are settled.
    """
    if not made or not rows.has_foreign(session, line):
        return {}
    free = rows.foreign(session, line, list({row["payload_hash"] for row in made}), [])
    held = rows.ids_at(session, line, [old.nonce for old in free])
    waiting: dict[bytes, list[ForeignRow]] = {}
    for old in free:
        if old.nonce not in held and old.nonce < own.next_nonce:
            waiting.setdefault(old.payload_hash, []).append(old)
    taken: dict[str, ForeignRow] = {}
    for row in made:
        if queue := waiting.get(row["payload_hash"]):
            old = taken[row["key"]] = queue.pop(0)
            row |= {"nonce": old.nonce, "state": TxState.BROADCAST, "transaction_hash": old.hash}
            row["sent_block"] = old.block_number
    return taken
