"""Finding changes of the validator set one by one, at a node that keeps the states of old blocks.

A jump from the trust file's set to the present one needs most of the old members still sealing. Where they are not,
each change is proven where it happened: its block was sealed by the set before it. The block is found by halving,
because the registry's epoch only grows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from chain.engine import Engine, Finality, SealRefused
from chain.headers import Header
from chain.light import MAX_ADVANCES, Advance

RUN = 64
"""Headers looked at behind a change; the set before makes it strong within a few rounds."""


class History(Protocol):
    """What an archive node tells of old blocks. Raises ChainError where it does not."""

    def epoch(self, number: int) -> int:
        """The registry's epoch after a block."""

    def validators(self, number: int) -> list[str]:
        """Its validators after a block."""

    def headers(self, first: int, last: int) -> list[Header]:
        """Linked headers, both ends included."""


@dataclass(frozen=True)
class Trail:
    """The last set that was reached, and the changes that lead there, each with its headers."""

    epoch: int
    validators: Sequence[str]
    advances: tuple[Advance, ...]


def follow(
    engine: Engine, history: History, known: tuple[int, Sequence[str]], first: int, head: int
) -> Trail | None:
    """From the `known` set (epoch, validators), in force at block `first` at the latest, to that after block `head`.

    None if a change is not strong under the set before it. Raises what `history` raises.
    """
    epoch, validators = known
    latest, advances = history.epoch(head), list[Advance]()
    while epoch < latest and len(advances) < MAX_ADVANCES:
        number = _first_after(history.epoch, epoch, first, head)
        run = _endorsed(engine, history.headers(number, min(head, number + RUN - 1)), validators)
        if run is None:
            return None
        epoch, validators, first = history.epoch(number), history.validators(number), number
        members = tuple(sorted(bytes.fromhex(name[2:]) for name in validators))
        advances.append(Advance(epoch, members, tuple(header.rlp for header in run)))
    return Trail(epoch, validators, tuple(advances)) if epoch == latest else None


def _first_after(epoch_at: Callable[[int], int], epoch: int, low: int, high: int) -> int:
    """The first block after which the registry's epoch is greater than `epoch`, as it is after block `high`."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if epoch_at(middle) > epoch else (middle + 1, high)
    return low


def _endorsed(engine: Engine, run: Sequence[Header], validators: Sequence[str]) -> Sequence[Header] | None:
    """The shortest beginning of the run that makes its first block strong under an earlier set."""
    for length in range(1, len(run) + 1):
        try:
            if engine.endorsement(run[:length], validators).level >= Finality.STRONG:
                return run[:length]
        except SealRefused:
            return None
    return None
