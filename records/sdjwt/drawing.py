"""Where the random parts of a credential come from: the system, or a secret seed that gives the same again."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass, field
from typing import Final, Protocol

SEED_BYTES: Final = 32


class Draws(Protocol):
    """Random values for salts, decoys and their places."""

    def draw(self, count: int) -> bytes:
        """So many random bytes."""

    def below(self, limit: int) -> int:
        """A random number from 0 to `limit` - 1."""


@dataclass(frozen=True, slots=True)
class SystemDraws:
    """From the operating system: never the same twice."""

    def draw(self, count: int) -> bytes:
        return os.urandom(count)

    def below(self, limit: int) -> int:
        return secrets.randbelow(limit)


@dataclass(slots=True)
class SeededDraws:
    """From a secret seed (32 bytes) by SHAKE-256 (FIPS 202): the same seed gives the same values in the same order,
    and without it they cannot be told from random ones."""

    seed: bytes = field(repr=False)
    _used: int = 0

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes")

    def draw(self, count: int) -> bytes:
        self._used += 1
        return hashlib.shake_256(self.seed + self._used.to_bytes(8, "big")).digest(count)

    def below(self, limit: int) -> int:
        return int.from_bytes(self.draw(16), "big") % limit  # 128 bits: no value is favoured measurably
