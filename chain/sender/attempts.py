"""More than one transaction for one nonce: replacements that pay more, and no-ops that give a nonce up."""

from __future__ import annotations

from collections.abc import Sequence

from chain.client.reads import CallAt
from chain.errors import ChainError, Reverted
from chain.sender import rows
from chain.sender.context import Context, Snapshot
from chain.sender.delivery import store
from chain.sender.fees import Fees
from chain.sender.rows import Attempt, Line, OpenRow
from chain.sender.signing import Signed
from chain.sender.state import AttemptKind, StepReport, TxState


def replace(ctx: Context, snap: Snapshot, report: StepReport) -> None:
    """Store attempts with higher fees for what is not mined; the sending stage sends them.

    All hashes stay watched: whichever attempt is mined is the transaction.
    """
    due = _stuck(ctx, snap)
    if not due:
        return
    with ctx.transaction() as session:
        live = rows.attempts(session, [row.id for row in due], raw=False)
        payloads = rows.payloads(session, [row.id for row in due])
    made: dict[AttemptKind, list[tuple[OpenRow, Signed]]] = {}
    for row in due:
        earlier = live.get(row.id, [])
        fees = _raised(ctx, snap, earlier)
        if fees is None:
            continue
        kind = AttemptKind.NOOP if earlier[-1].kind == AttemptKind.NOOP else AttemptKind.PAYLOAD
        made.setdefault(kind, []).append((row, _sign(ctx, row, kind, payloads[row.id], fees)))
    for kind, signed in made.items():
        store(ctx, signed, kind)
        report.replaced += len(signed)
    ctx.memory.underpriced.difference_update(row.id for row in due)
    if made:
        ctx.crash_point("replaced")


def _stuck(ctx: Context, snap: Snapshot) -> list[OpenRow]:
    """Rows not mined for too long while the first in line did not move, and those that offered too little."""
    limits = ctx.limits
    line = snap.ahead(TxState.BROADCAST)
    old: list[OpenRow] = []
    if line and ctx.waited(line[0]) >= limits.replace_after:
        old = [row for row in line if ctx.waited(row) >= limits.replace_after][: limits.at_once]
    cheap = [row for row in snap.ahead(TxState.SIGNED) if row.id in ctx.memory.underpriced]
    return old + cheap


def _raised(ctx: Context, snap: Snapshot, earlier: Sequence[Attempt]) -> Fees | None:
    offered = [attempt for attempt in earlier if attempt.max_fee]
    if not offered:
        return None
    highest = Fees(max(attempt.max_fee for attempt in offered), max(attempt.tip for attempt in offered))
    return ctx.fees.raised(highest, snap.head.base_fee)


def _sign(ctx: Context, row: OpenRow, kind: AttemptKind, payload: tuple[str, bytes], fees: Fees) -> Signed:
    if kind == AttemptKind.NOOP:
        return ctx.signer.noop(row.nonce, fees)
    assert row.gas_limit is not None
    to, data = payload
    return ctx.signer.sign(nonce=row.nonce, to=to, data=data, gas_limit=row.gas_limit, fees=fees)


def give_up(ctx: Context, snap: Snapshot, line: Line, report: StepReport) -> None:
    """A no-op takes the nonce of a payload that can never be mined, so that later ones get their turn.

    Only for the first in line, when all before it is settled, and when the refusal still holds there: what
    fails on an unsettled block may depend on what a reorganisation changes.
    """
    ahead = snap.ahead(TxState.RESERVED, TxState.SIGNED)
    first = next((row for row in ahead if row.nonce == snap.account.nonce), None)
    if first is None or first.id not in ctx.memory.condemned or first.id in snap.held or snap.hold_all:
        return
    with ctx.transaction() as session:
        if rows.unsettled_below(session, line, snap.own.floor, first.nonce):
            return
    reason = _still(ctx, first)
    del ctx.memory.condemned[first.id]
    if reason is None:
        return
    noop = ctx.signer.noop(first.nonce, ctx.fees.first(snap.head.base_fee))
    data = reason.data if isinstance(reason, Reverted) else str(reason).encode()
    with ctx.transaction() as session:
        rows.set_rows(session, [first.id], error_name=_name(reason), error_data=data)
    store(ctx, [(first, noop)], AttemptKind.NOOP)
    report.refused += 1
    ctx.crash_point("noop")


def _still(ctx: Context, row: OpenRow) -> ChainError | None:
    """The refusal as it stands at the newest settled block; None if it no longer holds."""
    known = ctx.memory.condemned[row.id]
    if not isinstance(known, Reverted):
        return known  # about the bytes themselves: no block changes that
    with ctx.transaction() as session:
        to, data = rows.payloads(session, [row.id])[row.id]
    call = CallAt(to, data, ctx.signer.address, max(ctx.window.settled, 0))
    outcome = ctx.client.try_estimates([call])[0]
    return outcome if isinstance(outcome, Reverted) else None


def _name(reason: ChainError) -> str:
    return reason.name if isinstance(reason, Reverted) else reason.__class__.__name__
