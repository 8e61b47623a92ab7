"""What to do about a chain that stands still: a pure decision from what this node and the others know.

    no block for 10 periods
      → a heavier tip elsewhere: import it; geth follows the weight by itself
      → an equally heavy one: import it; geth follows by chance
      → imported and not followed: stop sealing, rewind to the fork, import the preferred tip, seal again

The preferred of equal tips is geth's own preference, the shorter chain, then the lower hash: every agent that sees
the same tips chooses the same, so no agreement among agents is needed. Nobody on the preferred tip ever moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

PATIENCE_PERIODS = 10
"""Periods without a block before anything is done: out-of-turn sealing takes at most a few."""


@dataclass(frozen=True)
class Tip:
    """The last block of a chain. `weight` is the chain's total difficulty."""

    number: int
    hash: str
    weight: int

    @property
    def rank(self) -> tuple[int, int, str]:
        """Smaller is better: heavier first, then shorter, then the lower hash."""
        return (-self.weight, self.number, self.hash)


@dataclass(frozen=True)
class Situation:
    """What one agent knows at one moment."""

    own: Tip
    rivals: Mapping[str, Tip]
    """Tips of the other nodes that answered, by agent address."""
    idle: float
    """Seconds since this node's tip last changed."""
    period: int
    """Seconds between blocks."""
    sealing: bool
    """Whether this node's miner runs."""
    authorised: bool
    """Whether this node is of the signer set at its tip."""
    validators: int
    """Size of the signer set."""
    imported: Mapping[str, int] = field(default_factory=dict)
    """Rival tips that this node has, by hash, with the weight it found itself; not what a peer said."""
    refused: frozenset[str] = frozenset()
    """Hashes of rival tips that this node could not import."""


@dataclass(frozen=True)
class Nothing:
    """Leave the node alone."""


@dataclass(frozen=True)
class StartSealing:
    """Start the miner: the node may seal and does not (an agent may have ended in the middle of a rewind)."""


@dataclass(frozen=True)
class StopSealing:
    """Stop the miner: the node was voted out, and its log would fill with refusals."""


@dataclass(frozen=True)
class ImportTip:
    """Fetch the branch of `tip` from `source` and give it to the node."""

    tip: Tip
    source: str


@dataclass(frozen=True)
class RewindTo:
    """Stop sealing, go back to the fork, import the branch of `tip` from `source`, seal again."""

    tip: Tip
    source: str


@dataclass(frozen=True)
class Alarm:
    """A halt that this agent cannot end. `code` is stable."""

    code: str


Action = Nothing | StartSealing | StopSealing | ImportTip | RewindTo | Alarm


def decide(situation: Situation) -> Action:
    """The one thing to do now."""
    if situation.authorised != situation.sealing:
        return StartSealing() if situation.authorised else StopSealing()
    if situation.idle < PATIENCE_PERIODS * situation.period:
        return Nothing()
    best, source = _best_rival(situation)
    if best is None or best.rank >= situation.own.rank:
        return _explain(situation)
    if best.hash not in situation.imported:
        return ImportTip(best, source)
    return RewindTo(best, source)


def _best_rival(situation: Situation) -> tuple[Tip | None, str]:
    """The best tip among the others that could be imported, and who has it."""
    ranked = sorted((_trusted(situation, tip).rank, source) for source, tip in _candidates(situation))
    if not ranked:
        return None, ""
    source = ranked[0][1]
    return _trusted(situation, situation.rivals[source]), source


def _candidates(situation: Situation) -> Iterable[tuple[str, Tip]]:
    for source, tip in situation.rivals.items():
        if tip.hash != situation.own.hash and tip.hash not in situation.refused:
            yield source, tip


def _trusted(situation: Situation, tip: Tip) -> Tip:
    """The tip with the weight this node computed, once it has it: a peer may say anything."""
    weight = situation.imported.get(tip.hash)
    return tip if weight is None else Tip(tip.number, tip.hash, weight)


def _explain(situation: Situation) -> Action:
    """Why a node on the best known tip waits: others have yet to come over, or too few are left to seal."""
    if any(tip.hash != situation.own.hash for tip in situation.rivals.values()):
        return Nothing()
    reachable = 1 + len(situation.rivals)
    needed = situation.validators // 2 + 1
    return Alarm("too-few-validators" if reachable < needed else "halted")
