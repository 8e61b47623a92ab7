"""The sender: one account's outbox, carried to the chain by repeated passes.

Each pass looks once, then takes every stage as far as it goes. Between any two durable steps the process may
die: what is stored says where to go on, and doing a step twice changes nothing (the same bytes, the same
nonce). So every submitted payload is mined exactly once.
"""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Callable, Sequence

from eth_account.signers.local import LocalAccount
from sqlalchemy import Engine as Database
from sqlmodel import Session

from chain.clock import Clock, utc_now
from chain.contracts.reverts import decode_revert
from chain.db import Lease, LeaseLost, reading, writing
from chain.engine import engine_for
from chain.errors import ChainError, OutOfGas, PayloadRefused, Reverted
from chain.finality import Finality
from chain.sender import attempts, delivery, outbox, recovery, rows, watch
from chain.sender.context import Context, CrashPoint, Limits, SenderClient, Snapshot
from chain.sender.errors import UnknownKey
from chain.sender.fees import FeePolicy
from chain.sender.gas import GasQuota
from chain.sender.outbox import Reserved, Submission
from chain.sender.rows import Line
from chain.sender.signing import Signer
from chain.sender.state import StepReport, TransactionState, TxState
from chain.sender.tables import OutboxRow
from chain.window import HeaderWindow, SettledBlockLost, Validators

log = logging.getLogger(__name__)


_UNSENT = (TxState.RESERVED, TxState.SIGNED)
_CLEAN_EVERY = 16
"""Blocks by which the mark of what was read moves at once: moving it costs a disk sync."""


def _no_validators() -> Sequence[Sequence[str]]:
    return ((),)


def _log_alarm(lost: SettledBlockLost) -> None:
    log.critical("settled blocks after %d were replaced on chain %d", lost.fork, lost.chain_id)


def _pass_by(name: str) -> None:
    """A crash point when nobody tests."""


def _unobserved(report: StepReport) -> None:
    """An observer when nobody measures."""


class Sender:
    """Sends for one account on one chain. `submit` may be called from anywhere; `step` from one thread.

    `validators` gives the set in force (engines that seal need it): `registry_validators(…)`, or a
    follower's `validator_sets`. `start_block`: where a database that is
    new to a used account begins to look for its transactions. `gas`: how to get coins. `alarm` is called when
    settled blocks disappear, `observe` after each pass. Of several processes with the same key the one that
    holds the lease works.
    """

    def __init__(
        self,
        db: Database,
        client: SenderClient,
        account: LocalAccount,
        chain_id: int,
        *,
        engine_name: str,
        validators: Validators = _no_validators,
        clock: Clock = utc_now,
        fees: FeePolicy | None = None,
        limits: Limits | None = None,
        gas: GasQuota | None = None,
        start_block: int = 0,
        owner: str | None = None,
        alarm: Callable[[SettledBlockLost], None] = _log_alarm,
        crash_point: CrashPoint = _pass_by,
        window: HeaderWindow | None = None,
        observe: Callable[[StepReport], None] = _unobserved,
    ) -> None:
        self._observe = observe
        self.line = Line(chain_id, account.address)
        self._gas = gas
        self._start_block = start_block
        self._ctx = Context(
            db=db,
            client=client,
            signer=Signer(account, chain_id),
            window=window or HeaderWindow(client, engine_for(engine_name), validators),
            fees=fees or FeePolicy(),
            limits=limits or Limits(),
            lease=Lease(f"sender:{chain_id}:{account.address}", clock),
            owner=owner or f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}",
            clock=clock,
            crash_point=crash_point,
            alarm=alarm,
        )

    @property
    def address(self) -> str:
        """The sending account."""
        return self.line.address

    def submit(self, session: Session, *, to: str, data: bytes, gas_limit: int | None, key: str) -> OutboxRow:
        """Put one transaction into the outbox, in the caller's transaction; its row. See `submit_many`."""
        self.submit_many(session, [Submission(to, data, gas_limit, key)])
        return outbox.by_key(session, self.line, [key])[key]

    def submit_many(self, session: Session, submissions: Sequence[Submission]) -> list[Reserved]:
        """Put transactions into the outbox, in order, in the caller's transaction. Raises KeyReused.

        `key` is the idempotency key: the same key again changes nothing. Nothing exists, and no nonce is used,
        unless the caller commits.
        """
        return outbox.submit_many(session, self.line, submissions, now=self._ctx.clock())

    def state(self, session: Session, key: str) -> TransactionState:
        """Where a submitted transaction stands. Raises UnknownKey."""
        found = self.states(session, [key]).get(key)
        if found is None:
            raise UnknownKey(key)
        return found

    def states(self, session: Session, keys: Sequence[str]) -> dict[str, TransactionState]:
        """Where submitted transactions stand, by key; unknown keys are left out."""
        return {key: describe(row) for key, row in outbox.by_key(session, self.line, keys).items()}

    def step(self) -> StepReport:
        """One pass. Node trouble is in `report.errors` and retried by the next pass; never raised."""
        ctx, report = self._ctx, StepReport()
        with writing(ctx.db) as session:
            report.leader = ctx.lease.acquire(session, ctx.owner, ctx.limits.lease)
            if report.leader and not self._ctx.memory.started:
                rows.create_account(session, self.line, self._start_block - 1)
        if report.leader:
            try:
                self._pass(report)
            except ChainError as error:
                report.errors.append(error)
            except LeaseLost:  # paused for too long: another process goes on from what is stored
                report.leader = False
        self._observe(report)
        return report

    def close(self) -> None:
        """Give up the lease, so that another process can go on at once."""
        with writing(self._ctx.db) as session:
            self._ctx.lease.release(session, self._ctx.owner)

    def _pass(self, report: StepReport) -> None:
        ctx = self._ctx
        change = ctx.window.sync()
        if change.fork is not None:
            ctx.memory.looked_at = min(ctx.memory.looked_at, change.fork)
            if change.settled_lost:
                watch.reopen(ctx, self.line, change.fork)
        if self._nothing_new(report):
            return
        unsettled = watch.settle(ctx, self.line, report)
        snap = self._look(report)
        unexplained = watch.mine(ctx, snap, report)
        if report.mined:
            unsettled = watch.settle(ctx, self.line, report)
        if recovery.recover(ctx, snap, self.line, unexplained, report):
            snap = self._look(report, snap)
        recovery.await_pools(ctx, snap, self.line, report)
        self._refill(snap)
        attempts.give_up(ctx, snap, self.line, report)
        attempts.replace(ctx, snap, report)
        delivery.deliver(ctx, snap, report)
        self._tidy(snap, unexplained)
        report.waiting = ctx.memory.waiting = len(snap.rows) + unsettled
        self._rest(snap, report)

    def _nothing_new(self, report: StepReport) -> bool:
        """Whether neither the chain nor the outbox has changed since a pass that left nothing to do."""
        ctx = self._ctx
        if ctx.memory.quiet is None:
            return False
        with reading(ctx.db) as session:
            own = rows.read_account(session, self.line)
        if ctx.memory.quiet != (ctx.window.head.hash, own.next_nonce):
            return False
        report.head, report.chain_nonce = ctx.window.head.number, ctx.memory.nonce
        report.waiting = ctx.memory.waiting
        return True

    def _rest(self, snap: Snapshot, report: StepReport) -> None:
        """Note whether this pass left anything that the next one could do at once."""
        memory = self._ctx.memory
        done = all(row.state not in _UNSENT and row.sent_block is not None for row in snap.rows)
        changed = report.mined or report.recovered or report.returned or report.errors
        memory.quiet = (
            (snap.head.hash, snap.own.next_nonce) if done and not changed and memory.drained else None
        )

    def _look(self, report: StepReport, before: Snapshot | None = None) -> Snapshot:
        """The chain at the window's head, and the open rows."""
        ctx = self._ctx
        head = ctx.window.head
        account = before.account if before else ctx.client.account_at(self.line.address, head)
        with ctx.transaction() as session:
            own = rows.read_account(session, self.line)
            found = rows.open_rows(session, self.line, own.floor, ctx.limits.window)
        if account.nonce != ctx.memory.nonce:
            ctx.memory.nonce, ctx.memory.nonce_since = account.nonce, head.number
        report.head, report.chain_nonce, report.balance = head.number, account.nonce, account.balance
        held = before.held if before else frozenset()
        return Snapshot(head, account, own, found, held)

    def _refill(self, snap: Snapshot) -> None:
        if self._gas is None:
            return
        claim = self._gas.claim(self.line.address, snap.account.balance, self._ctx.clock())
        if claim is not None:
            with self._ctx.transaction() as session:
                self.submit_many(session, [claim])

    def _tidy(self, snap: Snapshot, unexplained: Sequence[rows.OpenRow]) -> None:
        """Move up the marks below which nothing needs to be looked at again."""
        ctx = self._ctx
        explained = not unexplained and not snap.hold_all and snap.account.nonce <= snap.own.next_nonce
        with ctx.transaction() as session:
            own = rows.read_account(session, self.line)
            clean = max(own.clean_block, ctx.window.settled) if explained else own.clean_block
            lowest = rows.lowest_open(session, self.line, own.floor)
            floor = own.next_nonce if lowest is None else lowest
            if floor != own.floor or clean > own.clean_block + _CLEAN_EVERY:
                rows.set_account(session, self.line, floor=floor, clean_block=clean)


def describe(row: OutboxRow) -> TransactionState:
    """A row as its submitter sees it."""
    return TransactionState(
        key=row.key,
        state=TxState(row.state),
        nonce=row.nonce,
        transaction_hash=row.transaction_hash,
        block_number=row.block_number,
        block_hash=row.block_hash,
        block_time=row.block_time,
        finality=Finality(row.finality),
        error=_error(row) if row.reverted else None,
    )


def _error(row: OutboxRow) -> ChainError:
    if row.error_name == watch.OUT_OF_GAS:
        return OutOfGas()
    if row.error_name == PayloadRefused.__name__:
        return PayloadRefused((row.error_data or b"").decode(errors="replace"))
    return decode_revert(row.error_data) if row.error_data else Reverted()
