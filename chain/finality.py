"""How final a run of headers is, and why a header's seal is refused: the vocabulary of all engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import pairwise

from chain.headers import Header


class Finality(IntEnum):
    """How sure it is that a block stays. Compare with `<` and `>=`."""

    PENDING = 0
    """Mined, but an ordinary partition may still reverse it."""
    SETTLED = 1
    """Documents count as anchored from here."""
    STRONG = 2
    """Medicine is handed over and claims are released from here."""


@dataclass(frozen=True)
class FinalityResult:
    """The judgement of a run of headers and the counts it rests on."""

    level: Finality
    distinct: int
    """Different sealers of the validator set in the run."""
    weight: int
    """Sum of the run's weights (Clique: difficulties; an engine with instant finality: number of seals)."""
    validators: int
    """Size of the validator set that the counts are measured against."""


class SealFault(StrEnum):
    """Why a run of headers is refused. The values are stable reason codes."""

    EMPTY_RUN = "empty_run"
    NO_VALIDATORS = "no_validators"
    TOO_LONG = "run_too_long"
    MALFORMED = "seal_malformed"
    WRONG_VANITY = "wrong_vanity"
    FOREIGN_SEALER = "foreign_sealer"
    DUPLICATE_SEAL = "duplicate_seal"
    TOO_FEW_SEALS = "too_few_seals"
    SEALED_TOO_SOON = "sealed_too_soon"
    WRONG_DIFFICULTY = "wrong_difficulty"
    WRONG_SIGNER_LIST = "wrong_signer_list"
    NOT_LINKED = "not_linked"
    TIME_NOT_INCREASING = "time_not_increasing"


class SealRefused(ValueError):
    """A header or run that no honest validator set can have sealed. `number`: the block at fault."""

    def __init__(self, fault: SealFault, number: int | None = None) -> None:
        super().__init__(fault.value if number is None else f"{fault.value} at block {number}")
        self.fault = fault
        self.number = number

    @property
    def code(self) -> str:
        """The stable reason code."""
        return self.fault.value


MAX_RUN = 256
"""Longest run that is judged; with a live majority a block is strong within a few dozen."""


def check_links(run: Sequence[Header]) -> None:
    """Each header names its predecessor by hash and follows it by one. Raises SealRefused."""
    if not run:
        raise SealRefused(SealFault.EMPTY_RUN)
    if len(run) > MAX_RUN:
        raise SealRefused(SealFault.TOO_LONG, run[MAX_RUN].number)
    for before, header in pairwise(run):
        if header.parent_hash != before.hash or header.number != before.number + 1:
            raise SealRefused(SealFault.NOT_LINKED, header.number)


def check_times(run: Sequence[Header]) -> None:
    """Each header is later than the one before. (Not so on a development node.) Raises SealRefused."""
    for before, header in pairwise(run):
        if header.time <= before.time:
            raise SealRefused(SealFault.TIME_NOT_INCREASING, header.number)
