"""API shapes of a patient's own part of the log."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Shape(BaseModel):
    """camelCase outside, snake_case inside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class AccessOut(Shape):
    """One line. Codes are stable; `sentence` is for people, in the request's language."""

    number: int = Field(description="1, 2, 3 … among this patient's lines, without gaps")
    at: datetime
    actor_kind: str
    yours: bool = Field(description="The reader did it")
    action: str
    object_kind: str
    object_id: str
    outcome: str
    reason: str | None = Field(description="What a clinician gave as the reason for emergency access")
    sentence: str


class AccessesOut(Shape):
    """Newest first. `before` fetches the next page, null on the last one."""

    accesses: list[AccessOut]
    before: int | None
    proven_until: datetime | None = Field(
        description="When the newest head of the log was committed to that stands on the blockchain; "
        "no line from before it can be changed or removed without notice"
    )
