"""Who may read whose records: the one place that decides. Deny by default; a stranger's record does not exist (404).

Permission is a type. A query for a patient's records takes a `ReadablePatientId`, and only this module makes one, for
an actor and a function, having noted it in the log of accesses. `tests/architecture/test_access.py` finds code that
goes around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, final
from uuid import UUID

from sqlmodel import Session

from backend.errors import NotFound
from backend.identity.service import SignedIn, patients_of

_MAKER: Final = object()


class Function(StrEnum):
    """What somebody wants to do with a patient's records."""

    LIST = "list"
    READ = "read"
    DOWNLOAD = "download"


@final
class ReadablePatientId:
    """A patient whose records one actor may use for one function, in this request."""

    __slots__ = ("function", "hospital", "reader", "value")

    def __init__(self, maker: object, value: str, hospital: int, reader: UUID, function: Function) -> None:
        if maker is not _MAKER:
            raise TypeError("only backend.access decides who may read whose records")
        self.value = value
        """As `Document.patient_index`."""
        self.hospital = hospital
        self.reader = reader
        self.function = function

    def __repr__(self) -> str:
        return f"ReadablePatientId({self.function})"  # never whose


def own_records(session: Session, who: SignedIn, function: Function) -> Sequence[ReadablePatientId]:
    """The patients that a person is, at every hospital where the first visit has bound them. May be none."""
    return [
        ReadablePatientId(_MAKER, patient, hospital, who.person, function)
        for hospital, patient in patients_of(session, who.person)
    ]


def readable(
    session: Session, who: SignedIn, hospital: int, patient: str, function: Function
) -> ReadablePatientId:
    """The patient of one record, if this person may use it.

    Raises:
        NotFound: it is a stranger's; whether it exists is not said.
    """
    for own in own_records(session, who, function):
        if own.hospital == hospital and own.value == patient:
            return own
    raise NotFound
