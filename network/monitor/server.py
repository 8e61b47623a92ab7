"""Where alerts come in, on loopback: `/alerts` (Alertmanager's webhook), `/api/v2/alerts` (Prometheus), `/metrics`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from chain.clock import Clock
from network.monitor.alerts import parse
from network.monitor.errors import AlertsMalformed
from network.monitor.relay import Relay

log = logging.getLogger(__name__)

MOST_BYTES = 4_000_000
POSTS = ("/alerts", "/api/v2/alerts")


class MonitorServer(ThreadingHTTPServer):
    """Serves one relay on (host, port), port 0 for a free one, in threads of its own."""

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], relay: Relay, clock: Clock, news: Callable[[], None]
    ) -> None:
        self.relay, self.clock, self.news = relay, clock, news
        super().__init__(address, _Handler)

    def start(self) -> None:
        """Serve until `stop`."""
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()

    def stop(self) -> None:
        """Stop serving and free the port."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: MonitorServer
    timeout = 10

    def do_GET(self) -> None:
        """`/metrics` and `/healthz`."""
        if self.path == "/metrics":
            self._send(200, generate_latest(self.server.relay.registry), CONTENT_TYPE_LATEST)
        elif self.path == "/healthz":
            self._send(200, b'{"status": "ok"}', "application/json")
        else:
            self._send(404, b"not found")

    def do_POST(self) -> None:
        """200 once the alerts are on disk; 400 for what is none; 503 (come again) if they cannot be stored."""
        if self.path not in POSTS:
            self._send(404, b"not found")
            return
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > MOST_BYTES:
            self._send(413, b"content-length")
            return
        try:
            self.server.relay.take(parse(self.rfile.read(int(length)), self.server.clock()))
        except AlertsMalformed as error:
            self._send(400, str(error).encode())
        except SQLAlchemyError as error:
            log.error("alerts could not be stored: %s", type(error).__name__)
            self._send(503, b"not stored")
        else:
            self._send(200, b"{}", "application/json")
            self.server.news()

    def _send(self, code: int, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Prometheus posts every few seconds: not worth a line."""


def run(relay: Relay, server: MonitorServer, stop: Event, news: Event, every: float = 5.0) -> None:
    """Tell what is due as soon as something comes in, and look now and then, until `stop` is set."""
    server.start()
    while not stop.is_set():
        try:
            relay.step()
        except SQLAlchemyError as error:
            log.error("the queue does not answer: %s", type(error).__name__)
        news.wait(every)
        news.clear()
    server.stop()
    relay.close()
