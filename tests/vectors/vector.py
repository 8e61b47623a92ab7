"""One vector: a file, how to check it, and what must come out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class Vector:
    """A file of `bundles/`. Without a verdict it is a trust file and not checked itself."""

    name: str
    data: bytes
    verdict: str = ""
    codes: dict[str, str] = field(default_factory=dict)
    """Question → reason code that must come out, as far as it matters here."""
    trust: str = "network.json"
    arguments: tuple[str, ...] = ()
    after: timedelta = timedelta(seconds=20)
    """How long after the vectors' moment it is checked."""

    def to_index(self, moment: datetime) -> dict[str, Any]:
        """The entry of the index."""
        return {
            "file": self.name,
            "arguments": ["--trust", self.trust, "--at", (moment + self.after).isoformat(), *self.arguments],
            "verdict": self.verdict,
            "codes": self.codes,
        }
