"""Who may read whose records: the one place that decides. Deny by default; a stranger's record does not exist (404).

Permission is a type. A query for a patient's records takes a `ReadablePatientId`, and only this module makes one, for
an actor and a function, having noted it in the log of accesses. `tests/architecture/test_access.py` finds code that
goes around it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, final
from uuid import UUID

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.entries import Entry, origin_of
from backend.audit.terms import Action, ActorKind, ObjectKind, Outcome
from backend.errors import NotFound
from backend.family.errors import ConsentNeeded, DeskNeeded, TieNotFound
from backend.family.matrix import Verdict
from backend.family.service import Standing, standings
from backend.functions import Function
from backend.identity.service import SignedIn, numbers_of, patients_of
from backend.services import Services
from backend.staff.errors import NotYourRole
from backend.staff.roles import StaffFunction, may
from backend.staff.service import StaffSignedIn, opened

__all__ = [
    "Function",
    "ReadablePatientId",
    "at_visit_desk",
    "family_records",
    "own_records",
    "readable",
    "readable_by_staff",
    "records_by_staff",
]

_MAKER: Final = object()

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

    __slots__ = ("function", "hides_sensitive", "hospital", "reader", "value")

    def __init__(
        self,
        maker: object,
        value: str,
        hospital: int,
        reader: UUID,
        function: Function,
        *,
        hides_sensitive: bool = False,
    ) -> None:
        if maker is not _MAKER:
            raise TypeError("only backend.access decides who may read whose records")
        self.value = value
        """As `Document.patient_index`."""
        self.hospital = hospital
        self.reader = reader
        self.function = function
        self.hides_sensitive = hides_sensitive
        """Documents of sensitive departments, and those that do not say their department, are not to be used."""

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


def family_records(
    services: Services, session: Session, who: SignedIn, function: Function, tie: UUID
) -> Sequence[ReadablePatientId]:
    """The patients of one guardianship or delegation, if the family matrix allows the function now.

    Both answers are in the log before they are given, with what the reader is to the patient.

    Raises:
        TieNotFound: it is not this person's, or it has ended.
        ConsentNeeded, DeskNeeded: it holds, but not for this.
    """
    found = standings(session, services.vault, who.person, services.clock(), tie)
    if not found:
        raise TieNotFound
    decision, role = found[0].decide(function), found[0].role
    outcome = Outcome.ALLOWED if decision.allowed else Outcome.REFUSED
    if function in _ACTIONS:
        patients = [each.patient for each in found]
        _note(services, session, who, patients, function, ObjectKind.RECORDS, outcome=outcome, role=role)
    if not decision.allowed:
        raise ConsentNeeded if decision.verdict is Verdict.CONSENT else DeskNeeded
    return [_of_family(each, who, function) for each in found]


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
    sensitive: Callable[[], bool] | None = None,
) -> ReadablePatientId:
    """The patient of one record, if this person may use it: their own, or as guardian or delegate by the matrix.

    Both answers are in the log before they are given.

    Args:
        kind, record: what the record is and its identifier, for the log.
        sensitive: whether the record is of a sensitive department, asked only where that decides; unknown is yes.

    Raises:
        NotFound: it is a stranger's; whether it exists is not said.
    """
    whose = (hospital, patient)
    found = [each for each in _own(session, who, function) if (each.hospital, each.value) == whose]
    role = None
    if not found:
        found, role = _through_family(services, session, who, function, whose, sensitive)
    outcome = Outcome.ALLOWED if found else Outcome.REFUSED
    _note(services, session, who, [patient], function, kind, record, outcome, role)
    if not found:
        raise NotFound
    return found[0]


def _through_family(
    services: Services,
    session: Session,
    who: SignedIn,
    function: Function,
    whose: tuple[int, str],
    sensitive: Callable[[], bool] | None,
) -> tuple[list[ReadablePatientId], str | None]:
    """What the family matrix gives somebody of one patient, and what they are to that patient, if anything."""
    known = [
        each
        for each in standings(session, services.vault, who.person, services.clock())
        if (each.hospital, each.patient) == whose
    ]
    may = [each for each in known if each.decide(function).allowed]
    if may and all(each.hides_sensitive for each in may) and (sensitive is None or sensitive()):
        may = []
    role = (may or known)[0].role if known else None
    return [_of_family(each, who, function) for each in may], role


def _of_family(standing: Standing, who: SignedIn, function: Function) -> ReadablePatientId:
    return ReadablePatientId(
        _MAKER,
        standing.patient,
        standing.hospital,
        who.person,
        function,
        hides_sensitive=standing.hides_sensitive,
    )


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
    role: str | None = None,
) -> None:
    """`role`: what the actor is to the patient, where it is somebody else's record."""
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
            reason=role,
        )
        for patient in patients
    ]
    audit.note(services.database, session, entries)


def readable_by_staff(
    services: Services,
    session: Session,
    who: StaffSignedIn,
    function: Function,
    *,
    glass: UUID,
    whose: tuple[int, str] | None = None,
    kind: ObjectKind = ObjectKind.RECORDS,
    record: str = "",
) -> ReadablePatientId:
    """The patient whose documents a clinician has opened in an emergency. In the log, where the patient reads it.

    Args:
        glass: the emergency access.
        whose: hospital and patient of the one record that is wanted; None for the list.

    Raises:
        NotFound: the access or the record is somebody else's. GlassClosed, NotYourRole: it does not hold any more.
    """
    opened_for = opened(session, who, glass, services.clock())
    allowed = whose is None or whose in numbers_of(session, *opened_for)
    entry = Entry(
        at=services.clock(),
        actor_kind=ActorKind.STAFF,
        actor_id=str(who.staff),
        action=_ACTIONS[function],
        object_kind=kind,
        object_id=record,
        patient=(whose or opened_for)[1],
        origin=origin_of(who.address, ActorKind.STAFF),
        outcome=Outcome.ALLOWED if allowed else Outcome.REFUSED,
        reason="break-glass",
    )
    audit.note(services.database, session, [entry])
    if not allowed:
        raise NotFound
    hospital, patient = whose or opened_for
    return ReadablePatientId(_MAKER, patient, hospital, who.staff, function)


def records_by_staff(
    services: Services, session: Session, who: StaffSignedIn, function: Function, *, glass: UUID
) -> Sequence[ReadablePatientId]:
    """As `readable_by_staff`, under every registration number of the patient: former ones hold history, too."""
    opened_for = opened(session, who, glass, services.clock())
    return [
        readable_by_staff(services, session, who, function, glass=glass, whose=each)
        for each in numbers_of(session, *opened_for)
    ]


def at_visit_desk(who: StaffSignedIn, patient: str) -> ReadablePatientId:
    """A patient of the desk's own hospital, to check identity and eligibility at the visit and for nothing else.

    What is then read or changed is noted by the eligibility domain, which alone knows whether there is such a patient.

    Args:
        patient: `patient_index` of the registration number; another hospital's patients are out of reach.

    Raises:
        NotYourRole: the role has changed since.
    """
    if not may(who.role, StaffFunction.VISIT_CHECK):
        raise NotYourRole
    return ReadablePatientId(_MAKER, patient, who.hospital, who.staff, Function.BOOK)
