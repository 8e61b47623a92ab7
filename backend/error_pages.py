"""The page of an error: what happened, what to do next, and what was typed, so that nobody has to type it twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import Response

from backend.errors import SaegimError
from backend.security import FORM_FIELD, form_page, own_address
from backend.web.dates import clock_time
from backend.web.frame import Audience, audience_of, serves
from backend.web.i18n import N_, Message, translate
from backend.web.templating import page

_UNSEEN: Final = frozenset({FORM_FIELD, "otp", "code", "birth"})
"""Never shown again or kept in a page: good for once, or half of a resident registration number."""
_MOST_FIELDS, _LONGEST = 40, 2_000
_MAY_HELP: Final = frozenset({403, 429, 503})
"""Where sending the same once more may work."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where to go from an error."""

    href: str
    label: Message


_VERIFY: Final = Way("/verify", N_("문서 확인"))
_HOMES: Final = {
    Audience.STAFF: Way("/staff", N_("직원 업무로")),
    Audience.KIOSK: Way("/kiosk", N_("처음으로")),
}


async def note_typed(request: Request) -> None:
    """Keep what a form of ours brought for the page of its refusal. Another site's form is not shown again: a click on
    our page must never send what somebody else wrote."""
    ours = request.headers.get("sec-fetch-site") == "same-origin"
    if request.method != "POST" or not ours or not hasattr(request, "_form") or request._form is None:
        return  # `_form`: what Starlette has read of the body already; it cannot be read twice
    request.state.typed = [
        (name, value)
        for name, value in request._form.multi_items()
        if isinstance(value, str) and value.strip() and name not in _UNSEEN and len(value) <= _LONGEST
    ][:_MOST_FIELDS]


def error_page(request: Request, error: SaegimError, body: dict[str, str]) -> Response:
    """The page, in the frame of whom the address is for."""
    typed = getattr(request.state, "typed", [])
    resend = request.url.path if typed and error.status in _MAY_HELP else None
    context: dict[str, Any] = {
        "status": error.status,
        "error": body,
        "http_status": error.status,
        "ways": ways(request, error.status),
        "typed": typed,
        "resend": resend,
        "request_id": getattr(request.state, "request_id", ""),
        "again_at": _again_at(request, error),
    }
    if resend is None:
        shown = page(request, "error.html", form_token="", **context)
    else:
        shown = form_page(request, request.app.state.services, "error.html", **context)
    shown.headers.update(error.headers)
    return shown


def ways(request: Request, status: int) -> list[Way]:
    """What to do next, the likeliest first."""
    home = _HOMES.get(audience_of(request.url.path), Way("/", N_("처음으로")))
    here = came_from(request)
    if status == 401:
        return [Way(f"/sign-in?next={quote(here or '/me', safe='')}", N_("로그인하고 돌아오기")), home]
    if status in (404, 405):
        return [home, _VERIFY]
    if here is None:
        return [home, _VERIFY]
    if status in (429, 500, 503) and request.method == "GET":
        return [Way(here, N_("다시 시도")), home]
    return [Way(here, N_("이전 화면으로")), home]


def came_from(request: Request) -> str | None:
    """The page to go back to: this one, or the one whose form was sent; None if there is none of ours."""
    if request.method in ("GET", "HEAD"):
        query = f"?{request.url.query}" if request.url.query else ""
        return own_address(f"{request.url.path}{query}", "/")
    before = urlsplit(request.headers.get("referer", ""))
    if before.netloc == request.url.netloc and before.path and serves(request.app, before.path):
        return own_address(f"{before.path}?{before.query}" if before.query else before.path, "/")
    return request.url.path if serves(request.app, request.url.path) else None


def _again_at(request: Request, error: SaegimError) -> str:
    seconds: Any = error.headers.get("retry-after", "")
    if not str(seconds).isdigit():
        return ""
    return translate(
        "%(time)s 이후에 다시 해 주세요.",
        {"time": clock_time(request.app.state.services.clock() + timedelta(seconds=int(seconds)))},
    )
