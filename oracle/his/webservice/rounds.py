"""Following a list of changes in rounds.

A stamp is taken when a transaction writes and becomes visible when it commits, so rows appear behind the place
reached. How far behind is bounded by `overlap`: what is stamped before now - overlap is visible. A round lists from a
stamp on until the service has no more; the next begins at the furthest stamp read, but `overlap` before the moment
the last round began. What a round reads twice for that is remembered and not given twice, as long as each scan goes on
from the state that the one before answered. After a restart, or when a page was not saved, it is given once more.

A service can lead in circles. The place that was reached after 1, 2, 4, 8 … answers, and the answer that led there,
are kept and compared with those that follow (Brent, 1980), so that a circle of any length is noticed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from chain.clock import Clock
from oracle.his.base import HisMalformed, Reason
from oracle.his.cursor import State
from oracle.his.scan import Found, Scan
from oracle.his.webservice.client import AnswerTooLarge
from oracle.his.webservice.protocol import COMPARE
from oracle.his.webservice.source import Changes, HeadRows, Listed, Session

MOST_REMEMBERED: Final = 200_000
"""Rows remembered from one round to the next. Beyond that all are forgotten and given twice."""
_MOST_EMPTY: Final = 100
"""Answers without a row, one after another, of a service that says there is more."""
_MOST_RENEWED: Final = 3
_BY: Final = "round"


@dataclass(slots=True)
class _Round:
    """Where following a list stands; kept in the cursor.

    since: stamp at which this round began, or will; began: when, None between rounds; front: furthest stamp read;
    last: stamp and key of the last row there, as the service writes them. place: what to send to go on. kept: digests
    of a place and of the answer that led there; steps: answers of this round.
    empty: answers without a row in succession. renewed: rounds begun again since a token was taken.
    pages: answers with rows so far, which tells any two states apart that rows lie between.
    style: of paging; places of another mean nothing.
    """

    since: str | None = None
    began: str | None = None
    front: str | None = None
    last: list[str] = field(default_factory=list)
    place: dict[str, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    steps: int = 0
    empty: int = 0
    renewed: int = 0
    pages: int = 0
    style: str = ""

    @classmethod
    def of(cls, state: State) -> _Round:
        """From a cursor's state; a state of another way of scanning starts from the beginning."""
        if state.get("by") != _BY:
            return cls()
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in state.items() if name in known})

    def state(self) -> State:
        """For the cursor."""
        return {"by": _BY, **{name: value for name, value in asdict(self).items() if value}}


class RoundScanner:
    """Follows one list. Holds no state that a restart may not lose."""

    rests = True

    def __init__(
        self,
        adapter: str,
        rows: HeadRows,
        *,
        zone: ZoneInfo,
        overlap: timedelta,
        beginning: str | None,
        clock: Clock,
    ) -> None:
        self._adapter = adapter
        self._rows = rows
        self._paging = rows.head.paging
        self._zone = zone
        self._overlap = overlap
        self._beginning = beginning
        self._clock = clock
        self._remembered: dict[str, datetime | None] = {}
        self._answered: State = {}

    def scan(self, session: Session, state: State, limit: int) -> Scan:
        """One answer of the list, without what was given before."""
        at = self._standing(state)
        if state != self._answered:
            self._remembered.clear()  # the last pages may have been lost on the way: give them once more
        if at.began is None:
            at.began = self._clock().isoformat()
        size, changes = self._list(session, at, limit)
        scan = Scan([], {}, False)
        for listed in changes.rows:
            self._take(listed, at, scan)
        at.pages += bool(changes.rows)
        scan.more = self._go_on(at, changes, size)
        scan.state = self._answered = at.state()
        return scan

    def look_up(self, session: Session, keys: Sequence[str]) -> list[Found]:
        """See `Scanner`."""
        return [Found(key, stamp) for key, stamp in self._rows.stamps(session, keys)]

    def _standing(self, state: State) -> _Round:
        """Where a state stands; of a mapping that was changed since, the stamps alone."""
        at, style = _Round.of(state), f"{self._paging.style} {self._paging.stamp}"
        if at.style != style:
            at.style, at.place, at.kept, at.steps = style, {}, [], 0
        return at

    def _list(self, session: Session, at: _Round, limit: int) -> tuple[int, Changes]:
        """An answer and how many rows were asked for: fewer when it would be too large."""
        size = min(limit, self._paging.most_rows)
        while True:
            try:
                return size, self._rows.changes(session, self._placeholders(at, size))
            except AnswerTooLarge:
                numbered = at.place.get("page", str(self._paging.first_page)) != str(self._paging.first_page)
                if size == 1 or numbered:
                    raise
                size = max(size // 8, 1)
            except HisMalformed:
                # a token may have expired with the service's restart: begin the round again, a few times
                if "token" not in at.place or at.renewed >= _MOST_RENEWED:
                    raise
                at.place, at.kept, at.steps = {}, [], 0
                at.renewed += 1

    def _placeholders(self, at: _Round, size: int) -> dict[str, str | None]:
        since = self._written(at.since) if at.since else self._beginning
        start = {"since": since, "after": None, "token": None, "page": str(self._paging.first_page)}
        return {**start, **at.place, "limit": str(size)}

    def _written(self, stamp: str) -> str:
        """A stamp as the service wants it: never later than it is."""
        local = datetime.fromisoformat(stamp).astimezone(self._zone)
        if self._paging.stamp == "compact":
            return local.strftime("%Y%m%d%H%M%S")
        whole = local if self._paging.stamp == "iso-offset" else local.replace(tzinfo=None)
        return whole.isoformat(timespec="microseconds")

    def _take(self, listed: Listed, at: _Round, scan: Scan) -> None:
        """Note a row, unless it was given before."""
        mark = _digest(listed.row)
        if listed.stamp is not None and (
            at.front is None or listed.stamp >= datetime.fromisoformat(at.front)
        ):
            at.front = listed.stamp.isoformat()
            at.last = [listed.stamp_text, listed.key] if listed.key else []
        if mark in self._remembered:
            return
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[mark] = listed.stamp
        name = f"row {mark}"
        if not isinstance(listed.row, dict):
            scan.unusable.append((name, Reason.NOT_A_ROW))
        elif listed.key is None:
            scan.unusable.append((name, Reason.KEY_INVALID))
        elif listed.stamp is None:
            scan.unusable.append((listed.key, Reason.STAMP_INVALID))
        else:
            scan.found.append(Found(listed.key, listed.stamp))

    def _go_on(self, at: _Round, changes: Changes, size: int) -> bool:
        """Move on in the round, or end it; whether there is more."""
        more = changes.more
        if more is None:
            full = len(changes.rows) >= size
            more = "token" in changes.next if self._paging.style == "token" else full
        if not more:
            self._end(at)
            return False
        at.empty = 0 if changes.rows else at.empty + 1
        place = self._place(at, changes)
        self._refuse_circles(at, place, changes)
        at.place = place
        return True

    def _place(self, at: _Round, changes: Changes) -> dict[str, str]:
        """What to send next, by the style of the service."""
        if self._paging.style == "page":
            return self._page(at, changes)
        if changes.next or self._paging.style == "token":
            return {**at.place, **changes.next}
        last = next((each for each in reversed(changes.rows) if each.key and each.stamp), None)
        if last is None or last.key is None:
            return at.place
        return {"since": last.stamp_text, "after": last.key}

    def _page(self, at: _Round, changes: Changes) -> dict[str, str]:
        """From the last stamp on, or the next page of the same stamp: rows that change leave the pages they were on,
        so counting on through a long list would pass over others."""
        stamps = [each.stamp for each in changes.rows if each.stamp is not None]
        if stamps != sorted(stamps):
            what = f"the list of {self._rows.part} is not in the order of the change stamp"
            raise HisMalformed(
                self._adapter, what, "Ask the vendor for that order, or for another paging style."
            )
        now = at.place.get("since") or (self._written(at.since) if at.since else self._beginning)
        first, last = (
            (self._written(each.isoformat()) for each in (stamps[0], stamps[-1])) if stamps else (now, now)
        )
        number = int(at.place.get("page", self._paging.first_page)) + 1
        if last is not None and last != now:
            # the rows of the last stamp: from the first of them on, or, if they fill this page, from the next
            number = self._paging.first_page + (first == last)
        return {**({"since": last} if last else {}), "page": str(number)}

    def _refuse_circles(self, at: _Round, place: dict[str, str], changes: Changes) -> None:
        led = [_digest(sorted(place.items())), _digest([each.row for each in changes.rows])]
        again = led[0] in at.kept or (bool(changes.rows) and led[1] in at.kept)
        if place == at.place or again or at.empty > _MOST_EMPTY:
            what = f"the list of {self._rows.part} says that there is more, but does not move on"
            raise HisMalformed(self._adapter, what, COMPARE)
        at.steps += 1
        if at.steps & (at.steps - 1) == 0:
            at.kept = led

    def _end(self, at: _Round) -> None:
        """The round is through: from where the next lists, and what can be forgotten."""
        assert at.began is not None
        settled = datetime.fromisoformat(at.began) - self._overlap
        at.began, at.place, at.kept, at.steps, at.empty, at.renewed = None, {}, [], 0, 0, 0
        if at.front is None:
            return
        front = datetime.fromisoformat(at.front)
        start = min(front, settled)
        at.since = max(start, datetime.fromisoformat(at.since)).isoformat() if at.since else start.isoformat()
        if front <= settled and at.last and self._paging.style == "since-after":
            at.place = dict(
                zip(("since", "after"), at.last, strict=True)
            )  # nothing can come before it any more
        self._remembered = {
            mark: stamp for mark, stamp in self._remembered.items() if stamp is None or stamp >= start
        }


def _digest(value: Any) -> str:
    return hashlib.blake2b(repr(value).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
