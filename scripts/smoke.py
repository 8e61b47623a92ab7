"""`make smoke`: starts the system, runs a short hospital day with accidents, checks every promise it can, stops.

Exit 0 when every check held, else 1; the data is kept for a look when something failed.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from network.choose import NetworkKind, choose_kind
from network.errors import NetworkError
from scripts import smoke_checks as checks
from scripts import smoke_people
from scripts.hospital_doors import DOORS, Door
from scripts.smoke_checks import CheckFailed
from scripts.system import CommandFailed, System

FOLDER = Path(".data") / "smoke"
RECEIPTS, DIRT = 40, 8


class Run:
    """Runs steps by name and keeps count."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.failed: list[str] = []

    def step(self, name: str, action: Callable[[], str]) -> None:
        """Run one check; `action` returns a short figure to show."""
        started = time.monotonic()
        try:
            said = action()
        except (CheckFailed, CommandFailed, NetworkError) as error:
            self.failed.append(name)
            print(f"FAIL  {name}\n      {error}", flush=True)
            return
        self.passed.append(name)
        print(f"ok    {name}: {said} ({time.monotonic() - started:.1f} s)", flush=True)


def hospital_day(system: System, run: Run) -> None:
    """A day in two halves, with a power cut of the oracle and of a validator between them."""
    run.step("the network is up and its members agree", lambda: checks.network_agrees(system))
    run.step("a morning of receipts, some rows hostile", lambda: checks.morning(system, RECEIPTS, DIRT))
    run.step("the oracle is killed at work and a validator with it", lambda: checks.accident(system))
    run.step("a receipt is cancelled and one is settled anew", lambda: checks.desk(system))
    run.step("everything came to its end", lambda: checks.settled(system))


def promises(system: System, run: Run) -> None:
    """What the README promises, as far as this part of the system reaches."""
    run.step("5: each document anchored and delivered exactly once", lambda: checks.exactly_once(system))
    run.step("5: hostile rows are in quarantine and became nothing", lambda: checks.quarantined(system))
    run.step("2: a bundle is VALID with the network off", lambda: checks.valid_offline(system))
    run.step("2: any changed byte of the document is noticed", lambda: checks.tampered(system))
    run.step("2: an old proof is UNKNOWN, not VALID", lambda: checks.stale(system))
    run.step("2: a withdrawn document says so", lambda: checks.ended(system, "withdrawn", 11))
    run.step("2: a superseded document says so", lambda: checks.ended(system, "superseded", 12))
    run.step("2: the public page finds the same", lambda: checks.public_page(system))
    run.step("a patient signs up, is bound, sees what is theirs", lambda: smoke_people.own_record(system))
    run.step("a stranger finds nothing", lambda: smoke_people.stranger(system))
    run.step("an auditor proves the log and misses a line", lambda: smoke_people.auditor(system))
    run.step("1: no content and no person on chain", lambda: checks.nothing_on_chain(system))
    run.step("1: no person in the logs", lambda: checks.nothing_in_logs(system))
    run.step("1: an erased document is gone", lambda: checks.erased(system))


def smoke(kind: NetworkKind, door: Door = "sql") -> Run:
    run = Run()
    shutil.rmtree(FOLDER, ignore_errors=True)
    with System(FOLDER, kind, door=door) as system:
        run.step("the system starts", lambda: checks.start(system))
        if not run.failed:
            hospital_day(system, run)
        if not run.failed:
            promises(system, run)
    run.step("nothing is left running", lambda: checks.nothing_runs(system))
    return run


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(prog="make smoke", description=__doc__)
    parser.add_argument(
        "--network", choices=("poa", "dev"), help="NETWORK=… of make; by default what is there"
    )
    parser.add_argument(
        "--adapter", choices=DOORS, default="sql", help="ADAPTER=… of make: how the oracle reads the hospital"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupted)
    started = time.monotonic()
    try:
        run = smoke(choose_kind(options.network), options.adapter)
    except NetworkError as error:
        print(f"smoke: {error}")
        return 1
    except KeyboardInterrupt:
        print("interrupted: nothing is left running")
        return 1
    print(f"smoke took {time.monotonic() - started:.0f} s")
    print(f"{len(run.passed)} passed, {len(run.failed)} failed")
    if run.failed:
        print(f"logs and data: {FOLDER}")
        return 1
    shutil.rmtree(FOLDER, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
