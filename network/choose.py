"""Which network this machine can run: real validators if geth is there or can be built, else a development node."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from network.dev import DevNetwork
from network.errors import BuildFailed, GethMissing, GethUnfit
from network.geth import build_geth, find_geth
from network.local import LocalNetwork

Wanted = Literal["poa", "dev"]


def choose_network(
    folder: Path, wanted: Wanted | None = None, *, say: Callable[[str], None] = print
) -> LocalNetwork | DevNetwork:
    """The network for `folder`, not started yet; `say` is told which it is and why.

    `wanted` decides by hand: "poa" raises GethMissing or BuildFailed where there is none, "dev" never looks.
    """
    if wanted == "dev":
        return _development(folder, "as asked", say)
    try:
        _have_geth(say)
    except (GethMissing, GethUnfit, BuildFailed) as error:
        if wanted == "poa":
            raise
        return _development(folder, str(error), say)
    network = LocalNetwork.create(folder)
    say(f"network: {len(network.nodes)} real validators (geth, Clique)")
    return network


def _have_geth(say: Callable[[str], None]) -> None:
    """Find geth, or build it where Go is there. Raises GethMissing, GethUnfit, BuildFailed."""
    try:
        find_geth()
    except (GethMissing, GethUnfit):
        if shutil.which("go") is None:
            raise
        build_geth(say=say)


def _development(folder: Path, why: str, say: Callable[[str], None]) -> DevNetwork:
    network = DevNetwork.create(folder)
    say(f"network: development node ({network.program}), because: {why}")
    say("  its blocks carry no seals: proofs rest on the node's word")
    return network
