"""Reads the mapped fields of messages: of the message as a whole, and of segments that come several times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from oracle.his.base import Reason
from oracle.his.fields import Field
from oracle.his.hl7v2.mapping import Detail, Place
from oracle.his.hl7v2.message import Location, Message, Segment
from oracle.his.rows import BadRow, Conversion, Fields, add_detail
from oracle.his.values import BadValue


class PlacesReader:
    """A compiled list of places, and how to read their values."""

    def __init__(
        self, columns: Mapping[str, Place], known: Mapping[str, Field], conversion: Conversion
    ) -> None:
        self._constants = {name: place.constant for name, place in columns.items() if place.column is None}
        self._steps = [
            (
                name,
                Location.of(place.column),
                conversion.of(known[name], place),
                known[name].nullable,
                (place.values or {}).get("", place.otherwise),
            )
            for name, place in columns.items()
            if place.column is not None
        ]

    def read(self, text: Callable[[Location], str | None]) -> Fields | BadRow:
        """The fields, from what stands at each place; or the first that is wrong."""
        fields = dict(self._constants)
        for name, place, convert, nullable, when_empty in self._steps:
            try:
                value = text(place)
                found = when_empty if value is None else convert(value)
            except BadValue as bad:
                return BadRow(bad.reason, name)
            if found is None and not nullable:
                return BadRow(Reason.MISSING, name)
            fields[name] = found
        return fields


class DetailsReader:
    """Reads segments of which a message has several."""

    def __init__(self, detail: Detail, known: Mapping[str, Field], conversion: Conversion) -> None:
        self._detail = detail
        self._only = Location.of(detail.only.field) if detail.only else None
        self._reader = PlacesReader(detail.columns, known, conversion)

    def read(self, message: Message) -> list[Fields] | BadRow:
        """The rows in their order; the first bad one stands for all."""
        rows: list[Fields] | BadRow = []
        for group in message.group(self._detail.segment, self._detail.following):
            if self._wanted(group):
                rows = add_detail(rows, self._reader.read(partial(_text, group)))
        return rows

    def _wanted(self, group: Mapping[str, Segment]) -> bool:
        if self._only is None or self._detail.only is None:
            return True
        try:
            return _text(group, self._only) in self._detail.only.values
        except BadValue:
            return True  # it is read, and refused if it is no text


def _text(group: Mapping[str, Segment], place: Location) -> str | None:
    segment = group.get(place.segment)
    return segment.text(place) if segment else None
