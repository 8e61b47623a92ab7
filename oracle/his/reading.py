"""Reading pages from several streams of rows: what adapters that look rows up have in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from oracle.his.base import Page, Reject
from oracle.his.cursor import Cursor, decode, encode
from oracle.his.scan import Scanner
from oracle.his.streams import Made, Stream

S = TypeVar("S")


class StreamsReader(Generic[S]):
    """Reads streams, each followed by its scanner.

    name: of the adapter, for cursors. session: opens what one page is read with; told what is being done. Its
    errors are `HisError`s.
    """

    def __init__(
        self,
        name: str,
        streams: Sequence[tuple[Stream[S], Scanner[S]]],
        session: Callable[[str], AbstractContextManager[S]],
    ) -> None:
        self._name = name
        self._streams = streams
        self._session = session

    def read(self, cursor: str | None, limit: int) -> Page:
        """See `HisAdapter.read`. The streams share the limit; what one does not use goes to the next."""
        at = decode(self._name, cursor)
        made, more, left = Made(), False, max(limit, len(self._streams))
        with self._session("reading") as session:
            for position, (stream, scanner) in enumerate(self._streams):
                if stream.name in at.resting:
                    continue
                share = max(left // (len(self._streams) - position), 1)
                looked, again = _step(session, stream, scanner, at, share, made)
                left, more = left - looked, more or again
        if not more:
            at.resting = []
        return Page(made.documents, made.rejects, encode(self._name, at), more)

    def reread(self, source_keys: Sequence[str]) -> Page:
        """See `RereadingAdapter.reread`."""
        wanted: defaultdict[str, list[str]] = defaultdict(list)
        for source_key in dict.fromkeys(source_keys):
            kind, _, key = source_key.partition(":")
            name = next((stream.name for stream, _ in self._streams if kind in stream.kinds), None)
            if name is not None and key:
                wanted[name].append(key)
        made = Made()
        with self._session("reading again") as session:
            for stream, scanner in self._streams:
                found = scanner.look_up(session, wanted[stream.name])
                made.add(stream.make(session, found))
        return Page(made.documents, made.rejects, "", False)


def _step(
    session: S, stream: Stream[S], scanner: Scanner[S], at: Cursor, limit: int, made: Made
) -> tuple[int, bool]:
    """One stream's part of a page: the rows looked at, and whether it has more at once."""
    scan = scanner.scan(session, at.streams.get(stream.name, {}), limit)
    at.streams[stream.name] = scan.state
    if scanner.rests and not scan.more:
        at.resting.append(stream.name)
    for name, reason in scan.unusable:
        made.rejects.append(Reject(f"{stream.kinds[0]}:{name}", reason.value, "key or stamp of a row"))
    made.add(stream.make(session, scan.found))
    return len(scan.found) + len(scan.unusable), scan.more
