"""API shapes of a patient's own part of the log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from backend.shapes import Shape


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


Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class AnchoredIn(Shape):
    """A head that is on chain: the path from its leaf to the batch's root, and the block."""

    commitment: Hex32
    root: Hex32
    path: Annotated[list[Hex32], Field(max_length=24)]
    block: Annotated[int, Field(ge=0, lt=2**63)]


class HeadsIn(Shape):
    """What became of earlier heads. `issuer`: the institution's index."""

    issuer: Annotated[int, Field(ge=1, lt=2**32)]
    anchored: Annotated[list[AnchoredIn], Field(max_length=256)]


class HeadsOut(Shape):
    """A commitment to the present head, and which of the told ones are not this log's."""

    commitment: Hex32
    refused: list[Hex32]
