"""The oracle as a hospital runs it, `python -m oracle run`, with a clock and a scale beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from oracle.assembly import open_database
from oracle.config import OracleSettings
from oracle.db import migrate

ROOT = Path(__file__).resolve().parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Weighed:
    """A process, when its work began, and its memory since."""

    pid: int
    started: float
    """`time.monotonic()` when it said that it runs."""
    _before: float
    """Seconds of a core that starting took."""
    memory: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since then, and resident MiB, twice a second."""

    def elapsed(self) -> float:
        """Seconds since it said that it runs."""
        return monotonic() - self.started

    def processor_seconds(self) -> tuple[float, float]:
        """Seconds of a core used since then: by itself, and by the processes that sign for it."""
        return processor_seconds(self.pid) - self._before, sum(map(processor_seconds, children(self.pid)))

    def most_memory_of_children(self) -> float:
        """Resident MiB of its largest child now."""
        return max(map(resident, children(self.pid)), default=0.0)


@contextmanager
def running(settings: OracleSettings) -> Iterator[Weighed]:
    """The oracle with these settings on a fresh database, until the block ends."""
    database = open_database(settings)
    migrate(database)
    database.dispose()
    process = subprocess.Popen(
        [sys.executable, "-m", "oracle", "run"],
        env=environment(settings),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    ended = Event()
    try:
        if not any("health and metrics on" in line for line in process.stderr):
            raise RuntimeError("the oracle ended before it ran; try `python -m oracle check`")
        weighed = Weighed(process.pid, monotonic(), processor_seconds(process.pid))
        threads = [
            Thread(target=process.stderr.read, daemon=True),
            Thread(target=_weigh, args=(weighed, ended), daemon=True),
        ]
        for thread in threads:
            thread.start()
        yield weighed
    finally:
        ended.set()
        process.terminate()
        process.wait()


def environment(settings: OracleSettings) -> Mapping[str, str]:
    """The settings as the environment of a process."""
    named = {
        f"SAEGIM_ORACLE_{name.upper()}": _text(value)
        for name, value in settings.model_dump(exclude_none=True).items()
        if name not in {"environment", "node_urls"}
    }
    return {**os.environ, **named, "PYTHONPATH": str(ROOT)}


def resident(pid: int) -> float:
    """A process's resident memory in MiB; 0 once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


def children(pid: int) -> list[int]:
    """The processes it started and that still run."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def processor_seconds(pid: int) -> float:
    """Seconds of a core that a process has used; 0 once it is gone."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(after_name[11]) + int(after_name[12])) / _TICKS


def _weigh(weighed: Weighed, ended: Event) -> None:
    while not ended.wait(0.5):
        weighed.memory.append((weighed.elapsed(), resident(weighed.pid)))


def _text(value: object) -> str:
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    return json.dumps(value) if isinstance(value, dict) else str(value)
