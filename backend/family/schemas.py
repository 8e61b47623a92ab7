"""API shapes of the family domain."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from backend.shapes import Shape


class CaredOut(Shape):
    """A patient whom the signed-in person may act for now."""

    id: UUID = Field(description="Goes into `person=` of other addresses; says nothing about anybody")
    name: str
    relation: str
    delegated: bool = Field(description="An adult has named the person; otherwise a guardian")
    age_band: str
    allowed: list[str] = Field(description="Functions that may be used now")
    with_consent: list[str] = Field(description="Functions that take the patient's own consent first")
    at_desk: list[str] = Field(description="Functions for which the desk looks at papers")
