"""Pages of a lost telephone: the way back in, and which passkeys are gone with it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.audit.terms import Action, ObjectKind
from backend.db import ReadSession
from backend.identity import passkeys, recovery, sessions, verification
from backend.identity.errors import CodeNotGood
from backend.identity.models import Passkey
from backend.identity.noting import note
from backend.identity.verification import Wish
from backend.limits.door import Door, Guessed, Limited
from backend.limits.rules import Limit
from backend.providers.errors import ProviderError
from backend.providers.identity import Purpose
from backend.rendering import error_body
from backend.security import (
    OwnForm,
    ProvenDep,
    SignedInDep,
    VisitorDep,
    address_of,
    form_page,
    holder,
    set_session,
)
from backend.services import ServicesDep
from backend.web.dates import day
from chain.db import writing

router = APIRouter(include_in_schema=False)

SEE_OTHER = 303
WHICH = "/me/lost"
"""Where one goes once one is back in."""


@router.get("/sign-in/lost", response_class=HTMLResponse)
def lost(request: Request, services: ServicesDep) -> HTMLResponse:
    """What happens, and the ways back."""
    return form_page(request, services, "lost.html")


@router.post("/sign-in/lost", dependencies=[OwnForm, Limited(Limit.SIGN_UP)])
def begin(request: Request, who: VisitorDep, services: ServicesDep) -> Response:
    """By telephone; a new one does as well, it is the person that counts."""
    try:
        begun = services.identity.begin(
            Purpose.RECOVERY, f"{services.settings.public_url.rstrip('/')}/sign-up"
        )
    except ProviderError as error:
        verification.refuse(error)
    with writing(services.database) as session:
        key = holder(request, services, who)
        wish = Wish({}, (), WHICH)
        verification.begin(session, begun.verification_id, Purpose.RECOVERY, key, wish, services.clock())
    return RedirectResponse(f"/sign-up/{begun.verification_id}", SEE_OTHER)


@router.get("/sign-in/lost/code", response_class=HTMLResponse)
def code_form(request: Request, services: ServicesDep) -> HTMLResponse:
    """For whoever has no Korean telephone: a code from the desk."""
    return form_page(request, services, "lost_code.html", error=None)


@router.post("/sign-in/lost/code", dependencies=[OwnForm, Guessed(Door.ENTRY_CODE)])
def enter_code(
    request: Request, services: ServicesDep, code: Annotated[str, Form(max_length=60)] = ""
) -> Response:
    """The desk has seen the document again."""
    now, agent = services.clock(), request.headers.get("user-agent", "")
    try:
        with writing(services.database) as session:
            person = recovery.take_code(session, code, now)
            token = recovery.come_back(session, person, recovery.DESK_CODE, agent, now)
            note(session, Action.SIGN_IN, now, address_of(request), person=person, reason="desk-code")
    except CodeNotGood as error:
        with writing(services.database) as session:
            note(session, Action.SIGN_IN_REFUSED, now, address_of(request), person=None, refused="desk-code")
        return form_page(request, services, "lost_code.html", status=error.status, error=error_body(error))
    answer = RedirectResponse(WHICH, SEE_OTHER)
    set_session(answer, services, token)
    return answer


@router.get(WHICH, response_class=HTMLResponse)
def which(request: Request, who: SignedInDep, session: ReadSession, services: ServicesDep) -> HTMLResponse:
    """Which of one's passkeys were on the lost device."""
    rows = [_row(each) for each in passkeys.of(session, who.person)]
    how = {each.method for each in sessions.of(session, who.person) if each.id == who.session}
    back = bool(how & {recovery.PHONE, recovery.DESK_CODE})
    return form_page(request, services, "lost_keys.html", keys=rows, back=back)


@router.post(WHICH, dependencies=[OwnForm])
def remove(
    who: ProvenDep, services: ServicesDep, key: Annotated[list[UUID] | None, Form()] = None
) -> Response:
    """They let nobody in any more. Then a new one is offered."""
    now = services.clock()
    with writing(services.database) as session:
        for each in recovery.remove(session, who, key or (), now):
            note(
                session,
                Action.ERASE,
                now,
                who.address,
                person=who.person,
                what=ObjectKind.PASSKEY,
                which=each.id,
                reason="lost",
            )
    return RedirectResponse("/me/devices", SEE_OTHER)


def _row(key: Passkey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "created": day(key.created_at),
        "used": day(key.used_at) if key.used_at else "",
        "synced": key.synced,
    }
