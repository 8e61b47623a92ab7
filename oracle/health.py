"""Health and metrics over HTTP on loopback: for the service manager and for Prometheus. No names, no keys.

`/healthz`: the jobs' threads are alive (503: restart the process). `/readyz`: database and schema in order, and which
stages have trouble now (503 when the database has). `/metrics`: Prometheus.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from oracle.db import require_current
from oracle.errors import SchemaOutdated
from oracle.jobs import Jobs

log = logging.getLogger(__name__)

Answer = tuple[int, str, bytes]


class HealthServer:
    """Answers in a thread of its own. `port` 0 takes a free one; `address` tells which."""

    def __init__(
        self, host: str, port: int, database: Engine, jobs: Jobs, registry: CollectorRegistry
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._registry = registry
        routes = {"/healthz": self._alive, "/readyz": self._ready, "/metrics": self._metrics}
        self._server = ThreadingHTTPServer((host, port), _handler(routes))
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens on."""
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _alive(self) -> Answer:
        stalled = self._jobs.stalled()
        return _json(503 if stalled else 200, {"status": "stalled" if stalled else "ok", "stalled": stalled})

    def _ready(self) -> Answer:
        try:
            require_current(self._database)
        except (SQLAlchemyError, SchemaOutdated) as error:
            return _json(503, {"status": "unavailable", "database": type(error).__name__})
        return _json(200, {"status": "ok", "database": "ok", "problems": self._jobs.problems()})

    def _metrics(self) -> Answer:
        return 200, CONTENT_TYPE_LATEST, generate_latest(self._registry)


def _handler(routes: dict[str, Callable[[], Answer]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            route = routes.get(self.path.split("?", 1)[0])
            status, kind, body = route() if route else _json(404, {"status": "not found"})
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Scrapes are not worth a line."""

    return Handler


def _json(status: int, content: dict[str, Any]) -> Answer:
    return status, "application/json", json.dumps(content).encode()
