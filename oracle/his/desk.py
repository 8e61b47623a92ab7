"""What the desks of a hospital system (접수, 예약, 검사, 수납) can be asked, for those adapters that can ask.

Apart from `HisAdapter`, which reads what happened: a desk is asked about one person at a time and keeps nothing.
`oracle.his.asking.Desk` is the one implementation; an adapter gives it a `DeskSource`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, Protocol, TypeAlias, TypeVar

from oracle.his.desk_fields import Question
from oracle.his.desk_shapes import Appointment, Bill, Result, Session
from oracle.his.rows import BadRow, Fields

T = TypeVar("T")
Asked: TypeAlias = Mapping[str, str]
"""Values of a question's placeholders; days YYYY-MM-DD, sex as the records have it; an empty one is not asked for."""


@dataclass(frozen=True, slots=True)
class DeskPatient:
    """A patient as the hospital has them registered. Nothing of it shows in a repr.

    birth_date: YYYY-MM-DD or None; sex: "male", "female", "other", "unknown" or None.
    """

    number: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: str | None = field(repr=False)
    sex: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewPatient:
    """Whom to register. request: the same at each try of one registration. sex: "male" or "female"."""

    request: str
    name: str = field(repr=False)
    birth_date: str = field(repr=False)
    sex: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """What was found. unreadable: rows there are beside it that can not be understood."""

    found: list[T] = field(repr=False)
    unreadable: int = 0


class HospitalDesk(Protocol):
    """Asks the hospital system. Raises `HisUnavailable`, `HisMalformed`; `NotOffered` for a question that this hospital
    does not answer; `BadRow` where the one row asked for is unreadable; `TooManyRows`."""

    @property
    def offers(self) -> frozenset[Question]:
        """What can be asked here."""

    def patient(self, number: str) -> DeskPatient | None:
        """The patient of a registration number."""

    def born(self, day: date) -> Sequence[DeskPatient]:
        """Every registered patient of a birth date that can be read. Raises TooManyPatients."""

    def merged_into(self, number: str) -> str | None:
        """Under which number the patient of a number goes on; None: it was not merged."""

    def register(self, who: NewPatient) -> DeskPatient:
        """A new registration number, issued by the hospital system; the same one for the same request.

        Raises RequestReused: that request registered somebody else.
        """

    def sessions(self, department: str, doctor: str | None, period: Period) -> Listed[Session]:
        """A department's sessions with their free times."""

    def appointments(self, number: str, period: Period) -> Listed[Appointment]:
        """A patient's bookings."""

    def results(self, number: str, period: Period) -> Listed[Result]:
        """A patient's results taken in the period that the hospital has released."""

    def bills(self, number: str) -> Listed[Bill]:
        """A patient's bills as they stand."""

    def check(self) -> None:
        """Raise a `HisError` when it could not answer now."""

    def close(self) -> None:
        """Close the connections."""


class DeskSource(Protocol):
    """What an adapter gives: rows as the hospital answers a question. Raises HisUnavailable, HisMalformed."""

    @property
    def name(self) -> str:
        """Of the adapter, for messages."""

    @property
    def offers(self) -> frozenset[Question]:
        """Questions that the mapping knows how to ask."""

    def ask(self, question: Question, asked: Asked, most: int) -> list[Fields | BadRow]:
        """Rows of the fields that `desk_fields.ROWS` names, details as a list under their name; `most` at the most.

        The caller believes nothing of it: rows of somebody else, or of other days, may be among them.
        """

    def check(self) -> None:
        """Raise a `HisError` when it could not answer now."""

    def close(self) -> None:
        """Close the connections."""


class NotOffered(Exception):
    """This hospital's interface has no such question."""

    def __init__(self, question: Question) -> None:
        super().__init__(f"the hospital system does not offer: {question}")
        self.question = question


class RequestReused(Exception):
    """A request number registered somebody else before."""

    def __init__(self) -> None:
        super().__init__("the request number belongs to the registration of somebody else")


class TooManyRows(Exception):
    """More rows than an answer takes. `most`. A shorter period helps."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} rows")
        self.most = most


class TooManyPatients(TooManyRows):
    """More patients have this birth date than a search goes through, as with 1900-01-01 for "not known"."""


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name: letters and digits alone count, in one Unicode form and case."""
    return folded(one) == folded(other) != ""


def folded(name: str) -> str:
    """A name for comparing: NFKC, no case, letters and digits only."""
    return "".join(each for each in unicodedata.normalize("NFKC", name).casefold() if each.isalnum())
