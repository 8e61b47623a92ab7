"""Shapes of the relay API: what is asked and what is answered. camelCase outside; unknown fields are refused; errors
repeat no value. What a desk answers is in `oracle.his.desk_shapes`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from oracle.his.desk import Period
from oracle.his.desk_shapes import (
    Appointment,
    Bill,
    Day,
    Id,
    Number,
    Result,
    Session,
    Sex,
    Shape,
    Text,
)

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
RequestId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
"""A UUID that the caller makes, and repeats when it asks again."""


class Asked(Shape):
    """Base of bodies: names as they are written outside, and no other."""

    model_config = ConfigDict(validate_by_name=False)


class Person(Asked):
    """Whom a search is for."""

    name: Name
    birth_date: Day
    sex: Sex


class NewPerson(Person):
    """Whom to register: with the sex that stands in the identity check."""

    sex: Literal["male", "female"]


class PatientAsked(Asked):
    """Body of what is asked about one patient."""

    number: Number


class RegistrationAsked(Asked):
    """Body of `POST /relay/v1/registrations/create`."""

    request: RequestId
    person: NewPerson


class _Days(Asked):
    longest: ClassVar[int] = 366
    """Days."""

    first: Day = Field(alias="from")
    last: Day = Field(alias="until")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        period = self.period
        if not 0 <= (period.last - period.first).days < self.longest:
            raise ValueError(f"from the first day to the last, {self.longest} at the most")
        return self

    @property
    def period(self) -> Period:
        """The days."""
        return Period(date.fromisoformat(self.first), date.fromisoformat(self.last))


class PeriodAsked(_Days):
    """Body of what is asked about one patient's days."""

    number: Number


class ScheduleAsked(_Days):
    """Body of `POST /relay/v1/schedules/search`. department, doctor: the hospital's own codes."""

    longest = 31
    department: Id
    doctor: Id | None = None


class PatientRead(Shape):
    """A patient as the hospital has them registered."""

    name: Text
    birth_date: Day | None
    sex: Sex


class NumbersFound(Shape):
    """Every registration number of a person."""

    numbers: list[Number]


class NumberIssued(Shape):
    """The registration number that the hospital system issued."""

    number: Number


class MergedInto(Shape):
    """The number under which a patient goes on; null: the number asked for was not merged."""

    number: Number | None


class _Listed(Shape):
    unreadable: Annotated[int, Field(ge=0)]
    """How many more there are that the oracle could not read: the page says that something is missing."""


class SessionsFound(_Listed):
    """Sessions in their order."""

    sessions: list[Session]


class AppointmentsFound(_Listed):
    """Bookings, the earliest first."""

    appointments: list[Appointment]


class ResultsFound(_Listed):
    """Released results, the latest first."""

    results: list[Result]


class BillsFound(_Listed):
    """Bills, the latest first."""

    bills: list[Bill]


class Health(Shape):
    """How the relay and the hospital system are, and which operations this hospital offers."""

    status: Literal["ok"] = "ok"
    hospital: Literal["ok", "unavailable", "not-offered"]
    offers: list[str]
