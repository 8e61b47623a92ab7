"""The desks of a hospital behind views of its database: rows as the mapping names them, read-only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnClause, ColumnElement, Connection, Select, select

from oracle.his.desk import Asked
from oracle.his.desk_fields import ROWS, Question
from oracle.his.mapping import Column
from oracle.his.rows import BadRow, Conversion, Fields
from oracle.his.sql.connection import ReadOnlyDatabase
from oracle.his.sql.mapping import Day, DeskView, Mapping, Patients
from oracle.his.sql.rows import DetailReader, Row, column_of, named, streamed
from oracle.his.values import TextRules


@dataclass(frozen=True, slots=True)
class _Reader:
    """One question: what is selected, what it is compared with, and the rows below each row."""

    query: Select[Any]
    key: ColumnClause[Any]
    row: Row
    compared: dict[str, ColumnClause[Any]]
    """Columns by placeholder."""
    day: tuple[ColumnClause[Any], bool] | None
    """A date column, and whether it is text (YYYYMMDD)."""
    details: tuple[str, DetailReader] | None


class SqlSource:
    """Reads views as a mapping describes them. The constructor opens no connection. timeout: seconds of a statement."""

    def __init__(self, mapping: Mapping, url: str, *, timeout: float) -> None:
        self._database = ReadOnlyDatabase(f"sql:{mapping.name}", url, timeout=timeout)
        self._name = f"sql:{mapping.name}"
        text = TextRules(mapping.text.binary, mapping.text.latin1)
        conversion = Conversion(text, ZoneInfo(mapping.time_zone))
        self._readers = {q: _reader(q, view, conversion) for q, view in mapping.desk.items()}
        if mapping.patients is not None:
            self._readers |= dict(_of_patients(mapping.patients, conversion))

    @property
    def name(self) -> str:
        """See `DeskSource`."""
        return self._name

    @property
    def offers(self) -> frozenset[Question]:
        """See `DeskSource`."""
        return frozenset(self._readers)

    def ask(self, question: Question, asked: Asked, most: int) -> list[Fields | BadRow]:
        """See `DeskSource`."""
        reader = self._readers[question]
        query = reader.query.where(*_conditions(reader, asked)).limit(most)
        with self._database.snapshot(f"asking for {question}") as connection:
            rows = [(values[0], reader.row.reading(values[1:])) for values in streamed(connection, query, {})]
            return list(_with_details(connection, reader, rows))

    def check(self) -> None:
        """See `DeskSource`: every view has the columns that are mapped."""
        with self._database.snapshot("looking at the views of the desk") as connection:
            for reader in self._readers.values():
                columns = [*reader.compared.values(), *([reader.day[0]] if reader.day else ())]
                connection.execute(reader.query.where(*(each.is_(None) for each in columns)).limit(0))
                if reader.details is not None:
                    reader.details[1].of(connection, ["0"])

    def close(self) -> None:
        """See `DeskSource`."""
        self._database.close()


def _reader(question: Question, view: DeskView, conversion: Conversion) -> _Reader:
    rows, table = ROWS[question], named(view.view)
    compared = {} if view.by is None else {"number": column_of(table, view.by)}
    if question is Question.SESSIONS:
        chosen = {name: view.columns.get(name) for name in ("department", "doctor")}
        compared = {n: column_of(table, c.column) for n, c in chosen.items() if c is not None and c.column}
    row, key = Row(table, view.columns, rows.fields, conversion), column_of(table, view.key)
    day = None if view.day is None else (column_of(table, view.day.column), view.day.type == "text")
    details = None
    if rows.detail is not None and view.details is not None:
        details = (rows.detail, DetailReader(view.details, rows.details, conversion))
    query = select(key, *row.columns).select_from(table).order_by(key)
    return _Reader(query, key, row, compared, day, details)


def _of_patients(patients: Patients, conversion: Conversion) -> Iterator[tuple[Question, _Reader]]:
    """The view of patients answers two questions."""
    columns = {**patients.columns, "number": Column(column=patients.key)}
    view = DeskView(view=patients.view, key=patients.key, by=patients.key, columns=columns)
    yield Question.PATIENT, _reader(Question.PATIENT, view, conversion)
    born = Day(column=patients.born.column, type=patients.born.type)
    by_day = view.model_copy(update={"by": None, "day": born})
    yield Question.BORN, _reader(Question.BORN, by_day, conversion)


def _conditions(reader: _Reader, asked: Asked) -> Iterator[ColumnElement[bool]]:
    for name, column in reader.compared.items():
        if asked.get(name):
            yield column == asked[name]
    if reader.day is not None:
        column, as_text = reader.day
        first, last = (asked.get("birth_date") or asked[name] for name in ("from", "until"))
        yield column.between(_day(first, as_text), _day(last, as_text))


def _day(written: str, as_text: bool) -> Any:
    found = date.fromisoformat(written)
    return f"{found:%Y%m%d}" if as_text else found


def _with_details(
    connection: Connection, reader: _Reader, rows: Sequence[tuple[Any, Fields | BadRow]]
) -> Iterable[Fields | BadRow]:
    if reader.details is None:
        yield from (row for _, row in rows)
        return
    name, source = reader.details
    found = source.of(connection, [str(key) for key, row in rows if not isinstance(row, BadRow)])
    for key, row in rows:
        below = found.get(str(key), [])
        if isinstance(row, BadRow):
            yield row
        else:
            yield below if isinstance(below, BadRow) else {**row, name: below}
