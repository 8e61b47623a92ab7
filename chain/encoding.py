"""Strict RLP decoding of bytes from strangers: one typed error, whatever is wrong with them."""

from __future__ import annotations

from typing import Any

import rlp
from rlp.exceptions import RLPException


class RlpMalformed(ValueError):
    """Bytes that are not the canonical RLP of one item. `size` is their number."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes are no canonical RLP item")
        self.size = size


def decode_rlp(data: bytes) -> Any:
    """The item as bytes or (nested) lists of bytes. Raises RlpMalformed, for absurd nesting too."""
    try:
        return rlp.decode(data, strict=True)
    except (RLPException, RecursionError) as error:
        raise RlpMalformed(len(data)) from error
