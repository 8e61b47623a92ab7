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

from backend.audit import service as audit
from backend.audit.entries import Entry, origin_of
from backend.audit.terms import Action, ActorKind, ObjectKind, Outcome
from backend.errors import NotFound
from backend.identity.service import SignedIn, patients_of
from backend.services import Services

_MAKER: Final = object()


class Function(StrEnum):
    """What somebody wants to do with a patient's records."""

    LIST = "list"
    READ = "read"
    DOWNLOAD = "download"
    EXPORT = "export"
    SEE_ACCESSES = "see-accesses"


_ACTIONS: Final = {
    Function.LIST: Action.LIST,
    Function.READ: Action.READ,
    Function.DOWNLOAD: Action.DOWNLOAD,
    Function.EXPORT: Action.EXPORT,
}
"""What is noted of each function; who looks at the log itself makes no line in it, or it would never end."""


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


def own_records(
    services: Services, session: Session, who: SignedIn, function: Function
) -> Sequence[ReadablePatientId]:
    """The patients that a person is, at every hospital where the first visit has bound them. May be none.

    What is done is in the log before this returns: without the line there is no record.
    """
    found = _own(session, who, function)
    if function in _ACTIONS:
        _note(services, session, who, [each.value for each in found], function, ObjectKind.RECORDS)
    return found


def readable(
    services: Services,
    session: Session,
    who: SignedIn,
    function: Function,
    *,
    hospital: int,
    patient: str,
    kind: ObjectKind,
    record: str,
) -> ReadablePatientId:
    """The patient of one record, if this person may use it. Both answers are in the log before they are given.

    Args:
        kind, record: what the record is and its identifier, for the log.

    Raises:
        NotFound: it is a stranger's; whether it exists is not said.
    """
    own = [
        each for each in _own(session, who, function) if (each.hospital, each.value) == (hospital, patient)
    ]
    outcome = Outcome.ALLOWED if own else Outcome.REFUSED
    _note(services, session, who, [patient], function, kind, record, outcome)
    if not own:
        raise NotFound
    return own[0]


def _own(session: Session, who: SignedIn, function: Function) -> list[ReadablePatientId]:
    return [
        ReadablePatientId(_MAKER, patient, hospital, who.person, function)
        for hospital, patient in patients_of(session, who.person)
    ]


def _note(
    services: Services,
    session: Session,
    who: SignedIn,
    patients: Sequence[str],
    function: Function,
    kind: ObjectKind,
    record: str = "",
    outcome: Outcome = Outcome.ALLOWED,
) -> None:
    if not patients:
        return
    at, origin = services.clock(), origin_of(who.address, ActorKind.PERSON)
    entries = [
        Entry(
            at=at,
            actor_kind=ActorKind.PERSON,
            actor_id=str(who.person),
            action=_ACTIONS[function],
            object_kind=kind,
            object_id=record,
            patient=patient,
            origin=origin,
            outcome=outcome,
        )
        for patient in patients
    ]
    audit.note(services.database, session, entries)
