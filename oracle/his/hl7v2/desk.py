"""The desk behind an interface engine that answers queries: who somebody is, and which number goes on.

HL7 v2 has queries for patients (PDQ, PIX). What hospitals add for schedules, results and bills is their own, and most
answer none; what the mapping does not name is not offered.
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from oracle.his.desk import Asked
from oracle.his.desk_fields import ROWS, Question
from oracle.his.hl7v2.mapping import PLACEHOLDER, Mapping
from oracle.his.hl7v2.message import Location, Message, Segment
from oracle.his.hl7v2.queries import QueryClient, escaped
from oracle.his.hl7v2.segments import PlacesReader
from oracle.his.rows import BadRow, Conversion, Fields
from oracle.his.values import TextRules

_NOBODY = "0"


class Hl7Source:
    """Asks an interface engine as the mapping says. Opens a connection for each question."""

    def __init__(self, mapping: Mapping, client: QueryClient) -> None:
        self._name = f"hl7v2:{mapping.name}"
        self._queries = mapping.queries
        self._client = client
        conversion = Conversion(TextRules(mapping.text.binary), ZoneInfo(mapping.time_zone))
        self._readers = {
            question: PlacesReader(query.columns, ROWS[question].fields, conversion)
            for question, query in mapping.queries.items()
        }

    @property
    def name(self) -> str:
        """See `DeskSource`."""
        return self._name

    @property
    def offers(self) -> frozenset[Question]:
        """See `DeskSource`."""
        return frozenset(self._queries)

    def ask(self, question: Question, asked: Asked, most: int) -> list[Fields | BadRow]:
        """See `DeskSource`."""
        query = self._queries[question]
        fields = [query.name, *(_filled(each, asked) for each in query.parameters)]
        answer = self._client.ask(query.message, fields, most, f"asking for {question}")
        if answer is None:
            return []
        reader = self._readers[question]
        groups = list(answer.group("PID", ()))[:most]
        return [reader.read(partial(_text, answer, group)) for group in groups]

    def check(self) -> None:
        """See `DeskSource`: the engine answers whether there is somebody that there is not."""
        for question in (Question.PATIENT, Question.MERGED):
            if question in self._queries:
                self.ask(question, {"number": _NOBODY}, 1)

    def close(self) -> None:
        """See `DeskSource`: there is nothing to close."""


def _filled(template: str, asked: Asked) -> str:
    """A field of QPD with the values in it."""
    values = {
        name: f"{date.fromisoformat(v):%Y%m%d}" if name == "birth_date" else v for name, v in asked.items()
    }
    return PLACEHOLDER.sub(lambda each: escaped(values[each[1]]), template)


def _text(message: Message, group: Table[str, Segment], place: Location) -> str | None:
    segment = group.get(place.segment)
    return message.text(place) if segment is None else segment.text(place)
