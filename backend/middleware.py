"""What every request passes before a domain sees it: language, size limit, security headers, request log.

Plain ASGI, because Starlette's BaseHTTPMiddleware buffers answers and would break streams.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Callable, Sequence
from functools import cache
from http.cookies import SimpleCookie

from fastapi.routing import iter_route_contexts
from prometheus_client import Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import RequestTooLarge, RequestTooSlow
from backend.rendering import render_error
from backend.web.i18n import COOKIE, negotiate, set_language

log = logging.getLogger("saegim.backend.request")

REQUESTS = Counter("saegim_backend_requests_total", "Requests answered", ["method", "route", "status"])
DURATION = Histogram("saegim_backend_request_seconds", "Time to answer", ["route"])

SECURITY_HEADERS = {
    # Pages load only what this server serves; no inline script or style, no frame, no form that posts elsewhere.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # addresses of documents must not travel to other sites; forms need an origin
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "origin-agent-cluster": "?1",
    # What a page could ask of a device and none of ours does.
    "permissions-policy": (
        "camera=(self), publickey-credentials-get=(self), publickey-credentials-create=(self), accelerometer=(), "
        "display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), "
        "midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()"
    ),
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
    """Sets the language for the request; a choice by `?lang=` is kept in a cookie.

    Static files speak none: an answer that varies by cookie would be fetched anew whenever any cookie changes.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
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


def taking_files(routes: Sequence[BaseRoute]) -> Callable[[str], bool]:
    """Whether a path's route takes a file or raw bytes; all others take what somebody types."""

    @cache
    def patterns() -> tuple[re.Pattern[str], ...]:
        return tuple(
            compile_path(str(context.path))[0]
            for context in iter_route_contexts(routes)
            if (dependant := getattr(context, "dependant", None)) is not None
            and any(
                "UploadFile" in (kind := str(field.field_info.annotation)) or "bytes" in kind
                for field in dependant.body_params
            )
        )

    return lambda path: any(pattern.match(path) for pattern in patterns())


class BodyLimit:
    """Refuses a body of more than `limit_for(path)` bytes, said in the header or only found while it streams, and one
    that takes longer than `seconds` to come: whoever sends a byte a minute holds a connection and gets nothing else.
    """

    def __init__(self, app: ASGIApp, *, limit_for: Callable[[str], int], seconds: float) -> None:
        self.app = app
        self.limit_for = limit_for
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit_for(scope["path"])
        request = Request(scope)
        declared = request.headers.get("content-length", "0")
        if not (declared.isascii() and declared.isdigit()) or int(declared[:20]) > limit:
            await render_error(request, RequestTooLarge(limit=limit))(scope, receive, send)
            return
        body = _Body(receive, limit, self.seconds)
        started = False

        async def guarded_send(message: Message) -> None:
            nonlocal started
            # Whoever reads the body may turn our refusal into one of its own: that answer is not the reason.
            if started or body.refusal is None:
                started = True
                await send(message)

        try:
            await self.app(scope, body.receive, guarded_send)
        except (RequestTooLarge, RequestTooSlow):
            if started:
                raise
        if body.refusal is not None and not started:
            await render_error(request, body.refusal)(scope, receive, send)


class _Body:
    """A body while it comes. `refusal`: why it was not read to its end."""

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive, self._limit, self._seconds = receive, limit, seconds
        self._seen, self._whole = 0, False
        self._deadline: float | None = None
        self.refusal: RequestTooLarge | RequestTooSlow | None = None

    async def receive(self) -> Message:
        """Raises RequestTooLarge, RequestTooSlow."""
        if self.refusal is not None:
            raise self.refusal
        if self._whole:  # what is awaited now is that the reader goes away
            return await self._receive()
        now = asyncio.get_running_loop().time()
        self._deadline = self._deadline or now + self._seconds
        try:
            message = await asyncio.wait_for(self._receive(), self._deadline - now)
        except TimeoutError as error:
            self.refusal = RequestTooSlow()
            raise self.refusal from error
        self._seen += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._seen > self._limit:
            self.refusal = RequestTooLarge(limit=self._limit)
            raise self.refusal
        return message


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
