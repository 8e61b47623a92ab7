"""What became of transactions: mined, reverted, settled, strong, or gone with a block that was replaced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chain.client import Receipt
from chain.client.reads import CallAt
from chain.clock import from_block_time
from chain.errors import MethodMissing, Reverted
from chain.finality import Finality
from chain.headers import Header
from chain.sender import rows
from chain.sender.context import Context, Snapshot
from chain.sender.rows import Attempt, Line, OpenRow
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
    passed = [row for row in snap.rows if row.nonce < snap.account.nonce and row.block_number is None]
    if not passed:
        return []
    with ctx.transaction() as session:
        live = rows.attempts(session, [row.id for row in passed], raw=False)
    mined = _canonical(ctx, live)
    changes = [_mined(row, *mined[row.id]) for row in passed if row.id in mined]
    if changes:
        with ctx.transaction() as session:
            rows.set_each(session, changes)
    for row in passed:
        if row.id in mined:
            _, receipt, _ = mined[row.id]
            row.block_number, row.block_hash = receipt.block_number, receipt.block_hash
    report.mined += len(changes)
    if changes:
        ctx.crash_point("mined")
    _explain(ctx, [row for row in passed if row.id in mined and row.reverted])
    return [row for row in passed if row.id not in mined]


def _canonical(ctx: Context, live: dict[int, list[Attempt]]) -> dict[int, tuple[Attempt, Receipt, Header]]:
    """By row: the attempt that stands in a block of the chain as we see it, with receipt and header."""
    flat = {attempt.hash: (row, attempt) for row, attempts in live.items() for attempt in attempts}
    found: dict[int, tuple[Attempt, Receipt, Header]] = {}
    for header, receipt in _receipts(ctx, flat.keys()):
        row, attempt = flat[receipt.transaction_hash]
        found[row] = (attempt, receipt, header)
    return found


def _receipts(ctx: Context, wanted: Iterable[bytes]) -> list[tuple[Header, Receipt]]:
    """Receipts of these transactions in blocks of the chain as we see it.

    Many are read block by block: for each single receipt a node decodes the whole block it stands in.
    """
    left = set(wanted)
    found = _by_block(ctx, left) if len(left) > _FEW else []
    left -= {receipt.transaction_hash for _, receipt in found}
    singles = [receipt for receipt in ctx.client.receipts(sorted(left)) if receipt] if left else []
    headers = ctx.headers_of([receipt.block_number for receipt in singles])
    for receipt in singles:
        header = headers.get(receipt.block_number)
        if header is not None and header.hash == receipt.block_hash:
            found.append((header, receipt))
    return found


def _by_block(ctx: Context, wanted: set[bytes]) -> list[tuple[Header, Receipt]]:
    """Receipts of these transactions in the newest blocks, none of which is read twice."""
    head, found = ctx.window.head.number, list[tuple[Header, Receipt]]()
    try:
        for number in range(max(ctx.memory.looked_at, head - _NEWEST) + 1, head + 1):
            header = ctx.window.header(number)
            if header is not None and header.gas_used:
                receipts = ctx.client.block_receipts(header)
                found += [(header, receipt) for receipt in receipts if receipt.transaction_hash in wanted]
    except MethodMissing:
        return []
    ctx.memory.looked_at = head
    return found


def _mined(row: OpenRow, attempt: Attempt, receipt: Receipt, header: Header) -> dict[str, object]:
    """The change to a row that was mined. A mined no-op keeps the error that condemned the payload."""
    noop = attempt.kind == AttemptKind.NOOP
    row.state = TxState.MINED
    row.reverted = noop or not receipt.success
    if not noop:
        used_up = not receipt.success and row.gas_limit is not None and receipt.gas_used >= row.gas_limit
        row.error_name = OUT_OF_GAS if used_up else None
    return {
        "row": row.id,
        "state": TxState.MINED,
        "transaction_hash": attempt.hash,
        "block_number": receipt.block_number,
        "block_hash": receipt.block_hash,
        "block_time": from_block_time(header.time),
        "reverted": row.reverted,
        "error_name": row.error_name,
    }


def _explain(ctx: Context, reverted: Sequence[OpenRow]) -> None:
    """Ask why: the same call before the block, or (if an earlier transaction in the block was the cause) after."""
    unknown = [row for row in reverted if row.error_name is None]
    if not unknown:
        return
    with ctx.transaction() as session:
        payloads = rows.payloads(session, [row.id for row in unknown])
    said: dict[int, Reverted] = {}
    for back in (1, 0):
        asked = [row for row in unknown if row.id not in said and row.block_number is not None]
        calls = [
            CallAt(*payloads[row.id], ctx.signer.address, (row.block_number or 0) - back) for row in asked
        ]
        answers = ctx.client.try_calls(calls) if calls else []
        said.update(
            (row.id, answer)
            for row, answer in zip(asked, answers, strict=True)
            if isinstance(answer, Reverted)
        )
    with ctx.transaction() as session:
        rows.set_each(
            session,
            [
                {"row": row.id, "error_name": Reverted.name, "error_data": said[row.id].data}
                for row in unknown
                if row.id in said
            ],
        )


def settle(ctx: Context, snap: Snapshot, report: StepReport) -> None:
    """mined → settled or failed → strong; or back to broadcast if the block is no longer on the chain."""
    placed = [row for row in snap.rows if row.block_number is not None]
    if not placed:
        return
    headers = ctx.headers_of([row.block_number or 0 for row in placed])
    gone: list[OpenRow] = []
    raised: dict[tuple[str, Finality], list[OpenRow]] = {}
    for row in placed:
        header = headers.get(row.block_number or 0)
        if header is None or header.hash != row.block_hash:
            gone.append(row)
            continue
        level = ctx.window.finality(header.number)
        if level > row.finality:
            raised.setdefault((TxState.FAILED if row.reverted else TxState.SETTLED, level), []).append(row)
    if not gone and not raised:
        return
    with ctx.transaction() as session:
        rows.send_again(session, [row.id for row in gone])
        for (state, level), reached in raised.items():
            rows.set_rows(session, [row.id for row in reached], state=state, finality=int(level))
    _tell(snap, gone, raised, report)
    if raised:
        ctx.crash_point("settled")


def _tell(
    snap: Snapshot,
    gone: Sequence[OpenRow],
    raised: dict[tuple[str, Finality], list[OpenRow]],
    report: StepReport,
) -> None:
    """Bring the snapshot and the report up to what was written."""
    for row in gone:
        row.state, row.sent_block, row.block_number, row.block_hash = TxState.BROADCAST, None, None, None
        row.finality, row.reverted, row.error_name = 0, False, None
    report.returned += len(gone)
    for (state, level), reached in raised.items():
        fresh = sum(1 for row in reached if row.finality < Finality.SETTLED)
        report.failed += fresh if state == TxState.FAILED else 0
        report.settled += fresh if state == TxState.SETTLED else 0
        report.strong += len(reached) if level == Finality.STRONG else 0
        for row in reached:
            row.state, row.finality = state, int(level)
    snap.rows = [row for row in snap.rows if row.finality < Finality.STRONG]


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
