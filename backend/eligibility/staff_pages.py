"""Pages of the desk (원무): one patient's identity, cover, letters and 진료확인번호; forms without scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.access import ReadablePatientId
from backend.eligibility import desk, service
from backend.eligibility.days import today
from backend.eligibility.errors import (
    ConfirmationRefused,
    InsuredNumberNeeded,
    PatientNotHere,
    VisitFormInvalid,
)
from backend.eligibility.letters import MOST_PICTURE, letter_picture
from backend.eligibility.models import Exempt, How, VisitState
from backend.eligibility.patients import add_numbers, typed
from backend.eligibility.rules import VisitPlan
from backend.eligibility.service import By, Paper, VisitToConfirm
from backend.eligibility.view import DeskView, choices, desk_view
from backend.eligibility.words import AT_DESK
from backend.errors import SaegimError
from backend.rendering import error_body
from backend.security import OwnForm, form_page
from backend.services import Services, ServicesDep
from backend.staff.door import VisitDeskDep
from backend.staff.service import StaffSignedIn
from chain.db import reading, writing

HOME = "/staff/eligibility"
SEE_OTHER = 303

router = APIRouter(prefix=HOME, include_in_schema=False)

Text = Annotated[str, Form(max_length=200)]
FIND = ("number", "name", "birth", "insured")
_LETTER = ("issued", "issuer", "department", "letter_number")
PATIENT = ("how", "exempt", "insured", *_LETTER, "visit", "visit_department", "copay")


# --- finding


@router.get("", response_class=HTMLResponse)
def find_form(request: Request, who: VisitDeskDep, services: ServicesDep) -> HTMLResponse:
    """The registration number; from the identity card, name and birth date where nobody else says."""
    return form_page(request, services, "eligibility_find.html", typed=dict.fromkeys(FIND, ""), error=None)


@router.post("", dependencies=[OwnForm])
def find(
    request: Request,
    who: VisitDeskDep,
    services: ServicesDep,
    number: Text = "",
    name: Text = "",
    birth: Text = "",
    insured: Text = "",
) -> Response:
    """To the patient's page, whose address says nothing of them."""
    try:
        found = desk.find(services, who, number, name, birth, insured)
    except SaegimError as error:
        body = {
            "typed": dict(zip(FIND, (number, name, birth, insured), strict=True)),
            "error": error_body(error),
        }
        return form_page(request, services, "eligibility_find.html", status=error.status, **body)
    return RedirectResponse(f"{HOME}/{found}", SEE_OTHER)


# --- one patient


@router.get("/{patient}", response_class=HTMLResponse)
def patient_page(
    patient: UUID,
    request: Request,
    who: VisitDeskDep,
    services: ServicesDep,
    department: str = "",
    emergency: bool = False,
    referred: bool = False,
    returned: bool = False,
) -> HTMLResponse:
    """All that is known, and what is missing for a visit today."""
    whose = desk.opened(services, who, patient, shown=True)
    day = today(services.clock())
    known = department if department in dict(choices().departments) else ""
    plan = VisitPlan(day, known, emergency=emergency, referred=referred, returned=returned)
    return _page(request, services, patient, whose, plan)


@router.post("/{patient}/identity", dependencies=[OwnForm])
def check_identity(
    patient: UUID, request: Request, who: VisitDeskDep, services: ServicesDep, how: Text = ""
) -> Response:
    """Identity was checked now."""

    def act(whose: ReadablePatientId, by: By) -> None:
        if how not in {each.value for each in AT_DESK}:
            raise VisitFormInvalid(where="how")
        with writing(services.database) as session:
            service.record_identity_check(services, session, whose, How(how), by)

    return _done(request, services, who, patient, act, {"how": how})


@router.post("/{patient}/exception", dependencies=[OwnForm])
def except_identity(
    patient: UUID, request: Request, who: VisitDeskDep, services: ServicesDep, exempt: Text = ""
) -> Response:
    """A rule excepts today's visit."""

    def act(whose: ReadablePatientId, by: By) -> None:
        if exempt not in set(Exempt):
            raise VisitFormInvalid(where="exempt")
        with writing(services.database) as session:
            service.record_exception(services, session, whose, today(services.clock()), Exempt(exempt), by)

    return _done(request, services, who, patient, act, {"exempt": exempt})


@router.post("/{patient}/owed", dependencies=[OwnForm])
def owe_identity(patient: UUID, request: Request, who: VisitDeskDep, services: ServicesDep) -> Response:
    """Today's visit without identity."""

    def act(whose: ReadablePatientId, by: By) -> None:
        with writing(services.database) as session:
            service.record_identity_owed(services, session, whose, today(services.clock()), by)

    return _done(request, services, who, patient, act, {})


@router.post("/{patient}/look-up", dependencies=[OwnForm])
def look_up(
    patient: UUID, request: Request, who: VisitDeskDep, services: ServicesDep, insured: Text = ""
) -> Response:
    """Ask the insurer about today; a number that was read from a card now goes first."""

    def act(whose: ReadablePatientId, by: By) -> None:
        day = today(services.clock())
        said = typed("", "", insured, day)
        if said is not None:
            add_numbers(services, whose, said, by)
        service.look_up(services, whose, day, by, anew=True)

    return _done(request, services, who, patient, act, {"insured": insured})


# --- letters


@router.post("/{patient}/letters", dependencies=[OwnForm])
def hand_in(
    patient: UUID,
    request: Request,
    who: VisitDeskDep,
    services: ServicesDep,
    issued: Text = "",
    issuer: Text = "",
    department: Text = "",
    letter_number: Text = "",
    picture: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """A letter is handed in, with a picture of it if the desk has one."""
    content = b"" if picture is None else picture.file.read(MOST_PICTURE + 1)

    def act(whose: ReadablePatientId, by: By) -> None:
        paper = Paper(_day(issued, "issued"), issuer.strip(), department, letter_number, content)
        with writing(services.database) as session:
            service.hand_in_letter(services, session, whose, paper, by)

    kept = {"issued": issued, "issuer": issuer, "department": department, "letter_number": letter_number}
    return _done(request, services, who, patient, act, kept)


@router.get("/{patient}/letters/{letter}/picture", response_class=Response)
def picture_of(patient: UUID, letter: UUID, who: VisitDeskDep, services: ServicesDep) -> Response:
    """The picture of the paper."""
    whose = desk.opened(services, who, patient, shown=True)
    with reading(services.database) as session:
        content, kind = letter_picture(services, session, whose, letter)
    return Response(content, media_type=kind, headers={"content-disposition": "inline"})


@router.post("/{patient}/letters/{letter}/hand-in", dependencies=[OwnForm])
def hand_in_known(
    patient: UUID, letter: UUID, request: Request, who: VisitDeskDep, services: ServicesDep
) -> Response:
    """A letter that a visit was booked with is handed in."""

    def act(whose: ReadablePatientId, by: By) -> None:
        with writing(services.database) as session:
            service.hand_in_known(services, session, whose, letter, by)

    return _done(request, services, who, patient, act, {})


@router.post("/{patient}/letters/{letter}/end", dependencies=[OwnForm])
def end_letter(
    patient: UUID, letter: UUID, request: Request, who: VisitDeskDep, services: ServicesDep
) -> Response:
    """The letter's treatment has ended today."""

    def act(whose: ReadablePatientId, by: By) -> None:
        with writing(services.database) as session:
            service.end_letter(services, session, whose, letter, today(services.clock()), by)

    return _done(request, services, who, patient, act, {})


# --- visit confirmations


@router.post("/{patient}/confirmations", dependencies=[OwnForm])
def confirm(
    patient: UUID,
    request: Request,
    who: VisitDeskDep,
    services: ServicesDep,
    visit: Text = "",
    visit_department: Text = "",
    copay: Text = "",
    emergency: Text = "",
) -> Response:
    """Ask for the 진료확인번호 of today's visit."""

    def act(whose: ReadablePatientId, by: By) -> None:
        won = copay.replace(",", "").strip()
        if not (won.isascii() and won.isdigit()):
            raise VisitFormInvalid(where="copay")
        plan = VisitPlan(today(services.clock()), visit_department, emergency=bool(emergency))
        found = service.confirm_visit(services, whose, VisitToConfirm(visit, plan, int(won)), by)
        if found.state is VisitState.REFUSED:
            raise ConfirmationRefused(reason=found.content.reason or "refused")

    kept = {"visit": visit, "visit_department": visit_department, "copay": copay}
    return _done(request, services, who, patient, act, kept)


@router.post("/{patient}/confirmations/{confirmation}/cancel", dependencies=[OwnForm])
def cancel(
    patient: UUID, confirmation: UUID, request: Request, who: VisitDeskDep, services: ServicesDep
) -> Response:
    """Take it back."""

    def act(whose: ReadablePatientId, by: By) -> None:
        service.cancel_confirmation(services, whose, confirmation, by)

    return _done(request, services, who, patient, act, {})


# --- one shape for all


def _done(
    request: Request,
    services: Services,
    who: StaffSignedIn,
    patient: UUID,
    act: Callable[[ReadablePatientId, By], None],
    kept: dict[str, str],
) -> Response:
    """Do it and come back; what was refused comes with the page, and what was typed stays."""
    whose = desk.opened(services, who, patient)
    try:
        act(whose, By.staff(who))
    except PatientNotHere:
        raise
    except SaegimError as error:
        desk.note_shown(services, who, whose)
        plan = VisitPlan(today(services.clock()), kept.get("visit_department") or kept.get("department", ""))
        return _page(request, services, patient, whose, plan, error=error, kept=kept)
    return RedirectResponse(f"{HOME}/{patient}", SEE_OTHER)


def _page(
    request: Request,
    services: Services,
    patient: UUID,
    whose: ReadablePatientId,
    plan: VisitPlan,
    *,
    error: SaegimError | None = None,
    kept: dict[str, str] | None = None,
) -> HTMLResponse:
    with reading(services.database) as session:
        view: DeskView = desk_view(services, session, whose, plan)
    body: dict[str, Any] = {
        "error": error_body(error) if error else None,
        "wants_number": isinstance(error, InsuredNumberNeeded),
        "typed": dict.fromkeys(PATIENT, "") | (kept or {}),
    }
    return form_page(
        request,
        services,
        "eligibility_patient.html",
        status=error.status if error else 200,
        base=f"{HOME}/{patient}",
        plan=plan,
        view=view,
        choices=choices(),
        **body,
    )


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise VisitFormInvalid(where=field) from None
