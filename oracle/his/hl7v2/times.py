"""Times and amounts as HL7 v2 writes them (chapter 2A: DTM, DT, NM)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, Final

from oracle.his.base import Reason
from oracle.his.fields import Field, Type
from oracle.his.mapping import Column
from oracle.his.rows import Conversion
from oracle.his.values import BadValue, Convert, won

_DTM: Final = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})?([0-9]{2})?(?:\.([0-9]{1,6}))?)?([+-][0-9]{4})?",
    re.ASCII,
)
_WHOLE: Final = re.compile(r"([+-]?[0-9]{1,18})(?:\.0{1,4})?", re.ASCII)
_DAY_ONLY: Final = len("20261124")


@dataclass(frozen=True, slots=True)
class Hl7Conversion(Conversion):
    """As `Conversion`, for values that are text already and written by HL7's rules."""

    def of(self, field: Field, source: Column) -> Convert:
        """How to read a value into a field."""
        own = {
            Type.WON: whole,
            Type.DAY: _day(self.zone),
            Type.WHEN: _when(self.zone),
            Type.MOMENT: moment_in(self.zone),
        }
        return own.get(field.type) or Conversion.of(self, field, source)


def moment_in(zone: tzinfo) -> Callable[[Any], datetime | None]:
    """A point in time, aware; `zone` where the value names none. None if blank. Raises BadValue."""

    def convert(value: Any) -> datetime | None:
        written = str(value).strip(" ")
        if not written:
            return None
        found = _DTM.fullmatch(written)
        if found is None:
            raise BadValue(Reason.DATE_UNREAL)
        *parts, fraction, offset = found.groups()
        year, month, day, hour, minute, second = (int(part or 0) for part in parts)
        micro = int((fraction or "0").ljust(6, "0"))
        try:
            return datetime(year, month, day, hour, minute, second, micro, tzinfo=_zone(offset) or zone)
        except ValueError:
            raise BadValue(Reason.DATE_UNREAL) from None

    return convert


def whole(value: Any) -> int:
    """A whole number: ``12000``, ``+12000`` or ``12000.00``. Raises BadValue."""
    found = _WHOLE.fullmatch(str(value).strip(" "))
    if found is None:
        raise BadValue(Reason.NOT_A_NUMBER)
    return int(won(found.group(1).removeprefix("+")))


def _zone(offset: str | None) -> tzinfo | None:
    if offset is None:
        return None
    minutes = int(offset[1:3]) * 60 + int(offset[3:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def _day(zone: tzinfo) -> Convert:
    as_moment = moment_in(zone)

    def convert(value: Any) -> str | None:
        found = as_moment(value)
        return found.date().isoformat() if found else None

    return convert


def _when(zone: tzinfo) -> Convert:
    as_moment = moment_in(zone)

    def convert(value: Any) -> str | None:
        found = as_moment(value)
        if found is None:
            return None
        return found.date().isoformat() if len(str(value).strip(" ")) == _DAY_ONLY else found.isoformat()

    return convert
