"""What every request passes before a domain sees it: language, size limit, security headers, request log.

Plain ASGI, because Starlette's BaseHTTPMiddleware buffers answers and would break streams.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from http.cookies import SimpleCookie

from prometheus_client import Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import RequestTooLarge
from backend.rendering import render_error
from backend.web.i18n import COOKIE, negotiate, set_language

log = logging.getLogger("saegim.backend.request")

REQUESTS = Counter("saegim_backend_requests_total", "Requests answered", ["method", "route", "status"])
DURATION = Histogram("saegim_backend_request_seconds", "Time to answer", ["route"])

SECURITY_HEADERS = {
    # Pages load only what this server serves; no inline script or style, no frame, no form that posts elsewhere.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # addresses of documents must not travel to other sites; forms need an origin
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=(), payment=()",
}


class SecurityHeaders:
    """Adds the headers above, HSTS where the public address is https, and `no-store` on all but static files."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        static = scope["path"].startswith("/static/")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if self.https:
                    headers.setdefault("strict-transport-security", "max-age=31536000; includeSubDomains")
                headers.setdefault(
                    "cache-control", "public, max-age=31536000, immutable" if static else "no-store"
                )
            await send(message)

        await self.app(scope, receive, send_with_headers)


class RequestLanguage:
    """Sets the language for the request; a choice by `?lang=` is kept in a cookie."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        language = negotiate(request)
        set_language(language)

        async def send_with_language(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["content-language"] = language
                headers.add_vary_header("Accept-Language, Cookie")
                if request.query_params.get("lang") == language:
                    headers.append("set-cookie", self._cookie(language))
            await send(message)

        await self.app(scope, receive, send_with_language)

    def _cookie(self, language: str) -> str:
        cookie = SimpleCookie({COOKIE: language})
        settings = {"path": "/", "max-age": "31536000", "samesite": "Lax", "httponly": "true"}
        cookie[COOKIE].update(settings | ({"secure": "true"} if self.https else {}))
        return cookie[COOKIE].OutputString()


class SizeLimit:
    """Refuses a body larger than `limit_for(path)` bytes, said in the header or only found while it streams."""

    def __init__(self, app: ASGIApp, *, limit_for: Callable[[str], int]) -> None:
        self.app = app
        self.limit_for = limit_for

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit_for(scope["path"])
        request = Request(scope)
        declared = request.headers.get("content-length", "0")
        if not declared.isdigit() or int(declared) > limit:
            await render_error(request, RequestTooLarge(limit=limit))(scope, receive, send)
            return
        seen = 0
        exceeded = False
        started = False

        async def limited_receive() -> Message:
            nonlocal seen, exceeded
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > limit:
                    exceeded = True
                    raise RequestTooLarge(limit=limit)
            return message

        async def guarded_send(message: Message) -> None:
            nonlocal started
            # Whoever reads the body may turn our refusal into one of its own: that answer is not the reason.
            if started or not exceeded:
                started = True
                await send(message)

        try:
            await self.app(scope, limited_receive, guarded_send)
        except RequestTooLarge:
            if started:
                raise
        if exceeded and not started:
            await render_error(request, RequestTooLarge(limit=limit))(scope, receive, send)


class RequestLog:
    """One line a request: id, method, route template (never the address itself, which may carry a token), status."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        scope.setdefault("state", {})["request_id"] = secrets.token_hex(8)
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = scope["state"]["request_id"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            route = getattr(
                scope.get("route"), "path", "static" if scope["path"].startswith("/static/") else "none"
            )
            elapsed = time.perf_counter() - started
            REQUESTS.labels(scope["method"], route, str(status)).inc()
            DURATION.labels(route).observe(elapsed)
            log.info(
                "request id=%s method=%s route=%s status=%d ms=%.1f",
                scope["state"]["request_id"],
                scope["method"],
                route,
                status,
                elapsed * 1000,
            )
