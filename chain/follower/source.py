"""Fetching a range of blocks with their events, and checking that the one belongs to the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from chain.client import Log
from chain.clock import from_block_time
from chain.contracts import Event, decode_event
from chain.errors import RangeTooLarge
from chain.follower.errors import LogsInconsistent
from chain.follower.projections.base import Occurrence
from chain.hashing import keccak256
from chain.headers import Header
from chain.window import FETCH, HeadersMoved, HeaderWindow

_BLOOM_BITS = 2_047


class FollowerClient(Protocol):
    """What the follower asks of `ChainClient`."""

    def head(self) -> Header:
        """The newest header."""

    def headers(self, numbers: Sequence[int]) -> list[Header]:
        """Headers by number."""

    def logs(self, addresses: Sequence[str], first: int, last: int) -> list[Log]:
        """Events in blocks first..last."""

    def logs_of(self, addresses: Sequence[str], block: Header) -> list[Log]:
        """Events of exactly this block."""


@dataclass(frozen=True)
class Range:
    """Linked headers and the events in them, in order."""

    headers: tuple[Header, ...]
    events: tuple[Occurrence, ...]


@dataclass(frozen=True)
class RangeReader:
    """Reads ranges for some contracts' addresses."""

    client: FollowerClient
    window: HeaderWindow
    addresses: tuple[str, ...]

    def read(self, first: int, last: int, parent: bytes | None) -> Range:
        """Blocks first..last, which must continue `parent` (a block hash) and agree with the window.

        Raises HeadersMoved if the chain changed meanwhile, LogsInconsistent if logs and headers differ.
        """
        headers = self._headers(first, last)
        if parent is not None and headers[0].parent_hash != parent:
            raise HeadersMoved(first)
        if any(later.parent_hash != earlier.hash for earlier, later in pairwise(headers)):
            raise HeadersMoved(first)
        if self.window.holds(last, headers[-1].hash) is False:
            raise HeadersMoved(last)
        return Range(tuple(headers), tuple(self._events(headers)))

    def _headers(self, first: int, last: int) -> list[Header]:
        known = [self.window.header(number) for number in range(first, last + 1)]
        held = [header for header in known if header is not None]
        if len(held) == len(known):
            return held
        found: list[Header] = []
        for start in range(first, last + 1, FETCH):
            found += self.client.headers(range(start, min(start + FETCH, last + 1)))
        return found

    def _events(self, headers: Sequence[Header]) -> list[Occurrence]:
        by_number = {header.number: header for header in headers}
        logs = self._logs(headers[0].number, headers[-1].number)
        logs += self._missing(headers, {log.block_number for log in logs})
        found: list[Occurrence] = []
        for log in sorted(logs, key=lambda log: (log.block_number, log.index)):
            header = by_number[log.block_number]
            _check(log, header)
            event = decode_event(log)
            if event is not None:
                found.append(_occurrence(log, header, event))
        return found

    def _logs(self, first: int, last: int) -> list[Log]:
        """Logs of a range, in halves if the node finds it too large."""
        try:
            return self.client.logs(self.addresses, first, last)
        except RangeTooLarge:
            if first == last:
                raise
        middle = (first + last) // 2
        return self._logs(first, middle) + self._logs(middle + 1, last)

    def _missing(self, headers: Sequence[Header], having: set[int]) -> list[Log]:
        """Ask again for blocks whose bloom filter names a contract of ours but that came without any log.

        The filter has rare false positives: a second, exact answer of nothing is believed.
        """
        suspects = [
            header
            for header in headers
            if header.number not in having and any(in_bloom(header, _raw(a)) for a in self.addresses)
        ]
        return [log for header in suspects for log in self.client.logs_of(self.addresses, header)]


def in_bloom(header: Header, item: bytes) -> bool:
    """Whether the header's bloom filter admits an address or topic (Yellow Paper, 4.4.1)."""
    bits, digest = int.from_bytes(header.bloom, "big"), keccak256(item)
    places = (int.from_bytes(digest[i : i + 2], "big") & _BLOOM_BITS for i in (0, 2, 4))
    return all(bits >> place & 1 for place in places)


def _check(log: Log, header: Header) -> None:
    """The log is of this very block, whose sealed bloom filter admits it. Raises LogsInconsistent."""
    if log.block_hash != header.hash:
        raise LogsInconsistent(header.number, "they are of another block at this height")
    if not all(in_bloom(header, item) for item in (_raw(log.address), *log.topics)):
        raise LogsInconsistent(header.number, "the sealed header rules one of them out")


def _occurrence(log: Log, header: Header, event: Event) -> Occurrence:
    return Occurrence(
        event=event,
        address=log.address,
        block_number=header.number,
        block_hash=header.hash,
        block_time=from_block_time(header.time),
        transaction_hash=log.transaction_hash,
        log_index=log.index,
    )


def _raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])
