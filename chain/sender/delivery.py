"""Signing what has a nonce, and giving signed bytes to the nodes. The bytes are stored first, always."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from chain.client import BroadcastResult, CallAt
from chain.db import chunks
from chain.errors import (
    AlreadyKnown,
    ChainError,
    FeeTooLow,
    MalformedAnswer,
    NodeError,
    NonceTooLow,
    PayloadRefused,
    ReplacementUnderpriced,
    Reverted,
    TxPoolFull,
)
from chain.sender import rows
from chain.sender.context import Context, Snapshot
from chain.sender.rows import Attempt, OpenRow
from chain.sender.signing import Signed
from chain.sender.state import AttemptKind, StepReport, TxState

TAKEN = (AlreadyKnown, NonceTooLow, ReplacementUnderpriced, Reverted)
"""Refusals that mean a node has this transaction, or another with its nonce: watch what becomes of it.

Reverted: a development node that mines at once says so although it has mined the transaction.
"""

SLICE = 250
"""Transactions signed, stored and sent at a time."""
SLICES = 3
"""Slices in one pass: the next pass first reads what became of the ones before, while nodes mine."""

_GAS_MARGIN = 1.25
"""On an estimate: storage may be fuller when the transaction runs than when it was estimated."""


def deliver(ctx: Context, snap: Snapshot, report: StepReport) -> None:
    """reserved → signed → broadcast, lowest nonces first.

    In slices: while the nodes take one in, the next is signed and stored.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="sender-broadcast") as thread:
        under_way = send(ctx, snap, _due(ctx, snap), thread)
        ready = [] if snap.hold_all else snap.ahead(TxState.RESERVED)
        ready = [row for row in ready if row.id not in snap.held][: SLICE * SLICES]
        for part in chunks(ready, SLICE):
            signed = sign(ctx, snap, part, report)
            conclude(ctx, snap, under_way, report)
            room = ctx.memory.pool_full_at < snap.head.number
            under_way = send(ctx, snap, signed if room else [], thread)
            if len(signed) < len(part):
                break
        conclude(ctx, snap, under_way, report)


def sign(ctx: Context, snap: Snapshot, ready: Sequence[OpenRow], report: StepReport) -> list[OpenRow]:
    """Sign these rows and store it. Returns the rows that are signed now, which may be the first few only."""
    with ctx.transaction() as session:
        payloads = rows.payloads(session, [row.id for row in ready])
    ready = _with_gas(ctx, snap, list(ready), payloads, report)
    fees = ctx.fees.first(snap.head.base_fee)
    signed: list[tuple[OpenRow, Signed]] = []
    for row in ready:
        assert row.gas_limit is not None
        to, data = payloads[row.id]
        made = ctx.signer.sign(nonce=row.nonce, to=to, data=data, gas_limit=row.gas_limit, fees=fees)
        signed.append((row, made))
    store(ctx, signed, AttemptKind.PAYLOAD)
    report.signed += len(signed)
    if signed:
        ctx.crash_point("signed")
    return ready


def store(ctx: Context, signed: Sequence[tuple[OpenRow, Signed]], kind: AttemptKind) -> None:
    """Store attempts, and that their rows wait to be sent. One transaction."""
    if not signed:
        return
    made = [
        rows.attempt(
            row.id, row.nonce, kind, new.hash, raw=new.raw, max_fee=new.fees.max_fee, tip=new.fees.tip
        )
        for row, new in signed
    ]
    changes = [
        {
            "row": row.id,
            "state": TxState.BROADCAST if row.state == TxState.BROADCAST else TxState.SIGNED,
            "transaction_hash": new.hash,
            "gas_limit": row.gas_limit,
            "sent_block": None,
        }
        for row, new in signed
    ]
    with ctx.transaction() as session:
        rows.add_attempts(session, made)
        rows.set_each(session, changes)
    for row, _ in signed:
        row.state = TxState.BROADCAST if row.state == TxState.BROADCAST else TxState.SIGNED
        row.sent_block = None


def _with_gas(
    ctx: Context,
    snap: Snapshot,
    ready: list[OpenRow],
    payloads: dict[int, tuple[str, bytes]],
    report: StepReport,
) -> list[OpenRow]:
    """Estimate missing gas limits. Stops before a row whose estimate fails: it may depend on one under way."""
    missing = [row for row in ready if row.gas_limit is None]
    calls = [CallAt(*payloads[row.id], ctx.signer.address, snap.head.number) for row in missing]
    for row, outcome in zip(missing, ctx.client.try_estimates(calls) if calls else [], strict=True):
        if isinstance(outcome, ChainError):
            ctx.memory.condemned[row.id] = outcome
            report.refused += 1
            return [other for other in ready if other.nonce < row.nonce]
        row.gas_limit = min(round(outcome * _GAS_MARGIN), snap.head.gas_limit)
    return ready


@dataclass
class _Broadcast:
    """Transactions that nodes are being given."""

    flat: list[tuple[OpenRow, Attempt]]
    answer: Future[list[BroadcastResult]]


def send(
    ctx: Context, snap: Snapshot, due: Sequence[OpenRow], thread: ThreadPoolExecutor
) -> _Broadcast | None:
    """Begin to give the stored bytes of these rows to every node."""
    if not due:
        return None
    with ctx.transaction() as session:
        live = rows.attempts(session, [row.id for row in due], raw=True)
    unsigned = [row for row in due if not any(attempt.raw for attempt in live.get(row.id, ()))]
    if unsigned:  # found on the chain, and gone from it again: sign it anew, at the same nonce
        with ctx.transaction() as session:
            rows.set_rows(session, [row.id for row in unsigned], state=TxState.RESERVED)
    flat = [(row, attempt) for row in due for attempt in live.get(row.id, ()) if attempt.raw]
    raws = [attempt.raw or b"" for _, attempt in flat]
    return _Broadcast(flat, thread.submit(ctx.client.broadcast_many, raws))


def conclude(ctx: Context, snap: Snapshot, sent: _Broadcast | None, report: StepReport) -> None:
    """Wait for what the nodes say, and store it: signed → broadcast."""
    if sent is None:
        return
    results = sent.answer.result()
    ctx.crash_point("sent")
    taken = _judge(ctx, snap, sent.flat, results, report)
    with ctx.transaction() as session:
        rows.set_rows(session, [row.id for row in taken], state=TxState.BROADCAST)
        first = [row.id for row in taken if row.sent_block is None]
        rows.set_rows(session, first, sent_block=snap.head.number)
    for row in taken:
        row.state = TxState.BROADCAST
        row.sent_block = snap.head.number if row.sent_block is None else row.sent_block
    ctx.memory.started = True
    report.sent += len(taken)
    ctx.crash_point("broadcast")


def _due(ctx: Context, snap: Snapshot) -> list[OpenRow]:
    """What to send: new, returned by a reorganisation, all once after a start, and the stalled ones."""
    memory, head = ctx.memory, snap.head.number
    ahead = snap.ahead(TxState.SIGNED, TxState.BROADCAST)
    again = not memory.started
    line = [row for row in ahead if row.state == TxState.BROADCAST and row.sent_block is not None]
    stalled: set[int] = set()
    if line and memory.resent_at != head and ctx.waited(line[0]) >= ctx.limits.resend_after:
        memory.resent_at = head
        stalled = {row.id for row in line[: ctx.limits.at_once]}
    room = memory.pool_full_at < head
    return [
        row
        for row in ahead
        if again or row.id in stalled or (row.sent_block is None and (room or row.state != TxState.SIGNED))
    ]


def _judge(
    ctx: Context,
    snap: Snapshot,
    flat: Sequence[tuple[OpenRow, Attempt]],
    results: Sequence[BroadcastResult],
    report: StepReport,
) -> list[OpenRow]:
    """The rows that some node has now; notes about the others go to memory for the next pass."""
    taken: dict[int, OpenRow] = {}
    refused: dict[int, tuple[OpenRow, Attempt, BroadcastResult]] = {}
    for (row, attempt), result in zip(flat, results, strict=True):
        if result.accepted or any(isinstance(error, TAKEN) for error in result.errors):
            taken[row.id] = row
        else:
            refused[row.id] = (row, attempt, result)
    for row_id, (row, attempt, result) in refused.items():
        if row_id not in taken:
            _note(ctx, snap, row, attempt, result)
            report.refused += 1
            _report_once(report, result.errors)
    return list(taken.values())


def _note(ctx: Context, snap: Snapshot, row: OpenRow, attempt: Attempt, result: BroadcastResult) -> None:
    """What the next pass should do about a transaction that no node took."""
    said = [error for error in result.errors if not isinstance(error, NodeError)]
    if any(isinstance(error, FeeTooLow) for error in said):
        ctx.memory.underpriced.add(row.id)
    elif said and all(isinstance(error, PayloadRefused) for error in said):
        if attempt.kind == AttemptKind.PAYLOAD:
            ctx.memory.condemned[row.id] = said[0]
    elif any(isinstance(error, TxPoolFull) for error in said):
        ctx.memory.pool_full_at = snap.head.number


def _report_once(report: StepReport, errors: Sequence[ChainError]) -> None:
    """Each kind of error once: hundreds of transactions meet the same one."""
    known = {(error.__class__, getattr(error, "url", "")) for error in report.errors}
    for error in errors:
        if (error.__class__, getattr(error, "url", "")) not in known and not isinstance(
            error, MalformedAnswer
        ):
            report.errors.append(error)
            known.add((error.__class__, getattr(error, "url", "")))
