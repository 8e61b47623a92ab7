"""`make faults`: every bad day against real validators, one line each; exit 0 when the system came right after all.

The faults are tables in `tests/faults/`; this runs them through pytest and tells what each did. The table of the last
run is left in `bench/out/faults.md`.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "faults"
REPORT = ROOT / "bench" / "out" / "faults.md"
TRACES = REPORT.with_suffix(".log")
"""What pytest itself says, with the traces of failures."""
SEED = 20260302


@dataclass(frozen=True)
class Line:
    """One fault's end. `told`: what the test recorded; empty when it failed before it could."""

    name: str
    passed: bool
    seconds: float
    told: dict[str, str]
    problem: str = ""

    def as_text(self) -> str:
        """For the terminal."""
        head = f"{'ok  ' if self.passed else 'FAIL'} {self.name:20} {self.seconds:5.0f} s"
        if not self.passed:
            return f"{head}  {self.problem}"
        told = self.told
        return (
            f"{head}  {told['what']}: {told['did']}. Verdicts meanwhile: {told['verdicts']}; "
            f"{told['reversed_blocks']} blocks dropped, {told['replacements']} replacements sent; "
            f"right again {float(told['seconds']):.1f} s after it was healed"
        )

    def as_row(self) -> str:
        """For the table."""
        told = self.told
        cells = (
            self.name,
            told.get("did", self.problem),
            told.get("verdicts", ""),
            told.get("reversed_blocks", ""),
            told.get("replacements", ""),
            f"{float(told['seconds']):.1f}" if "seconds" in told else "",
            "ok" if self.passed else "FAILED",
        )
        return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |"


@dataclass(eq=False)
class Reporter:
    """A pytest plugin: a line on `out` when a fault has ended, whatever pytest does with the standard output."""

    out: TextIO
    lines: list[Line] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember what will run."""
        self.names = [_name(item.nodeid) for item in session.items if "test_the_system" in item.name]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell how a fault ended; of set-up and tear-down only what failed."""
        if report.when != "call" and not report.failed:
            return
        told = {name: str(value) for name, value in report.user_properties}
        if not told and not report.failed:
            return
        problem = _own(report) if report.failed else ""
        self.lines.append(Line(_name(report.nodeid), not report.failed, report.duration, told, problem))
        print(self.lines[-1].as_text(), file=self.out, flush=True)


def _name(node: str) -> str:
    return node.partition("[")[2].rstrip("]") or node.rpartition("::")[2]


def _own(report: pytest.TestReport) -> str:
    """Where the error was raised, and its message."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return report.longreprtext.strip().splitlines()[-1]
    return f"{Path(crash.path).name}:{crash.lineno}: {' '.join(str(crash.message).split())[:600]}"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help=f"what everything drawn depends on ({SEED})")
    parser.add_argument("--only", help="names, or parts of names, as pytest's -k takes them")
    parser.add_argument("--list", action="store_true", help="name the faults and end")
    return parser.parse_args(argv)


def _write(lines: Sequence[Line], seed: int) -> None:
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    head = [
        f"# Faults, seed {seed}",
        "",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, {os.cpu_count()} cores",
        "",
        "| fault | what was done | verdicts meanwhile | blocks dropped | replacements | seconds to right | result |",
        "|---|---|---|---|---|---|---|",
    ]
    REPORT.write_text("\n".join([*head, *(line.as_row() for line in lines), ""]), encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Run them. 0: the system came right after every fault; 1: after one at least it did not."""
    arguments = _arguments(argv)
    os.environ.update(FAULTS="all", FAULTS_SEED=str(arguments.seed))
    options = [str(FOLDER), f"--rootdir={ROOT}", "-p", "no:cacheprovider"]
    options += ["-k", arguments.only] if arguments.only else []
    options += ["--collect-only"] if arguments.list else []
    reporter = Reporter(os.fdopen(os.dup(sys.stdout.fileno()), "w"))
    if not arguments.list:
        print(f"seed {arguments.seed}", flush=True)
    TRACES.parent.mkdir(parents=True, exist_ok=True)
    with (Path(os.devnull) if arguments.list else TRACES).open("wb") as traces:
        os.dup2(
            traces.fileno(), sys.stdout.fileno()
        )  # pytest talks into the file, the reporter to the terminal
    code = pytest.main(options, plugins=[reporter])
    os.dup2(reporter.out.fileno(), sys.stdout.fileno())
    if arguments.list:
        print("\n".join(reporter.names))
        return 0 if reporter.names else 1
    _write(reporter.lines, arguments.seed)
    good = sum(line.passed for line in reporter.lines)
    print(f"{good} of {len(reporter.lines)} came right; see {REPORT.relative_to(ROOT)}")
    return result(int(code), reporter.lines)


def result(pytests: int, lines: Sequence[Line]) -> int:
    """The exit code: 0 when every fault came right, there was one at least, and pytest has no complaint of its own."""
    return 0 if pytests == 0 and lines and all(line.passed for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
