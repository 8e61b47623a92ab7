"""A backend that takes every delivery and keeps nothing: `python -m bench.sink` prints its address and serves.

It reads each request and answers as agreed, so that what is measured is the oracle's side.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from oracle.backend_client import DELIVERIES


class Handler(BaseHTTPRequestHandler):
    """Accepts everything."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take one request of deliveries."""
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path != DELIVERIES:
            self.send_error(404)
            return
        ids = [item["deliveryId"] for item in json.loads(body)["deliveries"]]
        answer = json.dumps({"accepted": ids, "duplicates": [], "refused": []}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is said about requests."""


def main() -> None:
    """Serve on a free loopback port until told to stop."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
