"""API of identity and eligibility at the visit: the desk's, and the patient's own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from backend.db import ReadSession
from backend.eligibility import desk, own, service
from backend.eligibility.errors import ConfirmationRefused, VisitFormInvalid
from backend.eligibility.models import VisitState
from backend.eligibility.rules import VisitPlan
from backend.eligibility.schemas import (
    ConfirmationOut,
    CoverOut,
    DayIn,
    DueOut,
    ExceptionIn,
    IdentityCheckIn,
    IdentityOut,
    LetterIn,
    LetterOut,
    LookUpIn,
    MissingOut,
    OwnLookUpIn,
    PatientIn,
    PatientOut,
    PlanIn,
    VisitCheckOut,
    VisitIn,
)
from backend.eligibility.service import By, How, Paper, VisitToConfirm
from backend.errors import ErrorOut
from backend.security import OwnForm, SignedInDep
from backend.services import ServicesDep
from backend.staff.door import VisitDeskDep
from chain.db import reading, writing

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorOut} for status in (401, 403, 404, 409, 422, 503)
}
OWN_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorOut} for status in (401, 403, 404, 422, 429)
}

router = APIRouter(prefix="/staff/eligibility", tags=["eligibility"], responses=REFUSALS)
api = APIRouter(prefix="/me/visit-check", tags=["eligibility"], responses=OWN_REFUSALS)


# --- the desk


@router.post("/patients", dependencies=[OwnForm])
def find(body: PatientIn, who: VisitDeskDep, services: ServicesDep) -> PatientOut:
    """The patient of a registration number at the desk's hospital."""
    found = desk.find(services, who, body.number, body.name, body.birth_date, body.insured_number)
    return PatientOut(id=found)


@router.get("/patients/{patient}")
def state(patient: UUID, who: VisitDeskDep, services: ServicesDep) -> VisitCheckOut:
    """What is known now for a visit today; the insurer is not asked."""
    whose = desk.opened(services, who, patient, shown=True)
    with reading(services.database) as session:
        return VisitCheckOut.of(whose.hospital, service.visit_check(services, session, whose))


@router.post("/patients/{patient}/missing", dependencies=[OwnForm])
def missing(patient: UUID, body: PlanIn, who: VisitDeskDep, services: ServicesDep) -> list[MissingOut]:
    """What is missing for a visit, in the order in which to see to it; the insurer is asked once at most."""
    whose = desk.opened(services, who, patient, shown=True)
    plan = VisitPlan(**body.model_dump())
    found = service.what_is_missing(services, whose, plan, By.staff(who))
    return [MissingOut.model_validate(each, from_attributes=True) for each in found]


@router.post("/patients/{patient}/identity-checks", status_code=201, dependencies=[OwnForm])
def check_identity(
    patient: UUID, body: IdentityCheckIn, who: VisitDeskDep, services: ServicesDep
) -> IdentityOut:
    """Identity was checked now; the number of the document is not asked for and must not be given."""
    if body.how is How.CERTIFIED_PHONE:
        raise VisitFormInvalid(where="how")
    whose = desk.opened(services, who, patient)
    with writing(services.database) as session:
        service.record_identity_check(services, session, whose, body.how, By.staff(who))
    with reading(services.database) as session:
        found = service.last_identity(services, session, whose)
    return IdentityOut.model_validate(found, from_attributes=True)


@router.post("/patients/{patient}/identity-exceptions", status_code=204, dependencies=[OwnForm])
def except_identity(patient: UUID, body: ExceptionIn, who: VisitDeskDep, services: ServicesDep) -> None:
    """A rule excepts a visit from the check of identity."""
    whose = desk.opened(services, who, patient)
    with writing(services.database) as session:
        service.record_exception(services, session, whose, body.day, body.exempt, By.staff(who))


@router.post("/patients/{patient}/identity-owed", status_code=201, dependencies=[OwnForm])
def owe_identity(patient: UUID, body: DayIn, who: VisitDeskDep, services: ServicesDep) -> DueOut:
    """A visit without identity: full price, and until when showing it brings the difference back."""
    whose = desk.opened(services, who, patient)
    with writing(services.database) as session:
        due = service.record_identity_owed(services, session, whose, body.day, By.staff(who))
    return DueOut(due_on=due)


@router.post("/patients/{patient}/look-ups", dependencies=[OwnForm])
def look_up(patient: UUID, body: LookUpIn, who: VisitDeskDep, services: ServicesDep) -> CoverOut:
    """What covers the patient on a day. Outcome "uncertain" where the insurer cannot be asked."""
    whose = desk.opened(services, who, patient)
    return CoverOut.of(service.look_up(services, whose, body.day, By.staff(who), anew=body.anew))


@router.post("/patients/{patient}/letters", status_code=201, dependencies=[OwnForm])
def hand_in(patient: UUID, body: LetterIn, who: VisitDeskDep, services: ServicesDep) -> LetterOut:
    """A letter is handed in."""
    whose = desk.opened(services, who, patient)
    with writing(services.database) as session:
        made = service.hand_in_letter(services, session, whose, Paper(**body.model_dump()), By.staff(who))
    return LetterOut.of(made)


@router.post("/patients/{patient}/letters/{letter}/hand-in", status_code=204, dependencies=[OwnForm])
def hand_in_known(patient: UUID, letter: UUID, who: VisitDeskDep, services: ServicesDep) -> None:
    """A letter that a visit was booked with is handed in."""
    whose = desk.opened(services, who, patient)
    with writing(services.database) as session:
        service.hand_in_known(services, session, whose, letter, By.staff(who))


@router.post("/patients/{patient}/letters/{letter}/end", status_code=204, dependencies=[OwnForm])
def end_letter(patient: UUID, letter: UUID, body: DayIn, who: VisitDeskDep, services: ServicesDep) -> None:
    """The treatment that a letter was written for has ended."""
    whose = desk.opened(services, who, patient)
    with writing(services.database) as session:
        service.end_letter(services, session, whose, letter, body.day, By.staff(who))


@router.get("/patients/{patient}/confirmations")
def confirmations(patient: UUID, who: VisitDeskDep, services: ServicesDep) -> list[ConfirmationOut]:
    """The patient's 진료확인번호, newest first."""
    whose = desk.opened(services, who, patient, shown=True)
    with reading(services.database) as session:
        return [ConfirmationOut.of(each) for each in service.confirmations(services, session, whose)]


@router.post("/patients/{patient}/confirmations", dependencies=[OwnForm])
def confirm(patient: UUID, body: VisitIn, who: VisitDeskDep, services: ServicesDep) -> ConfirmationOut:
    """The visit's 진료확인번호, made once however often it is asked for."""
    whose = desk.opened(services, who, patient)
    plan = VisitPlan(body.day, body.department, emergency=body.emergency)
    wanted = VisitToConfirm(body.visit, plan, body.copay)
    found = service.confirm_visit(services, whose, wanted, By.staff(who))
    if found.state is VisitState.REFUSED:
        raise ConfirmationRefused(reason=found.content.reason or "refused")
    return ConfirmationOut.of(found)


@router.post("/patients/{patient}/confirmations/{confirmation}/cancel", dependencies=[OwnForm])
def cancel(patient: UUID, confirmation: UUID, who: VisitDeskDep, services: ServicesDep) -> ConfirmationOut:
    """Take a 진료확인번호 back; what was deducted is restored."""
    whose = desk.opened(services, who, patient)
    return ConfirmationOut.of(service.cancel_confirmation(services, whose, confirmation, By.staff(who)))


# --- the patient


@api.get("")
def own_checks(
    who: SignedInDep, session: ReadSession, services: ServicesDep, person: UUID | None = None
) -> list[VisitCheckOut]:
    """What is known for a visit today, at each hospital. `person`: of a guardianship or delegation."""
    found, _ = own.patients(services, session, who, person)
    checked = [(each.hospital, own.checked(services, each)) for each in found]
    return [VisitCheckOut.of(hospital, each) for hospital, each in checked if each is not None]


@api.post("/look-ups", dependencies=[OwnForm])
def own_look_up(body: OwnLookUpIn, who: SignedInDep, services: ServicesDep) -> CoverOut:
    """Ask the insurer again about today; five times an hour."""
    with reading(services.database) as session:
        whose, by = own.patient(services, session, who, body.hospital, body.person)
    return CoverOut.of(service.look_up_for_person(services, whose, by))
