"""What can be asked of the relay: one row of `OPERATIONS` each, with its purposes, its body, and whom it may be about.

Paths begin with the version. A field may be added to an answer within a version only where older backends are known to
be gone, because both sides refuse what they do not know; anything else is `/relay/v2/…` beside `/relay/v1/…`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pydantic import ValidationError

from oracle.his.desk import DeskPatient, HospitalDesk, NewPatient, same_name
from oracle.his.desk_fields import Question
from oracle.his.desk_shapes import Shape
from oracle.relay.errors import OutsideScope, RelayProblem
from oracle.relay.schemas import (
    AppointmentsFound,
    BillsFound,
    MergedInto,
    NumberIssued,
    NumbersFound,
    PatientAsked,
    PatientRead,
    PeriodAsked,
    Person,
    RegistrationAsked,
    ResultsFound,
    ScheduleAsked,
    SessionsFound,
)
from oracle.relay.tokens import Scope


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that can be asked.

    purposes: what it may be asked for. question: of the desk. body: its shape. run: asks the desk, with a parsed body
    that is within the scope.
    """

    name: str
    method: str
    path: str
    purposes: frozenset[str]
    question: Question | None = None
    body: type[Shape] = Shape
    run: Callable[[HospitalDesk, Any], Shape] | None = None

    @property
    def writes(self) -> bool:
        """Whether it changes something in the hospital system."""
        return self.question is Question.REGISTER


def parsed(operation: Operation, scope: Scope, body: bytes) -> Shape:
    """The body, if it is about nobody but whom the scope names. Raises RelayProblem."""
    shape = operation.body
    try:
        asked = shape.model_validate_json(body)
    except ValidationError as error:
        place = error.errors(include_input=False)[0]["loc"]
        fields = ".".join(str(part) for part in place)
        known = fields in {each.alias or name for name, each in shape.model_fields.items()}
        raise RelayProblem(422, "body-invalid", fields if known else "") from None
    if (scope.patient, scope.person) != _whom(asked):
        raise OutsideScope("person")
    return asked


def _whom(asked: Shape) -> tuple[str | None, Person | None]:
    """Whom a request is about: by number, by identity, or nobody."""
    if isinstance(asked, PatientAsked | PeriodAsked):
        return asked.number, None
    if isinstance(asked, Person):
        return None, asked
    if isinstance(asked, RegistrationAsked):
        return None, Person.model_validate(asked.person.model_dump(by_alias=True))
    return None, None


def _read(desk: HospitalDesk, asked: PatientAsked) -> Shape:
    found = desk.patient(asked.number)
    if found is None:
        raise RelayProblem(404, "patient-unknown")
    return PatientRead.model_validate(
        {"name": found.name, "birth_date": found.birth_date, "sex": found.sex or "unknown"}
    )


def _search(desk: HospitalDesk, asked: Person) -> Shape:
    found = desk.born(date.fromisoformat(asked.birth_date))
    return NumbersFound(numbers=sorted(each.number for each in found if _is(each, asked)))


def _is(found: DeskPatient, asked: Person) -> bool:
    return same_name(found.name, asked.name) and (found.sex or "unknown") == asked.sex


def _create(desk: HospitalDesk, asked: RegistrationAsked) -> Shape:
    who = asked.person
    return NumberIssued(
        number=desk.register(NewPatient(asked.request, who.name, who.birth_date, who.sex)).number
    )


def _merged(desk: HospitalDesk, asked: PatientAsked) -> Shape:
    return MergedInto(number=desk.merged_into(asked.number))


def _sessions(desk: HospitalDesk, asked: ScheduleAsked) -> Shape:
    listed = desk.sessions(asked.department, asked.doctor, asked.period)
    return SessionsFound(sessions=listed.found, unreadable=listed.unreadable)


def _appointments(desk: HospitalDesk, asked: PeriodAsked) -> Shape:
    listed = desk.appointments(asked.number, asked.period)
    return AppointmentsFound(appointments=listed.found, unreadable=listed.unreadable)


def _results(desk: HospitalDesk, asked: PeriodAsked) -> Shape:
    listed = desk.results(asked.number, asked.period)
    return ResultsFound(results=listed.found, unreadable=listed.unreadable)


def _bills(desk: HospitalDesk, asked: PatientAsked) -> Shape:
    listed = desk.bills(asked.number)
    return BillsFound(bills=listed.found, unreadable=listed.unreadable)


def _post(
    name: str,
    purposes: set[str],
    question: Question,
    body: type[Shape],
    run: Callable[[HospitalDesk, Any], Shape],
) -> Operation:
    path = f"/relay/v1/{name.replace('.', '/')}"
    return Operation(name, "POST", path, frozenset(purposes), question, body, run)


HEALTH: Final = Operation("health", "GET", "/relay/v1/health", frozenset({"health"}))
UNKNOWN: Final = Operation("unknown", "", "", frozenset())
OPERATIONS: Final = (
    _post("patients.read", {"first-visit", "visit-check"}, Question.PATIENT, PatientAsked, _read),
    _post("registrations.search", {"first-visit", "double-registration"}, Question.BORN, Person, _search),
    _post("registrations.create", {"first-visit"}, Question.REGISTER, RegistrationAsked, _create),
    _post(
        "registrations.merged",
        {"first-visit", "double-registration", "records"},
        Question.MERGED,
        PatientAsked,
        _merged,
    ),
    _post("schedules.search", {"booking"}, Question.SESSIONS, ScheduleAsked, _sessions),
    _post("appointments.of", {"booking", "arrival"}, Question.APPOINTMENTS, PeriodAsked, _appointments),
    _post("results.of", {"records"}, Question.RESULTS, PeriodAsked, _results),
    _post("bills.of", {"payment"}, Question.BILLS, PatientAsked, _bills),
    HEALTH,
)


def operation_at(method: str, path: str) -> Operation:
    """The operation of an address; `UNKNOWN` if there is none."""
    found = [each for each in OPERATIONS if (each.method, each.path) == (method, path)]
    return found[0] if found else UNKNOWN
