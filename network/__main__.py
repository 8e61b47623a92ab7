"""`python -m network …`: the commands of `ape run network …`, which start faster this way."""

from __future__ import annotations

from network.cli import cli

if __name__ == "__main__":
    cli(prog_name="python -m network")
