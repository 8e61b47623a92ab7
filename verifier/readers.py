"""How fresh a status must be, by who reads it: medicine is handed over at once, a certificate is filed."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum


class Reader(StrEnum):
    """For what a document is read; decides how old its status may be."""

    PRESCRIPTION = "prescription"
    CLAIM = "claim"
    CERTIFICATE = "certificate"

    @property
    def limit(self) -> timedelta:
        """Greatest age of the status."""
        return _LIMITS[self]


_LIMITS = {
    Reader.PRESCRIPTION: timedelta(minutes=10),
    Reader.CLAIM: timedelta(hours=24),
    Reader.CERTIFICATE: timedelta(days=7),
}

_BY_KIND = {"prescription": Reader.PRESCRIPTION}
"""Kinds that are dangerous when stale; all others are read as certificates unless the reader says otherwise."""

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Freshness = Reader | timedelta


class UnknownReader(ValueError):
    """Neither a reader nor a duration. `text`: as given."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is neither prescription, claim, certificate nor a duration such as 30m, 24h, 7d"
        )
        self.text = text


def parse_freshness(text: str) -> Freshness:
    """`prescription`, `claim`, `certificate`, or a number with s, m, h or d. Raises UnknownReader."""
    if text in tuple(Reader):
        return Reader(text)
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", text, re.ASCII)
    if match is None:
        raise UnknownReader(text)
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def limit_for(freshness: Freshness | None, kind: str | None) -> timedelta:
    """The greatest age of a status: as asked, else by the kind of document."""
    if freshness is None:
        freshness = _BY_KIND.get(kind or "", Reader.CERTIFICATE)
    return freshness.limit if isinstance(freshness, Reader) else freshness
