"""From a row in the hospital system to a settled anchor: throughput and latency on a real network of five validators.

Everything runs on one machine at once: validators, a synthetic hospital database, the oracle as `python -m oracle run`
with its own processes for signing, and a backend that only takes deliveries. `python -m bench.pipeline` prints the
figures.

The first bottleneck was signing: checking 29 items, salting, hashing and ES256 for each receipt on the thread that
also reads and writes. It moved to processes beside (`SAEGIM_ORACLE_SIGNING_PROCESSES`); `before_and_after` measures
both ways on the same network in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import Engine, func, select, text

from bench.machine import in_words
from bench.oracle_process import Weighed, running
from chain.db import reading, table_of
from network.local import LocalNetwork
from oracle.assembly import open_database
from oracle.config import OracleSettings
from oracle.models import Batch, Document
from oracle.states import BatchState, DocumentState
from sandbox.his.day import Day, Plan
from sandbox.his.store import Writer, ensure_patients
from sandbox.his.store import open_database as open_hospital

ITEMS = 29
GOAL = 1_500.0
"""Documents a second from row to settled credential (design section 10)."""
GOAL_P95 = 5.0
"""Seconds to settled at 50 receipts a second on blocks of one second (the same)."""
DAY = date(2026, 3, 2)
KOREA = ZoneInfo("Asia/Seoul")
_MAPPING = Path(__file__).resolve().parents[1] / "oracle" / "his" / "sql" / "mapping.yaml"
_SINK = "bench.sink"
_ANCHORED = (DocumentState.ANCHORED.value, DocumentState.DELIVERED.value)


def run(
    receipts: int = 30_000, *, rate: float = 50, seconds: float = 60, compared: int = 12_000
) -> dict[str, Any]:
    """Measure all three: the bottleneck before and after, `receipts` at once, then `rate` a second for `seconds`.

    Figures by name, and under "series" what is plotted.
    """
    with tempfile.TemporaryDirectory(prefix="saegim-bench-") as made:
        home = Path(made)
        with LocalNetwork.create(home / "network") as network, sink() as url:
            network.up()
            before_after = before_and_after(home, network, url, compared)
            burst = throughput(home / "burst", network, url, receipts)
            steady = latency(home / "steady", network, url, rate, seconds)
    series = {**burst.pop("series"), **steady.pop("series")}
    return {**before_after, **burst, **steady, "series": series}


def before_and_after(home: Path, network: LocalNetwork, url: str, receipts: int) -> dict[str, Any]:
    """Documents a second with signing in the oracle's own process, and in one for each other core."""
    before = throughput(home / "before", network, url, receipts, processes=0)
    after = throughput(home / "after", network, url, receipts)
    name = "documents/s to settled"
    return {
        f"before: signing in the oracle's process, {receipts:,} {name}": before[name],
        f"after: signing in processes beside it, {receipts:,} {name}": after[name],
        "after / before": after[name] / before[name],
    }


def throughput(
    home: Path, network: LocalNetwork, url: str, receipts: int, *, processes: int | None = None
) -> dict[str, Any]:
    """Documents a second from the oracle's first look to the last anchor settled, all rows being there before."""
    settings, hospital = _settings(home, network, url, processes), _hospital(home)
    _write(hospital, receipts)
    with running(settings) as oracle:
        database = open_database(settings)
        curve = _follow(oracle, database, receipts, _ANCHORED)
        settled = oracle.elapsed()
        own, signing = oracle.processor_seconds()
        largest = oracle.most_memory_of_children()
        _follow(oracle, database, receipts, (DocumentState.DELIVERED.value,))
        delivered = oracle.elapsed()
    batches = _settled_batches(database)
    database.dispose()
    memory = [mib for _, mib in oracle.memory]
    return {
        "documents": receipts,
        "documents/s to settled": receipts / settled,
        "goal, documents/s to settled": GOAL,
        "documents/s to delivered": receipts / delivered,
        "batches": batches,
        "oracle, µs of a core per document": own / receipts * 1e6,
        "signing, µs of a core per document": signing / receipts * 1e6,
        "oracle MiB, half way": memory[len(memory) // 2],
        "oracle MiB, most": max(memory),
        "a signing process, MiB": largest,
        "series": {"settled documents by second": curve, "oracle MiB by second": oracle.memory},
    }


def latency(home: Path, network: LocalNetwork, url: str, rate: float, seconds: float) -> dict[str, Any]:
    """Seconds from the hospital's commit to the settled anchor while receipts come at a steady rate."""
    settings, hospital, receipts = _settings(home, network, url), _hospital(home), int(rate * seconds)
    with running(settings) as oracle:
        database = open_database(settings)
        writer = Thread(target=_write, args=(hospital, receipts, rate))
        writer.start()
        writer.join()
        _follow(oracle, database, receipts, _ANCHORED)
        waits = sorted(_waits(database, hospital))
        database.dispose()
    return {
        "steady receipts/s": rate,
        "seconds to settled, median": waits[len(waits) // 2],
        "seconds to settled, p95": waits[int(len(waits) * 0.95)],
        "seconds to settled, worst": waits[-1],
        "goal, p95 seconds to settled": GOAL_P95,
        "series": {"seconds to settled, sorted": waits},
    }


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


def _settings(home: Path, network: LocalNetwork, url: str, processes: int | None = None) -> OracleSettings:
    home.mkdir(parents=True, exist_ok=True)
    mapping = yaml.safe_load(_MAPPING.read_text("utf-8")) | {"documents": ["receipt"]}
    (home / "mapping.yaml").write_text(yaml.safe_dump(mapping, allow_unicode=True), "utf-8")
    others = max(1, (os.cpu_count() or 1) - 1)
    return OracleSettings(
        database_url=f"sqlite:///{home}/oracle.sqlite3",
        store_key_file=home / "store.key",
        adapter_config={"url": f"sqlite:///{home}/his.sqlite3", "mapping": str(home / "mapping.yaml")},
        deployment_file=network.deployment_path,
        keys_folder=network.folder / "keys",
        backend_url=url,
        signing_processes=others if processes is None else processes,
        health_port=0,
    )


def _hospital(home: Path) -> Engine:
    return open_hospital(f"sqlite:///{home}/his.sqlite3")


def _write(hospital: Engine, receipts: int, rate: float | None = None) -> None:
    plan = Plan(DAY, receipts, 1, ITEMS, True)
    ensure_patients(hospital, plan.population)
    Writer(hospital).write(Day(plan).steps(), rate=rate)


def _follow(
    oracle: Weighed, database: Engine, documents: int, states: tuple[str, ...], most: float = 3_600
) -> list[tuple[float, int]]:
    """Wait until so many documents are in one of `states`; seconds and count at each look on the way."""
    curve, pause, state = list[tuple[float, int]](), Event(), table_of(Document).c.state
    query = select(func.count()).where(state.in_(states))
    while oracle.elapsed() < most:
        with reading(database) as session:
            done = int(session.execute(query).scalar_one())
        curve.append((oracle.elapsed(), done))
        if done >= documents:
            return curve
        pause.wait(0.2)
    raise TimeoutError(f"{documents} documents were not {' or '.join(states)} after {most} s")


def _settled_batches(database: Engine) -> int:
    query = select(func.count()).where(table_of(Batch).c.state == BatchState.SETTLED.value)
    with reading(database) as session:
        return int(session.execute(query).scalar_one())


def _waits(database: Engine, hospital: Engine) -> Iterator[float]:
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
    with reading(database) as session:
        for source, settled_at in session.execute(query):
            yield (settled_at - written[source]).total_seconds()


def _stamp(value: Any) -> datetime:
    stamp = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return stamp.replace(tzinfo=KOREA)


def main() -> None:
    """Print the figures with the machine they came from."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--receipts", type=int, default=30_000)
    options.add_argument("--rate", type=float, default=50)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--compared", type=int, default=12_000)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    found = run(given.receipts, rate=given.rate, seconds=given.seconds, compared=given.compared)
    if given.json:
        print(json.dumps(found))
        return
    found.pop("series")
    print(f"{in_words()}; five validators, signing and backend on the same machine")
    for name, figure in found.items():
        print(f"{figure:>12,.1f}  {name}")


if __name__ == "__main__":
    main()
