"""The follower: projects the chain's events, rewinds when blocks are replaced, and knows how final each height is."""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Engine as Database
from sqlmodel import Session, SQLModel, col, delete, select

from chain.clock import Clock, utc_now
from chain.db import Lease, LeaseLost, LeaseRow, insert_ignore, table_of, writing
from chain.deployment import Deployment
from chain.engine import Engine, Finality
from chain.errors import ChainError
from chain.finality import SealRefused
from chain.follower.errors import OtherChain
from chain.follower.projections import Projection
from chain.follower.source import FollowerClient, RangeReader
from chain.follower.tables import BlockRow, CursorRow, ValidatorSetRow
from chain.follower.validators import ValidatorTrail
from chain.window import KEEP, HeaderWindow, SettledBlockLost

log = logging.getLogger(__name__)

SPAN = 500
"""Blocks projected in one database transaction."""

_REGISTRY = "InstitutionRegistry"


@dataclass
class FollowerReport:
    """What one pass did."""

    leader: bool = True
    """False: another process follows into this database."""
    head: int | None = None
    applied: int = -1
    """Last projected block."""
    blocks: int = 0
    events: int = 0
    head_time: int | None = None
    """Its time, seconds since 1970."""
    fork: int | None = None
    """Blocks after this one were replaced, and their events undone."""
    undone: int = 0
    """How many that were."""
    settled: int = -1
    strong: int = -1
    fault: SealRefused | None = None
    """The head is not sealed as the trusted validators seal: nothing new counts until that ends."""
    errors: list[ChainError] = field(default_factory=list)

    @property
    def caught_up(self) -> bool:
        """Whether everything up to the head is projected."""
        return self.head is not None and self.applied >= self.head


def _log_alarm(lost: SettledBlockLost) -> None:
    log.critical("settled blocks after %d were replaced on chain %d", lost.fork, lost.chain_id)


def _unobserved(report: FollowerReport) -> None:
    """An observer when nobody measures."""


class Follower:
    """Follows one chain into one database. `step` from one thread; readers use `height` and the projections.

    `trusted`: (epoch, validators) of the trust file's checkpoint; without it the registry's first set, as one's
    own node tells it, is where belief begins. `alarm` is called when settled blocks disappear, `observe` after
    each pass.
    """

    def __init__(
        self,
        db: Database,
        client: FollowerClient,
        engine: Engine,
        deployment: Deployment,
        projections: Sequence[Projection],
        *,
        trusted: tuple[int, Sequence[str]] | None = None,
        clock: Clock = utc_now,
        span: int = SPAN,
        lease: timedelta = timedelta(seconds=30),
        owner: str | None = None,
        alarm: Callable[[SettledBlockLost], None] = _log_alarm,
        observe: Callable[[FollowerReport], None] = _unobserved,
    ) -> None:
        self._observe = observe
        self._db, self._client, self._deployment = db, client, deployment
        self._projections, self._span, self._alarm = tuple(projections), span, alarm
        self._trail = ValidatorTrail(engine, trusted)
        self._window = HeaderWindow(client, engine, self._trail)
        wanted = [address for p in projections for address in p.addresses(deployment)]
        addresses = tuple(dict.fromkeys([deployment.address(_REGISTRY), *wanted]))
        self._reader = RangeReader(client, self._window, addresses)
        self._lease, self._ttl = Lease(f"follower:{deployment.chain_id}", clock), lease
        self._owner = owner or f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"

    def height(self, session: Session, finality: Finality) -> int:
        """The last projected block that is at least this final; -1 if there is none."""
        row = session.get(CursorRow, self._deployment.chain_id)
        if row is None:
            return -1
        reached = {Finality.PENDING: row.applied, Finality.SETTLED: row.settled, Finality.STRONG: row.strong}
        return min(reached[finality], row.applied)

    def validator_sets(self) -> Sequence[Sequence[str]]:
        """The newest trusted validator set, and the one before; for a sender's `validators`."""
        return self._trail()

    def step(self, *, most: int = 20) -> FollowerReport:
        """One pass: undo what was replaced, project at most `most` spans, tell how final it is.

        Node trouble is in `report.errors` and retried by the next pass. Raises OtherChain.
        """
        report = FollowerReport()
        with writing(self._db) as session:
            report.leader = self._lease.acquire(session, self._owner, self._ttl)
            if report.leader:
                self._begin(session)
        if report.leader:
            try:
                self._pass(report, most)
            except OtherChain:
                raise
            except ChainError as error:
                report.errors.append(error)
            except LeaseLost:
                report.leader = False
        self._observe(report)
        return report

    def close(self) -> None:
        """Give up the lease."""
        with writing(self._db) as session:
            self._lease.release(session, self._owner)

    def _begin(self, session: Session) -> None:
        """Make the cursor, or see that it is of this chain; read whom we believe."""
        start = {"chain_id": self._deployment.chain_id, "genesis_hash": self._deployment.genesis_hash}
        before = {"applied": self._deployment.deployed_at - 1, "settled": -1, "strong": -1}
        insert_ignore(session, CursorRow, [{**start, **before}])
        row = self._cursor(session)
        if row.genesis_hash != self._deployment.genesis_hash:
            raise OtherChain(self._deployment.genesis_hash, row.genesis_hash)
        self._trail.load(session)

    def _pass(self, report: FollowerReport, most: int) -> None:
        self._window.sync()
        report.head, report.head_time = self._window.head.number, self._window.head.time
        self._rewind(report)
        for _ in range(most):
            if not self._project(report):
                break
        self._conclude(report)

    def _cursor(self, session: Session) -> CursorRow:
        row = session.get(CursorRow, self._deployment.chain_id)
        assert row is not None
        return row

    def _rewind(self, report: FollowerReport) -> None:
        """Find the last projected block that is still on the chain, and undo everything after it."""
        with writing(self._db) as session:
            self._lease.hold(session, self._owner, self._ttl)
            cursor = self._cursor(session)
            fork = self._fork(session, cursor)
            if fork == cursor.applied:
                return
            lost = fork < cursor.settled
            report.undone = cursor.applied - fork
            for projection in self._projections:
                projection.rewind(session, fork)
            self._trail.rewind(session, fork)
            session.execute(delete(BlockRow).where(col(BlockRow.number) > fork))
            last = session.get(BlockRow, fork)
            cursor.applied, cursor.applied_hash = fork, last.hash if last else None
            cursor.settled, cursor.strong = min(cursor.settled, fork), min(cursor.strong, fork)
            session.add(cursor)
        report.fork = fork
        if lost:
            self._alarm(SettledBlockLost(self._deployment.chain_id, fork, self._window.head.number))

    def _fork(self, session: Session, cursor: CursorRow) -> int:
        """The newest projected block that the chain still has; the block before the first if none is."""
        if cursor.applied_hash is None or self._on_chain(cursor.applied, cursor.applied_hash):
            return cursor.applied
        query = select(BlockRow).where(col(BlockRow.number) < cursor.applied)
        for row in session.exec(query.order_by(col(BlockRow.number).desc())):
            if self._on_chain(row.number, row.hash):
                return row.number
        return self._deployment.deployed_at - 1

    def _on_chain(self, number: int, block_hash: bytes) -> bool:
        held = self._window.holds(number, block_hash)
        return held if held is not None else self._client.headers([number])[0].hash == block_hash

    def _project(self, report: FollowerReport) -> bool:
        """Project one span, in one transaction. False when there is nothing left."""
        with writing(self._db) as session:
            cursor = self._cursor(session)
            first, parent = cursor.applied + 1, cursor.applied_hash
        last = min(self._window.head.number, first + self._span - 1)
        if first > last:
            return False
        found = self._reader.read(first, last, parent)
        with writing(self._db) as session:
            self._lease.hold(session, self._owner, self._ttl)
            blocks = [{"number": header.number, "hash": header.hash} for header in found.headers]
            insert_ignore(session, BlockRow, blocks)
            for projection in self._projections:
                projection.apply(session, found.events)
            self._trail.note(session, found.events)
            cursor = self._cursor(session)
            cursor.applied, cursor.applied_hash = last, found.headers[-1].hash
            session.add(cursor)
        report.blocks += len(found.headers)
        report.events += len(found.events)
        return True

    def _conclude(self, report: FollowerReport) -> None:
        """Follow the validator set, and store how final the projected heights are."""
        with writing(self._db) as session:
            self._lease.hold(session, self._owner, self._ttl)
            if self._trail.advance(session, self._client, self._window.head.number):
                self._window.judge()
            cursor = self._cursor(session)
            cursor.settled = max(cursor.settled, min(self._window.settled, cursor.applied))
            cursor.strong = max(cursor.strong, min(self._window.strong, cursor.applied))
            session.add(cursor)
            session.execute(delete(BlockRow).where(col(BlockRow.number) < cursor.strong - KEEP))
            report.applied, report.settled, report.strong = cursor.applied, cursor.settled, cursor.strong
        report.fault = self._window.fault


def create_tables(db: Database, projections: Sequence[Projection]) -> None:
    """Create what is missing (tests, tools; deployed processes use their migrations)."""
    models: list[type[SQLModel]] = [LeaseRow, CursorRow, BlockRow, ValidatorSetRow]
    models += [table for projection in projections for table in projection.tables]
    SQLModel.metadata.create_all(db, tables=[table_of(model) for model in models])
