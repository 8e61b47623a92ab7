"""The one place where an error becomes an answer: JSON under /api and /internal, a page elsewhere."""

from __future__ import annotations

import logging
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from backend.error_pages import came_from, error_page, note_typed
from backend.errors import (
    BadRequest,
    Forbidden,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    SaegimError,
    ServiceUnavailable,
    Unauthenticated,
)
from backend.logs import told
from backend.web.i18n import translate

log = logging.getLogger("saegim.backend")

_HTTP: dict[int, type[SaegimError]] = {
    400: BadRequest,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    503: ServiceUnavailable,
}


def is_api(request: Request) -> bool:
    return request.url.path.startswith(("/api/", "/internal/"))


def error_body(error: SaegimError) -> dict[str, str]:
    """What an API caller gets: `error` is stable, `detail` and `remedy` are for people."""
    return {
        "error": error.code,
        "detail": translate(error.message, error.parameters),
        "remedy": translate(error.remedy, error.parameters),
    }


def render_error(request: Request, error: SaegimError) -> Response:
    request.state.refused = True  # a page's error may look like a redirection
    if is_api(request):
        return JSONResponse(error_body(error), status_code=error.status, headers=dict(error.headers))
    if error.page is not None:
        back = quote(came_from(request) or "/me", safe="")
        return RedirectResponse(f"{error.page}?next={back}", status_code=303)
    return error_page(request, error, error_body(error))


def install(app: FastAPI) -> None:
    """Register the handlers."""

    @app.exception_handler(SaegimError)
    async def _known(request: Request, error: SaegimError) -> Response:
        await note_typed(request)
        return render_error(request, error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        await note_typed(request)
        # Only places, never the values: they may be personal data.
        places = sorted({".".join(str(part) for part in item["loc"]) for item in error.errors()})
        return render_error(request, InvalidRequest(where=", ".join(places[:10])))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        if error.status_code in _HTTP:
            return render_error(request, _HTTP[error.status_code]())
        return render_error(request, InvalidRequest(where="request"))

    app.add_exception_handler(Exception, fault)


async def fault(request: Request, error: Exception) -> Response:
    """What nobody foresaw: its trace goes to the log, its number to the caller."""
    log.error("fault id=%s\n%s", request.state.request_id, told(error))
    return render_error(request, InternalError())
