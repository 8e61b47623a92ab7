"""Pages of the staff: coming in, the desk's binding, emergency access, its review."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.audit import service as audit
from backend.audit.terms import Action
from backend.db import ReadSession, WriteSession
from backend.documents import service as documents
from backend.errors import InvalidRequest, SaegimError
from backend.identity.errors import AlreadyBound
from backend.limits.door import Door, Guessed, by_field
from backend.rendering import error_body
from backend.security import OwnForm, address_of, form_page
from backend.services import Services, ServicesDep
from backend.staff import desk, service, sessions
from backend.staff.door import (
    HOME,
    ClinicianDep,
    DeskDep,
    EnrollingDep,
    ProvenClinicianDep,
    ProvenDeskDep,
    ReviewerDep,
    StaffDep,
    StaffVisitorDep,
    end_staff_session,
    set_staff_session,
    staff_address,
)
from backend.staff.errors import EnrolmentRefused
from backend.staff.noting import entry
from backend.staff.roles import NAMES, StaffFunction, may
from backend.verification.view import view
from backend.web.dates import day, minute
from backend.web.i18n import current_language, translate
from chain.db import writing
from records.kinds import KINDS
from verifier import verify

router = APIRouter(prefix=HOME, include_in_schema=False)

SEE_OTHER = 303
Text = Annotated[str, Form(max_length=400)]


@router.get("/sign-in", response_class=HTMLResponse)
def sign_in(request: Request, who: StaffVisitorDep, services: ServicesDep, next: str = HOME) -> Response:
    """By passkey, or with a code the first time."""
    if who is not None and not who.enrolling:
        return RedirectResponse(staff_address(next), SEE_OTHER)
    return form_page(request, services, "staff_sign_in.html", next=staff_address(next))


@router.get("/enrol", response_class=HTMLResponse)
def enrol_form(request: Request, services: ServicesDep) -> HTMLResponse:
    """Staff number and code."""
    return form_page(request, services, "staff_enrol.html", number="", error=None)


@router.post("/enrol", dependencies=[OwnForm, Guessed(Door.ENROLMENT, by_field("number"))])
def enrol(request: Request, services: ServicesDep, number: Text = "", code: Text = "") -> Response:
    """The code is used up; what follows is the passkey."""
    now = services.clock()
    try:
        with writing(services.database) as session:
            _, token = sessions.enrol(session, services.vault, number, code, now)
    except EnrolmentRefused as error:
        line = entry(
            Action.SIGN_IN_REFUSED, now, address_of(request), staff=None, reason="enrolment", refused=True
        )
        audit.record(services.database, [line])
        body = {"number": number, "error": error_body(error)}
        return form_page(request, services, "staff_enrol.html", status=error.status, **body)
    answer = RedirectResponse(f"{HOME}/enrol/passkey", SEE_OTHER)
    set_staff_session(answer, services, token)
    return answer


@router.get("/enrol/passkey", response_class=HTMLResponse)
def enrol_passkey(request: Request, who: EnrollingDep, services: ServicesDep) -> HTMLResponse:
    """Register the authenticator."""
    return form_page(request, services, "staff_passkey.html")


@router.get("/step-up", response_class=HTMLResponse)
def step_up(request: Request, who: StaffDep, services: ServicesDep, next: str = HOME) -> HTMLResponse:
    """Prove again to be there, then go back."""
    return form_page(request, services, "staff_step_up.html", next=staff_address(next))


@router.post("/sign-out", dependencies=[OwnForm])
def sign_out(who: StaffDep, session: WriteSession, services: ServicesDep) -> Response:
    """End this session."""
    now = services.clock()
    sessions.sign_out(session, who, now)
    audit.append(session, [entry(Action.SIGN_OUT, now, who.address, staff=who.staff)])
    answer = RedirectResponse(f"{HOME}/sign-in", SEE_OTHER)
    end_staff_session(answer, services)
    return answer


@router.get("", response_class=HTMLResponse)
def home(request: Request, who: StaffDep, services: ServicesDep) -> HTMLResponse:
    """What the role may do."""
    return form_page(
        request,
        services,
        "staff_home.html",
        role=translate(NAMES[who.role]),
        functions={str(each) for each in StaffFunction if may(who.role, each)},
    )


# --- the desk


@router.get("/bind", response_class=HTMLResponse)
def bind_form(request: Request, who: ProvenDeskDep, services: ServicesDep) -> HTMLResponse:
    """Account and registration number."""
    return _bind_page(request, services, {"account": "", "number": ""})


@router.post("/bind", dependencies=[OwnForm])
def bind(
    request: Request, who: DeskDep, services: ServicesDep, account: Text = "", number: Text = ""
) -> Response:
    """The desk has seen person and identity card together."""
    typed = {"account": account, "number": number}
    try:
        others = desk.bind(services, who, account, number)
    except AlreadyBound as error:
        double = desk.double(services, who, account, number)
        return _bind_page(request, services, typed, error_body(error), error.status, double=double)
    except SaegimError as error:
        return _bind_page(request, services, typed, error_body(error), error.status)
    return _bind_page(request, services, {"account": "", "number": ""}, done=True, others=others)


def _bind_page(
    request: Request,
    services: Services,
    typed: dict[str, str],
    error: dict[str, str] | None = None,
    status: int = 200,
    *,
    done: bool = False,
    double: UUID | None = None,
    others: Sequence[str] = (),
) -> HTMLResponse:
    """`double`: the account that has the number already; `others`: further numbers of the person (이중등록)."""
    more = {"done": done, "double": double, "others": others}
    return form_page(request, services, "staff_bind.html", status=status, typed=typed, error=error, **more)


# --- emergency access


@router.get("/emergency", response_class=HTMLResponse)
def emergency_form(request: Request, who: ProvenClinicianDep, services: ServicesDep) -> HTMLResponse:
    """Whose documents, and why."""
    typed = {"number": "", "reason": ""}
    return form_page(request, services, "staff_emergency.html", typed=typed, error=None)


@router.post("/emergency", dependencies=[OwnForm])
def emergency(
    request: Request, who: ClinicianDep, services: ServicesDep, number: Text = "", reason: Text = ""
) -> Response:
    """Open them for thirty minutes."""
    try:
        with writing(services.database) as session:
            made = service.break_glass(session, services.vault, who, number, reason, services.clock())
    except SaegimError as error:
        body = {"typed": {"number": number, "reason": reason}, "error": error_body(error)}
        return form_page(request, services, "staff_emergency.html", status=error.status, **body)
    return RedirectResponse(f"{HOME}/emergency/{made}", SEE_OTHER)


@router.get("/emergency/{glass}", response_class=HTMLResponse)
def opened(
    glass: UUID, request: Request, who: ClinicianDep, session: ReadSession, services: ServicesDep
) -> HTMLResponse:
    """The patient's documents."""
    found = documents.of_glass(services, session, who, glass)
    rows = [
        {
            "id": each.id,
            "title": KINDS[each.vct].title.en if current_language() == "en" else KINDS[each.vct].title.ko,
            "day": day(each.anchored_at),
            "state": str(each.state),
        }
        for each in found
    ]
    return form_page(request, services, "staff_opened.html", glass=glass, documents=rows)


@router.get("/emergency/{glass}/documents/{document_id}", response_class=HTMLResponse)
def document(
    glass: UUID,
    document_id: UUID,
    request: Request,
    who: ClinicianDep,
    session: ReadSession,
    services: ServicesDep,
) -> HTMLResponse:
    """One of them, checked now."""
    found = documents.for_staff(services, session, who, glass, document_id)
    proven = documents.bundle(services, session, found)
    report = verify(proven.bundle, services.node.trust, now=services.clock(), node=services.node.client)
    return form_page(request, services, "staff_document.html", view=view(report), glass=glass)


@router.get("/reviews", response_class=HTMLResponse)
def reviews(request: Request, who: ReviewerDep, session: ReadSession, services: ServicesDep) -> HTMLResponse:
    """Emergency accesses that wait for their review."""
    rows = [
        {
            "id": each.id,
            "staff": str(each.staff)[:8],
            "role": translate(NAMES[each.role]),
            "opened": minute(each.opened_at),
            "reason": each.reason,
        }
        for each in service.waiting(session, who)
    ]
    return form_page(request, services, "staff_reviews.html", rows=rows)


@router.post("/reviews/{glass}", dependencies=[OwnForm])
def review(
    glass: UUID, who: ReviewerDep, session: WriteSession, services: ServicesDep, verdict: Text = ""
) -> Response:
    """Justified or not."""
    if verdict not in ("justified", "not-justified"):
        raise InvalidRequest(where="verdict")
    service.review(session, who, glass, justified=verdict == "justified", now=services.clock())
    return RedirectResponse(f"{HOME}/reviews", SEE_OTHER)
