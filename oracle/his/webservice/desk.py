"""The desks of a hospital behind a vendor's REST or SOAP service."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from oracle.his.base import Reason
from oracle.his.desk import Asked
from oracle.his.desk_fields import ROWS, Question
from oracle.his.rows import BadRow, Conversion, Fields, RowReader, add_detail
from oracle.his.values import TextRules
from oracle.his.webservice.adapter import service_of
from oracle.his.webservice.client import Limits, WebClient
from oracle.his.webservice.mapping import WebColumns, WebMapping, WebQuestion
from oracle.his.webservice.protocol import reach

_NOBODY: Final = "0"
"""A number that nobody has, to see whether the service answers at all."""
_DAYS: Final = frozenset({"birth_date", "from", "until"})


class WebSource:
    """Asks a service as its mapping says. The constructor opens no connection."""

    def __init__(
        self,
        mapping: WebMapping,
        base_url: str,
        headers: Mapping[str, str],
        *,
        limits: Limits,
        context: ssl.SSLContext | None = None,
        **testing: Callable[..., Any],
    ) -> None:
        self._name = f"webservice:{mapping.name}"
        self._mapping = mapping
        self._client = WebClient(self._name, headers, limits, context=context, **testing)
        self._service = service_of(mapping, base_url, self._client)
        text = TextRules(mapping.text.binary, mapping.text.latin1)
        conversion = Conversion(text, ZoneInfo(mapping.time_zone))
        self._readers = {q: _Reader(q, asked, conversion) for q, asked in mapping.desk.items()}

    @property
    def name(self) -> str:
        """See `DeskSource`."""
        return self._name

    @property
    def offers(self) -> frozenset[Question]:
        """See `DeskSource`."""
        return frozenset(self._mapping.desk)

    def ask(self, question: Question, asked: Asked, most: int) -> list[Fields | BadRow]:
        """See `DeskSource`."""
        operation, doing = self._mapping.desk[question], f"asking for {question}"
        values = {name: self._written(name, value) or None for name, value in asked.items()}
        content = self._service.call(operation, values, doing)
        rows = [] if content is None else self._service.rows(operation, content, doing)
        return [self._readers[question].read(row) for row in rows[:most]]

    def check(self) -> None:
        """See `DeskSource`: the service answers whether there is somebody that there is not."""
        if Question.PATIENT in self._mapping.desk:
            self.ask(Question.PATIENT, {"number": _NOBODY}, 1)

    def close(self) -> None:
        """See `DeskSource`."""
        self._client.close()

    def _written(self, name: str, value: str) -> str:
        """A value as the service wants it."""
        if name in _DAYS and value and self._mapping.asked_days == "compact":
            return f"{date.fromisoformat(value):%Y%m%d}"
        if name == "sex":
            return {str(sex): code for sex, code in self._mapping.asked_sexes.items()}.get(value, value)
        return value


class _Reader:
    """Reads the rows of one question."""

    def __init__(self, question: Question, asked: WebQuestion, conversion: Conversion) -> None:
        rows = ROWS[question]
        self._detail, self._at = rows.detail, asked.details.at if asked.details else ""
        self._row = RowReader(asked.columns, rows.fields, conversion)
        below: WebColumns = asked.details.columns if asked.details else {}
        self._below = RowReader(below, rows.details, conversion)

    def read(self, row: Any) -> Fields | BadRow:
        """The fields of a row with its details, or what is wrong with it."""
        found = _fields(self._row, row)
        if isinstance(found, BadRow) or self._detail is None:
            return found
        nested = reach(row, self._at)
        details: list[Fields] | BadRow = []
        for each in nested if isinstance(nested, list) else [] if nested in (None, "") else [nested]:
            details = add_detail(details, _fields(self._below, each))
        return details if isinstance(details, BadRow) else {**found, self._detail: details}


def _fields(reader: RowReader, row: Any) -> Fields | BadRow:
    if not isinstance(row, dict):
        return BadRow(Reason.NOT_A_ROW, "rows")
    return reader.reading([reach(row, name) for name in reader.names])
