"""`Desk`: what an adapter's rows mean, and whose they may be; the same for every adapter.

A hospital system is believed nothing: rows of another patient than the one asked for stop the answer, rows outside the
period are left out, results that are not released (or not yet) are left out whatever the view shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from chain.clock import Clock
from oracle.his.base import HisMalformed, Reason
from oracle.his.desk import (
    Asked,
    DeskPatient,
    DeskSource,
    Listed,
    NewPatient,
    NotOffered,
    Period,
    RequestReused,
    TooManyPatients,
    TooManyRows,
    same_name,
)
from oracle.his.desk_fields import Question
from oracle.his.desk_shapes import Appointment, Bill, Result, Session
from oracle.his.rows import BadRow, Fields

DESK_SECONDS: Final = 10.0
"""How long one question may take at the most: whoever asked has given up long before."""
MOST_OF_A_DAY: Final = 2_000
"""Patients of one birth date that a search goes through."""
MOST_ROWS: Final = 500
"""Of one patient, or of a department's schedule."""
_LONGEST_CHAIN: Final = 5
"""Mergers of mergers."""
_COMPARE: Final = "Compare the question in the mapping with what the hospital system answers it with."

_Shape = TypeVar("_Shape", bound=BaseModel)


class Desk:
    """See `HospitalDesk`. zone: the hospital's, in which its days lie."""

    def __init__(self, source: DeskSource, zone: ZoneInfo, clock: Clock) -> None:
        self._source = source
        self._zone = zone
        self._clock = clock

    @property
    def offers(self) -> frozenset[Question]:
        """See `HospitalDesk`."""
        return self._source.offers

    def patient(self, number: str) -> DeskPatient | None:
        """See `HospitalDesk`. Two rows of one number are no answer."""
        found = self._ask(Question.PATIENT, {"number": number}, 2)
        if len(found) > 1:
            raise BadRow(Reason.KEY_AMBIGUOUS, "number")
        for each in found:
            if isinstance(each, BadRow):
                raise each
            self._refuse_others(Question.PATIENT, each, "number", number)
            return _patient(each)
        return None

    def born(self, day: date) -> Sequence[DeskPatient]:
        """See `HospitalDesk`."""
        try:
            found = self._ask(Question.BORN, {"birth_date": day.isoformat()}, MOST_OF_A_DAY)
        except TooManyRows as error:
            raise TooManyPatients(error.most) from None
        good = [_patient(each) for each in found if not isinstance(each, BadRow)]
        return [each for each in good if each.birth_date == day.isoformat()]

    def merged_into(self, number: str) -> str | None:
        """See `HospitalDesk`. Follows mergers of mergers to their end."""
        seen = [number]
        while len(seen) <= _LONGEST_CHAIN:
            found = self._ask(Question.MERGED, {"number": seen[-1]}, 1)
            if not found:
                return None if len(seen) == 1 else seen[-1]
            row = found[0]
            if isinstance(row, BadRow):
                raise row
            self._refuse_others(Question.MERGED, row, "number", seen[-1])
            if row["surviving"] == seen[-1]:
                return None if len(seen) == 1 else seen[-1]
            seen.append(row["surviving"])
        raise HisMalformed(self._source.name, "numbers were merged in a circle", "Mend the mergers.")

    def register(self, who: NewPatient) -> DeskPatient:
        """See `HospitalDesk`."""
        asked = {
            "request": who.request,
            "name": who.name,
            "birth_date": who.birth_date,
            "sex": who.sex,
        }
        found = self._ask(Question.REGISTER, asked, 1)
        if not found:
            raise HisMalformed(self._source.name, "a registration was answered with nothing", _COMPARE)
        row = found[0]
        if isinstance(row, BadRow):
            raise row
        given = _patient(row)
        if not same_name(given.name, who.name) or (given.birth_date, given.sex) != (who.birth_date, who.sex):
            raise RequestReused
        return given

    def sessions(self, department: str, doctor: str | None, period: Period) -> Listed[Session]:
        """See `HospitalDesk`."""
        asked = {"department": department, "doctor": doctor or "", **_days(period)}

        def fits(row: Fields) -> bool:
            same = row["department"] == department and doctor in (None, row.get("doctor"))
            return same and self._within(row["start"], period)

        rows = [_with_free_times(row) for row in self._ask(Question.SESSIONS, asked, MOST_ROWS)]
        listed = _listed(rows, fits, Session)
        listed.found.sort(key=lambda each: (each.start, each.doctor or "", each.id))
        return listed

    def appointments(self, number: str, period: Period) -> Listed[Appointment]:
        """See `HospitalDesk`."""
        rows = self._own(Question.APPOINTMENTS, number, _days(period))
        listed = _listed(rows, lambda row: self._within(row["at"], period), Appointment)
        listed.found.sort(key=lambda each: (each.at, each.id))
        return listed

    def results(self, number: str, period: Period) -> Listed[Result]:
        """See `HospitalDesk`."""
        now = self._clock()

        def shown(row: Fields) -> bool:
            released: datetime | None = row["released"]
            if released is None or released > now:
                return False
            return row.get("taken") is None or self._within(row["taken"], period)

        listed = _listed(self._own(Question.RESULTS, number, _days(period)), shown, Result)
        listed.found.sort(key=lambda each: (each.taken or each.released, each.id), reverse=True)
        return listed

    def bills(self, number: str) -> Listed[Bill]:
        """See `HospitalDesk`."""
        listed = _listed(self._own(Question.BILLS, number, {}), lambda _: True, Bill)
        listed.found.sort(key=lambda each: (each.made, each.id), reverse=True)
        return listed

    def check(self) -> None:
        """See `HospitalDesk`."""
        self._source.check()

    def close(self) -> None:
        """See `HospitalDesk`."""
        self._source.close()

    # --- inside

    def _ask(self, question: Question, asked: Asked, most: int) -> list[Fields | BadRow]:
        if question not in self._source.offers:
            raise NotOffered(question)
        found = self._source.ask(question, asked, most + 1)
        if len(found) > most:
            raise TooManyRows(most)
        return found

    def _own(self, question: Question, number: str, days: Asked) -> list[Fields | BadRow]:
        """Rows about one patient; raises HisMalformed if one is somebody else's."""
        rows = self._ask(question, {"number": number, **days}, MOST_ROWS)
        for row in rows:
            if not isinstance(row, BadRow):
                self._refuse_others(question, row, "patient_number", number)
        return rows

    def _refuse_others(self, question: Question, row: Mapping[str, Any], field: str, number: str) -> None:
        if row[field] != number:
            what = f"the answer to {question} holds a row of another patient than the one asked for"
            raise HisMalformed(self._source.name, what, _COMPARE)

    def _within(self, moment: datetime, period: Period) -> bool:
        return period.first <= moment.astimezone(self._zone).date() <= period.last


def _listed(
    rows: Sequence[Fields | BadRow], wanted: Callable[[Fields], bool], shape: type[_Shape]
) -> Listed[_Shape]:
    """The wanted rows as shapes; one that can not be read takes no other with it.

    A row that comes twice is one; two that differ under one id are both unreadable: nobody knows which is right.
    """
    found: dict[str, _Shape] = {}
    ambiguous: set[str] = set()
    unreadable = 0
    for row in rows:
        if isinstance(row, BadRow):
            unreadable += 1
        elif wanted(row):
            try:
                made = shape.model_validate({name: row[name] for name in row if name in shape.model_fields})
            except ValidationError:
                unreadable += 1
                continue
            if found.setdefault(row["id"], made) != made:
                ambiguous.add(row["id"])
    kept = [each for key, each in found.items() if key not in ambiguous]
    return Listed(kept, unreadable + len(ambiguous))


def _with_free_times(row: Fields | BadRow) -> Fields | BadRow:
    """A session with those of its slots that have a seat left, in their order; a closed one has none."""
    if isinstance(row, BadRow):
        return row
    free = [each for each in row["slots"] if each["free"] > 0] if row["state"] == "open" else []
    return {**row, "slots": sorted(free, key=lambda each: each["at"])}


def _patient(row: Fields) -> DeskPatient:
    return DeskPatient(row["number"], row["name"], row.get("birth_date"), row.get("sex"))


def _days(period: Period) -> dict[str, str]:
    return {"from": period.first.isoformat(), "until": period.last.isoformat()}
