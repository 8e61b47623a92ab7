"""What a hospital's desk answers, as it goes over the relay: camelCase outside, unknown fields refused, nothing in a
repr. `backend/relay/shapes.py` is the other side's own copy; `tests/vectors/relay/` holds both to the same meaning."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel


def _real(day: str) -> str:
    date.fromisoformat(day)
    return day


Number = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$")]
"""A registration number (환자등록번호)."""
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_real)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""A name within the hospital, the same for ever."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=300)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Won = Annotated[int, Field(ge=-(10**12), le=10**12)]
Count = Annotated[int, Field(ge=0, le=100_000)]
Sex = Literal["male", "female", "other", "unknown"]


class Shape(BaseModel):
    """Base."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Nothing: these are people's."""
        return ()


class Place(Shape):
    """Where and with whom. department, doctor: the hospital's own codes."""

    department: Id
    department_name: Text
    doctor: Id | None = None
    doctor_name: Text | None = None


class Slot(Shape):
    """A time that can be booked. free: seats left."""

    at: AwareDatetime
    free: Count


class Session(Place):
    """진료일정: a doctor's half day. total: seats; slots: those times that still have a free seat."""

    id: Id
    start: AwareDatetime
    end: AwareDatetime
    state: Literal["open", "closed"]
    total: Count
    slots: list[Slot]


class Appointment(Place):
    """예약. session: of `Session`; preparation: what the patient must do before, as the hospital says it."""

    id: Id
    session: Id | None = None
    at: AwareDatetime
    state: Literal["booked", "arrived", "done", "cancelled", "no-show"]
    preparation: LongText | None = None


class ResultValue(Shape):
    """One value of a test. range: as the laboratory prints it."""

    code: Id | None = None
    name: Text
    value: LongText
    unit: Text | None = None
    range: Text | None = None
    flag: Literal["normal", "low", "high", "critical-low", "critical-high", "abnormal"] | None = None


class Result(Shape):
    """검사결과 that the hospital shows its patient. rule: why it may be shown now, as the hospital says."""

    id: Id
    code: Id
    name: Text
    visit: Id | None = None
    taken: AwareDatetime | None = None
    released: AwareDatetime
    rule: Literal["at-once", "after-visit", "by-doctor"]
    values: list[ResultValue]


class BillItem(Shape):
    """항목별 금액. item: `records.codes.FeeItem`. patient 급여 본인부담, insurer 공단부담, full 전액본인, uncovered
    비급여; won."""

    item: Text
    patient: Won
    insurer: Won
    full: Won
    uncovered: Won


class Bill(Shape):
    """수납할 것, as it now stands. Another version means other amounts: what was shown before is no longer owed.

    state: changing: being settled anew, nothing can be paid now. due ⑩ of the form: what is to be paid in all;
    paid ⑪: of it; already_paid ⑨: before, not in due. The sums are cut (끝처리), the items are not.
    """

    id: Id
    version: Id
    visit: Id
    visit_date: Day
    made: AwareDatetime
    department: Id
    department_name: Text
    state: Literal["open", "changing", "settled", "cancelled"]
    patient: Won
    insurer: Won
    full: Won
    uncovered: Won
    total: Won
    patient_total: Won
    already_paid: Won
    due: Won
    paid: Won
    items: list[BillItem]
