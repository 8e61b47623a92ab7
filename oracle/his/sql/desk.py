"""The registration desk behind a hospital's view of patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select

from oracle.his import fields
from oracle.his.base import Reason
from oracle.his.desk import DeskPatient, TooManyPatients
from oracle.his.rows import BadRow, Conversion, Fields, good_key
from oracle.his.sql.connection import ReadOnlyDatabase
from oracle.his.sql.mapping import Mapping, Patients
from oracle.his.sql.rows import Row, column_of, named, streamed
from oracle.his.values import TextRules

MOST_OF_A_DAY: Final = 2_000
"""Patients of one birth date that a search goes through."""


class SqlDesk:
    """Reads one view, read-only. The constructor opens no connection. timeout: seconds of one statement."""

    def __init__(self, mapping: Mapping, patients: Patients, url: str, *, timeout: float) -> None:
        self._database = ReadOnlyDatabase(f"sql:{mapping.name}", url, timeout=timeout)
        conversion = Conversion(
            TextRules(mapping.text.binary, mapping.text.latin1), ZoneInfo(mapping.time_zone)
        )
        view = named(patients.view)
        self._key = column_of(view, patients.key)
        self._born = column_of(view, patients.born.column)
        self._as_text = patients.born.type == "text"
        self._row = Row(view, patients.columns, fields.PATIENT, conversion)
        self._select = select(self._key, *self._row.columns).select_from(view)

    def patient(self, number: str) -> DeskPatient | None:
        """See `HospitalDesk`. Two rows of one number are no answer."""
        found = list(self._read(self._key == number, 2, "looking up a registration number"))
        if len(found) > 1:
            raise BadRow(Reason.KEY_AMBIGUOUS, "number")
        for each in found:
            if isinstance(each, BadRow):
                raise each
            return each
        return None

    def born(self, day: date) -> Sequence[DeskPatient]:
        """See `HospitalDesk`."""
        wanted: Any = f"{day:%Y%m%d}" if self._as_text else day
        found = list(self._read(self._born == wanted, MOST_OF_A_DAY + 1, "looking up a birth date"))
        if len(found) > MOST_OF_A_DAY:
            raise TooManyPatients(MOST_OF_A_DAY)
        return [each for each in found if isinstance(each, DeskPatient)]

    def check(self) -> None:
        """See `HospitalDesk`."""
        with self._database.snapshot("looking at the view of patients") as connection:
            connection.execute(self._select.where(self._born.is_(None)).limit(0))

    def close(self) -> None:
        """See `HospitalDesk`."""
        self._database.close()

    def _read(self, condition: ColumnElement[bool], most: int, doing: str) -> Iterator[DeskPatient | BadRow]:
        with self._database.snapshot(doing) as connection:
            for values in streamed(connection, self._select.where(condition).limit(most), {}):
                yield self._patient(good_key(values[0]), self._row.reading(values[1:]))

    def _patient(self, number: str | None, found: Fields | BadRow) -> DeskPatient | BadRow:
        if isinstance(found, BadRow):
            return found
        if number is None:
            return BadRow(Reason.KEY_INVALID, "number")
        return DeskPatient(number, found["name"], found.get("birth_date"), found.get("sex"))
