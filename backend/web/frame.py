"""Which frame a page stands in: whom it is for, what its menus offer, how large its text is.

The menus are tables. An entry whose address this application does not serve is left out, so a menu never leads to
nowhere; which entry is active follows from the address of the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.routing import Match

from backend.web.i18n import N_, Message

TEXT_COOKIE: Final = "text"
TEXT_SIZES: Final = ("100", "125", "150")
"""Percent of the ordinary size."""


class Audience(StrEnum):
    """Whom a page is for."""

    PATIENT = "patient"
    STAFF = "staff"
    CHECKER = "checker"
    KIOSK = "kiosk"


_AUDIENCES: Final = (
    ("/staff", Audience.STAFF),
    ("/verify", Audience.CHECKER),
    ("/d/", Audience.CHECKER),
    ("/scan", Audience.CHECKER),
    ("/kiosk", Audience.KIOSK),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a menu. `below`: other addresses that count as its pages; `exact`: only these do."""

    href: str
    label: Message
    icon: str = ""
    below: tuple[str, ...] = ()
    exact: bool = False

    def holds(self, path: str) -> bool:
        """Whether the page at `path` is one of this entry's."""
        own = path == self.href or (not self.exact and path.startswith(f"{self.href}/"))
        return own or path.startswith(self.below)


CHECK: Final = Entry("/verify", N_("문서 확인"), below=("/d/",), exact=True)
OFFLINE: Final = Entry("/verify/offline", N_("인터넷 없이 확인"))
SCAN: Final = Entry("/scan", N_("QR로 열기"))
SIGN_IN: Final = Entry("/sign-in", N_("로그인"))
SIGN_UP: Final = Entry("/sign-up", N_("가입"))
MINE: Final = Entry("/me", N_("내 문서"), below=("/me/",))

MY_MENU: Final = (
    Entry("/me", N_("진료 문서"), "records", below=("/me/documents",), exact=True),
    Entry("/me/family", N_("가족과 대리인"), "family"),
    Entry("/me/visit-check", N_("진료 전 확인"), "visit"),
    Entry("/me/accesses", N_("열람 기록"), "accesses"),
    Entry("/me/devices", N_("내 기기"), "devices"),
    Entry("/me/data", N_("내 정보"), "data"),
)
"""What a signed-in patient has at hand on every page."""

_MENUS: Final[dict[tuple[Audience, bool], tuple[Entry, ...]]] = {
    (Audience.PATIENT, False): (CHECK, SIGN_IN, SIGN_UP),
    (Audience.PATIENT, True): (CHECK, MINE),
    (Audience.CHECKER, False): (CHECK, SCAN, OFFLINE, SIGN_IN),
    (Audience.CHECKER, True): (CHECK, SCAN, OFFLINE, MINE),
    (Audience.STAFF, False): (Entry("/staff", N_("직원 업무"), below=("/staff/",)), CHECK),
    (Audience.KIOSK, False): (),
}


def audience_of(path: str) -> Audience:
    """Whom the page at `path` is for; patients, where nothing else is said."""
    found = (who for start, who in _AUDIENCES if path == start or path.startswith(f"{start.rstrip('/')}/"))
    return next(found, Audience.PATIENT)


@dataclass(frozen=True, slots=True)
class Frame:
    """What base.html needs to know of one request."""

    audience: Audience
    menu: tuple[Entry, ...]
    mine: tuple[Entry, ...]
    path: str
    back: str
    """The page's own address with its query, to come back to; "/" where it cannot be opened by itself."""
    text_size: str

    def language_address(self, language: str) -> str:
        """This page in another language, its other parameters kept."""
        path, _, query = self.back.partition("?")
        kept = [part for part in query.split("&") if part and not part.startswith("lang=")]
        return f"{path}?{'&'.join([*kept, f'lang={language}'])}"

    def text_address(self, size: str) -> str:
        """Sets the size of the text and comes back."""
        return f"/view?{urlencode({'text': size, 'back': self.back})}"


def frame_of(request: Request, *, signed_in: bool, audience: Audience | None = None) -> Frame:
    """The frame of a request's page. `signed_in`: a session's cookie is there; whether it holds is not asked."""
    path = request.url.path
    who = audience or audience_of(path)
    inside = signed_in and who in (Audience.PATIENT, Audience.CHECKER)
    served = request.app
    return Frame(
        audience=who,
        menu=_served(served, _MENUS[who, inside]),
        mine=_served(served, MY_MENU) if inside and who is Audience.PATIENT else (),
        path=path,
        back=_back(request),
        text_size=text_size(request),
    )


def text_size(request: Request) -> str:
    """How large this browser wants its text, in percent."""
    chosen = request.cookies.get(TEXT_COOKIE)
    return chosen if chosen in TEXT_SIZES else TEXT_SIZES[0]


def _back(request: Request) -> str:
    if request.method in ("GET", "HEAD"):
        return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    return request.url.path if serves(request.app, request.url.path) else "/"


def serves(app: Any, path: str) -> bool:
    """Whether the application answers a GET at `path`."""
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": [], "app": app}
    return any(route.matches(scope)[0] is Match.FULL for route in app.router.routes)


@lru_cache(maxsize=64)
def _served(app: Any, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if serves(app, entry.href))
