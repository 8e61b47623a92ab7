"""Memory of the oracle and the backend while a hospital's documents go through both: `python -m bench.memory`.

The whole system as the demo starts it: five validators, the hospital's database, `python -m oracle run`,
`python -m backend serve`. Flat means that the second half of the documents adds next to nothing to the first.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select

from bench.oracle_process import resident
from chain.db import make_engine, reading, table_of
from oracle.models import Document
from oracle.states import DocumentState
from scripts.system import System

GOAL_MIB = 300.0
"""Most that either process may hold after 100,000 documents (design section 10)."""
PER_RECEIPT = 4
"""A plain receipt brings its visit, its diagnosis and its statement."""
_ITEMS = 5


def run(documents: int = 100_000) -> dict[str, Any]:
    """Resident MiB of both processes at the half and at the end, documents delivered a second."""
    with (
        tempfile.TemporaryDirectory(prefix="saegim-bench-") as name,
        System(Path(name) / "system", "poa") as system,
    ):
        system.start()
        curve, spent = _through(system, documents)
    half = next(point for point in curve if point[0] >= documents / 2)
    last = curve[-1]
    return {
        "documents delivered": last[0],
        "documents/s through oracle and backend": last[0] / spent,
        "oracle MiB, half way": half[1],
        "oracle MiB, at the end": last[1],
        "backend MiB, half way": half[2],
        "backend MiB, at the end": last[2],
        "goal, MiB each": GOAL_MIB,
        "series": {
            "oracle MiB by documents": [(count, oracle) for count, oracle, _ in curve],
            "backend MiB by documents": [(count, backend) for count, _, backend in curve],
        },
    }


def _through(system: System, documents: int) -> tuple[list[tuple[int, float, float]], float]:
    """Documents delivered and both processes' MiB, once a second until all are; and the seconds it took."""
    database = make_engine(system.settings["SAEGIM_ORACLE_DATABASE_URL"])
    pids = [daemon.pid() for daemon in (system.oracle, system.backend)]
    curve = list[tuple[int, float, float]]()
    started = time.monotonic()
    system.start_hospital_day(
        receipts=documents // PER_RECEIPT, seed=1, options=("--plain", "--items", str(_ITEMS))
    )
    while not curve or curve[-1][0] < documents // PER_RECEIPT * PER_RECEIPT:
        if time.monotonic() - started > 3_600:
            raise TimeoutError(f"{curve[-1][0]} of {documents} documents were delivered in an hour")
        time.sleep(1)
        oracle, backend = (resident(pid or 0) for pid in pids)
        curve.append((_delivered(database), oracle, backend))
    database.dispose()
    return curve, time.monotonic() - started


def _delivered(database: Engine) -> int:
    query = select(func.count()).where(table_of(Document).c.state == DocumentState.DELIVERED.value)
    with reading(database) as session:
        return int(session.execute(query).scalar_one())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    print(json.dumps(run(parser.parse_args().documents), indent=2))
