"""API shapes of the documents domain. Byte strings are lower-case hex without 0x."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from backend.shapes import ClosedShape

Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
MAX_PATH = 24  # 2^24 leaves a batch
MAX_CREDENTIAL = 1_000_000
MAX_DELIVERIES = 2_048


class DeliveryEvent(StrEnum):
    """What happened to a document."""

    ISSUED = "issued"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class DeliveryIn(ClosedShape):
    """One event of one document, as the oracle sends it."""

    delivery_id: UUID
    event: DeliveryEvent
    document_id: UUID
    vct: Annotated[str, StringConstraints(pattern=r"^urn:saegim:[a-z-]+:[0-9]+$")]
    issuer: Annotated[int, Field(ge=1, lt=2**32)]
    kid: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
    patient_number: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    credential: Annotated[str, StringConstraints(max_length=MAX_CREDENTIAL)] | None = None
    leaf: Hex32
    root: Hex32
    path: Annotated[list[Hex32], Field(max_length=MAX_PATH)] | None = None
    transaction: Hex32
    block: Annotated[int, Field(ge=0, lt=2**63)]
    anchored_at: AwareDatetime
    supersedes: UUID | None = None
    superseded_by: UUID | None = None
    reason: Annotated[int, Field(ge=0, lt=256)] | None = None

    @model_validator(mode="after")
    def _parts_fit_event(self) -> Self:
        issued = self.event is DeliveryEvent.ISSUED
        if issued != (self.credential is not None and self.path is not None):
            raise ValueError("an issued document comes with credential and path, no other event does")
        if self.event is DeliveryEvent.SUPERSEDED and self.superseded_by is None:
            raise ValueError("a superseded document names its successor")
        return self


class DeliveriesIn(ClosedShape):
    """A batch. Items stay raw here so that one malformed delivery is refused alone."""

    deliveries: Annotated[list[dict[str, object]], Field(min_length=1, max_length=MAX_DELIVERIES)]


class Refusal(ClosedShape):
    """A delivery that was not taken, and why; sending it again unchanged will not help."""

    delivery_id: str
    error: str
    detail: str


class DeliveriesOut(ClosedShape):
    """Every delivery of the request is in exactly one list."""

    accepted: list[UUID]
    duplicates: list[UUID]
    refused: list[Refusal]


class DocumentOut(ClosedShape):
    """What may be said of a document to someone who knows its id."""

    id: UUID
    vct: str
    issuer: int
    leaf: Hex32
    root: Hex32
    block: int
    anchored_at: datetime
    state: str
    reason: int | None
    superseded_by: UUID | None
