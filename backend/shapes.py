"""How the API's bodies are written: camelCase outside, snake_case inside, never changed once read."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Shape(BaseModel):
    """The base of every body."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class ClosedShape(Shape):
    """One that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")
