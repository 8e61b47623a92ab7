"""What an agent shows over HTTP, read-only: its node's view, single raw blocks, its health, its metrics."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from network.errors import IpcUnavailable, RpcRefused

_BLOCK = re.compile(r"/blocks/(0x[0-9a-f]{64})")


@dataclass(frozen=True)
class Pages:
    """Where the answers come from."""

    view: Callable[[], dict[str, object]]
    raw_block: Callable[[str], bytes]
    health: Callable[[], dict[str, object]]
    metrics: Callable[[], bytes]


class AgentServer(ThreadingHTTPServer):
    """Serves `pages` on (host, port) in threads of its own."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], pages: Pages) -> None:
        self.pages = pages
        super().__init__(address, _Handler)

    def start(self) -> None:
        """Serve until `shutdown()`."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()

    def stop(self) -> None:
        """Stop serving and free the port."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: AgentServer
    timeout = 10

    def do_GET(self) -> None:
        """Answer one of the four pages, 404 for anything else, 503 while the node does not answer."""
        try:
            found = self._page()
        except (IpcUnavailable, RpcRefused) as error:
            self._send(503, "text/plain", type(error).__name__.encode())
            return
        if found is None:
            self._send(404, "text/plain", b"not found")
        else:
            self._send(200, *found)

    def _page(self) -> tuple[str, bytes] | None:
        pages = self.server.pages
        block = _BLOCK.fullmatch(self.path)
        if block:
            return "application/octet-stream", pages.raw_block(block.group(1))
        if self.path == "/view":
            return "application/json", json.dumps(pages.view()).encode()
        if self.path == "/health":
            return "application/json", json.dumps(pages.health()).encode()
        if self.path == "/metrics":
            return "text/plain; version=0.0.4; charset=utf-8", pages.metrics()
        return None

    def _send(self, code: int, kind: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: agents ask each other every few seconds."""
