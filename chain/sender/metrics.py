"""The sender's numbers for Prometheus: what its tables hold when asked, and what its passes did and saw.

Cheap on a table of any age: everything below the account's `floor` is final and is never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine as Database
from sqlalchemy import Select, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from chain.clock import Clock
from chain.db import LeaseRow, reading, table_of
from chain.sender.rows import Line, read_account
from chain.sender.state import StepReport, TxState
from chain.sender.tables import ForeignRow, OutboxRow

_OUTBOX = table_of(OutboxRow)
_FOREIGN = table_of(ForeignRow)


class SenderMetrics(Collector):
    """One account's outbox. `note` is the sender's observer; registering it is the constructor's work."""

    def __init__(self, database: Database, line: Line, clock: Clock, registry: CollectorRegistry) -> None:
        self._database, self._line, self._clock = database, line, clock
        self._last = StepReport(leader=False)
        self._balance: int | None = None
        self._replaced = _counter(registry, "replacements", "Attempts with a higher fee")
        self._noops = _counter(registry, "noops", "Nonces given up for a no-op")
        self._returned = _counter(registry, "returned", "Transactions whose block disappeared")
        self._recovered = _counter(
            registry, "recovered", "Transactions found on the chain or given a new nonce"
        )
        self._failed = _counter(registry, "failed", "Transactions settled without effect")
        self._settled = _counter(registry, "settled", "Transactions settled with effect")
        self._errors = _counter(registry, "errors", "Passes that a node's answer cut short", "code")
        registry.register(self)

    def note(self, report: StepReport) -> None:
        """Take over what one pass did."""
        self._last = report
        if report.balance is not None:
            self._balance = report.balance
        for counter, count in (
            (self._replaced, report.replaced),
            (self._noops, report.refused),
            (self._returned, report.returned),
            (self._recovered, report.recovered),
            (self._failed, report.failed),
            (self._settled, report.settled),
        ):
            counter.inc(count)
        for error in report.errors:
            self._errors.labels(error.code).inc()

    def collect(self) -> Iterator[Metric]:
        """The tables as they are. Nothing while the database does not answer: its own series says so."""
        try:
            with reading(self._database) as session:
                found = list(self._tables(session))
        except SQLAlchemyError:
            return
        yield from found
        yield from self._seen()

    def _tables(self, session: Session) -> Iterator[Metric]:
        own = read_account(session, self._line)
        family = GaugeMetricFamily(
            "saegim_sender_transactions", "Transactions that are not strong yet, by state", labels=["state"]
        )
        counts = {str(row[0]): int(row[1]) for row in session.execute(count_open(self._line, own.floor))}
        for state in TxState:  # also settled and failed: such a row stays above the floor until it is strong
            family.add_metric([state.value], counts.get(state.value, 0))
        yield family
        yield from self._oldest(session, own.floor)
        yield _gauge("next_nonce", "The nonce that the next transaction gets", own.next_nonce)
        chain_nonce = self._last.chain_nonce or 0
        yield _gauge("chain_nonce", "The account's nonce on the chain, as last seen", chain_nonce)
        ahead = max(0, chain_nonce - own.next_nonce)
        yield _gauge("chain_ahead", "Nonces used on the chain that the database does not know", ahead)
        foreign = select(func.count()).where(
            _FOREIGN.c.chain_id == self._line.chain_id, _FOREIGN.c.sender == self._line.address
        )
        yield _gauge(
            "foreign_transactions", "Settled transactions unknown to the outbox", session.scalar(foreign) or 0
        )
        yield _gauge("lease_held", "1 while some process may send", self._lease_held(session))

    def _oldest(self, session: Session, floor: int) -> Iterator[Metric]:
        oldest = session.execute(oldest_open(self._line, floor)).first()
        seconds = (self._clock() - oldest.created_at).total_seconds() if oldest else 0
        sent = oldest.sent_block if oldest else None
        blocks = 0 if sent is None or self._last.head is None else max(0, self._last.head - sent)
        yield _gauge(
            "oldest_pending_seconds", "Age of the first transaction that is not mined", max(0, seconds)
        )
        yield _gauge("oldest_pending_blocks", "Blocks since a node took that transaction", blocks)

    def _lease_held(self, session: Session) -> bool:
        row = session.get(LeaseRow, f"sender:{self._line.chain_id}:{self._line.address}")
        return row is not None and bool(row.owner) and row.until > self._clock()

    def _seen(self) -> Iterator[Metric]:
        """What the last pass of this process saw; no balance before the first look at the chain."""
        yield _gauge("leading", "1 if this process sends", self._last.leader)
        if self._last.head is not None:
            yield _gauge("head_number", "The newest block of the last pass", self._last.head)
        if self._balance is not None:
            yield _gauge("balance_wei", "The account's coins, which are its fee quota", self._balance)


def count_open(line: Line, floor: int) -> Select[tuple[str, int]]:
    """Transactions by state from the floor on."""
    c = _OUTBOX.c
    where = (c.chain_id == line.chain_id, c.sender == line.address, c.nonce >= floor)
    return select(c.state, func.count()).where(*where).group_by(c.state)


def oldest_open(line: Line, floor: int) -> Select[tuple[datetime, int | None]]:
    """The first transaction in line that is not mined."""
    c = _OUTBOX.c
    where = (
        c.chain_id == line.chain_id,
        c.sender == line.address,
        c.nonce >= floor,
        c.block_number.is_(None),
    )
    return select(c.created_at, c.sent_block).where(*where).order_by(c.nonce).limit(1)


def _counter(registry: CollectorRegistry, name: str, text: str, *labels: str) -> Counter:
    return Counter(f"saegim_sender_{name}", text, labels, registry=registry)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"saegim_sender_{name}", text, value=float(value))
