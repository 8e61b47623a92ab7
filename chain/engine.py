"""What only a consensus engine knows: who sealed a header, and how final a run of headers is.

Everything else asks through `Engine` and assumes nothing about difficulty, waiting, or signer lists in
headers. `clique` is EIP-225 as geth 1.13 seals it; `qbft` is what Besu seals; `dev` is a local development node,
which proves nothing. How a header is hashed is the header's own matter (chain/headers.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from eth_utils.address import to_checksum_address

from chain.clique import CliqueEngine
from chain.finality import (
    MAX_RUN,
    Finality,
    FinalityResult,
    SealFault,
    SealRefused,
    check_links,
)
from chain.headers import Header
from chain.qbft import QbftEngine

__all__ = [
    "MAX_RUN",
    "CliqueEngine",
    "DevEngine",
    "Engine",
    "Finality",
    "FinalityResult",
    "QbftEngine",
    "SealFault",
    "SealRefused",
    "UnknownEngine",
    "engine_for",
]


class Engine(Protocol):
    """One consensus engine. Stateless; a validator set is given as addresses, in any order."""

    @property
    def name(self) -> str:
        """As written in the trust file: "clique", "qbft", "dev"."""

    @property
    def proves(self) -> bool:
        """Whether a judged run convinces somebody who does not trust the node that gave it."""

    def sealer(self, header: Header) -> str:
        """Checksum address of who made the block. Raises SealRefused."""

    def sealers(self, header: Header) -> tuple[str, ...]:
        """Checksum addresses of all who put a seal under it, of whatever set. Raises SealRefused."""

    def finality(self, run: Sequence[Header], validators: Sequence[str]) -> FinalityResult:
        """How final the first header of a linked run is, the set being `validators`. Raises SealRefused."""

    def endorsement(self, run: Sequence[Header], validators: Sequence[str]) -> FinalityResult:
        """How far an earlier set stands behind the run's first header (proves a change of the set)."""


class UnknownEngine(ValueError):
    """A trust file or configuration names an engine unknown to this version: `name`."""

    code = "unknown_engine"

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown consensus engine {name!r}: update this program")
        self.name = name


class DevEngine:
    """A development node (anvil, Hardhat): each block is final at once, and nothing is proven by it."""

    name = "dev"
    proves = False

    def sealer(self, header: Header) -> str:
        """The header's beneficiary: development nodes do not seal."""
        return to_checksum_address(header.beneficiary)

    def sealers(self, header: Header) -> tuple[str, ...]:
        """As `sealer`."""
        return (self.sealer(header),)

    def finality(self, run: Sequence[Header], validators: Sequence[str]) -> FinalityResult:
        """Strong as soon as mined, whoever the validators are. Raises SealRefused if it is not linked."""
        check_links(run)
        return FinalityResult(Finality.STRONG, len(validators), len(run), len(validators))

    def endorsement(self, run: Sequence[Header], validators: Sequence[str]) -> FinalityResult:
        """As `finality`."""
        return self.finality(run, validators)


def engine_for(name: str, *, vanity: bytes | None = None) -> Engine:
    """The engine called `name`; `vanity` (32 bytes) makes it refuse headers of other networks."""
    if name == "clique":
        return CliqueEngine(vanity)
    if name == "qbft":
        return QbftEngine(vanity)
    if name == "dev":
        return DevEngine()
    raise UnknownEngine(name)
