"""When the chain knows more of our transactions than the database: read them back and match by payload.

That happens after a restore from backup, or when the key was used elsewhere. A transaction found that carries
a row's payload *is* that row's. A row whose nonce went for good to something else gets a new nonce, but only
once the thief is settled: until then a reorganisation might still give the nonce back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from chain.client import Transaction
from chain.sender import rows
from chain.sender.context import Context, Snapshot
from chain.sender.errors import ForgottenPending
from chain.sender.rows import Line, OpenRow
from chain.sender.signing import payload_hash
from chain.sender.state import AttemptKind, StepReport, TxState
from chain.sender.tables import ForeignRow
from chain.window import HeadersMoved

_PART = 50
"""Blocks with full transactions asked for at once."""


@dataclass
class _Scan:
    """What reading blocks brought."""

    own: list[Transaction] = field(default_factory=list)
    last: int = -1
    complete: bool = False


@dataclass
class _Plan:
    """What is to be written: rows and the foreign transactions that are theirs, rows that need a nonce."""

    adopt: list[tuple[OpenRow, ForeignRow]] = field(default_factory=list)
    renumber: list[OpenRow] = field(default_factory=list)
    held: set[int] = field(default_factory=set)


def recover(
    ctx: Context, snap: Snapshot, line: Line, unexplained: Sequence[OpenRow], report: StepReport
) -> bool:
    """Explain nonces the chain has used. True if rows changed, so that the pass must look at them anew."""
    if not unexplained and snap.account.nonce <= snap.own.next_nonce:
        return False
    scan = _scan(ctx, snap, line)
    with ctx.transaction() as session:
        known = rows.known_hashes(session, [tx.hash for tx in scan.own])
        foreign = [_foreign(line, tx) for tx in scan.own if tx.hash not in known]
        # Only what is settled is stored: the rest is read again by the next pass, as the chain then is.
        kept = [old.model_dump() for old in foreign if old.block_number <= ctx.window.settled]
        rows.add_foreign(session, kept)
        clean = min(scan.last, ctx.window.settled)
        rows.set_account(session, line, clean_block=max(clean, snap.own.clean_block))
    if not scan.complete:
        snap.hold_all = True
        return False
    used_up = snap.account.nonce - sum(tx.block_number > ctx.window.settled for tx in scan.own)
    unsettled = [old for old in foreign if old.block_number > ctx.window.settled]
    changed = _match(ctx, snap, line, unexplained, unsettled, used_up, report)
    if changed:
        ctx.crash_point("recovered")
    return changed


def await_pools(ctx: Context, snap: Snapshot, line: Line, report: StepReport) -> None:
    """Once after a start: sign nothing while pools hold transactions of ours that the database has forgotten.

    What lies in a pool behind a missing nonce is not seen here; nodes drop that after hours (geth: three), and
    a backup is restored with the nodes' pools empty (docs/operations.md).
    """
    if ctx.memory.drained:
        return
    pending = ctx.client.pending_nonce(line.address)
    with ctx.transaction() as session:
        known = max(snap.account.nonce, rows.highest_signed(session, line) + 1)
    if pending > known:
        snap.hold_all = True
        report.errors.append(ForgottenPending(known, pending - 1))
    else:
        ctx.memory.drained = True


def _scan(ctx: Context, snap: Snapshot, line: Line) -> _Scan:
    """Our own transactions in blocks not known to be clean, as many blocks as one pass may read."""
    first = max(snap.own.clean_block + 1, 1)  # the genesis block holds no transaction
    last = first + ctx.limits.scan_blocks - 1
    if last >= ctx.window.settled:  # history is read in parts; what is not settled, always whole
        last = snap.head.number
    scan = _Scan(last=last, complete=last == snap.head.number)
    for start in range(first, last + 1, _PART):
        for block in ctx.client.blocks(range(start, min(start + _PART, last + 1))):
            if ctx.window.holds(block.header.number, block.header.hash) is False:
                raise HeadersMoved(block.header.number)
            scan.own += [tx for tx in block.transactions if tx.sender == line.address]
    return scan


def _foreign(line: Line, tx: Transaction) -> ForeignRow:
    return ForeignRow(
        chain_id=line.chain_id,
        sender=line.address,
        nonce=tx.nonce,
        hash=tx.hash,
        payload_hash=payload_hash(tx.to, tx.data) if tx.to else b"",
        block_number=tx.block_number,
        block_hash=tx.block_hash,
    )


def _match(
    ctx: Context,
    snap: Snapshot,
    line: Line,
    unexplained: Sequence[OpenRow],
    unsettled: Sequence[ForeignRow],
    used_up: int,
    report: StepReport,
) -> bool:
    """Give found transactions to rows, and new nonces to rows that lost theirs for good (below `used_up`)."""
    unsigned = [row for row in snap.rows if row.state == TxState.RESERVED]
    candidates = sorted({row.id: row for row in [*unexplained, *unsigned]}.values(), key=lambda row: row.id)
    with ctx.transaction() as session:
        hashes = rows.payload_hashes(session, [row.id for row in candidates])
        found = rows.foreign(session, line, list(set(hashes.values())), [row.nonce for row in unexplained])
        found = [*found, *unsettled]
        live = rows.attempts(session, [row.id for row in unexplained], raw=False)
        plan = _plan(ctx, snap, candidates, hashes, found, used_up)
        lost = {old.nonce for old in found}  # below `used_up`, so settled
        adopted = {row.id for row, _ in plan.adopt}
        plan.renumber = [
            row
            for row in sorted(unexplained, key=lambda row: row.id)
            if row.id not in adopted | plan.held
            and row.nonce < used_up
            and (row.nonce in lost or row.id not in live)  # never signed: whatever took the nonce is not ours
        ]
        _write(session, snap, line, plan, used_up, ctx.clock())
    snap.held = frozenset(plan.held)
    report.recovered += len(plan.adopt) + len(plan.renumber)
    return bool(plan.adopt or plan.renumber)


def _plan(
    ctx: Context,
    snap: Snapshot,
    candidates: Sequence[OpenRow],
    hashes: dict[int, bytes],
    found: Sequence[ForeignRow],
    used_up: int,
) -> _Plan:
    """Match by payload: first rows whose own nonce it took, then the others in order of submission."""
    plan, free = _Plan(), {old.nonce: old for old in found}
    for row in candidates:
        old = free.get(row.nonce)
        if old is not None and old.payload_hash == hashes[row.id]:
            plan.adopt.append((row, free.pop(row.nonce)))
    adopted = {row.id for row, _ in plan.adopt}
    for row in (row for row in candidates if row.id not in adopted):
        nonces = [nonce for nonce, old in free.items() if old.payload_hash == hashes[row.id]]
        if not nonces:
            continue
        # Moving a row frees its nonce: for good if that is used up, else it must be the last one reserved.
        settled = free[nonces[0]].block_number <= ctx.window.settled
        if settled and (row.nonce < used_up or row.nonce >= snap.account.nonce):
            plan.adopt.append((row, free.pop(nonces[0])))
        else:
            plan.held.add(row.id)
    return plan


def _write(session: Session, snap: Snapshot, line: Line, plan: _Plan, used_up: int, now: datetime) -> None:
    """Carry the plan out. Nonces go by way of negative ones, so that rows can change places."""
    own = rows.lock_account(session, line)
    next_nonce = max(own.next_nonce, used_up)
    taken = {old.nonce for _, old in plan.adopt}
    homeless = {row.id: row for row in plan.renumber}
    homeless.update({row.id: row for row in snap.rows if row.nonce in taken and row.id not in _ids(plan)})
    moving = [row for row, old in plan.adopt if row.nonce != old.nonce] + list(homeless.values())
    rows.set_each(session, [{"row": row.id, "nonce": -1 - row.id} for row in moving])
    gaps = [row.nonce for row, _ in plan.adopt if row.nonce >= used_up and row.nonce not in taken]
    _adopt(session, line, own, plan, snap.head.number)
    for nonce, row in enumerate(sorted(homeless.values(), key=lambda row: row.id), next_nonce):
        rows.set_rows(session, [row.id], nonce=nonce, state=TxState.RESERVED, sent_block=None)
    # A nonce between others that its row no longer needs is used for nothing: later ones wait for it.
    rows.add_fillers(session, line, gaps, now)
    rows.set_account(session, line, next_nonce=next_nonce + len(homeless))


def _ids(plan: _Plan) -> set[int]:
    return {row.id for row, _ in plan.adopt}


def _adopt(session: Session, line: Line, own: rows.Account, plan: _Plan, head: int) -> None:
    if not plan.adopt:
        return
    for row, old in plan.adopt:
        rows.set_rows(
            session,
            [row.id],
            nonce=old.nonce,
            state=TxState.BROADCAST,
            transaction_hash=old.hash,
            sent_block=head,
        )
    found = [rows.attempt(row.id, old.nonce, AttemptKind.FOUND, old.hash) for row, old in plan.adopt]
    rows.add_attempts(session, found)
    nonces = [old.nonce for _, old in plan.adopt]
    rows.drop_foreign(session, line, nonces)
    rows.set_account(session, line, floor=min(own.floor, *nonces))
