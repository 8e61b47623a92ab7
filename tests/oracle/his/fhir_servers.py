"""Real HTTP servers for the fhir adapter's tests, on 127.0.0.1 and a port of their own."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn

from network.waiting import wait_for
from oracle.his.fhir import FhirAdapter, FhirMapping
from oracle.his.fhir.http import FhirHttp, Limits

MAPPING = Path(__file__).parents[3] / "oracle/his/fhir/mapping.yaml"
TOKEN = "the-sandbox-token"


class Served:
    """An ASGI application behind a socket; it can be stopped and started again at the same address."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._port = 0
        self.start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._port}/fhir"

    def start(self) -> None:
        # asyncio turns Nagle off only where the protocol is named: else every answer waits 40 ms
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self._port))
        self._port = listening.getsockname()[1]
        config = uvicorn.Config(self._app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]}, daemon=True)
        self._listening = listening
        self._thread.start()
        wait_for("the FHIR server to listen", lambda: self._server.started, every=0.005)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._listening.close()


class GivenToken:
    """A token that is simply there."""

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.renewed = 0

    def header(self, *, renew: bool) -> str:
        self.renewed += renew
        return f"Bearer {self.token}"


def sandbox_mapping(**changes: Any) -> FhirMapping:
    return FhirMapping.load(MAPPING).model_copy(update=changes)


def adapter_of(
    base: str,
    clock: Callable[[], Any],
    *,
    mapping: FhirMapping | None = None,
    limits: Limits | None = None,
    token: GivenToken | None = None,
    sleep: Callable[[float], None] = lambda _: None,
) -> FhirAdapter:
    """An adapter that never really waits."""
    mapping = mapping or sandbox_mapping()
    http = FhirHttp(
        f"fhir:{mapping.name}",
        base,
        token or GivenToken(),
        limits=limits or Limits(),
        clock=clock,
        sleep=sleep,
    )
    return FhirAdapter(mapping, http, clock=clock)


Resource = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Intercept = Callable[[str, str, dict[str, list[str]]], Answer | None]
"""Of method, path and parameters: another answer than the honest one, or None for that."""


class Shelf:
    """A small R4 server over resources in memory: pages of `most` entries by opaque links, no totals, `_elements`
    ignored unless `slim`. `intercept` lets a test answer in its place; `asked` is every request."""

    def __init__(self, *resources: Resource) -> None:
        self.resources: dict[tuple[str, str], Resource] = {}
        self.history: dict[str, list[Resource]] = {}
        self.most = 100
        self.slim = False
        self.intercept: Intercept = lambda method, path, asked: None
        self.asked: list[tuple[str, str, dict[str, list[str]]]] = []
        self.links: dict[str, tuple[str, list[Resource]]] = {}
        for resource in resources:
            self.put(resource)

    def put(self, resource: Resource) -> None:
        self.resources[resource["resourceType"], resource["id"]] = resource

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        asked = parse_qs(scope["query_string"].decode()) | parse_qs(body.decode())
        method, path = scope["method"], scope["path"].removeprefix("/fhir/")
        self.asked.append((method, path, asked))
        base = f"http://127.0.0.1:{scope['server'][1]}/fhir/"
        status, headers, content = self.intercept(method, path, asked) or self.answer(path, asked, base)
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": content})

    def answer(self, path: str, asked: dict[str, list[str]], base: str) -> Answer:
        kind, _, rest = path.partition("/")
        if path == "metadata":
            return ok({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})
        if rest == "_history":
            return ok(bundle("history", self.history.get(kind, [])))
        if rest.endswith("/_history"):
            return ok(bundle("history", self.history[path])) if path in self.history else (404, {}, b"{}")
        if kind == "page":
            found = self.links.get(rest)
            return ok(self.page(*found, base)) if found else (410, {}, b"{}")
        found = self.search(kind, asked)
        if self.slim and "_elements" in asked:
            kept = ("resourceType", *asked["_elements"][0].split(","))
            found = [{name: each[name] for name in kept if name in each} for each in found]
        return ok(self.page(kind, found, base))

    def search(self, kind: str, asked: dict[str, list[str]]) -> list[Resource]:
        found = [each for (type_, _), each in self.resources.items() if type_ == kind]
        if "_id" in asked:
            found = [each for each in found if each["id"] in asked["_id"][0].split(",")]
        if "patient" in asked:
            wanted = asked["patient"][0].split(",")
            found = [each for each in found if each.get("subject", {}).get("reference") in wanted]
        for bound in asked.get("_lastUpdated", []):
            moment = datetime.fromisoformat(bound[2:])
            found = [each for each in found if _keeps(stamp_of(each), bound[:2], moment)]
        return sorted(found, key=stamp_of) if "_sort" in asked else found

    def page(self, kind: str, resources: list[Resource], base: str) -> Resource:
        """The first entries, and behind a link the rest."""
        now, later = resources[: self.most], resources[self.most :]
        found = bundle("searchset", [{"resource": each, "search": {"mode": "match"}} for each in now])
        if later:
            name = f"link-{len(self.links)}"
            self.links[name] = (kind, later)
            found["link"] = [{"relation": "next", "url": f"{base}page/{name}"}]
        return found


def _keeps(stamp: datetime, sign: str, bound: datetime) -> bool:
    return stamp >= bound if sign == "ge" else stamp <= bound


def stamp_of(resource: Resource) -> datetime:
    text = resource.get("meta", {}).get("lastUpdated", "1970-01-01T00:00:00Z")
    return datetime.fromisoformat(text)


def bundle(kind: str, entries: list[Resource]) -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def ok(resource: Any) -> Answer:
    return 200, {"content-type": "application/fhir+json"}, json.dumps(resource).encode()
