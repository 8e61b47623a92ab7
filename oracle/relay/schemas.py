"""Shapes of the relay API. camelCase outside; unknown fields are refused; errors repeat no value."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel


def _real(day: str) -> str:
    date.fromisoformat(day)
    return day


Number = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$")]
"""A registration number (환자등록번호)."""
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_real)]


class Shape(BaseModel):
    """Base."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, strict=True, hide_input_in_errors=True
    )


class Person(Shape):
    """Whom a search is for."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    birth_date: Day
    sex: Literal["male", "female", "other", "unknown"]


class PatientAsked(Shape):
    """Body of `POST /relay/v1/patients/read`."""

    number: Number
