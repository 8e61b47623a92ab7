"""The mapping file: which view and column of a hospital's database holds which field. Checked whole when loaded.

Every mistake is named with its place, all at once, because the person who mends it is a database administrator on
the telephone.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self
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

from oracle.his.sql import fields
from oracle.his.sql.fields import Type
from records.kinds.parts import Institution

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_가-힣][A-Za-z0-9_$#가-힣]{0,127}$")]
ViewName = Annotated[
    str,
    StringConstraints(
        pattern=r"^([A-Za-z_][A-Za-z0-9_$#]{0,127}\.)?[A-Za-z_가-힣][A-Za-z0-9_$#가-힣]{0,127}$"
    ),
]
DocumentKind = Literal["visit", "diagnosis", "bill", "receipt", "statement"]


class MappingInvalid(Exception):
    """A mapping file that can not be used. `path` is the file, `problems` every mistake with its place in it."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"{path}: the mapping can not be used:{lines}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Part):
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


def _short(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


Columns = dict[str, Annotated[Column, BeforeValidator(_short)]]


class Changed(_Part):
    """The change stamp. type: ``timestamp`` (of the database) or ``text`` that sorts by time (YYYYMMDDHHMMSS…)."""

    column: Identifier
    type: Literal["timestamp", "text"] = "timestamp"


class Day(_Part):
    """The date by which a view without stamp is read again. type: ``date`` or ``text`` (YYYYMMDD)."""

    column: Identifier
    type: Literal["date", "text"] = "text"


class Head(_Part):
    """A view with one row for each thing: `key` names the row, `changed` or `day` says how to find what is new."""

    view: ViewName
    key: Identifier
    changed: Changed | None = None
    day: Day | None = None
    columns: Columns

    @model_validator(mode="after")
    def _can_be_followed(self) -> Self:
        if self.changed is None and self.day is None:
            raise ValueError("give changed (a stamp column), or day for a view that has none")
        return self


class Detail(_Part):
    """A view with several rows for each thing: `parent` is the key of the head, `order` sorts the rows."""

    view: ViewName
    parent: Identifier
    order: Identifier
    columns: Columns


class Text(_Part):
    """Encodings; see `oracle.his.values.TextRules`."""

    binary: Literal["cp949", "euc-kr", "utf-8"] = "cp949"
    latin1: Literal["cp949", "euc-kr"] | None = None


class Mapping(_Part):
    """A hospital's mapping. overlap_seconds: how long a transaction may stay open after it took its change stamp,
    plus the difference of the two machines' clocks. window_days: how far back views without stamp are read again.
    history_from: what lies before it is not in the views. documents: which kinds to make."""

    version: Literal[1]
    name: Identifier
    time_zone: str = "Asia/Seoul"
    text: Text = Text()
    overlap_seconds: int = Field(default=60, ge=0, le=86_400)
    window_days: int = Field(default=7, ge=1, le=366)
    history_from: date | None = None
    documents: frozenset[DocumentKind] = frozenset({"visit", "diagnosis", "bill", "receipt", "statement"})
    institution: Institution
    visits: Head | None = None
    diagnoses: Detail | None = None
    settlements: Head | None = None
    form_rows: Detail | None = None
    lines: Detail | None = None

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("no such time zone; Korea is Asia/Seoul") from None
        return value

    @classmethod
    def load(cls, path: Path) -> Mapping:
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
        """Mistakes that concern several places: missing views and fields, unknown fields and values."""
        yield from self._missing_parts()
        for part, known in _FIELDS.items():
            view: Head | Detail | None = getattr(self, part)
            if view is not None:
                yield from _column_problems(part, view.columns, known)

    def _missing_parts(self) -> Iterator[str]:
        for kind in sorted(self.documents):
            for part in _NEEDS[kind]:
                if getattr(self, part) is None:
                    yield f"{part}: needed for documents of kind {kind}"


_NEEDS: dict[DocumentKind, tuple[str, ...]] = {
    "visit": ("visits",),
    "diagnosis": ("visits", "diagnoses"),
    "bill": ("settlements", "form_rows"),
    "receipt": ("settlements", "form_rows"),
    "statement": ("settlements", "lines"),
}
_FIELDS = {
    "visits": fields.VISIT,
    "diagnoses": fields.DIAGNOSIS,
    "settlements": fields.SETTLEMENT,
    "form_rows": fields.FORM_ROW,
    "lines": fields.LINE,
}


def _column_problems(part: str, columns: Columns, known: Any) -> Iterator[str]:
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
