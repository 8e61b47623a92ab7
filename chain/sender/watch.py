"""What became of transactions: mined, reverted, settled, strong, or gone with a block that was replaced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chain.client import Receipt
from chain.client.reads import CallAt
from chain.clock import from_block_time
from chain.db import reading
from chain.errors import MethodMissing, Reverted, StateMissing
from chain.finality import Finality
from chain.headers import Header
from chain.sender import rows
from chain.sender.context import Context, Snapshot
from chain.sender.rows import Attempt, Line, OpenRow, Placed
from chain.sender.state import AttemptKind, StepReport, TxState
from chain.window import SettledBlockLost

OUT_OF_GAS = "OutOfGas"

_FEW = 8
"""So many receipts are asked for one by one."""
_NEWEST = 32
"""Blocks looked back for many."""


def mine(ctx: Context, snap: Snapshot, report: StepReport) -> list[OpenRow]:
    """broadcast → mined, for rows whose nonce the chain has passed.

    Returns those of them that none of our attempts explains: something else took the nonce, or the nodes
    disagree at the moment.
    """
    passed = [row for row in snap.rows if row.nonce < snap.account.nonce]
    if not passed:
        return []
    with ctx.transaction() as session:
        live = rows.attempts(session, [row.id for row in passed], raw=False)
    since = min((row.sent_block for row in passed if row.sent_block is not None), default=snap.head.number)
    mined = _canonical(ctx, live, since)
    if mined:
        changes = _changes(ctx, passed, mined)
        with ctx.transaction() as session:
            rows.set_each(session, changes)
        report.mined += len(mined)
        snap.rows = [row for row in snap.rows if row.id not in mined]
        ctx.crash_point("mined")
    return [row for row in passed if row.id not in mined]


def _canonical(
    ctx: Context, live: dict[int, list[Attempt]], since: int
) -> dict[int, tuple[Attempt, Receipt, Header]]:
    """By row: the attempt that stands in a block of the chain as we see it, with receipt and header.

    `since`: the head when the first of them was sent.
    """
    flat = {attempt.hash: (row, attempt) for row, attempts in live.items() for attempt in attempts}
    found: dict[int, tuple[Attempt, Receipt, Header]] = {}
    for header, receipt in _receipts(ctx, flat.keys(), since):
        row, attempt = flat[receipt.transaction_hash]
        found[row] = (attempt, receipt, header)
    return found


def _receipts(ctx: Context, wanted: Iterable[bytes], since: int) -> list[tuple[Header, Receipt]]:
    """Receipts of these transactions in blocks of the chain as we see it.

    Many are read block by block: for each single receipt a node decodes the whole block it stands in.
    """
    left = set(wanted)
    found = _by_block(ctx, left, since) if len(left) > _FEW else []
    left -= {receipt.transaction_hash for _, receipt in found}
    singles = [receipt for receipt in ctx.client.receipts(sorted(left)) if receipt] if left else []
    headers = ctx.headers_of([receipt.block_number for receipt in singles])
    for receipt in singles:
        header = headers.get(receipt.block_number)
        if header is not None and header.hash == receipt.block_hash:
            found.append((header, receipt))
    return found


def _by_block(ctx: Context, wanted: set[bytes], since: int) -> list[tuple[Header, Receipt]]:
    """Receipts of these transactions in the newest blocks, none of which is read twice."""
    head, found = ctx.window.head.number, list[tuple[Header, Receipt]]()
    try:
        for number in range(max(ctx.memory.looked_at, since, head - _NEWEST) + 1, head + 1):
            header = ctx.window.header(number)
            if header is not None and header.gas_used:
                receipts = ctx.client.block_receipts(header)
                found += [(header, receipt) for receipt in receipts if receipt.transaction_hash in wanted]
    except MethodMissing:
        return []
    ctx.memory.looked_at = head
    return found


def _changes(
    ctx: Context, passed: Sequence[OpenRow], mined: dict[int, tuple[Attempt, Receipt, Header]]
) -> list[dict[str, object]]:
    """The columns of rows that were mined. A mined no-op keeps the error that condemned the payload."""
    limits = {row.id: row.gas_limit for row in passed}
    noops = [row for row, (attempt, _, _) in mined.items() if attempt.kind == AttemptKind.NOOP]
    failed = {row: receipt for row, (_, receipt, _) in mined.items() if not receipt.success}
    with ctx.transaction() as session:
        why = dict(rows.errors(session, noops))
    used_up = {
        row for row, receipt in failed.items() if receipt.gas_used >= (limits[row] or receipt.gas_used + 1)
    }
    why.update(dict.fromkeys(used_up, (OUT_OF_GAS, None)))
    why.update(_reasons(ctx, {row: receipt for row, receipt in failed.items() if row not in why}))
    return [
        {
            "row": row,
            "state": TxState.MINED,
            "transaction_hash": attempt.hash,
            "block_number": receipt.block_number,
            "block_hash": receipt.block_hash,
            "block_time": from_block_time(header.time),
            "reverted": row in failed or attempt.kind == AttemptKind.NOOP,
            "error_name": why.get(row, (None, None))[0],
            "error_data": why.get(row, (None, None))[1],
        }
        for row, (attempt, receipt, header) in mined.items()
    ]


def _reasons(ctx: Context, failed: dict[int, Receipt]) -> dict[int, tuple[str | None, bytes | None]]:
    """Why transactions reverted: the same call before their block, or (if an earlier one in it was the cause) after.

    A node that no longer has that state leaves the reason unknown.
    """
    if not failed:
        return {}
    with ctx.transaction() as session:
        payloads = rows.payloads(session, list(failed))
    said: dict[int, tuple[str | None, bytes | None]] = {}
    for back in (1, 0):
        asked = [row for row in failed if row not in said]
        calls = [CallAt(*payloads[row], ctx.signer.address, failed[row].block_number - back) for row in asked]
        try:
            answers = ctx.client.try_calls(calls) if calls else []
        except (StateMissing, MethodMissing):
            answers = []
        for row, answer in zip(asked, answers, strict=False):
            if isinstance(answer, Reverted):
                said[row] = (Reverted.name, answer.data)
    return said


def settle(ctx: Context, line: Line, report: StepReport) -> int:
    """mined → settled or failed → strong, block by block; or back to broadcast if the block is gone.

    Returns how many mined rows are not strong yet.
    """
    with reading(ctx.db) as session:
        floor = rows.read_account(session, line).floor
        blocks = rows.placed(session, line, floor)
    headers = ctx.headers_of([block.block_number for block in blocks])
    gone, raised = [], []
    for block in blocks:
        header = headers.get(block.block_number)
        if header is None or header.hash != block.block_hash:
            gone.append(block)
        elif (level := ctx.window.finality(header.number)) > block.finality:
            raised.append((block, level))
    if gone or raised:
        with ctx.transaction() as session:
            for block in gone:
                rows.send_again(session, line, floor, block)
            for block, level in raised:
                rows.raise_finality(session, line, floor, block, level)
        _count(gone, raised, report)
    if raised:
        ctx.crash_point("settled")
    ended = sum(block.count for block, level in raised if level == Finality.STRONG)
    return sum(block.count for block in blocks) - ended - sum(block.count for block in gone)


def _count(gone: Sequence[Placed], raised: Sequence[tuple[Placed, Finality]], report: StepReport) -> None:
    report.returned += sum(block.count for block in gone)
    for block, level in raised:
        if block.finality < Finality.SETTLED:
            report.failed += block.count if block.reverted else 0
            report.settled += 0 if block.reverted else block.count
        report.strong += block.count if level == Finality.STRONG else 0


def reopen(ctx: Context, line: Line, fork: int) -> None:
    """After the loss of settled blocks: look again at everything mined above the fork, and raise the alarm."""
    with ctx.transaction() as session:
        own = rows.lock_account(session, line)
        lost = rows.ended_above(session, line, fork)
        rows.set_rows(session, lost, finality=0, state=TxState.MINED)
        lowest = rows.lowest_open(session, line, 0)
        floor = own.floor if lowest is None else min(own.floor, lowest)
        rows.set_account(session, line, floor=floor, clean_block=min(own.clean_block, fork))
    ctx.alarm(SettledBlockLost(line.chain_id, fork, ctx.window.head.number))
