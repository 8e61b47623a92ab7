"""Which network this machine can run: real validators if geth is there or can be built, else a development node."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Literal

from network.errors import BuildFailed, GethMissing, GethUnfit
from network.geth import build_geth, find_geth

NetworkKind = Literal["poa", "dev"]


def choose_kind(wanted: NetworkKind | None = None, *, say: Callable[[str], None] = print) -> NetworkKind:
    """Which kind of network runs here; `say` is told which it is and why.

    `wanted` decides by hand: "poa" raises GethMissing, GethUnfit or BuildFailed where there is none, "dev" never
    looks.
    """
    if wanted == "dev":
        return _development("as asked", say)
    try:
        _have_geth(say)
    except (GethMissing, GethUnfit, BuildFailed) as error:
        if wanted == "poa":
            raise
        return _development(str(error), say)
    say("network: real validators, one per institution (geth, Clique proof of authority)")
    return "poa"


def _have_geth(say: Callable[[str], None]) -> None:
    """Find geth, or build it where Go is there. Raises GethMissing, GethUnfit, BuildFailed."""
    try:
        find_geth()
    except (GethMissing, GethUnfit):
        if shutil.which("go") is None:
            raise
        build_geth(say=say)


def _development(why: str, say: Callable[[str], None]) -> NetworkKind:
    say(f"network: development node, because: {why}")
    say("  its blocks carry no seals: proofs rest on the node's word")
    return "dev"
