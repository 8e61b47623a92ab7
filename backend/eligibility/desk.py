"""The desk's way to one patient: by registration number once, then by an identifier that says nothing."""

from __future__ import annotations

from uuid import UUID

from backend.access import ReadablePatientId, at_visit_desk
from backend.audit import service as audit
from backend.audit.terms import Action, ObjectKind
from backend.eligibility import repository
from backend.eligibility.days import today
from backend.eligibility.errors import PatientNotHere, VisitFormInvalid
from backend.eligibility.noting import By, entry
from backend.eligibility.patients import at_desk, typed
from backend.identity import service as identity
from backend.services import Services
from backend.staff.service import StaffSignedIn
from chain.db import reading

NUMBER_LENGTH = 40


def find(
    services: Services, who: StaffSignedIn, number: str, name: str = "", birth: str = "", insured: str = ""
) -> UUID:
    """The identifier of the patient with a registration number; the look is in the log before this returns.

    Args:
        name, birth: from the identity card, for a number that neither hospital system nor account says.
        insured: resident or health-insurance number, to keep in place of any before.

    Raises:
        VisitFormInvalid: what was typed does not fit.
        PatientNotHere: this hospital has no such patient.
    """
    number = number.strip()
    if not (0 < len(number) <= NUMBER_LENGTH and number.isprintable()):
        raise VisitFormInvalid(where="number")
    said = typed(name, birth, insured, today(services.clock()))
    index = services.vault.blind_index(number)
    with reading(services.database) as session:  # a former number leads to the present one
        present = identity.numbers_of(session, who.hospital, index)[0][1]
    whose = at_visit_desk(who, present)
    try:
        row = at_desk(services, whose, number, By.staff(who), said)
    except PatientNotHere:
        note_shown(services, who, whose, refused=True)
        raise
    note_shown(services, who, whose)
    return row.id


def opened(
    services: Services, who: StaffSignedIn, patient_id: UUID, *, shown: bool = False
) -> ReadablePatientId:
    """The patient of this identifier, at the desk's own hospital.

    Args:
        shown: the patient's state is shown now, which goes into the log. What is done to it notes itself.

    Raises:
        PatientNotHere: there is none, or it is another hospital's.
    """
    with reading(services.database) as session:
        row = repository.patient_by_id(session, patient_id)
    if row is None:
        raise PatientNotHere
    whose = at_visit_desk(who, row.patient)
    if row.hospital != who.hospital:
        note_shown(services, who, whose, refused=True)
        raise PatientNotHere
    if shown:
        note_shown(services, who, whose)
    return whose


def note_shown(
    services: Services, who: StaffSignedIn, whose: ReadablePatientId, *, refused: bool = False
) -> None:
    """The patient's state is about to be shown, or was refused: in the log before anything is."""
    line = entry(
        By.staff(who),
        Action.READ,
        ObjectKind.ELIGIBILITY,
        services.clock(),
        patient=whose.value,
        reason="visit-check",
        refused=refused,
    )
    audit.record(services.database, [line])
