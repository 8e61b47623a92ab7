"""Processes that outlive the command which started them, and that are ended by it or the next one.

Each runs in a session of its own and leaves a pid file. A pid may have been given to another program since, so
nothing is signalled unless the process's command line still names what the pid file stands for.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from network.errors import ConditionNotMet, ProcessDidNotStart

_POLL = 0.02
_TAIL_LINES = 12


@dataclass(frozen=True)
class Daemon:
    """One long-running process of a network folder."""

    name: str
    marker: str
    """Words of its command line that no other program's has: they name the network's folder."""
    pid_file: Path
    log: Path

    def start(
        self, command: Sequence[str], *, environ: Mapping[str, str] | None = None, leash: int = -1
    ) -> None:
        """Start it in its own session, output appended to the log. `leash` is its standard input, if any."""
        assert self._is_in(" ".join(command)), "the marker must be in the command line"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=leash if leash >= 0 else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=None if environ is None else dict(environ),
                start_new_session=True,
            )
        _CHILDREN[process.pid] = process
        self.pid_file.write_text(f"{process.pid}\n", encoding="ascii")

    def pid(self) -> int | None:
        """The process's pid if it runs and is ours, else None."""
        try:
            pid = int(self.pid_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        child = _CHILDREN.get(pid)
        if child is not None:
            # Our own child needs no look at its command line, which is empty for a moment while it starts.
            return pid if child.poll() is None else None
        return pid if self._is_in(command_line(pid)) else None

    def _is_in(self, line: str) -> bool:
        """Whole words: the folder `a/net` must not be taken for `a/net-2`."""
        return f" {self.marker} " in f" {line} "

    def signal(self, number: signal.Signals) -> None:
        """Signal it and what it started; nothing if it does not run."""
        pid = self.pid()
        if pid is None:
            return
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            return

    def gone(self) -> bool:
        """Whether it has ended. Removes the pid file then."""
        if self.pid() is not None:
            return False
        self.pid_file.unlink(missing_ok=True)
        return True

    def tail(self) -> str:
        """The last lines of its log."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return "(no log)"
        return "\n".join(text.splitlines()[-_TAIL_LINES:])

    def wait_until(self, ready: Callable[[], bool], *, seconds: float = 20.0) -> None:
        """Wait until `ready()`. Raises ProcessDidNotStart with the log's end if it ends or stays silent."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.pid() is None or time.monotonic() > deadline:
                raise ProcessDidNotStart(self.name, self.log, self.tail())
            time.sleep(_POLL)


_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}
"""Processes started by this interpreter: kept so that ended ones are reaped and not mistaken for running."""


def command_line(pid: int) -> str:
    """The arguments of a running process joined by spaces, "" if there is none or it is a zombie."""
    proc = Path("/proc") / str(pid) / "cmdline"
    if Path("/proc/self").exists():
        try:
            return proc.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            return ""
    listing = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout.strip()


def stop_all(daemons: Sequence[Daemon], *, patience: float = 15.0) -> None:
    """Ask all to end, and end by force those that have not after `patience` seconds."""
    for daemon in daemons:
        daemon.signal(signal.SIGTERM)
    if not _all_gone(daemons, patience):
        for daemon in daemons:
            daemon.signal(signal.SIGKILL)
        if not _all_gone(daemons, patience):
            raise ConditionNotMet("processes did not end", 2 * patience)


def kill_now(daemon: Daemon) -> None:
    """End a process as a power cut would, and wait until it is gone."""
    daemon.signal(signal.SIGKILL)
    if not _all_gone([daemon], 10.0):
        raise ConditionNotMet(f"{daemon.name} did not end", 10.0)


def _all_gone(daemons: Sequence[Daemon], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not all(daemon.gone() for daemon in daemons):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True
