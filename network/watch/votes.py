"""Keeping Clique's signer set equal to the registry's validator set: which votes to cast, which to take back.

The registry is the truth. A Clique vote is an entry that the node repeats in the blocks it seals until it is
discarded, also after it passed; a forgotten entry would vote a returning validator out again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FEWEST_VALIDATORS = 3
"""The registry never goes below three; a shorter answer is no answer to act upon."""
PATIENCE_PERIODS = 60
"""Periods that a difference may last: votes need a majority of the signers to seal in turn."""


@dataclass(frozen=True)
class Ballot:
    """What to do with the node's list of votes."""

    cast: Mapping[str, bool]
    """Address → True: take in, False: vote out."""
    discard: frozenset[str]
    """Entries to take back."""
    missing: frozenset[str]
    """In the registry, not a signer."""
    surplus: frozenset[str]
    """A signer, not in the registry."""

    @property
    def differs(self) -> bool:
        """Whether the two sets differ."""
        return bool(self.missing or self.surplus)


def decide_ballot(
    *, own: str, registry: Iterable[str], signers: Iterable[str], entries: Mapping[str, bool]
) -> Ballot:
    """Votes for what the registry has and the signers lack, against the reverse; every other entry goes.

    A node that is no signer casts nothing: nobody counts its votes. Neither is anything cast on a registry answer
    of fewer than three addresses. All addresses are compared in lower case and returned so.
    """
    truth = {address.lower() for address in registry}
    present = {address.lower() for address in signers}
    listed = {address.lower(): vote for address, vote in entries.items()}
    believable = len(truth) >= FEWEST_VALIDATORS
    missing = frozenset(truth - present) if believable else frozenset()
    surplus = frozenset(present - truth) if believable else frozenset()
    wanted = {**dict.fromkeys(missing, True), **dict.fromkeys(surplus, False)}
    if own.lower() not in present:
        wanted = {}
    return Ballot(
        cast={address: vote for address, vote in sorted(wanted.items()) if listed.get(address) != vote},
        discard=frozenset(listed.keys() - wanted.keys()),
        missing=missing,
        surplus=surplus,
    )
