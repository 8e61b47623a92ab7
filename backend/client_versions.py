"""Holds requests to the client policy (backend/client_policy.py) and writes the policy into the API's description."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.client_policy import HEADER, PATTERN, ClientPolicy, Standing, client_of
from backend.errors import SaegimError
from backend.rendering import render_error
from backend.web.i18n import N_

UPDATE_HEADER: Final = "saegim-client-update"
_FREE: Final = ("/static/", "/healthz", "/readyz", "/metrics", "/manifest.webmanifest", "/service-worker.js")
"""What even the oldest client gets: without these it could not be brought up to date or watched."""


class ClientTooOld(SaegimError):
    """The program that asks is older than the least version; nothing was done."""

    status = 426
    message = N_("이 앱은 오래되어 더 쓸 수 없습니다. (%(client)s)")
    remedy = N_("앱을 업데이트해 주세요. 그동안은 휴대전화의 웹 브라우저에서 같은 주소로 이용할 수 있습니다.")


class KioskTooOld(ClientTooOld):
    """The same on a kiosk, whose user cannot update it."""

    message = N_("이 무인 단말기는 점검이 필요합니다. (%(client)s)")
    remedy = N_("가까운 창구의 직원에게 알려 주세요. 다른 단말기나 창구를 이용하실 수 있습니다.")


class InstalledPageTooOld(ClientTooOld):
    """The same of the installed page's service worker, which renews itself with the next page."""

    message = N_("화면이 오래되었습니다. (%(client)s)")
    remedy = N_("화면을 새로 고쳐 주세요. 새 화면이 바로 나타납니다.")


_REFUSALS: Final[dict[str, type[ClientTooOld]]] = {"kiosk": KioskTooOld, "pwa": InstalledPageTooOld}


class ClientVersions:
    """Refuses clients that are too old; tells old ones, in a header and (by request.state) on their pages."""

    def __init__(self, app: ASGIApp, *, policy: ClientPolicy) -> None:
        self.app = app
        self.policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = client_of(Headers(scope=scope).get(HEADER)) if scope["type"] == "http" else None
        if client is None or scope["path"].startswith(_FREE):
            await self.app(scope, receive, send)
            return
        standing = self.policy.judge(client)
        told = self.policy.told(client.name)

        async def send_and_tell(message: Message) -> None:
            if message["type"] == "http.response.start" and standing is not Standing.CURRENT:
                MutableHeaders(scope=message)[UPDATE_HEADER] = told
            await send(message)

        if standing is Standing.TOO_OLD:
            refusal = _REFUSALS.get(client.name, ClientTooOld)(client=client.name)
            await render_error(Request(scope, receive), refusal)(scope, receive, send_and_tell)
            return
        if standing is Standing.OLD:
            scope.setdefault("state", {})["old_client"] = client.name
        await self.app(scope, receive, send_and_tell)


def describe(app: FastAPI) -> None:
    """Write the header and the refusal into the description of every address of the API."""
    generated = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            _add(generated())
        return app.openapi_schema or {}

    app.openapi = described  # type: ignore[method-assign]


def _add(schema: dict[str, Any]) -> None:
    components = schema.setdefault("components", {})
    components.setdefault("parameters", {})["SaegimClient"] = {
        "name": "Saegim-Client",
        "in": "header",
        "required": False,
        "description": "What the request comes from, for clients that are installed: `shell/1.4`, `kiosk/2`, `pwa/1`.",
        "schema": {"type": "string", "pattern": f"^{PATTERN}$"},
    }
    components.setdefault("headers", {})["SaegimClientUpdate"] = {
        "description": "There is a newer version of this client: `least=1.4, recommended=1.6`.",
        "schema": {"type": "string"},
    }
    refused = {
        "description": "The client is older than the least version; nothing was done",
        "headers": {"Saegim-Client-Update": {"$ref": "#/components/headers/SaegimClientUpdate"}},
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorOut"}}},
    }
    for path, operations in schema.get("paths", {}).items():
        if path.startswith("/api/"):
            for operation in operations.values():
                operation.setdefault("parameters", []).append(
                    {"$ref": "#/components/parameters/SaegimClient"}
                )
                operation["responses"]["426"] = refused
