"""A synthetic hospital day: any number of receipts, the same for the same date, size and seed."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import Final

from sandbox.his.calendar import CLOSES, OPENS, is_holiday
from sandbox.his.clinic import Clinic
from sandbox.his.desk import Desk
from sandbox.his.events import Numbers, Step, Write
from sandbox.his.slips import Visit
from sandbox.his.stories import Teller, tell
from sandbox.his.truth import Truth

_FIRST: Final = time(6, 0)
_LAST: Final = time(22, 30)
_AT_THE_EDGES: Final = 0.05
"""Share of the visits before opening, and again after closing: emergencies."""

_INPATIENTS: Final = 0.05
_EMERGENCIES: Final = 0.05
_SPREAD: Final = 1.15
"""Visits planned for each receipt, for their times; a few more or fewer come."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What day to make. items: a fixed number of priced items on every receipt. plain: paid receipts only."""

    day: date
    receipts: int
    seed: int = 0
    items: int | None = None
    plain: bool = False

    @property
    def population(self) -> int:
        """Patients the hospital has: most come once on a day, some twice."""
        return max(40, self.receipts // 2)


class Day:
    """Iterates over a day's transactions in simulated time. `truth` is complete when the last was taken."""

    def __init__(self, plan: Plan, numbers: Numbers | None = None) -> None:
        self.plan = plan
        self.truth = Truth()
        self._rng = Random(f"{plan.seed}:{plan.day}:{plan.receipts}")
        numbers = numbers or Numbers(f"{plan.day:%Y%m%d}")
        clinic = Clinic(self._rng, numbers, self.truth, plan.population, plan.items)
        self._teller = Teller(Desk(numbers, self.truth), clinic, self.truth, self._rng, [])

    def steps(self) -> Iterator[Step]:
        """Every transaction, the day's closing last."""
        waiting: list[tuple[datetime, int, Step]] = []
        order, left = count(), self.plan.receipts
        arrivals = self._arrivals()
        while left > 0:
            arrival = next(arrivals)
            steps = self._one(arrival, left)
            left -= sum(step.receipts for step in steps)
            while waiting and waiting[0][0] <= arrival:
                yield heapq.heappop(waiting)[2]
            for step in steps:
                heapq.heappush(waiting, (step.at, next(order), step))
        while waiting:
            yield heapq.heappop(waiting)[2]
        closing: list[Write] = [self._teller.desk.close_for_good(each) for each in self._teller.dangling]
        yield Step(datetime.combine(self.plan.day, time(23, 30)), closing)

    def _one(self, arrival: datetime, left: int) -> list[Step]:
        """A visit and all that follows, with at most `left` receipts."""
        visit = self._visit(arrival)
        # the longest story hands out three receipts
        return tell(self._teller, visit, arrival, plain=self.plan.plain or left <= 3)

    def _visit(self, arrival: datetime) -> Visit:
        clinic, chance = self._teller.clinic, self._rng.random()
        closed = is_holiday(self.plan.day) or not OPENS <= arrival.time() < CLOSES
        if closed or chance < _EMERGENCIES:
            return clinic.emergency(arrival)
        return clinic.inpatient(arrival) if chance > 1 - _INPATIENTS else clinic.outpatient(arrival)

    def _arrivals(self) -> Iterator[datetime]:
        """Times in order: few before opening, most in the day, few at night, then one a second."""
        planned = max(int(self.plan.receipts * _SPREAD), 1)
        edges = (0.0, _AT_THE_EDGES, 1 - _AT_THE_EDGES, 1.0)
        hours = [datetime.combine(self.plan.day, at) for at in (_FIRST, OPENS, CLOSES, _LAST)]
        for number in range(planned):
            share = number / planned
            part = 0 if share < edges[1] else 1 if share < edges[2] else 2
            inside = (share - edges[part]) / (edges[part + 1] - edges[part])
            yield (hours[part] + inside * (hours[part + 1] - hours[part])).replace(microsecond=0)
        for number in count():
            yield hours[-1] + timedelta(seconds=number % 3600)
