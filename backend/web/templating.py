"""Rendering of pages: one Jinja environment, strict about undefined names, with the request's language and frame."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from backend.web.frame import TEXT_SIZES, Audience, frame_of
from backend.web.i18n import LANGUAGES, current_language, translate, translations
from backend.web.static_files import STATIC, static_url

__all__ = ["SESSION_COOKIES", "STATIC", "environment", "page", "static_url"]

HERE = Path(__file__).resolve().parent
SESSION_COOKIES = ("__Host-session", "session")
"""What the session's cookie is called where the address is https, and where it is not."""


def _ngettext(singular: str, plural: str, count: int) -> str:
    return translations(current_language()).ngettext(singular, plural, count)


@lru_cache
def environment() -> Environment:
    """Templates are compiled once a process and not looked at again: a new one comes with a restart."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    env.install_gettext_callables(translate, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(static_url=static_url, languages=LANGUAGES, text_sizes=TEXT_SIZES)
    return env


def page(
    request: Request, template: str, *, status: int = 200, audience: Audience | None = None, **context: Any
) -> HTMLResponse:
    """Render `template` for this request. `audience`: whom the page is for, where its address does not say it."""
    signed_in = any(name in request.cookies for name in SESSION_COOKIES)
    html = (
        environment()
        .get_template(template)
        .render(
            request=request,
            language=current_language(),
            path=request.url.path,
            has_session=signed_in,
            frame=frame_of(request, signed_in=signed_in, audience=audience),
            hospital=request.app.state.services.hospital_name(),
            old_client=getattr(request.state, "old_client", None),
            pwa_least=request.app.state.client_policy.least_of("pwa"),
            **context,
        )
    )
    return HTMLResponse(html, status_code=status)
