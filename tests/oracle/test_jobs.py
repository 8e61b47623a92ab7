"""Jobs: they go on while there is work, back off on trouble, and say how they are."""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any

import pytest
from oracle_fakes import FakeClock, World, issue
from sqlalchemy.exc import OperationalError

from oracle.his.base import HisUnavailable
from oracle.jobs import Job, Jobs
from oracle.logs import QuietFormatter
from oracle.observer import Observer
from oracle.status import look


def job(clock: FakeClock, stage: Any) -> Job:
    return Job("intake", stage, clock, Observer(), Event(), clock())


def test_it_passes_again_while_there_is_more() -> None:
    answers = [True, True, False, True]
    job(FakeClock(), lambda: answers.pop(0)).run()
    assert answers == [True]


def test_it_tells_once_when_a_run_moved_something() -> None:
    told: list[int] = []
    answers = [True, True, False, False]
    watched = job(FakeClock(), lambda: answers.pop(0))
    watched.moved = lambda: told.append(len(answers))
    watched.run()
    assert told == [1]
    watched.run()
    assert told == [1], "nothing moved"


def test_what_moved_before_trouble_is_told() -> None:
    told: list[bool] = []
    answers = iter([True])

    def stage() -> bool:
        for answer in answers:
            return answer
        raise HisUnavailable("sql", "reading")

    watched = job(FakeClock(), stage)
    watched.moved = lambda: told.append(True)
    watched.run()
    assert told == [True]
    assert watched.problem is not None


def test_a_stage_that_moved_wakes_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the sender has a beat that comes again within the test, so the others run twice only when woken."""
    beats = dict.fromkeys(world.pipeline.stages(), timedelta(hours=1))
    monkeypatch.setattr("oracle.jobs.BEATS", beats | {"sender": timedelta(milliseconds=10)})
    passes: Counter[str] = Counter()
    woken = Event()

    def stage(name: str) -> bool:
        passes[name] += 1
        if passes["settling"] > 1 and passes["delivery"] > 1:
            woken.set()
        return name in {"sender", "settling"} and passes[name] % 2 == 1

    stages = {name: partial(stage, name) for name in beats}
    monkeypatch.setattr(type(world.pipeline), "stages", lambda _: stages)
    jobs = Jobs(world.pipeline, timedelta(hours=1))
    jobs.start()
    try:
        assert woken.wait(30)
    finally:
        jobs.close()
    assert passes["intake"] == passes["batching"] == 1


def test_trouble_makes_it_wait_longer_each_time_and_success_makes_it_forget() -> None:
    clock, calls, failing = FakeClock(), [], [True]

    def stage() -> bool:
        calls.append(clock())
        if failing[0]:
            raise HisUnavailable("sql", "reading")
        return False

    watched = job(clock, stage)
    for _ in range(600):
        watched.run()
        clock.forward(0.5)
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(calls)]
    assert gaps == sorted(gaps)
    assert 25 < gaps[-1] <= 31
    assert watched.problem is not None
    assert watched.problem.startswith("HisUnavailable")
    failing[0] = False
    clock.forward(31)
    watched.run()
    assert watched.problem is None


def test_a_database_error_is_logged_without_what_was_in_the_statement(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def stage() -> bool:
        raise OperationalError("INSERT", {"patient": "홍길동"}, Exception("홍길동"))

    watched = job(FakeClock(), stage)
    with caplog.at_level(logging.INFO):
        watched.run()
    assert watched.problem == "OperationalError"
    assert "홍길동" not in caplog.text


def test_a_trace_shows_places_and_kinds_only() -> None:
    try:
        raise ValueError("홍길동 900101")
    except ValueError:
        import sys

        text = QuietFormatter().formatException(sys.exc_info())
    assert "ValueError" in text
    assert "test_jobs.py" in text
    assert "홍길동" not in text


def test_a_fault_of_ours_is_not_swallowed() -> None:
    def stage() -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        job(FakeClock(), stage).run()


def test_the_scheduler_carries_a_row_to_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from chain.clock import utc_now

    # One connection in memory cannot serve several threads, so the stages take turns here.
    world.tell(issue("1", 0))
    jobs = Jobs(world.pipeline, timedelta(milliseconds=10))
    assert {each.name for each in jobs.jobs} == set(world.pipeline.stages())
    for each in jobs.jobs:
        each.run()
    world.clock.forward(1)
    for _ in range(6):
        for each in jobs.jobs:
            each.run()
        world.chain.mine(3)
        world.clock.forward(1)
    assert look(world.database, utc_now).documents["delivered"] == 1
    assert jobs.problems() == {}
    assert jobs.stalled() == []
    world.clock.forward(3600)
    assert set(jobs.stalled()) == {each.name for each in jobs.jobs}
