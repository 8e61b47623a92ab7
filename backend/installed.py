"""The pages as an application that can be installed (PWA): manifest, service worker, the page for when there is no net.

The service worker keeps style sheets, scripts, fonts, icons and the offline page, each by the digest of its content,
and never a page or an answer of the API: whoever takes the device finds nothing of anybody in its caches. Pages always
come from the network, so an old service worker cannot keep anybody on an old page.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from backend.services import ServicesDep
from backend.web.i18n import LANGUAGES, current_language, set_language, translate
from backend.web.icons import BRAND, ICONS
from backend.web.static_files import ASKED, static_url
from backend.web.templating import page

router = APIRouter(include_in_schema=False)

PWA_VERSION: Final = "1"
"""What the service worker calls itself (`pwa/1`); goes up when pages need a newer one than before."""

_SOURCE: Final = Path(__file__).resolve().parent / "web" / "service-worker.js"
SHELL: Final = (
    "vendor/krds/css/token/krds_tokens.css",
    "vendor/krds/css/common/common.css",
    "vendor/krds/css/component/component.css",
    "css/saegim.css",
    "js/saegim.js",
    "js/bridge.js",
    "js/installed.js",
    "img/saegim.svg",
    "vendor/krds/fonts/PretendardGOV-Regular.subset.woff2",
    "vendor/krds/fonts/PretendardGOV-Medium.subset.woff2",
    "vendor/krds/fonts/PretendardGOV-Bold.subset.woff2",
)
"""What every page needs, below static/."""


@router.get("/manifest.webmanifest")
def manifest(services: ServicesDep) -> JSONResponse:
    """What is installed, under the hospital's name (W3C Web Application Manifest)."""
    name = services.hospital_name() or translate("새김")
    content = {
        "id": "/",
        "name": name,
        "short_name": name if len(name) <= 12 else translate("새김"),
        "description": translate("내 진료 문서를 보고, 받은 문서가 진짜인지 확인합니다."),
        "lang": current_language(),
        "dir": "ltr",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": BRAND,
        "categories": ["health", "medical"],
        "icons": _icons(),
        "shortcuts": [
            {"name": translate("내 문서"), "url": "/me"},
            {"name": translate("문서 확인"), "url": "/verify"},
            {"name": translate("QR로 열기"), "url": "/scan"},
        ],
    }
    headers = {"cache-control": ASKED}
    return JSONResponse(content, media_type="application/manifest+json", headers=headers)


@router.get("/offline", response_class=HTMLResponse)
def offline(request: Request) -> HTMLResponse:
    """What still works without a network. The same for everybody: it is kept on the device."""
    return _offline(request)


@router.get("/service-worker.js")
def service_worker(request: Request, services: ServicesDep) -> Response:
    """The service worker with the list of what it keeps; a changed file makes it another one, which browsers notice."""
    files = [static_url(path) for path in SHELL]
    digest = hashlib.sha256("\n".join([*files, *_pages(request), _SOURCE.read_text("utf-8")]).encode())
    constants = {
        "CLIENT": f"pwa/{PWA_VERSION}",
        "CACHE": f"saegim-static-{digest.hexdigest()[:12]}",
        "FILES": files,
        "OFFLINE": {language: f"/offline?lang={language}" for language in LANGUAGES},
    }
    lines = [f"const {name} = {json.dumps(value)};" for name, value in constants.items()]
    script = "\n".join([*lines, _SOURCE.read_text("utf-8")])
    return Response(script, media_type="text/javascript", headers={"cache-control": ASKED})


def _offline(request: Request) -> HTMLResponse:
    """Rendered for nobody: no cookie of the browser that asks has a say."""
    scope = {**request.scope, "headers": [], "path": "/offline", "query_string": b"", "method": "GET"}
    return page(Request(scope), "no_network.html")


def _pages(request: Request) -> list[str]:
    """The offline page in every language."""
    asked, texts = current_language(), []
    for language in LANGUAGES:
        set_language(language)
        texts.append(bytes(_offline(request).body).decode())
    set_language(asked)
    return texts


def _icons() -> list[dict[str, Any]]:
    drawn = [
        {
            "src": static_url(f"vendor/icons/{name}"),
            "sizes": f"{side}x{side}",
            "type": "image/png",
            "purpose": "maskable" if maskable else "any",
        }
        for name, (side, maskable) in ICONS.items()
    ]
    drawing = {"src": static_url("img/saegim.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}
    return [*drawn, drawing]
