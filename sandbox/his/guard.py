"""Keeps the synthetic hospital out of a real one."""

from __future__ import annotations

import os


class SandboxInProduction(Exception):
    """The sandbox was started with ``SAEGIM_ENV=production``. `command` is what was asked for."""

    def __init__(self, command: str) -> None:
        self.command = command
        super().__init__(
            f"sandbox.his {command}: refused, SAEGIM_ENV is production. "
            "Point the oracle's adapter at the hospital's own system instead."
        )


def refuse_in_production(command: str) -> None:
    """Raise `SandboxInProduction` unless this process runs outside production."""
    if os.environ.get("SAEGIM_ENV", "").strip().lower() == "production":
        raise SandboxInProduction(command)
