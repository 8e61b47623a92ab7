"""From what a database driver hands over to plain values: text in any Korean encoding, won, dates, codes.

Nothing is guessed and nothing is cleaned beyond the padding of CHAR columns; what can not be read raises `BadValue`
with a reason, never with the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, TypeAlias

from oracle.his.base import Reason

Convert: TypeAlias = Callable[[Any], Any]
"""Makes a plain value of a driver's value, which is not None; raises `BadValue`."""

MAX_DIGITS = 18
_WON = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_DAY = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})", re.ASCII)
_MOMENT = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[ T]?([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:\.[0-9]{1,6})?)?",
    re.ASCII,
)


class BadValue(Exception):
    """A value that is not what its column should hold. `reason` says why; the value itself is not kept."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.value)


@dataclass(frozen=True, slots=True)
class TextRules:
    """How a hospital's text comes.

    binary: encoding of bytes that are not UTF-8 (cp949 covers EUC-KR and its extension, 확장 완성형).
    latin1: encoding of text that a driver read as Latin-1, as happens with databases declared US7ASCII; None if
        that does not occur here.
    """

    binary: str = "cp949"
    latin1: str | None = None

    def decode(self, value: Any) -> str:
        """Text of a driver's value."""
        if type(value) is str:
            if value.isascii():
                return value.strip(" ")
            return self._mended(value).strip(" ")
        if isinstance(value, bytes | bytearray | memoryview):
            return self._from_bytes(bytes(value)).strip(" ")
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise BadValue(Reason.NOT_TEXT)

    def _mended(self, value: str) -> str:
        try:
            raw = value.encode()
        except UnicodeEncodeError:  # the driver kept bytes that were not UTF-8 as lone surrogates
            return self._from_bytes(_kept_bytes(value))
        if self.latin1 and len(raw) > len(value) and max(value) <= "\xff":
            return _decoded(value.encode("latin-1"), self.latin1)
        return value

    def _from_bytes(self, raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return _decoded(raw, self.binary)


def _kept_bytes(value: str) -> bytes:
    """The bytes that a driver kept in text; JSON can also write half a character, which is none."""
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise BadValue(Reason.TEXT_ENCODING) from None


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        raise BadValue(Reason.TEXT_ENCODING) from None


def text(rules: TextRules, longest: int) -> Convert:
    """Text of at most `longest` characters; None if blank. U+FFFD is what is left of a character that was lost."""

    def convert(value: Any) -> str | None:
        if isinstance(value, str | bytes) and len(value) > 4 * longest:
            raise BadValue(Reason.TEXT_TOO_LONG)
        found = rules.decode(value)
        if len(found) > longest:
            raise BadValue(Reason.TEXT_TOO_LONG)
        if "\ufffd" in found:
            raise BadValue(Reason.TEXT_ENCODING)
        return found or None

    return convert


def won(value: Any) -> int:
    """A whole number, of either sign."""
    if type(value) is int:
        return value
    if isinstance(value, str) and _WON.fullmatch(value.strip(" ")):
        return int(value)
    if isinstance(value, Decimal | float):
        number = _decimal(value)
        if number == number.to_integral_value():
            return int(number)
    raise BadValue(Reason.NOT_A_NUMBER)


def quantity(value: Any) -> str | int:
    """A number that may have decimals, as text."""
    if type(value) is int:
        return value
    if isinstance(value, str | float | Decimal):
        return format(_decimal(value), "f")
    raise BadValue(Reason.NOT_A_NUMBER)


def _decimal(value: str | float | Decimal) -> Decimal:
    """The number, if it is finite and of a size and precision that anything in a hospital has."""
    try:
        number = Decimal(str(value).strip(" "))
    except InvalidOperation:
        raise BadValue(Reason.NOT_A_NUMBER) from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -MAX_DIGITS or abs(number) >= 10**MAX_DIGITS:
        raise BadValue(Reason.NOT_A_NUMBER)
    return number


def day(value: Any) -> str | None:
    """A calendar date as YYYY-MM-DD, from a date or from YYYYMMDD text; None if blank."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    if not isinstance(value, str | int):
        raise BadValue(Reason.DATE_UNREAL)
    written = str(value).strip(" ")
    return _iso_date(written) if written else None


@lru_cache(maxsize=4096)
def _iso_date(written: str) -> str:
    found = _DAY.fullmatch(written)
    if found is None:
        raise BadValue(Reason.DATE_UNREAL)
    iso = "-".join(found.groups())
    try:
        date.fromisoformat(iso)
    except ValueError:
        raise BadValue(Reason.DATE_UNREAL) from None
    return iso


def moment(zone: tzinfo) -> Convert:
    """A point in time, aware, from a timestamp or from YYYYMMDDHHMMSS text in the hospital's zone."""

    def convert(value: Any) -> datetime | None:
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=zone)
        if not isinstance(value, str | int):
            raise BadValue(Reason.DATE_UNREAL)
        written = str(value).strip(" ")
        if not written:
            return None
        found = _MOMENT.fullmatch(written)
        if found is None:
            raise BadValue(Reason.DATE_UNREAL)
        try:
            return datetime(*(int(part or 0) for part in found.groups()), tzinfo=zone)  # type: ignore[misc,arg-type]
        except ValueError:
            raise BadValue(Reason.DATE_UNREAL) from None

    return convert


def when(zone: tzinfo) -> Convert:
    """A date as `day`, or date and time of day as ISO text with the hospital's offset."""
    as_moment = moment(zone)

    def convert(value: Any) -> str | None:
        if isinstance(value, datetime) or (
            isinstance(value, str) and len(value.strip(" ")) > len("2026-11-24")
        ):
            found: datetime | None = as_moment(value)
            return found.isoformat() if found else None
        return day(value)

    return convert


def coded(rules: TextRules, values: Mapping[str, Any], otherwise: Any, *, strict: bool) -> Convert:
    """The record's value for a hospital's code; where none is listed, `otherwise` unless `strict`.

    A truth value, where the hospital has them, is listed as the code "true" or "false".
    """

    def convert(value: Any) -> Any:
        if isinstance(value, bool):
            value = "true" if value else "false"
        found = values.get(value, _UNLISTED) if isinstance(value, str) else _UNLISTED
        if found is not _UNLISTED:
            return found
        if isinstance(value, str | bytes) and len(value) > MAX_DIGITS * 4:
            raise BadValue(Reason.CODE_UNMAPPED)
        found = values.get(rules.decode(value), _UNLISTED)
        if found is not _UNLISTED:
            return found
        if strict:
            raise BadValue(Reason.CODE_UNMAPPED)
        return otherwise

    return convert


_UNLISTED = object()
