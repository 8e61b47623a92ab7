"""From elements of resources to plain fields: each value checked, each mistake named by its field, never by value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, Final, NamedTuple, TypeAlias

from oracle.his.base import Reason
from oracle.his.fhir.bundles import Resource
from oracle.his.fhir.elements import Elements, renamed
from oracle.his.fhir.lookup import Find, Index, finder
from oracle.his.fhir.mapping import ALLOWED, Code, FhirMapping, Meanings
from oracle.his.fields import Field, Type
from oracle.his.rows import BadRow, Fields
from oracle.his.values import BadValue, Convert, TextRules, quantity, text, won
from records.fhir.errors import FhirInvalid
from records.fhir.paths import Place, get

Nodes: TypeAlias = Mapping[str, Resource]
"""The resources that a row is read from, by node name."""

_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?", re.ASCII)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_FULL: Final = len("2026-11-24")
_PARTIAL: Final = frozenset({"patient_birth_date"})
_ABSENT: Final = {
    "ceiling_excess": 0,
    "already_paid": 0,
    "paid_card": 0,
    "paid_cash_receipt": 0,
    "paid_cash": 0,
    **{
        f"{prefix}{name}": 0
        for prefix in ("", "totals_")
        for name in ("patient", "insurer", "full", "uncovered")
    },
}
"""Amounts that a server leaves out when they are nothing. The record's arithmetic finds one left out wrongly."""


def instant(value: Any) -> datetime:
    """An R4 instant, in UTC. Raises BadValue."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise BadValue(Reason.DATE_UNREAL)
    try:
        return datetime.fromisoformat(_six_digits(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadValue(Reason.DATE_UNREAL) from None


def _six_digits(moment: str) -> str:
    """Python reads microseconds; servers may write nanoseconds."""
    return re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", moment)


class RowReader:
    """Reads the fields of one kind of row."""

    def __init__(
        self, elements: Elements, known: Mapping[str, Field], mapping: FhirMapping, zone: tzinfo
    ) -> None:
        conversion = _Conversion(mapping, zone)
        self._steps = [
            _Step(
                name,
                [
                    (node, finder(_whole_concept(name, field, renamed(place, mapping.names))))
                    for node, place in elements[name]
                ],
                conversion.of(name, field),
                field.nullable,
            )
            for name, field in known.items()
            if name in elements
        ]

    def read(self, nodes: Nodes) -> Fields:
        """The fields of a row. Raises BadRow."""
        index: Index = {}
        return {step.name: _field(step, nodes, index) for step in self._steps}

    def one(self, name: str, nodes: Nodes) -> Any:
        """One field alone. Raises BadRow."""
        return next(_field(step, nodes, {}) for step in self._steps if step.name == name)

    def reading(self, nodes: Nodes) -> Fields | BadRow:
        """The fields of a row, or what is wrong with it."""
        try:
            return self.read(nodes)
        except BadRow as bad:
            return bad


class _Step(NamedTuple):
    """One field: where it may lie, how it is read, and whether it may be absent."""

    name: str
    places: list[tuple[str, Find]]
    convert: Convert
    nullable: bool


def _field(step: _Step, nodes: Nodes, index: Index) -> Any:
    value = _value(step, nodes, index)
    try:
        found = None if value is None else step.convert(value)
    except BadValue as bad:
        raise BadRow(bad.reason, step.name) from None
    if found is None and not step.nullable and (value is None or None not in ALLOWED.get(step.name, ())):
        raise BadRow(Reason.MISSING, step.name)
    return found


def _value(step: _Step, nodes: Nodes, index: Index) -> Any:
    """What stands at the first place that holds something."""
    for node, find in step.places:
        resource = nodes.get(node)
        if resource is None:
            continue
        try:
            found = find(resource, index)
        except FhirInvalid:
            raise BadRow(Reason.NOT_A_ROW, step.name) from None
        if found is not None:
            return found
    return _ABSENT.get(step.name)


def at(nodes: Nodes, node: str, place: Place, name: str) -> Any:
    """What stands at a place, or None. Raises BadRow where the shape is wrong."""
    resource = nodes.get(node)
    if resource is None:
        return None
    try:
        return get(resource, place)
    except FhirInvalid:
        raise BadRow(Reason.NOT_A_ROW, name) from None


def _whole_concept(name: str, field: Field, place: Place) -> Place:
    """The place of a coded field up to its codings, of which the mapping chooses one."""
    if field.type is Type.CODE and "coding" in place and field.allowed:
        return place[: len(place) - place[::-1].index("coding")]
    return place


class _Conversion:
    """How to read an element into a field."""

    def __init__(self, mapping: FhirMapping, zone: tzinfo) -> None:
        self._text = TextRules(mapping.text.binary, mapping.text.latin1)
        self._codes = mapping.codes
        self._zone = zone

    def of(self, name: str, field: Field) -> Convert:
        if name == "rank":
            return _rank
        if field.type is Type.CODE:
            return self._code(name, field)
        return {
            Type.TEXT: self._plain_text(field.longest),
            Type.WON: whole_won,
            Type.QUANTITY: quantity,
            Type.DAY: self._day(partial=name in _PARTIAL),
            Type.WHEN: _when,
            Type.MOMENT: self._moment,
        }[field.type]

    def _plain_text(self, longest: int) -> Convert:
        convert = text(self._text, longest)

        def read(value: Any) -> Any:
            if not isinstance(value, str):
                raise BadValue(Reason.NOT_TEXT)
            return convert(value)

        return read

    def _code(self, name: str, field: Field) -> Convert:
        code = self._codes.get(name) if field.allowed else None
        if code is not None:
            return _coded(name, code)
        return _yes_no if True in field.allowed else self._plain_text(field.longest)

    def _day(self, *, partial: bool) -> Convert:
        def read(value: Any) -> str:
            if isinstance(value, str) and "T" in value:
                return instant(value).astimezone(self._zone).date().isoformat()
            return _date(value, partial=partial)

        return read

    def _moment(self, value: Any) -> datetime:
        if isinstance(value, str) and len(value) == _FULL:
            return datetime.combine(date.fromisoformat(_date(value)), time(), self._zone)
        return instant(value).astimezone(self._zone)


def _date(value: Any, *, partial: bool = False) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value) or (len(value) < _FULL and not partial):
        raise BadValue(Reason.DATE_UNREAL)
    try:
        date.fromisoformat(value + "-01-01"[: _FULL - len(value)] if len(value) < _FULL else value)
    except ValueError:
        raise BadValue(Reason.DATE_UNREAL) from None
    return value


def _when(value: Any) -> str:
    """A date, or date and time with its zone, as it was written."""
    if isinstance(value, str) and "T" in value:
        instant(value)
        return _six_digits(value)
    return _date(value)


def whole_won(value: Any) -> int:
    """Whole won, of a Money or a plain number."""
    if isinstance(value, Mapping):
        if value.get("currency", "KRW") != "KRW":
            raise BadValue(Reason.CODE_UNMAPPED)
        value = value.get("value")
    if isinstance(value, bool):
        raise BadValue(Reason.NOT_A_NUMBER)
    return won(value)


def _rank(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadValue(Reason.CODE_UNMAPPED)
    return "main" if value == 1 else "sub"


def _yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue(Reason.CODE_UNMAPPED)
    return value


def _coded(name: str, code: Code) -> Callable[[Any], Any]:
    """What a code means: one alone, or the first coding whose system is listed."""
    own = ALLOWED[name]

    def meaning(meanings: Meanings, value: Any) -> Any:
        known = {str(each): each for each in own} if meanings == "same" else meanings
        if not isinstance(value, str) or not isinstance(known, dict) or value not in known:
            raise BadValue(Reason.CODE_UNMAPPED)
        return known[value]

    def convert(value: Any) -> Any:
        if not isinstance(value, list):
            return meaning(code.values, value)
        for coding in value:
            system = coding.get("system") if isinstance(coding, Mapping) else None
            if name == "code_list" and isinstance(system, str):
                return meaning(code.values, system)
            if isinstance(system, str) and system in code.systems:
                return meaning(code.systems[system], coding.get("code"))
        raise BadValue(Reason.CODE_UNMAPPED)

    return convert
