"""The MLLP listener: a thread for each connection, bounded in number, size and time, so that no client can hold it up.

A connection may rest between messages (senders keep theirs open all day), but a message that has begun must come to
its end in `frame_seconds`, and its answer must be taken in that time too.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from threading import Lock, Thread, current_thread
from time import monotonic
from typing import Final

from oracle.his.hl7v2.acknowledge import APPLICATION
from oracle.his.hl7v2.mllp import START, Deframer, Frame, framed

log = logging.getLogger(__name__)

Answer = Callable[[Sequence[Frame]], list[bytes]]
_PIECE: Final = 65_536
_JOIN_SECONDS: Final = 10.0
_LEAVE_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Limits:
    """What a client may take up. Sizes in bytes, times in seconds; idle: between two messages."""

    message_bytes: int = 8_000_000
    connections: int = 100
    frame_seconds: float = 30.0
    idle_seconds: float = 3_600.0


class Listener:
    """Listens on one address. The constructor opens nothing; port 0 takes a free one, `address` tells which."""

    def __init__(
        self,
        host: str,
        port: int,
        answer: Answer,
        limits: Limits,
        *,
        tls: ssl.SSLContext | None = None,
        peers: Sequence[IPv4Network | IPv6Network] = (),
    ) -> None:
        """peers: networks that may connect; empty: any."""
        self._wanted = (host, port)
        self._answer = answer
        self._limits = limits
        self._tls = tls
        self._peers = peers
        self._lock = Lock()
        self._connections: dict[Thread, socket.socket] = {}
        self._socket: socket.socket | None = None
        self._thread: Thread | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port: those it listens on, or those it was told."""
        if self._socket is None:
            return self._wanted
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    @property
    def alive(self) -> bool:
        """Whether connections are accepted."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def connections(self) -> int:
        """How many are open."""
        with self._lock:
            return len(self._connections)

    def start(self) -> None:
        """Begin to listen. Raises OSError when the address can not be taken."""
        self._socket = bound(*self._wanted)
        self._thread = Thread(target=self._accept, args=(self._socket,), name="hl7v2", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End listening and every connection. A message that is being stored is stored, answered or not."""
        if self._socket is None or self._thread is None:
            return
        _shut(self._socket)
        self._thread.join(_JOIN_SECONDS)
        with self._lock:
            open_now = dict(self._connections)
        for thread, connection in open_now.items():
            _shut(connection)
            thread.join(_JOIN_SECONDS)
        self._socket.close()
        self._socket = None

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, peer = listening.accept()
            except OSError:
                return  # closed
            with self._lock:
                full = len(self._connections) >= self._limits.connections
                if full or not self._allowed(peer[0]):
                    log.warning(
                        "connection refused: %s", "too many" if full else "not from an allowed network"
                    )
                    connection.close()
                    continue
                thread = Thread(target=self._serve, args=(connection,), name="hl7v2-connection", daemon=True)
                self._connections[thread] = connection
            thread.start()

    def _allowed(self, host: str) -> bool:
        return not self._peers or any(ip_address(host) in network for network in self._peers)

    def _serve(self, connection: socket.socket) -> None:
        """One connection from its beginning to its end."""
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(self._limits.frame_seconds)
            if self._tls is None:
                self._talk(connection)
            else:
                with self._tls.wrap_socket(connection, server_side=True) as secured:
                    with self._lock:
                        self._connections[current_thread()] = secured
                    self._talk(secured)
        except OSError as error:
            log.info("connection ended: %s", type(error).__name__)
        finally:
            connection.close()
            with self._lock:
                del self._connections[current_thread()]

    def _talk(self, connection: socket.socket) -> None:
        """Take frames and answer them until the client goes, or sends what is no frame. Raises OSError."""
        frames, until = Deframer(self._limits.message_bytes), monotonic() + self._limits.idle_seconds
        while (left := until - monotonic()) > 0:
            connection.settimeout(left)
            data = connection.recv(_PIECE)
            if not data:
                return
            was_inside, taken = frames.inside, frames.feed(data)
            if taken:
                connection.settimeout(self._limits.frame_seconds)
                connection.sendall(b"".join(framed(each) for each in self._answer(taken)))
                if taken[-1].fatal:
                    self._take_leave(connection)
                    return
            if taken or not was_inside:
                allowed = self._limits.frame_seconds if frames.inside else self._limits.idle_seconds
                until = monotonic() + allowed
        raise TimeoutError

    def _take_leave(self, connection: socket.socket) -> None:
        """Hang up so that the last answer arrives: with bytes unread, closing would take it back. Raises OSError."""
        connection.settimeout(_LEAVE_SECONDS)
        socket.socket.shutdown(connection, socket.SHUT_WR)
        until, unread = monotonic() + self._limits.frame_seconds, 4 * self._limits.message_bytes
        while unread > 0 and monotonic() < until and (data := connection.recv(_PIECE)):
            unread -= len(data)


def bound(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


def answers_as_ours(host: str, port: int) -> bool:
    """Whether a listener of this kind answers at an address, without TLS. It is asked something it refuses."""
    try:
        with socket.create_connection((host, port), _LEAVE_SECONDS) as connection:
            connection.sendall(framed(f"MSH|^~\\&|{APPLICATION}|CHECK|||||ACK|check|P|2.5.1\r".encode()))
            return connection.recv(_PIECE).startswith(START + f"MSH|^~\\&|{APPLICATION}|".encode())
    except OSError:
        return False


def _shut(connection: socket.socket) -> None:
    try:
        # not SSLSocket's own, which takes the session away from the thread that reads
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        return  # closed already
