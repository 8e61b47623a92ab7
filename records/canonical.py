"""One text for one content: the canonical JSON of RFC 8785, for what records hold.

Records hold text, whole numbers, booleans, null, lists and objects. RFC 8785's rules for floating point
numbers are therefore not needed, and a float is refused: amounts and doses are never floats here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any, Final

from pydantic import BaseModel

from records.errors import RecordError

MAX_SAFE: Final = 2**53 - 1
"""RFC 8785 numbers are IEEE doubles: a larger whole number would not survive other implementations."""


class NotCanonical(RecordError):
    """A value has no canonical form here. `reason` tells why; the value itself is not kept."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"no canonical form: {reason}")


def canonical_json(value: object) -> bytes:
    """RFC 8785 text of plain data or of a record, as UTF-8; raises `NotCanonical`."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    try:
        return _text(value).encode("utf-8")
    except UnicodeEncodeError:
        raise NotCanonical("text is not well-formed Unicode") from None
    except RecursionError:
        raise NotCanonical("nested too deeply") from None


def content_digest(value: object) -> str:
    """SHA-256 of the canonical text, as 64 hex digits: equal for equal content, whatever the order of its
    fields."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text: str = encode_basestring(value)
        return text
    if isinstance(value, int):
        if abs(value) > MAX_SAFE:
            raise NotCanonical("a whole number is beyond 2^53")
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_text(name)}:{_text(value[name])}" for name in _ordered(value)) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return "[" + ",".join([_text(each) for each in value]) + "]"
    raise NotCanonical(f"a value of type {type(value).__name__} is not allowed")


def _ordered(value: Mapping[Any, Any]) -> list[str]:
    if not all(isinstance(name, str) for name in value):
        raise NotCanonical("a member name is not text")
    # section 3.2.3 sorts by UTF-16 code units, which differs from code points above U+FFFF
    return sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
