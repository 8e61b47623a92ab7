"""One HL7 v2 message as bytes and fields. The structure is read by the package `hl7`, the text by the message's own
character set, field by field, so that one bad name spoils one field and not the message.

The bytes are read as Latin-1 for splitting, which loses nothing; in every character set accepted here the separators
(ASCII punctuation) occur in no multi-byte character.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import hl7

from oracle.his.base import Reason
from oracle.his.values import BadValue

MOST_SEPARATORS: Final = 200_000
"""Fields, components and segments of one message; a document of 2,000 lines has some 100,000."""
_SEPARATORS: Final = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_LOCATION: Final = re.compile(
    r"([A-Z][A-Z0-9]{2})-([0-9]{1,3})(?:\.([0-9]{1,3})(?:\.([0-9]{1,3}))?)?", re.ASCII
)
_LAST: Final = "\rZZZ"
"""A last segment of our own: the parser strips white space at the end, which may be half a character."""
CHARSETS: Final = {
    "": "",
    "ASCII": "ascii",
    "8859/1": "latin-1",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "KS X 1001": "cp949",
    "KSX1001": "cp949",
    "ISO IR149": "cp949",
    "ISO_IR 149": "cp949",
    "EUC-KR": "cp949",
    "CP949": "cp949",
}
"""MSH-18 (table 0211, and what Korean systems write there) to the encoding; CP949 contains KS X 1001 in EUC-KR."""


class Malformed(Exception):
    """Bytes that are no HL7 message. what: in words; field: of the MSH segment, if one is at fault."""

    def __init__(self, what: str, field: int | None = None) -> None:
        self.what = what
        self.field = field
        super().__init__(what)


class Location(NamedTuple):
    """Where a value stands: segment, field, component, subcomponent; all counted from 1."""

    segment: str
    field: int
    component: int = 1
    subcomponent: int = 1

    @classmethod
    def of(cls, text: str) -> Location:
        """From ``PID-3.1``; raises ValueError."""
        found = _LOCATION.fullmatch(text)
        if found is None:
            raise ValueError("a place is written as segment, field and component, such as PID-3.1")
        segment, *numbers = found.groups()
        places = [int(number) for number in numbers if number is not None]
        if not all(places):
            raise ValueError("fields and components are counted from 1")
        return cls(segment, *places)


class Separators(NamedTuple):
    """MSH-1 and MSH-2."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str


@dataclass(frozen=True)
class Segment:
    """One segment, parsed."""

    parsed: Any
    separators: Separators
    encoding: str

    def text(self, place: Location) -> str | None:
        """A value of the first repetition; None when it is absent, empty or HL7's null ``""``.

        Raises BadValue when its bytes are no text in the message's character set.
        """
        raw = self._raw(place)
        if not raw or raw == '""':
            return None
        if self.separators.escape in raw:
            raw = _unescaped(raw, self.separators)
        try:
            return raw.encode("latin-1").decode(self.encoding)
        except UnicodeDecodeError:
            raise BadValue(Reason.TEXT_ENCODING) from None

    def _raw(self, place: Location) -> str:
        """The characters at a place as they are split, not decoded."""
        if place.field >= len(self.parsed):
            return ""
        value: Any = self.parsed[place.field]
        for number in (1, place.component, place.subcomponent):
            if isinstance(value, str):
                if number != 1:
                    return ""
                continue
            if number > len(value):
                return ""
            value = value[number - 1]
        return str(value)


class Message:
    """A message, parsed as far as asked for. Raises Malformed where it is made."""

    def __init__(self, content: bytes, default: str) -> None:
        """`default`: encoding where MSH-18 is empty."""
        text = content.decode("latin-1").replace("\r\n", "\r").strip("\r\n")
        end = "\r" if "\r" in text else "\n"
        if not text.startswith("MSH"):
            raise Malformed("the message does not begin with MSH")
        self.separators = _separators(text.split(end, 1)[0])
        if sum(text.count(mark) for mark in (end, *self.separators)) > MOST_SEPARATORS:
            raise Malformed("the message has too many fields")
        self._lines = text.split(end)
        self._default = default
        self._found: dict[str, Segment | None] = {}
        self._header = Segment(self._parsed([self._lines[0]])[0], self.separators, "ascii")

    @cached_property
    def encoding(self) -> str:
        """Of the text, by MSH-18. Raises Malformed for a character set that is not supported."""
        charset = (self.header(18) or "").strip().upper()
        if charset not in CHARSETS:
            raise Malformed("the character set is not supported", 18)
        return CHARSETS[charset] or self._default

    def header(self, field: int, component: int = 1) -> str | None:
        """A field of MSH, which is ASCII. Raises Malformed."""
        try:
            return self._header.text(Location("MSH", field, component))
        except BadValue:
            raise Malformed("the header holds other characters than ASCII", field) from None

    @property
    def type(self) -> str:
        """MSH-9 as ``ADT^A01``."""
        return f"{self.header(9, 1) or ''}^{self.header(9, 2) or ''}"

    @property
    def content(self) -> bytes:
        """The message with segments that end as they should."""
        return "\r".join(self._lines).encode("latin-1")

    def only(self, names: Collection[str]) -> Iterator[tuple[str, Segment]]:
        """The segments of these names in their order, each with its name."""
        lines = [line for line in self._lines[1:] if line[:3] in names and line[3:4] == self.separators.field]
        for segment in self._parsed(lines):
            yield str(segment[0]), Segment(segment, self.separators, self.encoding)

    def group(self, leader: str, names: Collection[str]) -> Iterator[dict[str, Segment]]:
        """For each segment `leader`: it and the first of each of `names` that follows before the next leader."""
        current: dict[str, Segment] | None = None
        for name, segment in self.only({leader, *names}):
            if name == leader:
                if current is not None:
                    yield current
                current = {leader: segment}
            elif current is not None:
                current.setdefault(name, segment)
        if current is not None:
            yield current

    def text(self, place: Location) -> str | None:
        """A value of the first segment of its name; see `Segment.text`."""
        if place.segment == "MSH":
            return self._header.text(place)
        if place.segment not in self._found:
            line = self._first.get(place.segment)
            parsed = self._parsed([line]) if line is not None else []
            self._found[place.segment] = (
                Segment(parsed[0], self.separators, self.encoding) if parsed else None
            )
        segment = self._found[place.segment]
        return segment.text(place) if segment else None

    @cached_property
    def _first(self) -> dict[str, str]:
        """The first line of each segment name."""
        first: dict[str, str] = {}
        for line in self._lines[1:]:
            if line[3:4] == self.separators.field:
                first.setdefault(line[:3], line)
        return first

    def _parsed(self, lines: list[str]) -> list[Any]:
        """These segments, by the package hl7, which wants a header before them."""
        marks = self.separators
        text = "\r".join(lines)
        signs = marks.component + marks.repetition + marks.escape + marks.subcomponent
        head = f"MSH{marks.field}{signs}{marks.field}"
        return list(hl7.parse(f"{head}\r{text}{_LAST}{marks.field}"))[1:-1]


def _separators(header: str) -> Separators:
    """MSH-1 and MSH-2: five different punctuation marks, as in ``|^~\\&`` (chapter 2.5.4). Raises Malformed."""
    field = header[3:4]
    marks = header[4:].split(field, 1)[0] if field and field in header[4:] else ""
    # version 2.7 added a fifth mark for truncation, which nothing here uses
    wrong = len(marks) not in (4, 5) or len({field, *marks}) != len(marks) + 1
    if wrong or not {field, *marks} <= _SEPARATORS:
        raise Malformed("MSH-1 and MSH-2 are no separators", 2 if field in _SEPARATORS else 1)
    return Separators(field, *marks[:4])


def _unescaped(raw: str, marks: Separators) -> str:
    """Escape sequences resolved (chapter 2.7): separators, hexadecimal bytes, line break.

    Raises BadValue for any other: a highlight, a change of character set, or half a sequence.
    """
    parts = raw.split(marks.escape)
    if len(parts) % 2 == 0:
        raise BadValue(Reason.TEXT_ENCODING)
    meant = {"F": marks.field, "S": marks.component, "T": marks.subcomponent, "R": marks.repetition}
    meant |= {"E": marks.escape, ".br": "\n"}
    for place in range(1, len(parts), 2):
        code = parts[place]
        if code in meant:
            parts[place] = meant[code]
        elif code[:1] == "X":
            parts[place] = _from_hex(code[1:])
        else:
            raise BadValue(Reason.TEXT_ENCODING)
    return "".join(parts)


def _from_hex(digits: str) -> str:
    try:
        return bytes.fromhex(digits).decode("latin-1")
    except ValueError:
        raise BadValue(Reason.TEXT_ENCODING) from None
