"""Delivers events to the backend: each at least once, known there by its id, so in effect exactly once.

A process claims deliveries by pushing their `next_at` ahead; if it dies they are due again by themselves. While the
backend is not available this process pauses, longer each time. What must not happen is that one item stops the rest:
a request that the backend *fails over* (500) comes again in smaller parts, later each time; one that it *refuses*
(other 4xx) is halved at once until the item at fault is alone and becomes REFUSED.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, exists, func, select, update
from sqlmodel import Session

from chain.clock import Clock
from chain.db import CHUNK, chunks, reading, table_of, writing
from oracle.backend_client import Answer, Backend
from oracle.crash import crash_point
from oracle.delivery_body import Body, BodyMaker
from oracle.errors import DeliveryFailed, DeliveryRejected, DeliveryUnavailable
from oracle.models import Delivery, Document
from oracle.states import DeliveryEvent, DeliveryState, DocumentState


@dataclass(frozen=True)
class DeliveryReport:
    """One pass: deliveries acknowledged, refused, and kept for later because the backend was not available."""

    accepted: int = 0
    refused: int = 0
    kept: int = 0
    problem: str | None = None


@dataclass
class Delivering:
    """The delivering end of the pipeline."""

    database: Engine
    backend: Backend
    bodies: BodyMaker
    clock: Clock
    size: int
    retry_first: timedelta
    retry_longest: timedelta
    claim: timedelta
    """How long a process has for what it claimed; longer than a request may take."""
    jitter: Callable[[], float] = random.random
    _failures: int = field(default=0, init=False)
    _resume_at: datetime | None = field(default=None, init=False)

    def step(self) -> DeliveryReport:
        """Send what is due, `size` deliveries at the most; nothing while pausing."""
        if self._resume_at is not None and self.clock() < self._resume_at:
            return DeliveryReport()
        numbers = self._claim()
        if not numbers:
            return DeliveryReport()
        crash_point("delivery.claimed")
        with reading(self.database) as session:
            body = self.bodies.make(session, numbers)
        report = self._send(body)
        if report.problem is None:
            self._failures, self._resume_at = 0, None
        return report

    def _send(self, body: Body) -> DeliveryReport:
        ids = frozenset(item["deliveryId"] for item in body.items)
        try:
            answer = self.backend.deliver(body.encode(), ids)
        except DeliveryUnavailable as problem:
            return self._keep(body, problem)
        except DeliveryFailed:
            return self._smaller_later(body)
        except DeliveryRejected as problem:
            if len(body.numbers) > 1:
                return self._send_halves(body)
            answer = Answer(frozenset(), dict.fromkeys(ids, f"Status{problem.status}"))
        crash_point("delivery.answered")
        return self._record(body, answer)

    def _send_halves(self, body: Body) -> DeliveryReport:
        first, second = (self._send(half) for half in body.halves())
        return DeliveryReport(
            first.accepted + second.accepted,
            first.refused + second.refused,
            first.kept + second.kept,
            first.problem or second.problem,
        )

    def _claim(self) -> list[int]:
        """Take what is due for this process alone: the fewer, the more often the backend failed over the oldest."""
        now = self.clock()
        with reading(self.database) as session:
            oldest = session.execute(self._due(now).limit(1)).first()
        if oldest is None:
            return []
        size = max(1, self.size >> min(2 * oldest.attempts, 30))
        table = table_of(Delivery)
        claimed: list[int] = []
        with writing(self.database) as session:
            due = [row.id for row in session.execute(self._due(now).limit(size))]
            for part in chunks(due):
                take = (
                    update(table)
                    .where(table.c.id.in_(part), self._is_time(now))
                    .where(table.c.state == DeliveryState.WAITING.value)
                    .values(next_at=now + self.claim)
                    .returning(table.c.id)
                )
                claimed.extend(number for (number,) in session.execute(take))
        return sorted(claimed)

    def _is_time(self, now: datetime) -> ColumnElement[bool]:
        """Whether a delivery's time has come. No pause or claim is as long as what a clock that ran ahead wrote."""
        next_at = table_of(Delivery).c.next_at
        return (next_at <= now) | (next_at > now + self.retry_longest + self.claim)

    def _due(self, now: datetime) -> Any:
        """Deliveries to be sent, oldest first; later events of a document only after its first was answered."""
        table, first = table_of(Delivery), table_of(Delivery).alias("first")
        unanswered = exists(
            select(first.c.id).where(
                first.c.document == table.c.document,
                first.c.event == DeliveryEvent.ISSUED.value,
                first.c.state == DeliveryState.WAITING.value,
            )
        )
        return (
            select(table.c.id, table.c.attempts)
            .where(table.c.state == DeliveryState.WAITING.value, self._is_time(now))
            .where((table.c.event == DeliveryEvent.ISSUED.value) | ~unanswered)
            .order_by(table.c.next_at, table.c.id)
        )

    def _record(self, body: Body, answer: Answer) -> DeliveryReport:
        """Write the answer; what it does not mention stays claimed and is sent again when the claim runs out."""
        now, accepted = self.clock(), []
        refused: dict[int, str] = {}
        documents: list[int] = []
        for number, item in zip(body.numbers, body.items, strict=True):
            if item["deliveryId"] in answer.accepted:
                accepted.append(number)
            elif item["deliveryId"] in answer.refused:
                refused[number] = answer.refused[item["deliveryId"]]
        with writing(self.database) as session:
            documents = _accept(session, accepted, now)
            _deliver_documents(session, documents, now)
            for number, error in refused.items():
                _refuse(session, number, error, now)
            crash_point("delivery.recorded")
        crash_point("delivery.committed")
        return DeliveryReport(len(accepted), len(refused), len(body.numbers) - len(accepted) - len(refused))

    def _keep(self, body: Body, problem: DeliveryUnavailable) -> DeliveryReport:
        """Give the claim back and pause: doubling, with jitter, and at least what the backend asked for."""
        now = self.clock()
        self._failures += 1
        pause = max(self._pause(self._failures), timedelta(seconds=problem.retry_after or 0))
        self._resume_at = now + min(pause, self.retry_longest)
        with writing(self.database) as session:
            _put_off(session, body.numbers, now, failed=False)
        return DeliveryReport(kept=len(body.numbers), problem=problem.problem)

    def _smaller_later(self, body: Body) -> DeliveryReport:
        with writing(self.database) as session:
            table = table_of(Delivery)
            worst = select(func.max(table.c.attempts)).where(table.c.id.in_(body.numbers[:CHUNK]))
            attempts = int(session.execute(worst).scalar_one())
            _put_off(session, body.numbers, self.clock() + self._pause(attempts + 1), failed=True)
        return DeliveryReport(kept=len(body.numbers))

    def _pause(self, failures: int) -> timedelta:
        doubled: timedelta = self.retry_first * 2 ** min(failures - 1, 20)
        return min(doubled, self.retry_longest) * (0.5 + self.jitter() / 2)


def _put_off(session: Session, numbers: Sequence[int], to: datetime, *, failed: bool) -> None:
    """Let claimed deliveries be due at `to`."""
    table = table_of(Delivery)
    for part in chunks(numbers):
        session.execute(
            update(table)
            .where(table.c.id.in_(part), table.c.state == DeliveryState.WAITING.value)
            .values(next_at=to, attempts=table.c.attempts + int(failed))
        )


def _accept(session: Session, numbers: list[int], now: datetime) -> list[int]:
    """Mark deliveries as acknowledged. The documents whose first event was among them."""
    table = table_of(Delivery)
    documents: list[int] = []
    for part in chunks(numbers):
        taken = (
            update(table)
            .where(table.c.id.in_(part), table.c.state == DeliveryState.WAITING.value)
            .values(state=DeliveryState.ACCEPTED.value, answered_at=now, error=None)
            .returning(table.c.document, table.c.event)
        )
        documents.extend(
            document for document, event in session.execute(taken) if event == DeliveryEvent.ISSUED.value
        )
    return documents


def _deliver_documents(session: Session, documents: list[int], now: datetime) -> None:
    table = table_of(Document)
    for part in chunks(documents):
        session.execute(
            update(table)
            .where(table.c.id.in_(part), table.c.state == DocumentState.ANCHORED.value)
            .values(state=DocumentState.DELIVERED.value, delivered_at=now)
        )


def _refuse(session: Session, number: int, error: str, now: datetime) -> None:
    table = table_of(Delivery)
    session.execute(
        update(table)
        .where(table.c.id == number, table.c.state == DeliveryState.WAITING.value)
        .values(state=DeliveryState.REFUSED.value, answered_at=now, error=error)
    )
