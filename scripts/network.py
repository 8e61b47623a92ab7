"""`ape run network …`: the validator network on this machine. The same as `python -m network …`."""

from __future__ import annotations

from network.cli import cli

__all__ = ["cli"]
