"""What checking one document costs, offline: `python -m bench.verify`.

Every VALID bundle of tests/vectors/bundles, from bytes to report, with nothing remembered between runs. Beside it
the part that any verifier of the same document pays, chain or no chain: the credential's signature and fields.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.machine import in_words
from chain.recovery import recover_address
from chain.trust import TrustFile
from verifier import ProofBundle, Report, verify_bytes
from verifier.integrity import check_integrity

BUNDLES = Path(__file__).parents[1] / "tests" / "vectors" / "bundles"
ROUNDS = 30
GOAL_MS = 25.0
GOAL_BYTES = 30_000


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """Milliseconds per document (median and 95th percentile over all bundles and rounds) and bytes per bundle."""
    whole: list[float] = []
    credential: list[float] = []
    sizes: list[int] = []
    for vector in json.loads((BUNDLES / "index.json").read_text(encoding="utf-8"))["vectors"]:
        if vector["verdict"] != "VALID":
            continue
        data = (BUNDLES / vector["file"]).read_bytes()
        trust = TrustFile.load(BUNDLES / vector["arguments"][1])
        now = datetime.fromisoformat(vector["arguments"][3])
        bundle = ProofBundle.read(data)
        sizes.append(len(bundle.encode()))
        whole += _timed(rounds, lambda d=data, t=trust, n=now: verify_bytes(d, t, now=n))  # type: ignore[misc]
        credential += _timed(rounds, lambda b=bundle, n=now: check_integrity(b, n))  # type: ignore[misc]
    return {
        "what": "verify one bundle, light proof included, offline",
        "machine": in_words(),
        "bundles": len(sizes),
        "median_ms": round(statistics.median(whole), 2),
        "p95_ms": round(statistics.quantiles(whole, n=20)[-1], 2),
        "credential_alone_median_ms": round(statistics.median(credential), 2),
        "largest_bundle_bytes": max(sizes),
        "goal_ms": GOAL_MS,
        "goal_bytes": GOAL_BYTES,
        "met": statistics.median(whole) <= GOAL_MS and max(sizes) <= GOAL_BYTES,
    }


def _timed(rounds: int, action: Callable[[], Report | object]) -> list[float]:
    """Milliseconds of each round; signatures recovered in an earlier one are forgotten."""
    found: list[float] = []
    for _ in range(rounds):
        recover_address.cache_clear()
        start = time.perf_counter()
        action()
        found.append((time.perf_counter() - start) * 1000)
    return found


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
