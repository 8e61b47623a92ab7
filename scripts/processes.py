"""Starting and ending the demo's and the smoke run's processes: each in a group of its own, ended by process id."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

GRACE = 10.0
"""Seconds a process has to end by itself before it is killed."""


class StartFailed(Exception):
    """A process ended, or did not answer, before it was ready; carries the last lines of its log."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        tail = log.read_text(errors="replace").splitlines()[-12:] if log.exists() else []
        super().__init__(f"{name} did not start; see {log}\n" + "\n".join(f"  {line}" for line in tail))


def free_port() -> int:
    """A TCP port on the loopback address that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], *, seconds: float, interval: float = 0.1) -> bool:
    """Ask until the condition holds or the time is up; the last answer."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True


def answers(url: str) -> bool:
    """Whether an HTTP GET gives 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - own loopback addresses
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@dataclass
class Process:
    """One child process with its log."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    _running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._running = subprocess.Popen(
                list(self.command),
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C for us is not one for it: we end it in order
            )

    @property
    def pid(self) -> int | None:
        return self._running.pid if self._running else None

    def alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def kill(self) -> None:
        """SIGKILL at once, as a power cut would."""
        self._signal(signal.SIGKILL)
        self._wait()

    def stop(self) -> None:
        """SIGTERM, then SIGKILL after the grace period; the whole group."""
        self._signal(signal.SIGTERM)
        if not wait_until(lambda: not self.alive(), seconds=GRACE, interval=0.05):
            self._signal(signal.SIGKILL)
        self._wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._running.pid, number)

    def _wait(self) -> None:
        if self._running is not None:
            self._running.wait()


class Processes:
    """Several processes: started in order, stopped in the opposite one, whatever happens between."""

    def __init__(self) -> None:
        self._started: list[Process] = []

    def start(self, process: Process, *, ready: Callable[[], bool], seconds: float = 60) -> Process:
        """Start and wait until it is ready.

        Raises:
            StartFailed: it ended or did not become ready in time.
        """
        self._started.append(process)
        process.start()
        if not wait_until(lambda: ready() or not process.alive(), seconds=seconds) or not process.alive():
            raise StartFailed(process.name, process.log)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._started):
            process.stop()
