"""The mapping file of the `sql` adapter: which view and column of a hospital's database holds which field."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Table
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from oracle.his import fields
from oracle.his.desk_fields import Question
from oracle.his.desk_mapping import desk_problems
from oracle.his.mapping import Columns, HospitalMapping, Identifier, Part

ViewName = Annotated[
    str,
    StringConstraints(
        pattern=r"^([A-Za-z_][A-Za-z0-9_$#]{0,127}\.)?[A-Za-z_가-힣][A-Za-z0-9_$#가-힣]{0,127}$"
    ),
]


class Changed(Part):
    """The change stamp. type: ``timestamp`` (of the database) or ``text`` that sorts by time (YYYYMMDDHHMMSS…)."""

    column: Identifier
    type: Literal["timestamp", "text"] = "timestamp"


class Day(Part):
    """The date by which a view without stamp is read again. type: ``date`` or ``text`` (YYYYMMDD)."""

    column: Identifier
    type: Literal["date", "text"] = "text"


class Head(Part):
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


class Detail(Part):
    """A view with several rows for each thing: `parent` is the key of the head, `order` sorts the rows."""

    view: ViewName
    parent: Identifier
    order: Identifier
    columns: Columns


class Patients(Part):
    """A view with one row for each registered patient: `key` is the registration number, `born` the birth date by
    which people are looked up. Only the relay asks it; it makes no documents."""

    view: ViewName
    key: Identifier
    born: Day
    columns: Columns


class DeskView(Part):
    """A view that the desk is asked about. key: names a row. by: the column that is compared with the registration
    number; a schedule is chosen by its department instead. day: of those that are asked for by period."""

    view: ViewName
    key: Identifier
    by: Identifier | None = None
    day: Day | None = None
    columns: Columns
    details: Detail | None = None


ELSEWHERE: Final = (Question.PATIENT, Question.BORN, Question.REGISTER)
"""What `desk` cannot say: `patients` answers who somebody is, and nothing is written into a database."""
_BY_PERIOD: Final = (Question.SESSIONS, Question.APPOINTMENTS, Question.RESULTS)


class Mapping(HospitalMapping):
    """A hospital's mapping. window_days: how far back views without stamp are read again. desk: what the relay may
    ask beside `patients`."""

    KNOWN: ClassVar[Table[str, Table[str, fields.Field]]] = {
        **HospitalMapping.KNOWN,
        "patients": fields.PATIENT,
    }

    window_days: int = Field(default=7, ge=1, le=366)
    visits: Head | None = None
    diagnoses: Detail | None = None
    settlements: Head | None = None
    form_rows: Detail | None = None
    lines: Detail | None = None
    patients: Patients | None = None
    desk: dict[Question, DeskView] = Field(default_factory=dict)

    def problems(self) -> Iterator[str]:
        """See `HospitalMapping.problems`."""
        yield from super().problems()
        yield from desk_problems(self.desk)
        for question, view in self.desk.items():
            if question in ELSEWHERE:
                yield f"desk.{question}: views do not answer this here; `patients` says who somebody is"
            if (view.by is None) != (question is Question.SESSIONS):
                yield f"desk.{question}.by: the column of the registration number, where one is asked for"
            if view.day is None and question in _BY_PERIOD:
                yield f"desk.{question}.day: needed, it is asked for by period"
