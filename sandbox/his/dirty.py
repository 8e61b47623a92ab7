"""Hostile rows for tests: what a broken or attacked hospital system may hold, each with what must come of it.

Every kind of dirt starts as a good visit with a good receipt, which is then spoilt in one place; the manifest says
which of its documents must not appear, and with which reason the adapter refuses them (None: the content is refused
where the record is made). Some can only be stored in SQLite, which takes any bytes in any column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import cycle
from random import Random
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import Table

from sandbox.his import schema
from sandbox.his.clinic import Clinic
from sandbox.his.desk import Desk
from sandbox.his.events import Insert, Numbers, Step, Write
from sandbox.his.people import patient
from sandbox.his.slips import Kind, Visit
from sandbox.his.truth import Dirt, Truth

Writes: TypeAlias = list[Write]
Refused: TypeAlias = dict[str, str | None]
"""Kind of document, and the adapter's reason."""

_ALL: Final = ("visit", "diagnosis", "receipt", "statement")


class Spoiler(NamedTuple):
    """A kind of dirt: how to spoil good rows, and which documents are refused then."""

    name: str
    spoil: Callable[[Writes], Writes]
    refused: Refused
    sqlite_only: bool = False


def _set(table: Table, **values: Any) -> Callable[[Writes], Writes]:
    """Replace columns of every row of a table."""
    places = {list(table.columns.keys()).index(name): value for name, value in values.items()}

    def spoil(writes: Writes) -> Writes:
        return [
            write._replace(values=tuple(places.get(i, old) for i, old in enumerate(write.values)))
            if isinstance(write, Insert) and write.table is table
            else write
            for write in writes
        ]

    return spoil


def _without(table: Table) -> Callable[[Writes], Writes]:
    def spoil(writes: Writes) -> Writes:
        return [write for write in writes if write.table is not table]

    return spoil


def _add(table: Table, column: str, amount: int) -> Callable[[Writes], Writes]:
    """Change an amount of the first row of a table."""
    place = list(table.columns.keys()).index(column)

    def spoil(writes: Writes) -> Writes:
        done = False
        result: Writes = []
        for write in writes:
            if isinstance(write, Insert) and write.table is table and not done:
                values = (*write.values[:place], write.values[place] + amount, *write.values[place + 1 :])
                write, done = write._replace(values=values), True
            result.append(write)
        return result

    return spoil


def _named(name: str | bytes) -> Callable[[Writes], Writes]:
    """The patient has this name: a patient of its own, so that nobody else's documents suffer."""

    def spoil(writes: Writes) -> Writes:
        visit = next(write for write in writes if write.table is schema.VISITS)
        assert isinstance(visit, Insert)
        number = f"X{visit.values[0][-8:]}"
        who = patient(1)
        row = (number, name, f"{who.birth:%Y%m%d}", who.sex, None, "X")
        moved = _set(schema.SETTLEMENTS, PT_NO=number)(_set(schema.VISITS, PT_NO=number)(writes))
        return [Insert(schema.PATIENTS, row), *moved]

    return spoil


def _refers_to_itself(writes: Writes) -> Writes:
    key = next(w.values[0] for w in writes if isinstance(w, Insert) and w.table is schema.SETTLEMENTS)
    return _set(schema.SETTLEMENTS, ORG_SUNAP_NO=key, SUNAP_GB=Kind.RESETTLEMENT.value)(writes)


_HEAD: Final = schema.SETTLEMENTS
_ONLY_RECORD: Final[Refused] = {"receipt": None, "statement": None}


def _both(reason: str) -> Refused:
    return {"receipt": reason, "statement": None}


def _person(reason: str | None) -> Refused:
    return {"visit": reason, "diagnosis": None, "receipt": reason, "statement": None}


SPOILERS: Final = (
    Spoiler("negative amount", _set(_HEAD, GONG_AMT=-5_000), _ONLY_RECORD),
    Spoiler("wrong sum", _add(_HEAD, "TOT_AMT", 10), _ONLY_RECORD),
    Spoiler("huge amount", _set(_HEAD, TOT_AMT=10**15), _ONLY_RECORD),
    Spoiler("wrong line", _add(schema.SETTLEMENT_ITEMS, "AMT", 7), {"statement": None}),
    Spoiler("wrong row", _add(schema.SETTLEMENT_ROWS, "GONG_AMT", 3), {"receipt": None}),
    Spoiler("no rows", _without(schema.SETTLEMENT_ROWS), {"receipt": "no-detail"}),
    Spoiler("no lines", _without(schema.SETTLEMENT_ITEMS), {"statement": "no-detail"}),
    Spoiler("impossible date", _set(_HEAD, SUNAP_YMD="20261332"), _both("date-unreal")),
    Spoiler("30 February", _set(_HEAD, MED_FR_YMD="20260230"), _both("date-unreal")),
    Spoiler("unknown kind", _set(_HEAD, SUNAP_GB="9"), _both("code-unmapped")),
    Spoiler("unknown department", _set(_HEAD, DEPT_CD="ZZ"), _both("missing")),
    Spoiler("unknown coverage", _set(schema.SETTLEMENT_ITEMS, GUB="7"), {"statement": "code-unmapped"}),
    Spoiler("not a disease code", _set(schema.DIAGNOSES, KCD_CD="??"), {"diagnosis": None}),
    Spoiler("refers to itself", _refers_to_itself, {"receipt": "chain-broken", "statement": None}),
    Spoiler("reversed name", _named("환자\u202e0001"), _person(None)),
    Spoiler("name of a megabyte", _named("환" * 1_000_000), _person("text-too-long")),
    Spoiler("name with NUL", _named("환자\x000002"), _person(None), sqlite_only=True),
    Spoiler("name in no encoding", _named(b"\xff\xfe\xff"), _person("text-encoding"), sqlite_only=True),
    Spoiler("name in CP949", _named("환자뷁0003".encode("cp949")), {}, sqlite_only=True),
    Spoiler("amount with a comma", _set(_HEAD, BON_AMT="12,000"), _both("not-a-number"), sqlite_only=True),
    Spoiler("amount infinite", _set(_HEAD, BON_AMT=float("inf")), _both("not-a-number"), sqlite_only=True),
    Spoiler("date of bytes", _set(_HEAD, MED_TO_YMD=b"\x00\x01"), _both("date-unreal"), sqlite_only=True),
)
"""Every kind of dirt in one visit."""


class Sprinkler:
    """Makes `count` hostile visits and a few hostile relations between the cashier's rows."""

    def __init__(self, day: date, numbers: Numbers, seed: int, *, sqlite: bool) -> None:
        self.truth = Truth()
        self._desk = Desk(numbers, self.truth)
        self._clinic = Clinic(Random(f"dirt:{seed}"), numbers, self.truth, 1, None)
        self._at = datetime.combine(day, time(12, 0))
        self._spoilers = [each for each in SPOILERS if sqlite or not each.sqlite_only]

    def steps(self, count: int) -> Iterator[Step]:
        """Hostile transactions."""
        yield from self._relations()
        for _, spoiler in zip(range(count), cycle(self._spoilers), strict=False):
            yield self._spoilt(spoiler)

    def _visit(self) -> tuple[Visit, Writes]:
        self._at += timedelta(seconds=30)
        visit = self._clinic.outpatient(self._at)
        return visit, self._clinic.record(visit, self._at)

    def _spoilt(self, spoiler: Spoiler) -> Step:
        visit, writes = self._visit()
        slip = self._desk.receipt(visit, self._at)
        names = {"visit": visit.number, "diagnosis": visit.number, "receipt": slip.key, "statement": slip.key}
        for kind, reason in spoiler.refused.items():
            self._refuse(f"{kind}:{names[kind]}", spoiler.name, reason)
        if not spoiler.refused:
            self._renumber(visit, names)
        return Step(self._at, spoiler.spoil([*writes, *slip.writes()]))

    def _renumber(self, visit: Visit, names: dict[str, str]) -> None:
        """Good documents of a patient of their own carry that patient's number."""
        for kind in _ALL:
            self.truth.documents[f"{kind}:{names[kind]}"].patient = f"X{visit.number[-8:]}"

    def _refuse(self, document: str, name: str, reason: str | None) -> None:
        del self.truth.documents[document]
        self.truth.dirt.append(Dirt(document, name, reason))

    def _relations(self) -> Iterator[Step]:
        """Mirrors and new settlements that mean nothing. What they refer to stays as it was."""
        visit, writes = self._visit()
        good = self._desk.receipt(visit, self._at)
        yield Step(self._at, [*writes, *good.writes()])
        wrong = self._desk.mirror(good, self._at, resettles=True)
        yield Step(self._at, _add(_HEAD, "BON_AMT", 100)(wrong.writes()))
        self.truth.dirt.append(Dirt(f"receipt:{wrong.key}", "mirror of other amounts", "mirror-mismatch"))
        strange = self._desk.mirror(good, self._at, resettles=True)
        yield Step(self._at, _set(_HEAD, PT_NO="10000039")(strange.writes()))
        self.truth.dirt.append(
            Dirt(f"receipt:{strange.key}", "mirror of another patient's", "original-unsuitable")
        )
        again = self._desk.mirror(wrong, self._at, resettles=True)
        yield Step(self._at, again.writes())
        self.truth.dirt.append(Dirt(f"receipt:{again.key}", "mirror of a mirror", "original-unsuitable"))
        orphan = self._desk.mirror(good, self._at, resettles=True)
        lost = "0" * len(good.key)
        yield Step(self._at, _set(_HEAD, ORG_SUNAP_NO=lost)(orphan.writes()))
        self.truth.dirt.append(Dirt(f"receipt:{lost}", "mirror without original", "mirror-without-original"))
        yield from self._two_successors()

    def _two_successors(self) -> Iterator[Step]:
        visit, writes = self._visit()
        first = self._desk.receipt(visit, self._at)
        second = self._desk.settle_again(first, self._at + timedelta(seconds=1), visit.policy, None)
        third = self._desk.settle_again(first, self._at + timedelta(seconds=2), visit.policy, None)
        yield Step(self._at, [*writes, *first.writes(), *second.writes(), *third.writes()])
        self._refuse(f"receipt:{third.key}", "second successor", "second-successor")
        self._refuse(f"statement:{third.key}", "second successor", None)
