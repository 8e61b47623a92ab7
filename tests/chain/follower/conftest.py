"""Followers on a chain in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fake_chain import DepthEngine
from fake_events import FakeEvents
from sqlalchemy import Engine as Database
from sqlmodel import select

from chain.db import make_engine, reading
from chain.finality import Finality
from chain.follower import DocumentsProjection, Follower, InstitutionsProjection, create_tables

PROJECTIONS = (DocumentsProjection(), InstitutionsProjection())


@dataclass
class Watch:
    """One follower with its database."""

    chain: FakeEvents
    db: Database
    options: dict[str, Any]
    alarms: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self, **options: Any) -> None:
        """A new process on the same database (its predecessor gave up the lease)."""
        if hasattr(self, "follower"):
            self.follower.close()
        settings = {"engine": DepthEngine(), "deployment": self.chain.deployment, **self.options, **options}
        self.follower = Follower(
            self.db,
            self.chain,
            settings.pop("engine"),
            settings.pop("deployment"),
            PROJECTIONS,
            alarm=self.alarms.append,
            **settings,
        )

    def heights(self) -> tuple[int, int, int]:
        with reading(self.db) as session:
            return tuple(self.follower.height(session, finality) for finality in Finality)

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything projected, by table."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        with reading(self.db) as session:
            for projection in PROJECTIONS:
                for model in projection.tables:
                    rows = session.exec(select(model)).all()
                    found[model.__tablename__] = sorted(
                        (tuple(sorted(row.model_dump().items())) for row in rows), key=repr
                    )
        return found


@pytest.fixture
def watch_over(tmp_path: Path) -> Iterator[Callable[..., Watch]]:
    made: list[Watch] = []
    names = count(1)

    def make(chain: FakeEvents, **options: Any) -> Watch:
        db = make_engine(f"sqlite:///{tmp_path}/follower-{next(names)}.sqlite3", synchronous="NORMAL")
        create_tables(db, PROJECTIONS)
        made.append(Watch(chain, db, options))
        return made[-1]

    yield make
    for watch in made:
        watch.db.dispose()


@pytest.fixture
def chain() -> FakeEvents:
    return FakeEvents()


@pytest.fixture
def watch(chain: FakeEvents, watch_over: Callable[..., Watch]) -> Watch:
    return watch_over(chain)
