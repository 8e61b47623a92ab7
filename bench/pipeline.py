"""From a row in the hospital system to a settled anchor: throughput and latency on a real network of five validators.

Everything runs on one machine at once: validators, a synthetic hospital database, the oracle with its own processes
for signing, and a backend that only takes deliveries. `python -m bench.pipeline` prints the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import Engine, select, text

from bench.machine import in_words
from chain.db import reading, table_of
from network.local import LocalNetwork
from oracle.assembly import Oracle, assemble, open_database
from oracle.config import OracleSettings
from oracle.db import migrate
from oracle.jobs import Jobs
from oracle.models import Batch, Document
from oracle.states import BatchState
from oracle.status import look
from sandbox.his.day import Day, Plan
from sandbox.his.store import Writer, ensure_patients
from sandbox.his.store import open_database as open_hospital

ITEMS = 29
DAY = date(2026, 3, 2)
KOREA = ZoneInfo("Asia/Seoul")
_MAPPING = Path(__file__).resolve().parents[1] / "oracle" / "his" / "sql" / "mapping.yaml"
_SINK = "bench.sink"


def run(
    receipts: int = 30_000, *, rate: float = 50, seconds: float = 30, folder: Path | None = None
) -> dict[str, float]:
    """Measure both: `receipts` at once for throughput, then `rate` a second for `seconds` for latency."""
    with tempfile.TemporaryDirectory(prefix="saegim-bench-") as made:
        home = folder or Path(made)
        with LocalNetwork.create(home / "network") as network, sink() as url:
            network.up()
            found = throughput(home / "burst", network, url, receipts)
            return found | latency(home / "steady", network, url, rate, seconds)


def throughput(home: Path, network: LocalNetwork, url: str, receipts: int) -> dict[str, float]:
    """Documents a second from the first row read to the last anchor settled, all rows being there at the start."""
    hospital = _hospital(home)
    _write(hospital, receipts)
    with running(home, network, url) as oracle:
        started, spent = time.monotonic(), time.process_time()
        memory = _wait(oracle, receipts, "anchored", 3_600)
        settled = time.monotonic() - started
        _wait(oracle, receipts, "delivered", 3_600)
        delivered = time.monotonic() - started
        own = time.process_time() - spent
        batches = look(oracle.database, oracle.pipeline.clock).batches["settled"]
    return {
        "documents": receipts,
        "documents/s to settled": receipts / settled,
        "documents/s to delivered": receipts / delivered,
        "batches": batches,
        "oracle's own process, µs of a core per document": own / receipts * 1e6,
        "oracle MiB, half way": memory,
        "oracle MiB, at the end": _resident(),
        "signing processes MiB, most": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


def latency(home: Path, network: LocalNetwork, url: str, rate: float, seconds: float) -> dict[str, float]:
    """Seconds from the hospital's commit to the settled anchor while receipts come at a steady rate."""
    hospital, receipts = _hospital(home), int(rate * seconds)
    with running(home, network, url) as oracle:
        writer = Thread(target=_write, args=(hospital, receipts, rate))
        writer.start()
        writer.join()
        _wait(oracle, receipts, "anchored", 120)
        waits = sorted(_waits(oracle, hospital))
    return {
        "steady receipts/s": rate,
        "seconds to settled, median": waits[len(waits) // 2],
        "seconds to settled, p95": waits[int(len(waits) * 0.95)],
        "seconds to settled, worst": waits[-1],
    }


@contextmanager
def running(home: Path, network: LocalNetwork, url: str) -> Iterator[Oracle]:
    """The oracle's jobs, as `python -m oracle run` has them."""
    settings = _settings(home, network, url)
    database = open_database(settings)
    migrate(database)
    database.dispose()
    oracle = assemble(settings)
    jobs = Jobs(oracle.pipeline, settings.read_interval)
    jobs.start()
    try:
        yield oracle
    finally:
        jobs.close()
        oracle.close()


@contextmanager
def sink() -> Iterator[str]:
    """A backend in a process of its own that takes every delivery."""
    process = subprocess.Popen([sys.executable, "-m", _SINK], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def _settings(home: Path, network: LocalNetwork, url: str) -> OracleSettings:
    mapping = yaml.safe_load(_MAPPING.read_text("utf-8")) | {"documents": ["receipt"]}
    (home / "mapping.yaml").write_text(yaml.safe_dump(mapping, allow_unicode=True), "utf-8")
    return OracleSettings(
        database_url=f"sqlite:///{home}/oracle.sqlite3",
        store_key_file=home / "store.key",
        adapter_config={"url": f"sqlite:///{home}/his.sqlite3", "mapping": str(home / "mapping.yaml")},
        deployment_file=network.deployment_path,
        keys_folder=network.folder / "keys",
        backend_url=url,
        signing_processes=max(1, (os.cpu_count() or 1) - 1),
    )


def _hospital(home: Path) -> Engine:
    home.mkdir(parents=True, exist_ok=True)
    return open_hospital(f"sqlite:///{home}/his.sqlite3")


def _write(hospital: Engine, receipts: int, rate: float | None = None) -> None:
    plan = Plan(DAY, receipts, 1, ITEMS, True)
    ensure_patients(hospital, plan.population)
    Writer(hospital).write(Day(plan).steps(), rate=rate)


def _wait(oracle: Oracle, documents: int, state: str, most: float) -> float:
    """Until so many documents reached `state`. The process's memory when half had."""
    until, half, pause = time.monotonic() + most, 0.0, Event()
    names = ("anchored", "delivered") if state == "anchored" else ("delivered",)
    while time.monotonic() < until:
        counts = look(oracle.database, oracle.pipeline.clock).documents
        done = sum(counts[name] for name in names)
        if done >= documents / 2 and not half:
            half = _resident()
        if done >= documents:
            return half
        pause.wait(0.2)
    raise TimeoutError(f"{documents} documents were not {state} after {most} s")


def _waits(oracle: Oracle, hospital: Engine) -> Iterator[float]:
    """For each receipt: settled, less the hospital's own stamp of the row."""
    with hospital.connect() as connection:
        rows = connection.execute(text("SELECT SUNAP_NO, CHG_DT FROM V_SGM_SUNAP")).all()
    written = {f"receipt:{number}": _stamp(stamp) for number, stamp in rows}
    document, batch = table_of(Document).c, table_of(Batch).c
    query = (
        select(document.source, batch.settled_at)
        .join(table_of(Batch), batch.id == document.batch)
        .where(batch.state == BatchState.SETTLED.value)
    )
    with reading(oracle.database) as session:
        for source, settled_at in session.execute(query):
            yield (settled_at - written[source]).total_seconds()


def _stamp(value: Any) -> datetime:
    stamp = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return stamp.replace(tzinfo=KOREA)


def _resident() -> float:
    """This process's resident memory in MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Print the figures with the machine they came from."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--receipts", type=int, default=30_000)
    options.add_argument("--rate", type=float, default=50)
    options.add_argument("--seconds", type=float, default=30)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    found = run(given.receipts, rate=given.rate, seconds=given.seconds)
    if given.json:
        print(json.dumps(found))
        return
    print(f"{in_words()}; five validators, signing and backend on the same machine")
    for name, figure in found.items():
        print(f"{figure:>12,.1f}  {name}")


if __name__ == "__main__":
    main()
