"""The first page: what this place is and where to go. And how a browser wants its pages shown."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.security import own_address
from backend.services import ServicesDep
from backend.web.frame import TEXT_COOKIE, TEXT_SIZES
from backend.web.i18n import current_language
from backend.web.templating import page
from records.kinds import KINDS

router = APIRouter(include_in_schema=False)

_YEAR = 31_536_000
_BACK_LENGTH = 2_000


@router.get("/", response_class=HTMLResponse)
def home(request: Request) -> HTMLResponse:
    """What one can do here, signed in or not, and what is anchored today."""
    korean = current_language() == "ko"
    return page(
        request, "home.html", anchored=[kind.title.ko if korean else kind.title.en for kind in KINDS.values()]
    )


@router.get("/view")
def view(
    services: ServicesDep,
    text: Annotated[str, Query(max_length=10)] = "",
    back: Annotated[str, Query(max_length=_BACK_LENGTH)] = "/",
) -> Response:
    """Keep the size of the text for this browser and go back. The cookie says nothing else, and scripts may read it."""
    answer = RedirectResponse(own_address(back, "/"), 303)
    if text in TEXT_SIZES:
        https = services.settings.public_url.startswith("https://")
        answer.set_cookie(TEXT_COOKIE, text, max_age=_YEAR, path="/", secure=https, samesite="lax")
    return answer
