"""Keeps the synthetic hospital out of a real one."""

from __future__ import annotations

from sandbox.guard import SandboxInProduction, refuse_outside_sandbox

__all__ = ["SandboxInProduction", "refuse_in_production"]


def refuse_in_production(command: str) -> None:
    """Raise `SandboxInProduction` unless this process runs outside production."""
    refuse_outside_sandbox(
        "sandbox.his", command, "Point the oracle's adapter at the hospital's own system instead."
    )
