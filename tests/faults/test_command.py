"""`python -m scripts.faults`: names what there is, and is not content with nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from faults_all import FAULTS

from scripts.faults import Line, result

ROOT = Path(__file__).resolve().parents[2]
TOLD = {
    "what": "x",
    "did": "y | z",
    "verdicts": "VALID 3",
    "reversed_blocks": "2",
    "replacements": "0",
    "seconds": "1.5",
}
GOOD, BAD = Line("good", True, 2.0, TOLD), Line("bad", False, 2.0, {}, "fault_world.py:1: it broke")


@pytest.mark.parametrize(("pytests", "lines"), [(5, []), (0, []), (0, [GOOD, BAD]), (1, [GOOD])])
def test_anything_less_than_all_is_a_failure(pytests: int, lines: list[Line]) -> None:
    assert result(pytests, lines) == 1


def test_a_line_tells_what_was_done_or_what_broke() -> None:
    assert result(0, [GOOD]) == 0
    assert "y | z" in GOOD.as_text()
    assert "right again 1.5 s" in GOOD.as_text()
    assert "it broke" in BAD.as_text()
    assert GOOD.as_row().count("|") == BAD.as_row().count("|"), "no cell breaks the table"


def test_it_names_every_fault() -> None:
    command = [sys.executable, "-m", "scripts.faults", "--list"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {fault.name for fault in FAULTS}
