"""The patient API under load: `python -m bench.api` (or `python -m bench api`).

200 patients at once, reading and writing, at two backend processes (`python -m backend serve`) on PostgreSQL with its
disk writes on, with a chain of real validators for the proofs. 2,000 patients and 20,000 documents are there. The load
comes from a process of its own (`bench.api_load`, which says what is done and how often). In the same run the same
users ask two processes of a bare FastAPI endpoint: what the framework and the load itself cost on this machine.
Before that, how many lines a second the log of accesses takes from 20 threads.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Engine

from backend.audit import service as audit
from backend.audit.entries import Entry
from backend.audit.terms import Action, ActorKind, ObjectKind
from bench import postgres
from bench.api_site import PatientSite
from bench.oracle_process import ROOT, processor_seconds, resident
from network.local import LocalNetwork
from network.ports import choose_ports

GOAL_MS: Final = 200.0
VALIDATORS: Final = 4
"""The fewest that a network here has; they share the machine."""
WARM: Final = 15.0
"""Seconds before the counting begins: everybody has signed in by then."""
_APPENDERS: Final = 20


def run(
    users: int = 200,
    seconds: float = 120,
    patients: int = 2_000,
    documents: int = 20_000,
    think: float = 5.0,
    appends: int = 4_000,
) -> dict[str, Any]:
    """Milliseconds by kind of request, errors, requests a second, memory; the bare endpoint's beside it.

    Args:
        think: mean seconds between an answer and the next request of a user.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="saegim-bench-")))
        server = stack.enter_context(postgres.running({"max_connections": "100"}))
        network = stack.enter_context(LocalNetwork.create(folder / "network", VALIDATORS).up(watch=False))
        site = PatientSite(folder, network, server)
        known = site.seed(patients, documents, users)
        log = _appends(site.services.database, appends)
        site.services.close()
        plan = {"site": site.public_url, "users": known, "think": think, "seconds": seconds, "warm": WARM}
        found, spent = _measured(folder, plan, site)
        bare, _ = _measured(folder, {**plan, "warm": think, "seconds": seconds / 4, "bare": True}, None)
    return _figures(found, bare, spent) | log | {"users": users, "think time, s": think}


def _measured(
    folder: Path, plan: dict[str, Any], site: PatientSite | None
) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """What users saw of two processes, and what those used."""
    ports = site.ports[:2] if site else []
    with ExitStack() as stack:
        if site is None:
            started = [stack.enter_context(_bare()) for _ in range(2)]
        else:
            started = [stack.enter_context(_backend(site, port)) for port in ports]
        before = [processor_seconds(pid) for pid, _ in started]
        whole = {"bare": False, **plan, "urls": [url for _, url in started]}
        (folder / "plan.json").write_text(json.dumps(whole), "utf-8")
        command = [sys.executable, "-m", "bench.api_load", str(folder / "plan.json")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the load ended with an error:\n{done.stderr[-2000:]}")
        used = [
            {"memory, MiB": resident(pid), "processor, s": processor_seconds(pid) - was}
            for (pid, _), was in zip(started, before, strict=True)
        ]
    return json.loads(done.stdout), used


@contextmanager
def _backend(site: PatientSite, port: int) -> Iterator[tuple[int, str]]:
    command = [sys.executable, "-m", "backend", "serve", "--port", str(port)]
    with _serving(command, port, "/readyz", site.environment()) as pid:
        yield pid, f"http://localhost:{port}"


@contextmanager
def _bare() -> Iterator[tuple[int, str]]:
    port = choose_ports(1)[0]
    with _serving([sys.executable, "-m", "bench.api_bare", str(port)], port, "/", {}) as pid:
        yield pid, f"http://localhost:{port}"


@contextmanager
def _serving(command: Sequence[str], port: int, path: str, settings: dict[str, str]) -> Iterator[int]:
    """A server process until the block ends; its id."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stderr=log, stdout=log)
        try:
            _until_answers(process, f"http://127.0.0.1:{port}{path}")
            yield process.pid
        except RuntimeError as error:
            log.seek(0)
            raise RuntimeError(f"{error}:\n{log.read()[-2000:]}") from error
        finally:
            process.terminate()
            process.wait()


def _until_answers(process: subprocess.Popen[Any], url: str) -> None:
    give_up = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own loopback
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer")


def _appends(database: Engine, lines: int) -> dict[str, float]:
    """Lines a second that the log takes, one by one and from many threads."""

    def append(number: int) -> None:
        whose = f"{number % 500:064x}"
        who, at = str(uuid4()), datetime.now(UTC)
        entry = Entry(at, ActorKind.PERSON, who, Action.LIST, ObjectKind.RECORDS, patient=whose)
        audit.record(database, [entry])

    found = {}
    for threads in (1, _APPENDERS):
        with ThreadPoolExecutor(threads) as pool:
            started = time.perf_counter()
            list(pool.map(append, range(lines)))
        found[f"lines/s into the log, {threads} at once"] = lines / (time.perf_counter() - started)
    return found


def _figures(found: dict[str, Any], bare: dict[str, Any], spent: list[dict[str, float]]) -> dict[str, Any]:
    every = [value for values in found["taken"].values() for value in values]
    figures: dict[str, Any] = {
        "requests/s": len(every) / found["seconds"],
        "errors": sum(found["errors"].values()),
    }
    figures |= {f"error, {what}": number for what, number in found["errors"].items()}
    figures |= _spread("all", every) | {"goal, p95 ms": GOAL_MS}
    for kind, values in sorted(found["taken"].items()):
        figures |= _spread(kind, values)
    for number, each in enumerate(spent, 1):
        figures |= {f"process {number}, {name}": value for name, value in each.items()}
    nothing = [value for values in bare["taken"].values() for value in values]
    figures |= _spread("bare endpoint", nothing)
    figures |= {"bare endpoint, requests/s": len(nothing) / bare["seconds"]}
    return figures | {"met": _percentile(every, 95) <= GOAL_MS and not found["errors"]}


def _spread(kind: str, seconds: Sequence[float]) -> dict[str, str]:
    """p50, p95 and p99 in milliseconds."""
    return {f"{kind}, ms": " / ".join(f"{_percentile(seconds, part):.1f}" for part in (50, 95, 99))}


def _percentile(seconds: Sequence[float], part: int) -> float:
    """In milliseconds."""
    if len(seconds) < 2:
        return 1e3 * sum(seconds)
    return 1e3 * statistics.quantiles(seconds, n=100, method="inclusive")[part - 1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--patients", type=int, default=2_000)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--think", type=float, default=5.0)
    parser.add_argument("--appends", type=int, default=4_000)
    print(json.dumps(run(**vars(parser.parse_args())), indent=2, ensure_ascii=False))
