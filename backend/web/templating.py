"""Rendering of pages: one Jinja environment, strict about undefined names, with the request's language."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from backend.web.i18n import LANGUAGES, current_language, translate, translations

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
SESSION_COOKIES = ("__Host-session", "session")
"""What the session's cookie is called where the address is https, and where it is not."""


@lru_cache
def static_url(path: str) -> str:
    """Address of an own file with its content's digest, so that browsers may keep it for a year."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


def _ngettext(singular: str, plural: str, count: int) -> str:
    return translations(current_language()).ngettext(singular, plural, count)


@lru_cache
def environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.install_gettext_callables(translate, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(static_url=static_url, languages=LANGUAGES)
    return env


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Render `template` for this request."""
    html = (
        environment()
        .get_template(template)
        .render(
            request=request,
            language=current_language(),
            path=request.url.path,
            has_session=any(name in request.cookies for name in SESSION_COOKIES),
            **context,
        )
    )
    return HTMLResponse(html, status_code=status)
