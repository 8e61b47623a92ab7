"""Canonical JSON (RFC 8785 for what trust files hold: objects with ASCII names, arrays, strings, integers)."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 32

_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]')
"""Strings (whose brackets do not count) and brackets."""


class DuplicateKey(ValueError):
    """A JSON object names a member twice, so two readers could read two things. `key` is its name."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the name {key!r} occurs twice in one object")
        self.key = key


def canonical_json(value: Any) -> bytes:
    """Sorted names, no spaces, UTF-8. Raises TypeError or ValueError for what has no canonical form here."""
    _refuse_floats(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


class NestedTooDeep(ValueError):
    """A JSON text nests deeper than MAX_DEPTH; the parser's own stack is not to be tried. `depth` was reached."""

    def __init__(self, depth: int) -> None:
        super().__init__(f"nested {depth} deep")
        self.depth = depth


def parse_json_strictly(text: str | bytes) -> Any:
    """`json.loads` that refuses duplicate names (DuplicateKey), deep nesting (NestedTooDeep) and NaN.

    Raises ValueError.
    """
    text = text if isinstance(text, str) else text.decode("utf-8")
    depth = 0
    for token in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token.group(), 0)
        if depth > MAX_DEPTH:
            raise NestedTooDeep(depth)
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise DuplicateKey(key)
        found[key] = value
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _refuse_floats(value: Any) -> None:
    """Numbers with a fraction have many spellings; nothing signed here needs one."""
    if isinstance(value, float):
        raise TypeError("a fraction has no canonical form here")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_floats(item)
