"""Pages of two accounts that an identity check has found to be one human's; and what an account's owner is told."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.audit.terms import Action
from backend.db import ReadSession, WriteSession
from backend.identity import merge, notices, service, sessions
from backend.identity.noting import note
from backend.security import OwnForm, ProvenDep, SignedInDep, form_page, set_session
from backend.services import ServicesDep
from chain.db import writing

router = APIRouter(prefix="/me", include_in_schema=False)

SEE_OTHER = 303


@router.get("/merge/{merge_id}", response_class=HTMLResponse)
def offered(
    merge_id: UUID, request: Request, who: SignedInDep, session: ReadSession, services: ServicesDep
) -> HTMLResponse:
    """What will be moved."""
    found = merge.offered(session, who, merge_id, services.clock())
    hospitals = [
        services.institution_name(each.hospital) for each in service.registrations(session, found.away_id)
    ]
    return form_page(request, services, "merge.html", id=merge_id, hospitals=hospitals)


@router.post("/merge/{merge_id}", dependencies=[OwnForm])
def accept(merge_id: UUID, request: Request, who: ProvenDep, services: ServicesDep) -> Response:
    """Both sides are proved: this session on one, the telephone on the other. One goes on in what survives."""
    now = services.clock()
    with writing(services.database) as session:
        kept = merge.accept(session, services.vault, who, merge_id, now)
        token = sessions.open_session(session, kept, "phone", request.headers.get("user-agent", ""), now)
        note(session, Action.SIGN_IN, now, who.address, person=kept)
    merge.forget(services.vault, who.person)
    answer = RedirectResponse("/me", SEE_OTHER)
    set_session(answer, services, token)
    return answer


@router.post("/notices/read", dependencies=[OwnForm])
def read(who: SignedInDep, session: WriteSession, services: ServicesDep) -> Response:
    """What was shown is read."""
    notices.read(session, who, services.clock())
    return RedirectResponse("/me", SEE_OTHER)
