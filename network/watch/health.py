"""What an agent says about itself and its node: a small JSON file beside the node, and metrics."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from chain.clock import Clock, utc_now

SILENT_AFTER = timedelta(seconds=30)
"""A file older than this is of an agent that no longer runs or hangs."""


@dataclass(frozen=True)
class Health:
    """One pass of one agent."""

    name: str
    at: str
    """ISO 8601, UTC."""
    answering: bool
    """Whether the node answers its socket."""
    head: int | None = None
    idle: float | None = None
    """Seconds since the node's tip last changed."""
    peers: int | None = None
    expected_peers: int = 0
    sealing: bool | None = None
    signers: int | None = None
    alarms: tuple[str, ...] = ()
    last_action: str = ""
    """The last thing done to the node, with its time; "" if none yet."""

    def line(self) -> str:
        """For a log or a terminal."""
        if not self.answering:
            return f"{self.name}: node does not answer"
        state = ", ".join(self.alarms) or "well"
        return (
            f"{self.name}: block {self.head}, {self.idle:.0f} s ago, {self.peers}/{self.expected_peers} peers, "
            f"{'sealing' if self.sealing else 'not sealing'}: {state}"
        )


def health_file(folder: Path, name: str) -> Path:
    """Where the agent of a validator of the local network writes."""
    return folder / f"{name}.health.json"


def write_health(path: Path, health: Health) -> None:
    """Replace the file in one step."""
    partial = path.with_name(f".{path.name}.new")
    partial.write_text(json.dumps(asdict(health)) + "\n", encoding="utf-8")
    partial.replace(path)


@dataclass(frozen=True)
class Line:
    """An agent's last word for a person."""

    text: str
    well: bool


def read_line(path: Path, *, now: Clock = utc_now) -> Line:
    """The line of a health file; one that is missing, damaged or old is not well."""
    alarms = read_alarms(path, now=now)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        health = Health(**{**data, "alarms": alarms})
        return Line(health.line(), not alarms and health.answering)
    except (OSError, ValueError, TypeError):
        return Line(f"{path.name}: no report; is the watch running?", False)


def read_alarms(path: Path, *, now: Clock = utc_now) -> tuple[str, ...]:
    """The alarms in a health file; none if there is no agent, "agent-silent" if it stopped writing."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        written = datetime.fromisoformat(data["at"])
        alarms = tuple(str(code) for code in data["alarms"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError):
        return ("health-file-damaged",)
    return ("agent-silent",) if now() - written > SILENT_AFTER else alarms
