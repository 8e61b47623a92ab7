"""The whole way on the databases that are really used: a SQLite file and PostgreSQL, with two processes' pipelines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from oracle_fakes import World, cancel, create_tables, issue

from chain.db import make_engine
from oracle.status import look


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def real_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path}/oracle.sqlite3")
    else:
        fresh: Callable[[], str] = request.getfixturevalue("postgres_url")
        engine = make_engine(fresh())
    create_tables(engine)
    world = World(database=engine, size=64, page=100)
    yield world
    world.close()


def test_a_morning_with_corrections_and_cancellations(real_world: World) -> None:
    world = real_world
    for number in range(150):
        world.tell(issue(str(number), number))
        if number % 10 == 3:
            world.tell(cancel(str(number), number + 1))
        if number % 10 == 7:
            world.tell(issue(f"{number}b", number + 1, replaces=str(number)))
        if number % 10 == 9:
            world.tell(issue(str(number), number + 1, "b"))
    world.backend.lose_answers = 2
    world.settle()
    status = look(world.database, world.clock)
    assert status.documents["delivered"] == 180
    assert status.marks["settled"] == 45
    assert len(world.chain.marks) == 45
    assert len(world.backend.taken) == 225


def test_two_processes_share_the_work_and_double_nothing(real_world: World) -> None:
    world = real_world
    other = world.start()
    world.tell(*(issue(str(number), number) for number in range(300)))
    for turn in range(60):
        pipeline = (world.pipeline, other)[turn % 2]
        for stage in pipeline.stages().values():
            stage()
        world.clock.forward(31)
        world.chain.mine(2)
    world.settle()
    assert look(world.database, world.clock).documents["delivered"] == 300
    assert len(world.backend.issued()) == 300
