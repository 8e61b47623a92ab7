"""Proving that no recorded line was removed or changed, or naming the first that was. Streams; changes nothing.

What it stands on, from weak to strong: each line's own hash; each line's link to the one before; the patients' own
numbering; the head row; the commitments to earlier heads (`audit_anchor`); and heads that were kept elsewhere, in
anchored batches or in an auditor's notes. Only the last hold against somebody who can rewrite the whole database.
"""

from __future__ import annotations

import heapq
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection, Engine

from backend.audit import checks
from backend.audit.findings import Finding, Kind, Report
from backend.audit.line import NODE, Head, commitment_to
from backend.audit.reading import Line, anchors, lines, right_hash, snapshot
from chain.merkle import leaf_of, verify_path


@dataclass(frozen=True, slots=True)
class _Voucher:
    """Something that says what the hash of line `number` must be."""

    number: int
    vouches: Callable[[bytes], bool]
    anchor: Line | None = None


@dataclass
class _Walk:
    """One pass over the lines: what is expected next, and what has been seen."""

    base: Head
    head: Head | None
    vouchers: Iterator[_Voucher]
    successor_of: Callable[[bytes], int | None]
    last: Head = field(init=False)
    vouched: int = field(init=False)
    lines: int = 0
    heads_checked: int = 0
    anchored_until: int | None = None
    too_old: list[int] = field(default_factory=list)
    _next: _Voucher | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.last, self.vouched = self.base, self.base.number
        self._next = next(self.vouchers, None)

    def over(self, rows: Iterator[Line]) -> Finding | None:
        """The first thing wrong with the chain, the heads and the tail."""
        doubt = self._heads_at_last()
        row = next(rows, None)
        while row is not None:
            following = next(rows, None)
            found = self._line(row, following)
            if doubt is not None:
                return _nearer(found, doubt)
            if found is not None:
                return found
            doubt = self._heads_at_last()
            row = following
        found = self._tail()
        return found if doubt is None else _nearer(found, doubt)

    def _line(self, row: Line, following: Line | None) -> Finding | None:
        expected = self.last.number + 1
        if row["number"] > expected:
            return Finding(Kind.REMOVED, expected, until=row["number"] - 1)
        if row["number"] < expected:
            return Finding(Kind.INSERTED, row["number"])
        if not right_hash(row):
            return self._what_happened(row, following)
        if row["previous"] != self.last.hash:
            return self._broken_link(row, following)
        self.lines += 1
        self.last = Head(row["number"], row["hash"])
        return None

    def _broken_link(self, row: Line, following: Line | None) -> Finding:
        """Both lines agree with themselves, so one was hashed anew: the later one, if it is followed by nobody."""
        known = following["previous"] if following else self.head and self.head.hash
        if known != row["hash"] or self.last.number == 0:
            return Finding(
                Kind.CHANGED, row["number"], "its hash was made anew, and its neighbours do not know it"
            )
        if self.last.number == self.base.number:
            return Finding(Kind.CHECKPOINT, self.base.number, "the first line kept does not follow it")
        return Finding(
            Kind.CHANGED, self.last.number, "its hash was made anew, or every line after it was written anew"
        )

    def _what_happened(self, row: Line, following: Line | None) -> Finding:
        """A line that does not agree with itself: changed, or recorded under another number."""
        number = row["number"]
        if right_hash(row, number - 1):
            return Finding(Kind.INSERTED, number - 1)
        comes_early = right_hash(row, number + 1)
        was_here = following is not None and right_hash(following, number)
        if comes_early and was_here:
            return Finding(Kind.MOVED, number, "it changed places with the next line")
        if comes_early or was_here:
            return Finding(Kind.REMOVED if comes_early else Kind.INSERTED, number)
        successor = self.successor_of(row["hash"])
        if successor is not None and successor - 1 != number and right_hash(row, successor - 1):
            return Finding(Kind.MOVED, number, f"it was recorded as line {successor - 1}")
        return Finding(Kind.CHANGED, number)

    def _heads_at_last(self) -> Finding | None:
        """Compare what was committed to, once its line is reached."""
        while self._next is not None and self._next.number <= self.last.number:
            voucher, self._next = self._next, next(self.vouchers, None)
            if voucher.number < self.last.number:
                self.too_old.append(voucher.number)
                continue
            if not voucher.vouches(self.last.hash):
                first = min(self.vouched + 1, voucher.number)
                return Finding(Kind.REWRITTEN, max(first, 1), until=voucher.number)
            self.heads_checked += 1
            self.vouched = voucher.number
            if voucher.anchor is not None and voucher.anchor["root"] is not None:
                if not _in_its_batch(voucher.anchor):
                    return Finding(Kind.ANCHOR, voucher.number)
                self.anchored_until = voucher.number
        return None

    def _tail(self) -> Finding | None:
        last, head = self.last.number, self.head
        if self._next is not None:
            return Finding(
                Kind.REMOVED,
                last + 1,
                "a head that was committed to lies beyond the last line",
                self._next.number,
            )
        if head is None:
            return Finding(Kind.HEAD, last, "it is missing")
        if head.number > last:
            return Finding(Kind.REMOVED, last + 1, "the head row counts further than the lines", head.number)
        if head.number < last:
            return Finding(Kind.INSERTED, head.number + 1, "the head row does not count that far")
        return None if head.hash == self.last.hash else Finding(Kind.HEAD, last)


def _nearer(chain: Finding | None, doubt: Finding) -> Finding:
    """A head that does not follow says only that something before it is wrong; a broken link right behind says what."""
    if (
        chain is not None
        and doubt.kind is Kind.REWRITTEN
        and doubt.number <= chain.number <= (doubt.until or 0)
    ):
        return chain
    return doubt


def verify(engine: Engine, known: Sequence[Head] = ()) -> Report:
    """Read the whole log and say whether it is the recorded one; `Report.head` is the last line found sound.

    Args:
        known: heads that were kept elsewhere, for instance noted from `audit head`.
    """
    with snapshot(engine) as connection:
        checkpoints, head = checks.all_checkpoints(connection), checks.head(connection)
        base = checks.base(checkpoints)
        vouchers = heapq.merge(_given(known), _committed(connection), key=lambda voucher: voucher.number)
        walk = _Walk(base, head, vouchers, partial(checks.successor_of, connection))
        chain = (
            walk.over(lines(connection))
            or checks.vouched_for(connection, checkpoints)
            or checks.patients_beyond(connection, walk.last.number)
        )
        found = [finding for finding in (chain, checks.patients(connection)) if finding is not None]
    return Report(
        first=min(found, key=lambda finding: finding.number, default=None),
        lines=walk.lines,
        head=walk.last,
        begins_after=base.number,
        heads_checked=walk.heads_checked,
        anchored_until=walk.anchored_until,
        too_old=walk.too_old,
    )


def _given(known: Sequence[Head]) -> Iterator[_Voucher]:
    for head in sorted(known, key=lambda head: head.number):
        yield _Voucher(head.number, partial(operator.eq, head.hash))


def _committed(connection: Connection) -> Iterator[_Voucher]:
    for anchor in anchors(connection):
        yield _Voucher(anchor["number"], partial(_commits, anchor), anchor)


def _commits(anchor: Line, line_hash: bytes) -> bool:
    salt = anchor["salt"]
    head = Head(anchor["number"], line_hash)
    return isinstance(salt, bytes) and commitment_to(head, salt) == anchor["commitment"]


def _in_its_batch(anchor: Line) -> bool:
    """Whether the noted path leads from the commitment to the noted root."""
    root, path = anchor["root"], anchor["path"]
    if not (isinstance(root, bytes) and isinstance(path, bytes)):
        return False
    nodes = [path[start : start + NODE] for start in range(0, len(path), NODE)]
    return verify_path(root, leaf_of(anchor["commitment"]), nodes)
