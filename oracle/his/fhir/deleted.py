"""Resources that were deleted: found in the history of their type, and taken back by their last version.

A search never shows them, so the history is asked every few seconds for what was deleted since (R4, `_history` with
`_since`). What a deleted resource was stands in its own history; without an earlier version a person must decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from chain.clock import Clock
from oracle.his.base import HisMalformed, HisUnavailable, Reason, Reject
from oracle.his.cursor import State
from oracle.his.fhir.bundles import MOST_PAGES, Resource, entries_of, good_id, next_link
from oracle.his.fhir.http import NotThere
from oracle.his.fhir.invoices import IN_ERROR
from oracle.his.fhir.pool import Pool
from oracle.his.fhir.reading import instant
from oracle.his.scan import Found, Scan
from oracle.his.streams import Made, Stream
from oracle.his.values import BadValue

_VERSIONS: Final = "10"
_WITH_STATUS: Final = ("Encounter", "Invoice")


class DeletionScanner:
    """Follows what is deleted of one resource type. Begins with the present: what was deleted before was never read."""

    rests = False

    def __init__(self, kind: str, *, overlap: timedelta, every: timedelta, clock: Clock) -> None:
        self._kind = kind
        self._overlap = overlap
        self._every = every
        self._clock = clock
        self._looked: datetime | None = None
        self._answered: State = {}
        self._remembered: set[Found] = set()

    def scan(self, session: Pool, state: State, limit: int) -> Scan:
        """See `Scanner`."""
        now = self._clock()
        if not state:
            return Scan([], {"since": (now - self._overlap).isoformat(), "pages": 0}, False)
        if state != self._answered:
            self._remembered.clear()  # the last page may have been lost on the way
        elif self._looked is not None and now - self._looked < self._every:
            return Scan([], state, False)
        since = datetime.fromisoformat(str(state["since"]))
        known = self._remembered
        found = sorted(
            set(self._deleted(session, since)) - known, key=lambda each: (each.changed_at, each.key)
        )
        more, found = len(found) > limit, found[:limit]
        self._looked = None if more else now
        self._answered = self._after(state, since, now, found, more)
        self._remembered.update(found)
        return Scan(found, self._answered, more)

    def look_up(self, session: Pool, keys: Sequence[str]) -> list[Found]:
        """See `Scanner`: what is asked for by name is looked up by the stream of what is there."""
        return []

    def _after(self, state: State, since: datetime, now: datetime, found: list[Found], more: bool) -> State:
        reached = now - self._overlap
        if not more and reached > since:
            self._remembered = {each for each in self._remembered if each.changed_at >= reached}
            since = reached
        return {"since": since.isoformat(), "pages": int(state.get("pages", 0)) + bool(found)}

    def _deleted(self, pool: Pool, since: datetime) -> Iterator[Found]:
        moment = since.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        what = f"asking what was deleted of {self._kind}"
        # every change since comes along; a server that knows _elements here leaves their content out
        asked = {"_since": moment, "_count": "500", "_elements": "id,meta"}
        try:
            for entry in _history(pool, f"{self._kind}/_history", asked, what):
                id_ = _deleted_id(entry, self._kind)
                if id_ is not None:
                    yield Found(id_, _deleted_at(entry) or self._clock())
        except NotThere:
            remedy = (
                "Let the server keep the history of a type, or write deletions: none into the mapping file."
            )
            raise HisMalformed(
                pool.http.name, f"the server keeps no history of {self._kind}", remedy
            ) from None


class DeletedStream:
    """Makes of deleted resources what their stream makes of those that never were right."""

    kinds: Sequence[str] = ()
    """Documents are looked up by name in the streams of what is there."""

    def __init__(self, kind: str, stream: Stream[Pool]) -> None:
        self.name = f"deleted-{stream.name}"
        self._kind = kind
        self._stream = stream
        self._named = "receipt" if "receipt" in stream.kinds else stream.kinds[0]

    def make(self, session: Pool, found: Sequence[Found]) -> Made:
        """See `Stream`."""
        made, known = Made(), []
        session.load(self._kind, [each.key for each in found])
        for each in found:
            if session.get(self._kind, each.key) is not None:
                continue  # it is there again
            if last_version(session, self._kind, each.key) is None:
                made.rejects.append(
                    Reject(
                        f"{self._named}:{each.key}",
                        Reason.GONE.value,
                        "deleted, and no earlier version is kept",
                    )
                )
            else:
                known.append(each)
        made.add(self._stream.make(session, known))
        return made


def last_version(pool: Pool, kind: str, id_: str) -> datetime | None:
    """When a resource was deleted; None if it was not, or if nothing is known of it.

    Its last version is put into the pool as one that never was right, a Condition's as buried.
    """
    try:
        entries = list(
            _history(pool, f"{kind}/{id_}/_history", {"_count": _VERSIONS}, f"asking what a {kind} was")
        )
    except NotThere:
        return None
    if not entries or _deleted_id(entries[0], kind) != id_:
        return None
    before = next((r for each in entries if isinstance(r := each.get("resource"), dict)), None)
    if before is None or before.get("id") != id_ or before.get("resourceType") != kind:
        return None
    at = _deleted_at(entries[0]) or _changed(before)
    if at is None:
        return None
    hold = pool.put if kind in _WITH_STATUS else pool.bury
    hold(kind, id_, {**before, "status": IN_ERROR, "meta": {"lastUpdated": at.isoformat()}})
    return at


def _history(pool: Pool, path: str, asked: Mapping[str, str], what: str) -> Iterator[Resource]:
    """The entries of a history, the newest first as R4 has it."""
    bundle = pool.http.get(path, asked, what=what)
    for _ in range(MOST_PAGES):
        yield from entries_of(pool.http, bundle, "history", what)
        link = next_link(pool.http, bundle)
        if link is None:
            return
        try:
            bundle = pool.http.get(link, what=what)
        except NotThere:
            raise HisUnavailable(pool.http.name, f"{what} (a page expired)") from None
    remedy = "Mend the server's next links: the last page must have none."
    raise HisMalformed(pool.http.name, f"the pages of {what} do not come to an end", remedy)


def _deleted_id(entry: Resource, kind: str) -> str | None:
    """The id of the resource that an entry says was deleted."""
    request = entry.get("request")
    if not isinstance(request, dict) or request.get("method") != "DELETE":
        return None
    url = request.get("url")
    steps = url.split("/") if isinstance(url, str) else []
    place = len(steps) - 1 - steps[::-1].index(kind) if kind in steps else -1
    return good_id(steps[place + 1]) if 0 <= place < len(steps) - 1 else None


def _deleted_at(entry: Resource) -> datetime | None:
    response: Any = entry.get("response")
    try:
        return instant(response.get("lastModified")) if isinstance(response, dict) else None
    except BadValue:
        return None


def _changed(resource: Resource) -> datetime | None:
    meta: Any = resource.get("meta")
    try:
        return instant(meta.get("lastUpdated")) if isinstance(meta, dict) else None
    except BadValue:
        return None
