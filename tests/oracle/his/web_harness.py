"""A real HTTP server in a thread, and a sandbox hospital behind it: what the webservice adapter's tests share."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import contract
import uvicorn
from sqlalchemy import Engine

from network.waiting import wait_for
from oracle.his.webservice import Limits, WebMapping, WebServiceAdapter
from sandbox.his.events import Step
from sandbox.his.store import Writer, ensure_patients, open_database

MAPPINGS = Path(__file__).parents[3] / "oracle/his/webservice"
SECRET = "sandbox-secret"
LIMITS = Limits(connect=5.0, read=10.0, total=30.0, tries=3)


class Server:
    """An application at a port of this machine, which stays the same over `stop` and `start`."""

    def __init__(self, app: Any, **options: Any) -> None:
        self._app = app
        self._options = options
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        # with the protocol named, asyncio turns Nagle's delay off, which costs 40 ms for each answer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", self.port))
        self.port = self._socket.getsockname()[1]
        config = uvicorn.Config(
            self._app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1, **self._options
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        wait_for("the server answers", lambda: self._server.started, every=0.005)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive(), "the server does not end"
        self._socket.close()


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[str]:
    """The address of a server of this application. options: of uvicorn."""
    server = Server(app, **options)
    try:
        yield server.url
    finally:
        server.stop()


class WebHospital:
    """A sandbox database, a service in front of it, and a clock."""

    sqlite = True
    """The service gives text for any bytes; what is lost on the way comes as U+FFFD."""

    def __init__(
        self, file: Path, make_app: Callable[[Engine], Any], mapping: WebMapping, headers: dict[str, str]
    ) -> None:
        self._now = contract.NOON
        self.engine = open_database(f"sqlite:///{file}")
        ensure_patients(self.engine, 200)
        self.server = Server(make_app(self.engine))
        self._mapping = mapping
        self._headers = headers
        self._adapters: list[WebServiceAdapter] = []

    def clock(self) -> datetime:
        return self._now

    def pass_time(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def write(self, steps: Iterable[Step], *, stamped: timedelta = timedelta()) -> None:
        writer = Writer(self.engine, clock=lambda: self._now - stamped)
        for step in steps:
            if step.writes:
                writer.step(step)
            self.pass_time(0.5)

    def adapter(self) -> WebServiceAdapter:
        base = self.server.url + (self._mapping.base_url or "").removeprefix("http://127.0.0.1:8091")
        adapter = WebServiceAdapter(
            self._mapping, base, self._headers, limits=LIMITS, clock=self.clock, sleep=lambda _: None
        )
        self._adapters.append(adapter)
        return adapter

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Nobody listens at the service's port."""
        self.server.stop()
        try:
            yield
        finally:
            self.server.start()

    def close(self) -> None:
        for adapter in self._adapters:
            adapter.close()
        self.server.stop()
        self.engine.dispose()
