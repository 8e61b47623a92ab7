"""Which patients somebody may see the check before a visit of: their own, and those for whom they may book."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session

from backend.access import Function, ReadablePatientId, family_records, own_records
from backend.audit import service as audit
from backend.audit.terms import Action, ObjectKind
from backend.eligibility.errors import PatientNotHere
from backend.eligibility.noting import By, entry
from backend.eligibility.patients import ensure_known
from backend.eligibility.service import VisitCheck, visit_check
from backend.errors import SaegimError
from backend.family.service import standings
from backend.identity.service import SignedIn
from backend.services import Services
from chain.db import reading


def patients(
    services: Services, session: Session, who: SignedIn, tie: UUID | None
) -> tuple[Sequence[ReadablePatientId], By]:
    """The patients, and as whom the reader stands in the log, where the look is before this returns.

    Args:
        tie: a guardianship or delegation; None: the reader's own.

    Raises:
        TieNotFound, ConsentNeeded, DeskNeeded: the matrix does not let them book for this patient.
    """
    if tie is None:
        found, by = own_records(services, session, who, Function.BOOK), By.person(who)
    else:
        known = standings(session, services.vault, who.person, services.clock(), tie)
        by = By.person(who, known[0].role if known else None)
        try:
            found = family_records(services, session, who, Function.BOOK, tie)
        except SaegimError:
            _note(services, session, by, [each.patient for each in known], refused=True)
            raise
    present: dict[int, ReadablePatientId] = {}
    for each in found:
        present.setdefault(each.hospital, each)  # former registration numbers come after the present one
    _note(services, session, by, [each.value for each in present.values()])
    return list(present.values()), by


def patient(
    services: Services, session: Session, who: SignedIn, hospital: int, tie: UUID | None
) -> tuple[ReadablePatientId, By]:
    """The one at a hospital. Raises PatientNotHere, and as `patients`."""
    found, by = patients(services, session, who, tie)
    for each in found:
        if each.hospital == hospital:
            return each, by
    raise PatientNotHere


def checked(services: Services, whose: ReadablePatientId) -> VisitCheck | None:
    """What is known of one of them; None where neither desk nor account has made them known yet."""
    try:
        ensure_known(services, whose)
    except PatientNotHere:
        return None
    with reading(services.database) as session:
        return visit_check(services, session, whose)


def _note(
    services: Services, session: Session, by: By, whose: Sequence[str], *, refused: bool = False
) -> None:
    now = services.clock()
    lines = [
        entry(
            by, Action.READ, ObjectKind.ELIGIBILITY, now, patient=each, reason="visit-check", refused=refused
        )
        for each in whose
    ]
    if lines:
        audit.note(services.database, session, lines)
