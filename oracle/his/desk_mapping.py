"""Mistakes in the part `desk` of a mapping file, whatever adapter it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from oracle.his.desk_fields import ROWS, Question
from oracle.his.mapping import HasColumns, column_problems


class DeskPart(HasColumns, Protocol):
    """How one question is asked and answered."""

    @property
    def details(self) -> HasColumns | None:
        """Rows nested in those of the answer."""


def desk_problems(desk: Mapping[Question, DeskPart]) -> Iterator[str]:
    """Unknown and missing fields, and details that are missing or too many."""
    for question, part in desk.items():
        rows = ROWS[question]
        yield from column_problems(f"desk.{question}", part.columns, rows.fields)
        if rows.detail is None:
            if part.details is not None:
                yield f"desk.{question}.details: this question has none"
        elif part.details is None:
            yield f"desk.{question}.details: needed for its {rows.detail}"
        else:
            yield from column_problems(f"desk.{question}.details", part.details.columns, rows.details)
