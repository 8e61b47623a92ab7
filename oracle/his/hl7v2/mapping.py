"""The mapping file: which message means what, and which field of which segment holds what. Checked when loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Table
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints

from oracle.his import fields
from oracle.his.desk_fields import Question
from oracle.his.desk_mapping import desk_problems
from oracle.his.hl7v2.message import Location
from oracle.his.mapping import Column, HospitalMapping, Part, short


def _is_place(text: str) -> str:
    Location.of(text)
    return text


PlaceText = Annotated[str, AfterValidator(_is_place)]
"""Such as ``PID-3.1``: segment, field, component, subcomponent."""
MessageType = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}\^[A-Z][0-9]{2}$")]
"""MSH-9.1 and MSH-9.2, such as ``ADT^A08``."""
SegmentName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{2}$")]


class Meaning(StrEnum):
    """What a message says about a visit."""

    OPEN = "open"
    """The visit has begun: not yet a document."""
    DONE = "done"
    CANCELLED = "cancelled"
    REOPENED = "reopened"
    """It was done and is not (A13): its document ends until it is done again."""
    UNCHANGED = "unchanged"
    """Only what is known of it changed (A08)."""


class Place(Column):
    """Where a field comes from; as `Column`, written ``field: PID-3.1``."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    column: PlaceText | None = Field(default=None, alias="field")


Places = dict[str, Annotated[Place, BeforeValidator(short)]]
PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_ASKED: Final = {
    Question.PATIENT: "number",
    Question.BORN: "birth_date",
    Question.MERGED: "number",
}
_AT: Final[tuple[PlaceText, ...]] = ("EVN-2", "MSH-7")


class Head(Part):
    """Messages about one thing. key: its number; at: when it changed, the first of these that is filled."""

    key: PlaceText
    at: tuple[PlaceText, ...] = Field(default=_AT, min_length=1)
    columns: Places


class Visits(Head):
    """진료이력. messages: what each says about the visit."""

    messages: dict[MessageType, Meaning]


class Settlements(Head):
    """수납: messages of which each is one act of the cashier, or the act as it now is."""

    messages: tuple[MessageType, ...]


class Only(Part):
    """Take a segment only if `field` has one of `values`."""

    field: PlaceText
    values: tuple[str, ...]


class Detail(Part):
    """Segments of which a message has several. following: segments that belong to the one before them."""

    segment: SegmentName
    following: tuple[SegmentName, ...] = ()
    only: Only | None = None
    columns: Places


class Merges(Part):
    """Patients' numbers that turn out to be one patient's."""

    messages: tuple[MessageType, ...] = ("ADT^A40",)
    prior: PlaceText = "MRG-1.1"
    surviving: PlaceText = "PID-3.1"
    at: tuple[PlaceText, ...] = Field(default=_AT, min_length=1)


class Query(Part):
    """How a question is asked. message: MSH-9, such as QBP^Q22. name: QPD-1. parameters: QPD-3 and those after it.
    columns: read of each PID of the answer; other segments (QPD-3.1) are the message's."""

    message: MessageType
    name: str
    parameters: tuple[str, ...] = Field(min_length=1)
    columns: Places
    details: None = None


class Accepted(Part):
    """What the header may say. processing: MSH-11; anything but P is a training or test system's."""

    versions: tuple[str, ...] = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1")
    processing: tuple[str, ...] = ("P",)


class Mapping(HospitalMapping):
    """A mapping file for messages. `text.binary` is the encoding of messages whose MSH-18 is empty.

    ignored: messages that are taken and kept, of which no document is made. queries: what the relay may ask.
    """

    KNOWN: ClassVar[Table[str, Table[str, fields.Field]]] = {
        **HospitalMapping.KNOWN,
        "visits": {name: field for name, field in fields.VISIT.items() if name != "state"},
    }

    accepted: Accepted = Accepted()
    visits: Visits | None = None
    diagnoses: Detail | None = None
    settlements: Settlements | None = None
    form_rows: Detail | None = None
    lines: Detail | None = None
    merges: Merges | None = None
    ignored: tuple[MessageType, ...] = ()
    queries: dict[Question, Query] = Field(default_factory=dict)

    def problems(self) -> Iterator[str]:
        """Mistakes that concern several places."""
        yield from super().problems()
        yield from desk_problems(self.queries)
        for question, query in self.queries.items():
            if question not in _ASKED:
                yield f"queries.{question}: HL7 v2 has no query for it"
            elif set(PLACEHOLDER.findall(" ".join(query.parameters))) != {_ASKED[question]}:
                yield f"queries.{question}.parameters: must hold {{{_ASKED[question]}}} and nothing else to fill in"
        named = [
            kind for part in (self.visits, self.merges, self.settlements) if part for kind in part.messages
        ]
        named += self.ignored
        for kind in sorted({kind for kind in named if named.count(kind) > 1}):
            yield f"{kind}: named in more than one part"
        for name in ("diagnoses", "form_rows", "lines"):
            yield from _foreign_segments(name, getattr(self, name))


def _foreign_segments(name: str, detail: Detail | None) -> Iterator[str]:
    if detail is None:
        return
    near = {detail.segment, *detail.following}
    for field, place in detail.columns.items():
        if place.column is not None and Location.of(place.column).segment not in near:
            yield f"{name}.columns.{field}: {place.column} is not in {' or '.join(sorted(near))}"
