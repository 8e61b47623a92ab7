"""The relay's HTTP server: one request a connection, limited in size and time, typed JSON errors, no access log.

Off loopback it speaks TLS 1.3 alone and only with clients whose certificate the given authority signed.
"""

from __future__ import annotations

import json
import logging
import socket
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore, Thread
from typing import Any, Final, NamedTuple

from oracle.errors import KeyFileInvalid
from oracle.relay.errors import RelayProblem
from oracle.relay.service import Asked, Relay, Reply

log = logging.getLogger(__name__)

MOST_BYTES: Final = 16_384
"""Of one request's body."""
PATIENCE: Final = 10.0
"""Seconds that a client may leave us waiting for its next bytes."""
AT_ONCE: Final = 32
"""Connections; one more is closed at once, and the caller comes back."""


class TlsFiles(NamedTuple):
    """PEM files: our certificate, its key, and the authority of the backend's certificates."""

    certificate: Path
    key: Path
    client_ca: Path

    def context(self) -> ssl.SSLContext:
        """What the server speaks. Raises KeyFileInvalid."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError):
            raise KeyFileInvalid(self.certificate, "certificate and key can not be used together") from None
        try:
            context.load_verify_locations(self.client_ca)
        except (OSError, ssl.SSLError):
            raise KeyFileInvalid(self.client_ca, "holds no certificate (PEM)") from None
        return context


class RelayServer:
    """Answers in threads of its own. `port` 0 takes a free one; `address` tells which."""

    def __init__(self, relay: Relay, host: str, port: int, tls: TlsFiles | None = None) -> None:
        self._relay = relay
        context = None if tls is None else tls.context()
        self._server = _Server((host, port), _handler(relay))
        if context is not None:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="relay", daemon=True
        )

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
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._relay.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.free = BoundedSemaphore(AT_ONCE)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self.free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.free.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The handshake happens here, in the request's thread: a client that dawdles holds up no other."""
        request.settimeout(PATIENCE)
        if isinstance(request, ssl.SSLSocket):
            request.do_handshake()
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke, or a handshake that failed: nothing was answered, nothing is printed."""
        log.info("relay: a connection was given up")


def _handler(relay: Relay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "saegim", ""

        def answer(self) -> None:
            self.give(self.reply())

        do_GET = do_POST = answer

        def reply(self) -> Reply:
            try:
                body = self.body()
            except RelayProblem as problem:
                return relay.refused(problem)
            authorization = self.headers.get_all("authorization", [])
            token = authorization[0] if len(authorization) == 1 else ""
            return relay.answer(Asked(self.command, self.path, token, body))

        def body(self) -> bytes:
            """Exactly what Content-Length says. Raises RelayProblem."""
            lengths = self.headers.get_all("content-length", [])
            if "transfer-encoding" in self.headers or len(lengths) > 1:
                raise RelayProblem(400, "malformed")
            length = lengths[0] if lengths else "0"
            if not (length.isascii() and length.isdigit()):
                raise RelayProblem(400, "malformed")
            if len(length) > 9 or int(length) > MOST_BYTES:
                raise RelayProblem(413, "too-large")
            if self.command == "GET" and int(length):
                raise RelayProblem(400, "body-unexpected")
            found = self.rfile.read(int(length))
            if len(found) < int(length):
                raise RelayProblem(400, "malformed")
            return found

        def give(self, reply: Reply) -> None:
            content = json.dumps(reply.content, ensure_ascii=False).encode()
            self.send_response_only(reply.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.send_header("cache-control", "no-store")
            self.send_header("connection", "close")
            if reply.retry_after is not None:
                self.send_header("retry-after", str(reply.retry_after))
            self.end_headers()
            self.wfile.write(content)

        def send_error(self, code: int, *_: Any, **__: Any) -> None:
            """What the library itself refuses: no method of ours, a broken request line, headers too large."""
            self.command = self.command or ""
            self.close_connection = True
            problem = RelayProblem(code, "no-such-operation" if code == 501 else "malformed")
            self.give(relay.refused(problem))

        def log_message(self, format: str, *args: Any) -> None:
            """Addresses and numbers are nobody's to read here; the table of requests is the log."""

    return Handler
