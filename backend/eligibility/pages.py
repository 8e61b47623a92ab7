"""The patient's page before a visit (진료 전 확인): identity, what to bring, cover, letters."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.eligibility import own, service
from backend.eligibility.view import checked
from backend.errors import NotFound, SaegimError
from backend.family.service import in_care
from backend.functions import Function
from backend.identity.service import SignedIn, registrations
from backend.rendering import error_body
from backend.security import OwnForm, SignedInDep, form_page
from backend.services import Services, ServicesDep
from chain.db import reading

HOME = "/me/visit-check"
SEE_OTHER = 303

router = APIRouter(prefix=HOME, include_in_schema=False)

Text = Annotated[str, Form(max_length=60)]


@router.get("", response_class=HTMLResponse)
def visit_check(
    request: Request, who: SignedInDep, services: ServicesDep, person: UUID | None = None
) -> HTMLResponse:
    """At each hospital; `person`: of a family member, by the identifier of the guardianship or delegation."""
    return _page(request, services, who, person)


@router.post("/look-ups", dependencies=[OwnForm])
def look_up(
    request: Request, who: SignedInDep, services: ServicesDep, hospital: Text = "", person: Text = ""
) -> Response:
    """Ask the insurer again about today."""
    tie = _tie(person)
    try:
        if not hospital.isascii() or not hospital.isdigit():
            raise NotFound
        with reading(services.database) as session:
            whose, by = own.patient(services, session, who, int(hospital), tie)
        service.look_up_for_person(services, whose, by)
    except NotFound:
        raise
    except SaegimError as error:
        return _page(request, services, who, tie, error)
    return RedirectResponse(f"{HOME}?person={tie}" if tie else HOME, SEE_OTHER)


def _tie(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotFound from None


def _page(
    request: Request, services: Services, who: SignedIn, tie: UUID | None, error: SaegimError | None = None
) -> HTMLResponse:
    with reading(services.database) as session:
        found, _ = own.patients(services, session, who, tie)
        family = in_care(services, session, who, Function.BOOK)
        waiting = (
            [] if tie else [each.hospital for each in registrations(session, who.person) if not each.patient]
        )
    rows = []
    for each in found:
        known = own.checked(services, each)
        row = None if known is None else checked(services, known)
        rows.append(
            {"index": each.hospital, "name": services.institution_name(each.hospital), "checked": row}
        )
    return form_page(
        request,
        services,
        "visit_check.html",
        status=error.status if error else 200,
        error=error_body(error) if error else None,
        hospitals=rows,
        provisional=[services.institution_name(each) for each in waiting],
        family=family,
        person=tie,
    )
