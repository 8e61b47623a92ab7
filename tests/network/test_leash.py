"""What runs on a leash ends when its holder does, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from network.processes import command_line

READY = "import time; print('ready', flush=True); time.sleep(600)"


def leashed(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "network.leash", "--", sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("how", ["closed", "asked"])
def test_letting_go_or_asking_ends_the_program(how: str) -> None:
    process = leashed(READY)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    if how == "closed":
        process.stdin.close()
    else:
        process.send_signal(signal.SIGTERM)
    assert process.wait(20) == -signal.SIGTERM or process.returncode == 256 - signal.SIGTERM
    assert process.stdout.read() == ""


def test_a_holder_that_is_killed_lets_go(tmp_path: Path) -> None:
    holder_code = (
        "import os, subprocess, sys, time; r, w = os.pipe(); "
        f"child = subprocess.Popen([sys.executable, '-m', 'network.leash', '--', sys.executable, '-c', {READY!r}], "
        "stdin=r, start_new_session=True); os.close(r); print(child.pid, flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", holder_code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    leash = int(holder.stdout.readline())
    assert holder.stdout.readline() == "ready\n"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    deadline = time.monotonic() + 20
    while command_line(leash) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert command_line(leash) == ""


def test_the_programs_own_end_and_answer_are_passed_on() -> None:
    process = leashed("raise SystemExit(7)")
    assert process.wait(20) == 7
