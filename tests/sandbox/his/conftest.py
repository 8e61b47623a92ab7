"""A hospital in a file of its own, at a fixed time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sandbox.his.day import Day, Plan
from sandbox.his.store import Writer, ensure_patients, numbers_of, open_database

DAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/his.db"


@pytest.fixture
def hospital(url: str) -> Iterator[Engine]:
    engine = open_database(url)
    yield engine
    engine.dispose()


@pytest.fixture
def fill(hospital: Engine) -> Callable[..., Day]:
    """Write a day; gives it, with its manifest."""

    def write(receipts: int = 40, **options: object) -> Day:
        plan = Plan(DAY, receipts, **options)  # type: ignore[arg-type]
        ensure_patients(hospital, plan.population)
        day = Day(plan, numbers_of(hospital, "20261124"))
        Writer(hospital, clock=lambda: NOON).write(day.steps())
        return day

    return write
