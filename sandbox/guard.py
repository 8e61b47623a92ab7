"""Keeps the stand-ins out of a real hospital."""

from __future__ import annotations

import os


class SandboxInProduction(Exception):
    """A stand-in was started with ``SAEGIM_ENV=production``. `command` is what was asked for."""

    def __init__(self, program: str, command: str, instead: str) -> None:
        self.command = command
        super().__init__(f"{program} {command}: refused, SAEGIM_ENV is production. {instead}")


def refuse_outside_sandbox(program: str, command: str, instead: str) -> None:
    """Raise `SandboxInProduction` if this process runs in production. instead: what to do there."""
    if os.environ.get("SAEGIM_ENV", "").strip().lower() == "production":
        raise SandboxInProduction(program, command, instead)
