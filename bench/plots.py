"""Plots of what `make bench` measured: one SVG for each series, beside `results.json`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

mpl.rcParams["svg.hashsalt"] = "saegim"  # the same figures give the same file

_SIZE: Final = (6.4, 3.6)
_INK, _OTHER, _GOAL = "#1d4ed8", "#b45309", "#9ca3af"


def draw(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw what `results` has the series for. The files written."""
    written = []
    for name, (bench, plot) in _PLOTS.items():
        found = results.get(bench)
        if found is None:
            continue
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.subplots()
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        plot(axes, found)
        written.append(folder / f"{name}.svg")
        figure.savefig(written[-1], metadata={"Date": None, "Creator": None})
    return written


def _throughput(axes: Axes, found: Mapping[str, Any]) -> None:
    points = found["series"]["settled documents by second"]
    axes.plot(*_columns(points), color=_INK, label="settled")
    last = points[-1][0]
    goal = found["goal, documents/s to settled"]
    axes.plot([0, last], [0, goal * last], color=_GOAL, linestyle="--", label=f"goal, {goal:,.0f} a second")
    _name(axes, "Receipts of 29 items: hospital row to settled anchor", "seconds", "documents")
    axes.legend()


def _latency(axes: Axes, found: Mapping[str, Any]) -> None:
    waits: Sequence[float] = found["series"]["seconds to settled, sorted"]
    axes.plot(waits, [100 * (place + 1) / len(waits) for place in range(len(waits))], color=_INK)
    goal = found["goal, p95 seconds to settled"]
    axes.axhline(95, color=_GOAL, linestyle="--")
    axes.axvline(goal, color=_GOAL, linestyle="--")
    axes.set_xlim(left=0)
    rate = found["steady receipts/s"]
    _name(axes, f"At {rate:.0f} receipts a second: row to settled", "seconds", "% of receipts within")


def _memory(axes: Axes, found: Mapping[str, Any]) -> None:
    for name, colour in (("oracle", _INK), ("backend", _OTHER)):
        axes.plot(*_columns(found["series"][f"{name} MiB by documents"]), color=colour, label=name)
    axes.axhline(found["goal, MiB each"], color=_GOAL, linestyle="--", label="goal")
    axes.set_ylim(bottom=0)
    _name(axes, "Memory", "documents delivered", "resident MiB")
    axes.legend()


def _gas(axes: Axes, found: Mapping[str, Any]) -> None:
    axes.plot(*_columns(found["series"]["gas by documents in the batch"]), color=_INK, marker="o")
    axes.axhline(found["goal, gas"], color=_GOAL, linestyle="--", label="goal")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    _name(axes, "Anchoring one batch", "documents in the batch", "gas")
    axes.legend()


def _growth(axes: Axes, found: Mapping[str, Any]) -> None:
    """Milliseconds for a statement of so many lines: a straight line through the origin is linear cost."""
    points = [
        (lines, lines * 1e3 / rate) for lines, rate in found["series"]["lines issued a second, by lines"]
    ]
    axes.plot(*_columns(points), color=_INK, marker="o")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    _name(axes, "One itemised statement: checked, salted, signed", "lines", "ms")


def _sender(axes: Axes, found: Mapping[str, Any]) -> None:
    for name, colour in (("bare", _GOAL), ("sender", _INK)):
        rates = found["series"][f"{name}, tx/s by round"]
        places = [number + (0.2 if name == "sender" else -0.2) for number in range(1, len(rates) + 1)]
        axes.bar(places, rates, width=0.4, color=colour, label=name)
    axes.set_xticks(range(1, len(found["series"]["bare, tx/s by round"]) + 1))
    _name(axes, "Through the sender, beside a bare batch", "round", "transactions a second")
    axes.legend()


_PLOTS: Final[Mapping[str, tuple[str, Callable[[Axes, Mapping[str, Any]], None]]]] = {
    "throughput": ("pipeline", _throughput),
    "latency": ("pipeline", _latency),
    "memory": ("memory", _memory),
    "gas": ("gas", _gas),
    "growth": ("credentials", _growth),
    "sender": ("sender", _sender),
}
"""File name -> (measurement, how it is drawn)."""


def _columns(points: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    return [float(point[0]) for point in points], [float(point[1]) for point in points]


def _name(axes: Axes, title: str, below: str, beside: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(below)
    axes.set_ylabel(beside)
