"""The text in which an adapter remembers how far it has read: JSON, one state for each stream of rows."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from oracle.his.base import HisMalformed

State: TypeAlias = dict[str, Any]
"""What a stream keeps: text, numbers and lists of them. Empty at the beginning."""

VERSION = 1
_LONGEST = 20_000


@dataclass(slots=True)
class Cursor:
    """How far each stream has come. resting: streams that have been through and wait for the others."""

    streams: dict[str, State] = field(default_factory=dict)
    resting: list[str] = field(default_factory=list)


def decode(adapter: str, cursor: str | None) -> Cursor:
    """A cursor from its text; raises HisMalformed for what this adapter did not write."""
    if cursor is None:
        return Cursor()
    try:
        data = json.loads(cursor) if len(cursor) <= _LONGEST else None
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or data.get("v") != VERSION or data.get("adapter") != adapter:
        remedy = "Give the cursor that this adapter returned last, or none to read everything again."
        raise HisMalformed(adapter, "the cursor is not one of this adapter", remedy)
    streams, resting = data.get("streams"), data.get("resting")
    if not isinstance(streams, dict) or not isinstance(resting, list):
        raise HisMalformed(adapter, "the cursor is damaged", "Give none to read everything again.")
    if not all(isinstance(state, dict) for state in streams.values()):
        raise HisMalformed(adapter, "the cursor is damaged", "Give none to read everything again.")
    return Cursor(streams, resting)


def encode(adapter: str, cursor: Cursor) -> str:
    """The text of a cursor."""
    data = {"v": VERSION, "adapter": adapter, "streams": cursor.streams, "resting": cursor.resting}
    return json.dumps(data, separators=(",", ":"))
