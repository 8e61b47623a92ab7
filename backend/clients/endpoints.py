"""API for other institutions' servers: the token address, and who the token is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from backend.clients import service
from backend.clients.errors import OAuthError, TokenRequestRefused
from backend.clients.schemas import OAuthErrorOut, ReleaseOut, TokenOut, WhoAmIOut
from backend.clients.scope import Institution
from backend.db import ReadSession
from backend.errors import ErrorOut
from backend.security import address_of
from backend.services import ServicesDep
from backend.web.dates import KOREA

router = APIRouter(tags=["institutions"])

_NOT_KEPT = {"cache-control": "no-store", "pragma": "no-cache"}
_BEARER = "Bearer "
_REFUSALS: dict[int | str, dict[str, Any]] = {
    **{status: {"model": OAuthErrorOut} for status in (400, 401, 429)},
    413: {"model": ErrorOut},
}
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type", "client_assertion_type", "client_assertion"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": [service.GRANT]},
                        "client_assertion_type": {"type": "string", "enum": [service.ASSERTION_TYPE]},
                        "client_assertion": {"type": "string", "maxLength": 8000},
                        "client_id": {"type": "string"},
                        "scope": {"type": "string"},
                    },
                }
            }
        },
    }
}


@router.post(
    "/oauth/token",
    response_model=TokenOut,
    responses=_REFUSALS,
    openapi_extra=_FORM,
)
async def token(request: Request, services: ServicesDep) -> Response:
    """An access token for five minutes, for an assertion signed with a registered key (RFC 7523)."""
    try:
        form = await _form(request)
        given = await run_in_threadpool(service.grant, services, form, address_of(request))
    except TokenRequestRefused as error:
        return _refusal(error)
    body = TokenOut(
        access_token=given.token,
        token_type="Bearer",  # noqa: S106 - a kind, not a token
        expires_in=int(service.TOKEN_LIFETIME.total_seconds()),
        scope=" ".join(sorted(given.scopes)),
    )
    return JSONResponse(body.model_dump(), headers=_NOT_KEPT)


async def _form(request: Request) -> dict[str, str]:
    """Fields of the form, each once and text (RFC 6749 section 3.2). Raises TokenRequestRefused."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise TokenRequestRefused(OAuthError.INVALID_REQUEST, "form-wanted")
    items = (await request.form()).multi_items()
    found = {name: value for name, value in items if isinstance(value, str)}
    if len(found) < len(items):
        raise TokenRequestRefused(OAuthError.INVALID_REQUEST, "field-repeated")
    return found


def _refusal(error: TokenRequestRefused) -> JSONResponse:
    body = OAuthErrorOut(error=str(error.error), error_description=error.reason)
    headers = dict(_NOT_KEPT)
    if error.error is OAuthError.TOO_MANY_REQUESTS:
        headers["retry-after"] = str(error.seconds)
    return JSONResponse(body.model_dump(), status_code=error.status, headers=headers)


def institution(request: Request, session: ReadSession, services: ServicesDep) -> Institution:
    """The institution whose token the request carries. Raises ClientTokenRefused."""
    given = request.headers.get("authorization", "")
    bearer = given[len(_BEARER) :] if given.startswith(_BEARER) else ""
    found = service.institution_of(session, bearer, address_of(request), services.clock())
    session.close()  # gives the connection back, rather than hold it until a thread takes the endpoint
    return found


InstitutionDep = Annotated[Institution, Depends(institution)]


@router.get("/institution/whoami", responses={401: {"model": ErrorOut}})
def whoami(who: InstitutionDep, services: ServicesDep) -> WhoAmIOut:
    """Who the token is, and what its institution is given today of what the token was asked for."""
    today = services.clock().astimezone(KOREA).date()
    found = [
        release
        for kind, _, purpose in (scope.partition(":") for scope in sorted(who.scopes))
        if (release := services.scopes.release(who.institution, kind, purpose, today)) is not None
    ]
    return WhoAmIOut(
        institution=who.institution,
        name=services.institution_name(who.institution),
        client=who.client,
        scopes=sorted(who.scopes),
        releases=[
            ReleaseOut(kind=each.kind, purpose=each.purpose, fields=sorted(each.fields)) for each in found
        ],
    )
