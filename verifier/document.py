"""What a document says, as labelled lines in Korean and English, for the person who reads the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel

from chain.trust import TrustFile
from records import codes
from records.credential import VerifiedCredential
from records.labels import Label, Parts
from records.partial import is_hidden
from verifier.times import Language


@dataclass(frozen=True)
class Line:
    """One field: its names, and its value as text for either reader; None where the holder left it out."""

    path: str
    ko: str
    en: str
    value_ko: str | None
    value_en: str | None

    def to_json(self) -> dict[str, str | None]:
        """As plain JSON."""
        return {
            "path": self.path,
            "ko": self.ko,
            "en": self.en,
            "value": self.value_ko,
            "valueEn": self.value_en,
        }


@dataclass(frozen=True)
class Cell:
    """One field of a list's element."""

    ko: str
    en: str
    number: bool
    """An amount or a count, to be set flush right."""


@dataclass(frozen=True)
class Table:
    """A list of the document, element by element, with the columns that any element fills."""

    path: str
    ko: str
    en: str
    heads: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Document:
    """A document whose integrity holds."""

    vct: str
    kind_ko: str
    kind_en: str
    issuer: int
    issuer_ko: str
    issuer_en: str
    issued_at: datetime
    """The document's own time; what counts is the anchor's."""
    lines: tuple[Line, ...]
    tables: tuple[Table, ...]
    """Its lists once more, as tables; `lines` holds them too."""
    incomplete: tuple[str, ...]
    """Lists of which elements were left out, or may have been."""

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "vct": self.vct,
            "kind": {"ko": self.kind_ko, "en": self.kind_en},
            "issuer": {"index": self.issuer, "ko": self.issuer_ko, "en": self.issuer_en},
            "issuedAt": self.issued_at.isoformat(),
            "fields": [line.to_json() for line in self.lines],
            "incomplete": list(self.incomplete),
        }


def describe(credential: VerifiedCredential, trust: TrustFile) -> Document:
    """The document's kind, issuer and fields; the issuer's name as the members of the network sign it."""
    title = credential.kind.title
    name = trust.institution_name(credential.issuer_index)
    own = credential.record.institution.name
    return Document(
        vct=credential.kind.vct,
        kind_ko=title.ko,
        kind_en=title.en,
        issuer=credential.issuer_index,
        issuer_ko=own if name is None else name.name_ko,
        issuer_en=own if name is None else name.name_en,
        issued_at=credential.iat,
        lines=tuple(_lines(credential.record)),
        tables=tuple(_tables(credential.record)),
        incomplete=tuple(sorted(path[:-2] for path in credential.hidden if path.endswith(".*"))),
    )


def _lines(part: BaseModel, path: str = "", ko: str = "", en: str = "") -> Iterator[Line]:
    """The fields of a record and its parts, one line each; empty ones are left out."""
    for name, label in _labels(part):
        value = getattr(part, name)
        here, names = path + name, (_joined(ko, label.ko), _joined(en, label.en))
        if is_hidden(value):
            yield Line(here, *names, None, None)
        elif isinstance(label, Parts):
            yield from _lines(value, f"{here}.", *names)
        elif isinstance(value, tuple):
            for count, element in enumerate(value):
                ko_name, en_name = (f"{each} {count + 1}" for each in names)
                yield Line(f"{here}.{count}", ko_name, en_name, _text(element, "ko"), _text(element, "en"))
        elif value is not None and value is not False and value != "":
            yield Line(here, *names, _text(value, "ko"), _text(value, "en"))


def _tables(part: BaseModel, path: str = "") -> Iterator[Table]:
    """The lists of parts in a record, in the order of its fields."""
    for name, label in _labels(part):
        value = getattr(part, name)
        if is_hidden(value):
            continue
        if isinstance(label, Parts):
            yield from _tables(value, f"{path}{name}.")
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            yield _table(path + name, label, value)


def _table(path: str, label: Label, elements: tuple[BaseModel, ...]) -> Table:
    columns = [
        (name, own)
        for name, own in _labels(elements[0])
        if any(getattr(element, name) not in (None, "") for element in elements)
    ]
    numeric = {
        name
        for name, _ in columns
        if all(type(getattr(element, name)) in (int, float) for element in elements)
    }
    return Table(
        path,
        label.ko,
        label.en,
        tuple(Cell(own.ko, own.en, name in numeric) for name, own in columns),
        tuple(
            tuple(
                Cell(_cell(element, name, "ko"), _cell(element, name, "en"), name in numeric)
                for name, _ in columns
            )
            for element in elements
        ),
    )


def _cell(element: BaseModel, name: str, language: Language) -> str:
    value = getattr(element, name)
    return "" if value is None else _text(value, language)


def _labels(part: BaseModel) -> Iterator[tuple[str, Label]]:
    """Names and labels of the fields; a partly disclosed record has its labels in the kind's own class."""
    for name in type(part).model_fields:
        fields = (cls.model_fields.get(name) for cls in type(part).__mro__ if issubclass(cls, BaseModel))
        found = (each for info in fields if info is not None for each in info.metadata)
        label = next((each for each in found if isinstance(each, Label)), None)
        if label is not None:
            yield name, label


def _joined(outer: str, inner: str) -> str:
    return f"{outer} · {inner}" if outer else inner


def _text(value: Any, language: Language) -> str:
    """A value as people read it: amounts in groups of three, codes with their names, parts in one line."""
    if isinstance(value, BaseModel):
        return ", ".join(_part_texts(value, language))
    if isinstance(value, Enum):
        return _code_text(value, language)
    if value is True:
        return "예" if language == "ko" else "yes"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def _code_text(value: Enum, language: Language) -> str:
    """A coded value: its official number and name, or one of our own words by its Korean name."""
    code, name = str(value.value), codes.NAMES.get(type(value), {}).get(value)
    if name is None:
        return code
    if not code.isascii() or any(char.isdigit() for char in code):
        return f"{code} {name}"
    return name if language == "ko" else code.replace("-", " ")


def _part_texts(part: BaseModel, language: Language) -> Iterator[str]:
    for name, label in _labels(part):
        value = getattr(part, name)
        default = type(part).model_fields[name].default
        if value is None or is_hidden(value) or (value == default and not isinstance(value, str)):
            continue
        yield f"{label.ko if language == 'ko' else label.en} {_text(value, language)}"
