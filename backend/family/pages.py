"""Pages of the family domain: who acts for whom, asking for a guardianship, naming a delegate, consent and ends."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.db import ReadSession, WriteSession
from backend.errors import SaegimError
from backend.family import matrix, service
from backend.family.errors import CodeRefused, FamilyFormInvalid
from backend.family.matrix import DELEGATES, GUARDIANS, Band, Relation
from backend.family.service import PERIODS
from backend.family.view import FUNCTIONS, PAPERS, RELATIONS, family
from backend.functions import Function
from backend.limits.door import Door, Guessed, by_person
from backend.rendering import error_body
from backend.security import OwnForm, ProvenDep, SignedInDep, form_page
from backend.services import Services, ServicesDep
from backend.web.i18n import translate
from chain.db import writing

router = APIRouter(prefix="/me/family", include_in_schema=False)

SEE_OTHER = 303
HOME = "/me/family"

Text = Annotated[str, Form(max_length=200)]
Several = Annotated[list[str] | None, Form()]


@router.get("", response_class=HTMLResponse)
def home(request: Request, who: SignedInDep, session: ReadSession, services: ServicesDep) -> HTMLResponse:
    """Whom I act for, who acts for me, what I was told."""
    return form_page(request, services, "family.html", family=family(services, session, who))


# --- a guardianship is asked for


@router.get("/children", response_class=HTMLResponse)
def child_form(request: Request, who: SignedInDep, services: ServicesDep) -> HTMLResponse:
    """Which child, at which hospital."""
    return _child_page(request, services, {"hospital": "", "relation": "parent", "name": "", "born": ""})


@router.post("/children", dependencies=[OwnForm])
def ask_for_child(
    request: Request,
    who: SignedInDep,
    services: ServicesDep,
    hospital: Text = "",
    relation: Text = "",
    name: Text = "",
    born: Text = "",
) -> Response:
    """The desk decides about it, papers in hand."""
    typed = {"hospital": hospital, "relation": relation, "name": name, "born": born}
    try:
        known = {str(index): index for index in hospitals(services)}
        if hospital not in known:
            raise FamilyFormInvalid("hospital")
        with writing(services.database) as session:
            service.ask(
                session,
                services.vault,
                who,
                hospital=known[hospital],
                relation=relation,
                name=name,
                born=born,
                now=services.clock(),
            )
    except FamilyFormInvalid as error:
        return _child_page(request, services, typed, error)
    return RedirectResponse(HOME, SEE_OTHER)


def _child_page(
    request: Request, services: Services, typed: dict[str, str], error: SaegimError | None = None
) -> HTMLResponse:
    shown = {each: matrix.RULES[Band.UNDER_14, each, Function.LIST].papers for each in GUARDIANS}
    return form_page(
        request,
        services,
        "family_child.html",
        status=error.status if error else 200,
        error=error_body(error) if error else None,
        typed=typed,
        hospitals=[(str(index), services.institution_name(index)) for index in hospitals(services)],
        relations=_relations(GUARDIANS),
        papers=[
            (translate(RELATIONS[each]), ", ".join(translate(PAPERS[p]) for p in sorted(shown[each])))
            for each in GUARDIANS
        ],
    )


def hospitals(services: Services) -> list[int]:
    """Institutions of the network that have patients."""
    return [each.index for each in services.node.trust.institutions if each.kind == "hospital"]


def _relations(which: tuple[Relation, ...]) -> list[tuple[str, str]]:
    return [(each.value, translate(RELATIONS[each])) for each in which]


# --- an adult names a delegate


@router.get("/delegations", response_class=HTMLResponse)
def delegation_form(request: Request, who: ProvenDep, services: ServicesDep) -> HTMLResponse:
    """What to hand over, to whom, for how long. Proved first, so that nothing typed is lost to it."""
    return _delegation_page(request, services, {"relation": "", "functions": [], "days": "90"})


@router.post("/delegations", dependencies=[OwnForm])
def delegate(
    request: Request,
    who: ProvenDep,
    services: ServicesDep,
    relation: Text = "",
    function: Several = None,
    days: Text = "",
) -> Response:
    """A code for the delegate; shown once."""
    typed = {"relation": relation, "functions": function or [], "days": days}
    try:
        with writing(services.database) as session:
            code = service.offer(
                session,
                services.vault,
                who,
                relation=relation,
                functions=set(function or ()),
                days=int(days) if days.isascii() and days.isdigit() else 0,
                now=services.clock(),
            )
    except SaegimError as error:
        return _delegation_page(request, services, typed, error)
    return form_page(request, services, "family_code.html", code=code)


def _delegation_page(
    request: Request, services: Services, typed: dict[str, Any], error: SaegimError | None = None
) -> HTMLResponse:
    can = matrix.needing_consent(Band.ADULT, Relation.CHILD)
    return form_page(
        request,
        services,
        "family_delegation.html",
        status=error.status if error else 200,
        error=error_body(error) if error else None,
        typed=typed,
        relations=_relations(DELEGATES),
        functions=[(each.value, translate(FUNCTIONS[each])) for each in can],
        periods=[(str(days), translate("%(days)s일", {"days": days})) for days in PERIODS],
    )


@router.get("/code", response_class=HTMLResponse)
def code_form(request: Request, who: SignedInDep, services: ServicesDep) -> HTMLResponse:
    """Where a delegate enters what the patient gave them."""
    return form_page(request, services, "family_accept.html", typed="", error=None)


@router.post("/code", dependencies=[OwnForm, Guessed(Door.FAMILY_CODE, by_person)])
def accept(request: Request, who: SignedInDep, services: ServicesDep, code: Text = "") -> Response:
    """Become the delegate."""
    try:
        with writing(services.database) as session:
            service.accept(session, who, code, services.clock())
    except CodeRefused as error:
        return form_page(
            request,
            services,
            "family_accept.html",
            status=error.status,
            typed=code,
            error=error_body(error),
        )
    return RedirectResponse(HOME, SEE_OTHER)


# --- consent and ends


@router.post("/{tie}/consent", dependencies=[OwnForm])
def consent(
    tie: UUID, who: ProvenDep, session: WriteSession, services: ServicesDep, function: Several = None
) -> Response:
    """A patient from 14 on lets a guardian see; what is not ticked is not allowed any more."""
    service.consent(session, services.vault, who, tie, set(function or ()), services.clock())
    return RedirectResponse(HOME, SEE_OTHER)


@router.post("/{tie}/withdraw", dependencies=[OwnForm])
def withdraw(tie: UUID, who: SignedInDep, session: WriteSession, services: ServicesDep) -> Response:
    """Take a consent back; no further proof is asked: it must be as easy as can be (개인정보보호법 제37조)."""
    service.consent(session, services.vault, who, tie, (), services.clock())
    return RedirectResponse(HOME, SEE_OTHER)


@router.post("/{tie}/end", dependencies=[OwnForm])
def end(tie: UUID, who: SignedInDep, session: WriteSession, services: ServicesDep) -> Response:
    """A delegation or guardianship ends at once."""
    service.end(session, services.vault, who, tie, services.clock())
    return RedirectResponse(HOME, SEE_OTHER)
