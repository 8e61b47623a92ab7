"""The newest headers, linked by their own hashes, and how final each is: shared by sender and follower.

A block is as final as the best of its descendants, so the window looks for the newest block whose run up to
the head is settled (and strong): everything below inherits it through the hash links.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from chain.engine import Engine, Finality, SealRefused
from chain.errors import ChainError
from chain.finality import MAX_RUN
from chain.headers import Header

Validators = Callable[[], Sequence[Sequence[str]]]
"""Gives the validator set in force, as addresses, and behind it (while a change takes effect) the one before.

The registry's change comes first; the engine's own votes follow it some blocks later, and until then headers
are sealed as the set before seals.
"""

KEEP = 256
"""Blocks kept below the newest strong one, to notice even a reorganisation that must not happen."""

FETCH = 128
"""Headers asked for in one batch."""


class HeaderSource(Protocol):
    """What the window asks of a client."""

    def head(self) -> Header:
        """The newest header."""

    def headers(self, numbers: Sequence[int]) -> list[Header]:
        """Headers by number."""


class HeadersMoved(ChainError):
    """The chain changed between two answers, or two nodes differ: nothing was taken in, try again."""

    code = "headers_moved"

    def __init__(self, number: int) -> None:
        super().__init__(f"headers around block {number} do not link: the chain moved meanwhile, try again")
        self.number = number


@dataclass(frozen=True)
class SettledBlockLost:
    """The alarm: blocks that counted as settled were replaced from `fork` + 1 on."""

    chain_id: int
    fork: int
    head: int


@dataclass(frozen=True)
class WindowChange:
    """What one look brought. `fork`: the last block that stayed, if blocks were replaced."""

    head: Header
    fork: int | None
    settled_lost: bool
    """A block that had counted as settled is gone: the alarm of design section 5."""


class HeaderWindow:
    """A sliding, linked run of headers. Not thread-safe: one per step loop."""

    def __init__(
        self, source: HeaderSource, engine: Engine, validators: Validators, *, keep: int = KEEP
    ) -> None:
        self._source = source
        self._engine = engine
        self._validators = validators
        self._keep = keep
        self._headers: dict[int, Header] = {}
        self._base = 0
        self._head = -1
        self._adopted: tuple[str, ...] | None = None
        self.settled = -1
        """Number of the newest settled block, -1 before the first."""
        self.strong = -1
        """Number of the newest strong block, -1 before the first."""
        self.fault: SealRefused | None = None
        """Why the head's seals do not count at present; None if they do."""

    @property
    def head(self) -> Header:
        """The newest header taken in. Raises KeyError before the first `sync`."""
        return self._headers[self._head]

    def header(self, number: int) -> Header | None:
        """The header of block `number`, if it is in the window."""
        return self._headers.get(number)

    def holds(self, number: int, block_hash: bytes) -> bool | None:
        """Whether the chain has this block; None if it is outside the window and so unknown."""
        found = self._headers.get(number)
        if found is None:
            return False if number > self._head >= 0 else None
        return found.hash == block_hash

    def finality(self, number: int) -> Finality:
        """How final the canonical block `number` is."""
        if number <= self.strong:
            return Finality.STRONG
        return Finality.SETTLED if number <= self.settled else Finality.PENDING

    def sync(self) -> WindowChange:
        """Take in what is new. Raises NodeError, StateMissing, HeadersMoved; the window stays whole then."""
        head = self._source.head()
        known = self._headers.get(head.number)
        if known is not None and known.hash == head.hash:  # nothing new, or a node that lags behind another
            return WindowChange(self.head, None, False)
        fresh = self._fetch(head)
        fork = self._place(fresh)
        lost = fork is not None and fork < self.settled
        if lost:
            assert fork is not None
            self.settled, self.strong = fork, min(self.strong, fork)
        self.judge()
        self._trim()
        return WindowChange(head, fork, lost)

    def _fetch(self, head: Header) -> dict[int, Header]:
        """New headers down to the first known ancestor, or as far as the window ever reaches."""
        fresh = {head.number: head}
        lowest = head
        while not self._joins(lowest):
            first = max(self._floor(head.number), lowest.number - self._stride(lowest.number))
            if first >= lowest.number:
                break
            for header in reversed(self._source.headers(range(first, lowest.number))):
                if header.hash != lowest.parent_hash:
                    raise HeadersMoved(lowest.number)
                fresh[header.number] = lowest = header
                if self._joins(lowest):
                    break
        return fresh

    def _stride(self, lowest: int) -> int:
        """How many headers to ask for below `lowest`: the gap to our head, or a few to find a fork."""
        gap = lowest - self._head - 1
        return min(gap, FETCH) if self._head >= 0 and gap > 0 else min(FETCH, 8 if self._head >= 0 else FETCH)

    def _joins(self, header: Header) -> bool:
        parent = self._headers.get(header.number - 1)
        return header.number == 0 or (parent is not None and parent.hash == header.parent_hash)

    def _floor(self, head: int) -> int:
        """Lowest block worth having: what is kept, or after a long absence enough for one judged run.

        Never the genesis block: nothing replaces it, and some development nodes give it without a right hash.
        """
        far = max(1, head - MAX_RUN)
        return min(self._base, far) if self._head >= 0 and self._head >= far else far

    def _place(self, fresh: dict[int, Header]) -> int | None:
        """Put linked headers into the window. Returns the last old block that stayed if any was replaced."""
        first, last = min(fresh), max(fresh)
        joined = self._joins(fresh[first])
        replaced = self._head >= first or not joined
        had = self._head >= 0
        if not joined:
            self._headers.clear()
        for number in range(first, self._head + 1):
            self._headers.pop(number, None)
        self._headers.update(fresh)
        self._base = min(self._headers)
        behind = self._head < first - 1
        self._head = last
        if not had or (behind and not joined):  # after a long absence nothing is known to have been replaced
            return None
        return first - 1 if replaced else None

    def judge(self) -> None:
        """Find the newest settled and strong blocks, from the head down.

        The set before counts only until a block was settled under the new one.
        """
        sets = [tuple(found) for found in self._validators()] or [()]
        for validators in sets[:1] if sets[0] == self._adopted else sets:
            before = self.settled
            self._judge_under(validators)
            if self.fault is None:
                if self.settled > before and validators == sets[0]:
                    self._adopted = validators
                return

    def _judge_under(self, validators: Sequence[str]) -> None:
        """Four rounds of the validators are looked at: with too few of them alive no longer run is strong either."""
        depth = min(MAX_RUN, 4 * len(validators) + 8)
        lowest = max(self.strong + 1, self._base, self._head - depth + 1)
        self.fault = None
        run: deque[Header] = deque()
        for number in range(self._head, lowest - 1, -1):
            run.appendleft(self._headers[number])
            try:
                level = self._engine.finality(tuple(run), validators).level
            except SealRefused as refused:  # each longer run holds the same header: nothing below can count
                self.fault = refused
                return
            if level >= Finality.SETTLED:
                self.settled = max(self.settled, number)
            if level >= Finality.STRONG:
                self.strong = max(self.strong, number)
                return

    def _trim(self) -> None:
        keep_from = min(self.strong, self._head) - self._keep
        while self._base < keep_from:
            self._headers.pop(self._base, None)
            self._base += 1
