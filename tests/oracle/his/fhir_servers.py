"""Real HTTP servers for the fhir adapter's tests, on 127.0.0.1 and a port of their own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
