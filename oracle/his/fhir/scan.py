"""Following a resource type in the order of `meta.lastUpdated`.

Only names and stamps are listed (`_elements`, which a server may ignore); what is new is then read by id. R4 sorts by
stamp alone, so resources of one instant are always listed together and put in the order of their ids here. A position
is an instant and an id, never a link of the server's: links expire, and pages of a living list shift.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from chain.clock import Clock
from oracle.his.base import HisMalformed
from oracle.his.fhir.bundles import Resource, entries_of, good_id, pages
from oracle.his.fhir.deleted import last_version
from oracle.his.fhir.http import Asked, Unreadable
from oracle.his.fhir.pool import Pool
from oracle.his.fhir.streams import changed_at
from oracle.his.places import Place, PlaceScanner
from oracle.his.scan import Found

LISTED_AT_ONCE: Final = 500
_UNSTAMPED: Final = "?"
"""Follows the stamp before it in the place of a resource that has none of its own."""
_BEGINNING: Final = "1970-01-01T00:00:00.000000+00:00"
_STAMP_LENGTH: Final = len(_BEGINNING)
_DIGITS_SHOWN: Final = timedelta(milliseconds=1)


class InstantScanner(PlaceScanner[Pool]):
    """Follows one resource type."""

    sweep_rows = 5_000

    def __init__(self, kind: str, *, overlap: timedelta, clock: Clock, deletions: bool) -> None:
        super().__init__(overlap, clock)
        self._kind = kind
        self._deletions = deletions

    def between(self, session: Pool, after: Place | None, until: Place | None, limit: int) -> Iterable[Place]:
        """See `PlaceScanner`."""
        found: list[Place] = []
        since = after.stamp[:_STAMP_LENGTH] if after else None
        while True:
            group, since = self._list(session, since, until, limit)
            found += [each for each in group if _between(after, each, until)]
            if since is None or len(found) >= limit:
                return found[:limit]

    def moment(self, stamp: str) -> datetime | None:
        """See `PlaceScanner`."""
        return None if stamp.endswith(_UNSTAMPED) else datetime.fromisoformat(stamp)

    def look_up(self, session: Pool, keys: Sequence[str]) -> list[Found]:
        """See `Scanner`. What was deleted is found in its last version."""
        wanted = [key for key in keys if good_id(key)]
        session.load(self._kind, wanted)
        found: list[Found] = []
        for key in wanted:
            resource = session.get(self._kind, key)
            if resource is None:
                at = last_version(session, self._kind, key) if self._deletions else None
            else:
                at = changed_at(resource) if isinstance(resource, dict) else self._clock()
            if at is not None:
                found.append(Found(key, at))
        return found

    def _list(
        self, pool: Pool, since: str | None, until: Place | None, limit: int
    ) -> tuple[list[Place], str | None]:
        """Whole instants from `since` on, in order, and the instant to go on from (None: there is no more).

        A server that sends whole resources may give too much at once: then fewer are asked for.
        """
        count = min(limit + 1, LISTED_AT_ONCE)
        while True:
            try:
                return self._listed(pool, since, until, count)
            except Unreadable:
                if count == 1:
                    raise
                count = max(count // 8, 1)

    def _listed(
        self, pool: Pool, since: str | None, until: Place | None, count: int
    ) -> tuple[list[Place], str | None]:
        asked: Asked = {
            "_elements": "id,meta",
            "_sort": "_lastUpdated",
            "_count": str(count),
        }
        bounds = [f"ge{_written(since)}"] if since else []
        # a server may keep more digits than it shows, so the bound is set wider and kept here
        bounds += [f"le{_written(until.stamp, _DIGITS_SHOWN)}"] if until else []
        query: Asked = {**asked, **({"_lastUpdated": bounds} if bounds else {})}
        what, places, last = f"listing {self._kind}", dict[Place, None](), since or _BEGINNING
        for page in pages(pool.http, self._kind, query, what):
            last = (since or _BEGINNING) if page.from_the_beginning else last
            for entry in entries_of(pool.http, page.bundle, "searchset", what):
                place = self._place(entry, last)
                if place.stamp < last:
                    raise self._unsorted(pool)
                last = place.stamp[:_STAMP_LENGTH]
                places[place] = None
            whole = [each for each in places if each.stamp[:_STAMP_LENGTH] != last]
            if page.more and whole:
                return _sorted(whole), last
        return _sorted(places), None

    def _unsorted(self, pool: Pool) -> HisMalformed:
        remedy = (
            "The server must support the search parameter _lastUpdated and _sort=_lastUpdated (R4, Search)."
        )
        return HisMalformed(pool.http.name, f"{self._kind} is not listed in the order of its changes", remedy)

    def _place(self, entry: Resource, last: str) -> Place:
        resource = entry.get("resource")
        if not isinstance(resource, dict) or resource.get("resourceType") != self._kind:
            return Place(last, None)
        at = changed_at(resource)
        stamp = f"{last}{_UNSTAMPED}" if at is None else at.isoformat(timespec="microseconds")
        return Place(stamp, good_id(resource.get("id")))


def _order(place: Place) -> tuple[str, bool, str]:
    """By stamp and id; what has no id comes last of its stamp."""
    return place.stamp, place.key is None, place.key or ""


def _sorted(places: Iterable[Place]) -> list[Place]:
    return sorted(places, key=_order)


def _between(after: Place | None, place: Place, until: Place | None) -> bool:
    return (after is None or _order(place) > _order(after)) and (
        until is None or _order(place) <= _order(until)
    )


def _written(stamp: str, more: timedelta = timedelta()) -> str:
    """A stamp as a search parameter."""
    moment = datetime.fromisoformat(stamp[:_STAMP_LENGTH]) + more
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
