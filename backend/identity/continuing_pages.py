"""Pages of leaving a messenger's browser: the link, and where it leads."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.db import ReadSession, WriteSession
from backend.identity import continuing, sessions
from backend.identity.continuing import Fields
from backend.limits.door import Limited
from backend.limits.rules import Limit
from backend.security import OwnForm, VisitorDep, form_page, holder
from backend.services import ServicesDep

router = APIRouter(prefix="/continue", include_in_schema=False)

SEE_OTHER = 303


async def _sent(request: Request) -> Fields:
    """Every field of the form that is left, as typed; files are none."""
    found: Fields = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            found.setdefault(name, []).append(value)
    return found


SentDep = Annotated[Fields, Depends(_sent)]


@router.post("", dependencies=[OwnForm, Limited(Limit.SIGN_UP)])
def leave(
    request: Request, who: VisitorDep, session: WriteSession, services: ServicesDep, sent: SentDep
) -> HTMLResponse:
    """Keep the form as it stands and show the ways out."""
    page = (sent.get("page") or [""])[0]
    own = holder(request, services, who)
    token = continuing.leave(session, services.vault, page, sent, own, services.clock())
    url = f"{services.settings.public_url.rstrip('/')}/continue/{token}"
    agent = request.headers.get("user-agent", "")
    return form_page(
        request,
        services,
        "continue_elsewhere.html",
        url=url,
        intent=continuing.android_intent(url) if "Android" in agent else None,
        kakao=continuing.kakao_outside(url) if "KAKAOTALK" in agent and "Android" not in agent else None,
        qr=continuing.qr(url),
        browser=sessions.browser_of(agent),
    )


@router.get("/{token}", response_class=HTMLResponse)
def arrive(token: str, request: Request, session: ReadSession, services: ServicesDep) -> HTMLResponse:
    """In the other browser. Looking changes nothing: messengers fetch links before anybody opens them."""
    continuing.good(session, token, services.clock())
    return form_page(request, services, "continue_here.html", token=token)


@router.post("/{token}", dependencies=[OwnForm])
def take(
    token: str, request: Request, who: VisitorDep, session: WriteSession, services: ServicesDep
) -> Response:
    """Go on here."""
    page = continuing.take(session, token, holder(request, services, who), services.clock())
    return RedirectResponse(page, SEE_OTHER)
