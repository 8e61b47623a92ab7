"""Processes are ended by pid file, and only if they are still the ones the pid file means."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from network.errors import ProcessDidNotStart
from network.processes import Daemon, command_line, kill_now, stop_all

SLEEP = "import time; print('ready', flush=True); time.sleep(600)"


def daemon(folder: Path, marker: str | None = None) -> Daemon:
    return Daemon(
        "sleeper", marker or f"--dir {folder}", folder / "sleeper.pid", folder / "logs" / "sleeper.log"
    )


def command(folder: Path, code: str = SLEEP) -> list[str]:
    return [sys.executable, "-c", code, "--dir", str(folder)]


def ready(one: Daemon) -> Callable[[], bool]:
    return lambda: "ready" in one.log.read_text()


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Daemon]:
    one = daemon(tmp_path)
    one.start(command(tmp_path))
    one.wait_until(ready(one))
    yield one
    stop_all([one])


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that this package has not started and must never end."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEP, "--dir", f"{tmp_path}-2"], stdout=subprocess.DEVNULL
    )
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("content", ["", "x", "0", "-5", "999999999"])
def test_a_damaged_or_stale_pid_file_means_nothing_runs(tmp_path: Path, content: str) -> None:
    one = daemon(tmp_path)
    one.pid_file.write_text(content)
    assert one.pid() is None
    stop_all([one])
    assert not one.pid_file.exists()


def test_a_pid_that_went_to_another_program_is_left_alone(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    one = daemon(tmp_path)
    one.pid_file.write_text(str(stranger.pid))
    stop_all([one])
    kill_now(one)
    assert stranger.poll() is None


def test_a_folder_whose_name_only_begins_alike_is_another(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    time_limit = time.monotonic() + 10
    while "--dir" not in command_line(stranger.pid) and time.monotonic() < time_limit:
        pass
    assert f"--dir {tmp_path}" in command_line(stranger.pid)
    one = daemon(tmp_path)
    one.pid_file.write_text(str(stranger.pid))
    assert one.pid() is None


def test_a_running_process_is_found_by_another_program(sleeper: Daemon) -> None:
    code = (
        "import sys; from pathlib import Path; from network.processes import Daemon; "
        "print(Daemon('s', sys.argv[1], Path(sys.argv[2]), Path('x')).pid())"
    )
    seen = subprocess.run(
        [sys.executable, "-c", code, sleeper.marker, str(sleeper.pid_file)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.strip() == str(sleeper.pid())


def test_stopping_ends_it_with_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time; "
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}, '--child-of', {str(tmp_path)!r}]); "
        "print('ready', child.pid, flush=True); time.sleep(600)"
    )
    one = daemon(tmp_path)
    one.start(command(tmp_path, code))
    one.wait_until(lambda: one.log.read_text().count("ready") == 2)
    child = int(one.log.read_text().split("ready ")[1].split()[0])
    stop_all([one])
    assert one.pid() is None
    assert not one.pid_file.exists()
    deadline = time.monotonic() + 10
    while command_line(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert command_line(child) == ""


def test_one_that_ignores_the_request_is_ended_by_force(tmp_path: Path) -> None:
    code = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
    one = daemon(tmp_path)
    one.start(command(tmp_path, code))
    one.wait_until(ready(one))
    stop_all([one], patience=0.3)
    assert one.pid() is None


def test_one_that_died_by_itself_is_not_waited_for(sleeper: Daemon) -> None:
    pid = sleeper.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    stop_all([sleeper])
    assert sleeper.pid() is None


def test_a_start_that_fails_shows_the_logs_end(tmp_path: Path) -> None:
    one = daemon(tmp_path)
    one.start(command(tmp_path, "raise SystemExit('port taken')"))
    with pytest.raises(ProcessDidNotStart, match="port taken"):
        one.wait_until(lambda: False)


def test_a_start_that_stays_silent_is_given_up(sleeper: Daemon) -> None:
    with pytest.raises(ProcessDidNotStart):
        sleeper.wait_until(lambda: False, seconds=0.1)
