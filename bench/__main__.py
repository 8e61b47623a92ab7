"""`make bench`: every measurement, one after another, with the machine it came from.

Writes `bench/out/results.json` and its plots beside it; `bench/README.md` says what each figure means.

`python -m bench verify pipeline` runs only those; `--quick` takes smaller runs, to see that everything still measures.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench.machine import machine
from bench.plots import draw

OUT = Path(__file__).resolve().parent / "out" / "results.json"

# name -> (module, arguments of a quick run)
BENCHES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "credentials": ("bench.credentials", {"seconds": 0.2}),
    "verify": ("bench.verify", {"rounds": 5}),
    "gas": ("bench.gas", {"sizes": (1, 1_024)}),
    "sender": ("bench.sender", {"transactions": 300}),
    "pipeline": ("bench.pipeline", {"receipts": 1_500, "seconds": 10, "compared": 1_000}),
    "memory": ("bench.memory", {"documents": 2_000}),
    "api": ("bench.api", {"users": 10, "seconds": 15, "patients": 40, "documents": 200, "appends": 300}),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"some of: {', '.join(BENCHES)} (default all)")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHES)
    if unknown:
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    results: dict[str, Any] = {"machine": machine(), "quick": options.quick}
    print(json.dumps(results["machine"]), flush=True)
    for name, (module, quick) in BENCHES.items():
        if options.names and name not in options.names:
            continue
        started = time.monotonic()
        results[name] = importlib.import_module(module).run(**(quick if options.quick else {}))
        print(f"\n{name} ({time.monotonic() - started:.0f} s)", flush=True)
        for figure, value in results[name].items():
            if figure != "series":
                shown = f"{value:,.2f}" if isinstance(value, float) else f"{value}"
                print(f"  {figure}: {shown}", flush=True)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\n{OUT.parent.name}/{OUT.name} and {', '.join(plot.name for plot in draw(results, OUT.parent))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
