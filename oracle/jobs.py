"""The stages as scheduled jobs (APScheduler): each runs on its own beat, one pass at a time, and backs off on trouble.

Every stage claims its work by conditional update or lease, so the same jobs may run in several processes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from chain.clock import Clock
from chain.errors import ChainError
from oracle.errors import OracleError
from oracle.his.base import HisError
from oracle.logs import shown
from oracle.observer import Observer
from oracle.pipeline import Pipeline, Stage

log = logging.getLogger(__name__)

EXPECTED = (OracleError, HisError, ChainError, SQLAlchemyError, OSError)
"""What stops a pass and is tried again; anything else is a fault of ours and ends up in the log with its place."""

BEATS: Mapping[str, timedelta] = {
    "batching": timedelta(milliseconds=100),
    "sender": timedelta(milliseconds=100),
    "settling": timedelta(milliseconds=200),
    "marks": timedelta(milliseconds=500),
    "delivery": timedelta(milliseconds=200),
    "heads": timedelta(seconds=1),
    "recheck": timedelta(seconds=10),
    "cleanup": timedelta(minutes=10),
}
"""Pause between two passes of each stage; reading's is a setting."""

NEXT: Mapping[str, Sequence[str]] = {
    "batching": ("sender",),
    "sender": ("settling",),
    "settling": ("delivery", "marks"),
}
"""Stages whose turn comes at once when a stage has moved something: a document waits for no beat on its way."""

_MOST_PASSES = 64
_LONGEST_PAUSE = timedelta(seconds=30)
_STALLED = timedelta(minutes=5)


@dataclass
class Job:
    """One stage on its beat."""

    name: str
    stage: Stage
    clock: Clock
    observer: Observer
    stop: Event
    finished_at: datetime
    """When a pass last ended, well or not: the job's heartbeat."""
    moved: Callable[[], None] = lambda: None
    """Told once when a run moved something."""
    problem: str | None = None
    """Why the last pass was cut short."""
    _failures: int = field(default=0, init=False)
    _resume_at: datetime | None = field(default=None, init=False)

    def run(self) -> None:
        """Pass after pass while there is more to do; nothing while backing off."""
        if self._resume_at is not None and self.clock() < self._resume_at:
            self.finished_at = self.clock()
            return
        passes = 0
        try:
            while self.stage() and passes < _MOST_PASSES and not self.stop.is_set():
                passes += 1
                self._went_well()
            self._went_well()
        except EXPECTED as error:
            self._went_wrong(error)
        if passes:
            self.moved()

    def _went_well(self) -> None:
        if self.problem is not None:
            log.info("stage %s works again", self.name)
        self.problem, self._failures, self._resume_at = None, 0, None
        self.finished_at = self.clock()

    def _went_wrong(self, error: Exception) -> None:
        text = shown(error)
        if text != self.problem:
            log.warning("stage %s: %s", self.name, text)
        self.problem = text
        self.observer.problem(self.name, type(error).__name__)
        self._failures += 1
        pause = min(timedelta(seconds=0.25) * 2 ** min(self._failures, 10), _LONGEST_PAUSE)
        self.finished_at = self.clock()
        self._resume_at = self.finished_at + pause


class Jobs:
    """All jobs of one process."""

    def __init__(self, pipeline: Pipeline, read_interval: timedelta) -> None:
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a pass longer than its beat is no news
        self._clock = pipeline.clock
        self._stop = Event()
        started = self._clock()
        self.jobs = [
            Job(name, stage, self._clock, pipeline.observer, self._stop, started, self._waking(name))
            for name, stage in pipeline.stages().items()
        ]
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(len(self.jobs))}, timezone="UTC"
        )
        for job in self.jobs:
            beat = BEATS.get(job.name, read_interval)
            self._scheduler.add_job(
                job.run,
                "interval",
                seconds=beat.total_seconds(),
                id=job.name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
                next_run_time=_now(),
            )

    def start(self) -> None:
        """Begin to run."""
        self._scheduler.start()

    def close(self) -> None:
        """Let the passes under way end, then stop."""
        self._stop.set()
        self._scheduler.shutdown(wait=True)

    def _waking(self, name: str) -> Callable[[], None]:
        """Brings forward the stages after `name`. One that runs just now is not disturbed: its beat will do."""

        def wake() -> None:
            if self._scheduler.running:
                for following in NEXT.get(name, ()):
                    self._scheduler.modify_job(following, next_run_time=_now())

        return wake

    def stalled(self) -> list[str]:
        """Jobs whose heartbeat is too old: their thread hangs or died."""
        limit = self._clock() - _STALLED
        return [job.name for job in self.jobs if job.finished_at < limit - BEATS.get(job.name, timedelta(0))]

    def problems(self) -> dict[str, str]:
        """Stages whose last pass was cut short, and why."""
        return {job.name: job.problem for job in self.jobs if job.problem is not None}


def _now() -> datetime:
    """The scheduler's own time, which no test and no setting moves."""
    return datetime.now(UTC)
