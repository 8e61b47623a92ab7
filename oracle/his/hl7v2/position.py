"""The adapter's cursor: the number of the last message that was read."""

from __future__ import annotations

from typing import Final

from oracle.his.base import HisMalformed
from oracle.his.cursor import Cursor, decode, encode

_STREAM: Final = "inbox"


def position_of(adapter: str, cursor: str | None) -> int:
    """The number in a cursor; 0 at the beginning. Raises HisMalformed for what this adapter did not write."""
    if cursor is None:
        return 0
    after = decode(adapter, cursor).streams.get(_STREAM, {}).get("after")
    if type(after) is not int or after < 0:
        raise HisMalformed(adapter, "the cursor is damaged", "Give none to read everything again.")
    return after


def cursor_at(adapter: str, number: int) -> str:
    """The cursor after message `number`."""
    return encode(adapter, Cursor({_STREAM: {"after": number}}))
