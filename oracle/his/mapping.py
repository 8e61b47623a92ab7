"""What mapping files of different adapters share: columns and codes, the hospital, loading, and naming mistakes.

Every mistake is named with its place, all at once, because the person who mends it is a database administrator or a
vendor's engineer on the telephone.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Table
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from oracle.his import fields
from oracle.his.fields import Type
from records.kinds.parts import Institution

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_가-힣][A-Za-z0-9_$#가-힣]{0,127}$")]
DocumentKind = Literal["visit", "diagnosis", "bill", "receipt", "statement"]


class MappingInvalid(Exception):
    """A mapping file that can not be used. `path` is the file, `problems` every mistake with its place in it."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"{path}: the mapping can not be used:{lines}")


class Part(BaseModel):
    """A part of a mapping file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Part):
    """Where a field comes from: a column, and for codes what each value means. Without `column`, a constant."""

    column: Identifier | None = None
    constant: StrictStr | bool | None = None
    values: dict[StrictStr, StrictStr | bool | None] | None = None
    otherwise: StrictStr | bool | None = None

    @property
    def strict(self) -> bool:
        """Whether a code that is not listed is an error."""
        return "otherwise" not in self.model_fields_set

    @model_validator(mode="after")
    def _column_or_constant(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise ValueError("give either column or constant")
        return self


def short(value: object) -> object:
    """A column may be written as its name alone."""
    return {"column": value} if isinstance(value, str) else value


Columns = dict[str, Annotated[Column, BeforeValidator(short)]]


class HasColumns(Protocol):
    """A part that gives columns to fields."""

    @property
    def columns(self) -> Table[str, Column]:
        """By field name."""


class Text(Part):
    """Encodings; see `oracle.his.values.TextRules`."""

    binary: Literal["cp949", "euc-kr", "utf-8"] = "cp949"
    latin1: Literal["cp949", "euc-kr"] | None = None


class HospitalMapping(Part):
    """What every mapping says. overlap_seconds: how long a transaction may stay open after it took its change stamp,
    plus the difference of the two machines' clocks. history_from: what lies before it is not offered.
    documents: which kinds to make. A subclass has the parts named in `KNOWN`."""

    KNOWN: ClassVar[Table[str, Table[str, fields.Field]]] = {
        "visits": fields.VISIT,
        "diagnoses": fields.DIAGNOSIS,
        "settlements": fields.SETTLEMENT,
        "form_rows": fields.FORM_ROW,
        "lines": fields.LINE,
    }

    version: Literal[1]
    name: Identifier
    time_zone: str = "Asia/Seoul"
    text: Text = Text()
    overlap_seconds: int = Field(default=60, ge=0, le=86_400)
    history_from: date | None = None
    documents: frozenset[DocumentKind] = frozenset({"visit", "diagnosis", "bill", "receipt", "statement"})
    institution: Institution

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("no such time zone; Korea is Asia/Seoul") from None
        return value

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check a mapping file; raises `MappingInvalid`."""
        try:
            data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise MappingInvalid(path, [str(error)]) from error
        try:
            mapping = cls.model_validate(data)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            problems = [f"{'.'.join(map(str, each['loc'])) or 'file'}: {each['msg']}" for each in found]
            raise MappingInvalid(path, problems) from None
        problems = list(mapping.problems())
        if problems:
            raise MappingInvalid(path, problems)
        return mapping

    def problems(self) -> Iterator[str]:
        """Mistakes that concern several places: missing parts and fields, unknown fields and values."""
        yield from self._missing_parts()
        for part, known in self.KNOWN.items():
            given: HasColumns | None = getattr(self, part)
            if given is not None:
                yield from column_problems(part, given.columns, known)

    def issuer(self) -> dict[str, Any]:
        """The institution as it stands on every document."""
        return self.institution.model_dump(mode="json", exclude_none=True)

    def _missing_parts(self) -> Iterator[str]:
        for kind in sorted(self.documents):
            for part in _NEEDS[kind]:
                if getattr(self, part) is None:
                    yield f"{part}: needed for documents of kind {kind}"


_NEEDS: dict[DocumentKind, Sequence[str]] = {
    "visit": ("visits",),
    "diagnosis": ("visits", "diagnoses"),
    "bill": ("settlements", "form_rows"),
    "receipt": ("settlements", "form_rows"),
    "statement": ("settlements", "lines"),
}


def column_problems(part: str, columns: Table[str, Column], known: Table[str, fields.Field]) -> Iterator[str]:
    """Unknown fields and values in a part's columns, and fields that have none."""
    for name, column in columns.items():
        field = known.get(name)
        if field is None:
            near = difflib.get_close_matches(name, known, n=1)
            yield f"{part}.columns.{name}: no such field" + (f"; did you mean {near[0]}?" if near else "")
        else:
            yield from (f"{part}.columns.{name}: {text}" for text in _value_problems(column, field))
    for name, field in known.items():
        if field.required and name not in columns:
            yield f"{part}.columns.{name}: a column must be given"


def _value_problems(column: Column, field: fields.Field) -> Iterator[str]:
    if field.type is not Type.CODE:
        if column.values is not None or not column.strict:
            yield "values and otherwise are for codes only"
        return
    meant = [*(column.values or {}).values()]
    meant += [column.otherwise] if not column.strict else []
    meant += [column.constant] if column.constant is not None else []
    allowed = field.allowed
    wrong = sorted({str(value) for value in meant if allowed and value is not None and value not in allowed})
    if wrong:
        yield f"unknown value {', '.join(wrong)}; it may be {', '.join(map(str, allowed))}"
    if allowed and column.column and column.values is None:
        yield "values must say what each code means"


class _Loader(yaml.SafeLoader):
    """Refuses a key that occurs twice, which plain YAML lets pass."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key} occurs twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)
