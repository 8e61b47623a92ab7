"""What every page with a form needs: the session's cookie, form tokens against CSRF, addresses to go back to."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, Response

from backend.identity.consent_errors import ConsentRenewalNeeded
from backend.identity.consenting import lacking, open_without
from backend.identity.errors import FormExpired, SignInRequired, StepUpRequired
from backend.identity.service import SignedIn, find_session, form_token, form_token_fits, note_seen
from backend.services import Services, ServicesDep
from backend.tokens import digest_of
from backend.web.templating import SESSION_COOKIES, page
from chain.db import reading, writing

FORM_FIELD = "form_token"
FORM_HEADER = "x-form-token"
_SAME_SITE = frozenset({"same-origin", "none"})
_ADDRESS_LENGTH = 200
_STAFF_ADDRESSES = ("/staff", "/api/v1/staff")


def session_cookie(services: Services) -> str:
    """The cookie's name; `__Host-` where the address is https, so that no neighbouring host can set it."""
    secure, plain = SESSION_COOKIES
    return secure if _https(services) else plain


def staff_cookie(services: Services) -> str:
    """The cookie of the staff's own sessions (backend/staff): a patient's session never opens a page of theirs."""
    return "__Host-staff" if _https(services) else "staff"


def _visit_cookie(services: Services) -> str:
    return "__Host-visit" if _https(services) else "visit"


def _https(services: Services) -> bool:
    return services.settings.public_url.startswith("https://")


def set_session(response: Response, services: Services, token: str) -> None:
    """Give the browser its session; it ends with the browser at the latest."""
    _set(response, services, session_cookie(services), token)


def end_session(response: Response, services: Services) -> None:
    """Take the cookie back."""
    response.delete_cookie(
        session_cookie(services), path="/", secure=_https(services), httponly=True, samesite="lax"
    )


def _set(response: Response, services: Services, name: str, value: str) -> None:
    response.set_cookie(name, value, path="/", secure=_https(services), httponly=True, samesite="lax")


# --- who is there


def visitor(request: Request, services: ServicesDep) -> SignedIn | None:
    """Who is signed in in this browser, if anyone. Looked up once a request."""
    if not hasattr(request.state, "visitor"):
        now = services.clock()
        with reading(services.database) as session:
            found, due = find_session(session, request.cookies.get(session_cookie(services)), now)
            request.state.agreed = found is None or not lacking(session, found.person)
        if found is not None and due:
            with writing(services.database) as session:
                note_seen(session, found, now)
        request.state.visitor = found and replace(found, address=address_of(request))
    known: SignedIn | None = request.state.visitor
    return known


def address_of(request: Request) -> str:
    """Where a request came from; behind a reverse proxy uvicorn puts the forwarded address here."""
    return request.client.host if request.client else ""


VisitorDep = Annotated[SignedIn | None, Depends(visitor)]


async def signed_in(request: Request, found: VisitorDep) -> SignedIn:  # async: not worth a thread
    """Raises SignInRequired: 401 to the API; a page sends to the sign-in and comes back.

    Raises ConsentRenewalNeeded where a required text has changed since the person agreed, but for `open_without`.
    """
    if found is None:
        raise SignInRequired
    if not request.state.agreed and not open_without(request.url.path):
        raise ConsentRenewalNeeded
    return found


SignedInDep = Annotated[SignedIn, Depends(signed_in)]


async def proven(found: SignedInDep) -> SignedIn:
    """Before payment, sharing, consent and key changes. Raises StepUpRequired."""
    if not found.proven:
        raise StepUpRequired
    return found


ProvenDep = Annotated[SignedIn, Depends(proven)]


# --- forms


async def own_form(request: Request, services: ServicesDep) -> None:
    """The request comes from a page of ours that this browser was given. Raises FormExpired.

    Both are asked: what the browser says of the request's origin, and a token bound to its cookie.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in _SAME_SITE:
        raise FormExpired
    origin = request.headers.get("origin")
    if origin is not None and origin != services.settings.public_url.rstrip("/"):
        raise FormExpired
    sent = request.headers.get(FORM_HEADER)
    if sent is None and "form" in request.headers.get("content-type", ""):
        sent = str((await request.form()).get(FORM_FIELD, ""))
    cookie = _form_cookie(request, services)
    if not sent or not cookie or not form_token_fits(sent, cookie):
        raise FormExpired


OwnForm = Depends(own_form)
"""For the dependencies of every address that changes something for whoever holds a cookie."""


def _form_cookie(request: Request, services: Services) -> str | None:
    """The cookie that form tokens are bound to: the session's, or before there is one the visit's."""
    of_staff = request.url.path.startswith(_STAFF_ADDRESSES)
    name = staff_cookie(services) if of_staff else session_cookie(services)
    return request.cookies.get(name) or request.cookies.get(_visit_cookie(services))


def holder(request: Request, services: Services, who: SignedIn | None) -> str:
    """Who holds what was begun in this browser: the signed-in person, or the visit. Raises FormExpired."""
    if who is not None:
        return str(who.person)
    cookie = request.cookies.get(_visit_cookie(services))
    if not cookie:
        raise FormExpired
    return digest_of(cookie)


def visit_of(request: Request, services: Services) -> str | None:
    """The visit's cookie: what was begun before anyone was signed in belongs to who has it."""
    return request.cookies.get(_visit_cookie(services))


def ensure_visit(request: Request, response: Response, services: Services) -> str:
    """The visit's cookie, given with this answer where there is none."""
    known = visit_of(request, services)
    if known:
        return known
    fresh = secrets.token_urlsafe(32)
    _set(response, services, _visit_cookie(services), fresh)
    return fresh


def form_page(
    request: Request, services: Services, template: str, *, status: int = 200, **context: Any
) -> HTMLResponse:
    """A page with a form: its token goes in, and the visit's cookie comes with it where there is none."""
    cookie = _form_cookie(request, services)
    fresh = secrets.token_urlsafe(32) if cookie is None else None
    token = form_token(cookie or fresh or "")
    answer = page(request, template, status=status, form_token=token, **context)
    if fresh is not None:
        _set(answer, services, _visit_cookie(services), fresh)
    return answer


def own_address(wanted: str | None, otherwise: str = "/me") -> str:
    """Where to go back to: a path of this server, never another one's (open redirect)."""
    if not wanted or len(wanted) > _ADDRESS_LENGTH or not wanted.isprintable():
        return otherwise
    parts = urlsplit(wanted)
    local = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and "\\" not in wanted
    return wanted if local and not parts.scheme and not parts.netloc else otherwise
