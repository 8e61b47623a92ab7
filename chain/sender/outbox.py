"""Submitting: a row and its nonce in the caller's own transaction, once per idempotency key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

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


def submit_many(
    session: Session, line: Line, submissions: Sequence[Submission], *, now: datetime
) -> list[OutboxRow]:
    """Put transactions into the outbox, in order; returns their rows, existing ones for known keys.

    Nothing exists, and no nonce is used, unless the caller's transaction commits. Raises KeyReused.
    """
    own = rows.lock_account(session, line)  # from here on nobody else reserves nonces or adds keys
    found = by_key(session, line, [submission.key for submission in submissions])
    fresh: dict[str, Submission] = {}
    for submission in submissions:
        known = found.get(submission.key)
        if known is None:
            twin = fresh.setdefault(submission.key, submission)
            if twin != submission:
                raise KeyReused(submission.key)
        elif not _same(known, submission):
            raise KeyReused(submission.key)
    made = [_row(line, submission, now) for submission in fresh.values()]
    _place(session, line, own, made)
    found.update({row.key: row for row in made})
    return [found[submission.key] for submission in submissions]


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


def _same(row: OutboxRow, submission: Submission) -> bool:
    return row.payload_hash == payload_hash(submission.to, submission.data)


def _row(line: Line, submission: Submission, now: datetime) -> OutboxRow:
    return OutboxRow(
        chain_id=line.chain_id,
        sender=line.address,
        key=submission.key,
        nonce=-1,
        to=to_checksum_address(submission.to),
        data=submission.data,
        gas_limit=submission.gas_limit,
        payload_hash=payload_hash(submission.to, submission.data),
        state=TxState.RESERVED,
        created_at=now,
    )


def _place(session: Session, line: Line, own: rows.Account, made: Sequence[OutboxRow]) -> None:
    """Give each row its nonce: the next one, or that of the same payload found on the chain."""
    taken = _take_over(session, line, own, made)
    rest = [row for row in made if id(row) not in taken]
    for nonce, row in enumerate(rest, own.next_nonce):
        row.nonce = nonce
    session.add_all(made)
    session.flush()
    if rest:
        rows.set_account(session, line, next_nonce=own.next_nonce + len(rest))
    if taken:
        found = [(row, taken[id(row)]) for row in made if id(row) in taken]
        rows.add_attempts(
            session,
            [rows.attempt(row.id or 0, row.nonce, AttemptKind.FOUND, old.hash) for row, old in found],
        )
        rows.drop_foreign(session, line, [row.nonce for row, _ in found])
        rows.set_account(session, line, floor=min(own.floor, *(row.nonce for row, _ in found)))


def _take_over(
    session: Session, line: Line, own: rows.Account, made: Sequence[OutboxRow]
) -> dict[int, ForeignRow]:
    """Which rows (by `id()`) are on the chain already, sent in a past this database has forgotten.

    Not those whose nonce is still to be given out here: recovery.py matches them once they are settled.
    """
    if not made or not rows.has_foreign(session, line):
        return {}
    free = rows.foreign(session, line, list({row.payload_hash for row in made}), [])
    held = rows.nonces_held(session, line, [old.nonce for old in free])
    waiting: dict[bytes, list[ForeignRow]] = {}
    for old in free:
        if old.nonce not in held and old.nonce < own.next_nonce:
            waiting.setdefault(old.payload_hash, []).append(old)
    taken: dict[int, ForeignRow] = {}
    for row in made:
        if queue := waiting.get(row.payload_hash):
            old = taken[id(row)] = queue.pop(0)
            row.nonce, row.state, row.transaction_hash = old.nonce, TxState.BROADCAST, old.hash
            row.sent_block = old.block_number
    return taken
