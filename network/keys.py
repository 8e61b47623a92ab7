"""Private keys of a network, by name: `chain.keys`, where programs that may not import this package find them."""

from __future__ import annotations

from chain.keys import DEVELOPMENT, KeyRefused, KeyRing

__all__ = ["DEVELOPMENT", "KeyRefused", "KeyRing"]
