"""JSON-RPC over a node's Unix socket: the only way to the administrative calls.

HTTP serves eth, net and web3; admin, clique, debug and miner are reached through the socket, whose file mode
lets in the owner alone.
"""

from __future__ import annotations

import itertools
import json
import socket
import threading
from pathlib import Path
from typing import Any, Protocol

from network.errors import IpcUnavailable, RpcRefused

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Longest answer taken: a raw block of 60 million gas has about 4 MB, twice that in hex."""


class Rpc(Protocol):
    """Whatever answers JSON-RPC calls: an IPC socket here, several HTTP nodes in `chain.client`."""

    def call(self, method: str, *params: Any) -> Any:
        """The `result` of one call. Raises a typed error."""


class IpcClient:
    """A node's IPC socket. Thread-safe; connects at the first call and again after a node restart."""

    def __init__(self, path: Path, *, timeout: float = 10.0) -> None:
        self.path = path
        self.timeout = timeout
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._socket: socket.socket | None = None
        self._buffer = b""

    def call(self, method: str, *params: Any) -> Any:
        """The result of `method`. Raises IpcUnavailable (no node, no answer) or RpcRefused (its error)."""
        with self._lock:
            request_id = next(self._ids)
            request = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": list(params)}
            try:
                answer = self._exchange(json.dumps(request).encode() + b"\n", request_id)
            except (OSError, ValueError) as error:
                self._drop()
                raise IpcUnavailable(self.path, type(error).__name__) from error
        if "error" in answer:
            fault = answer["error"]
            raise RpcRefused(method, int(fault.get("code", 0)), str(fault.get("message", "")))
        return answer.get("result")

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        with self._lock:
            self._drop()

    def _exchange(self, request: bytes, request_id: int) -> dict[str, Any]:
        """Send and read one answer; a connection left over from before a node restart is opened anew once."""
        fresh = self._socket is None
        try:
            return self._round_trip(request, request_id)
        except (BrokenPipeError, ConnectionResetError):
            self._drop()
            if fresh:
                raise
            return self._round_trip(request, request_id)

    def _round_trip(self, request: bytes, request_id: int) -> dict[str, Any]:
        connection = self._connected()
        connection.sendall(request)
        while True:
            answer = json.loads(self._line(connection))
            if isinstance(answer, dict) and answer.get("id") == request_id:
                return answer

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.settimeout(self.timeout)
            self._socket.connect(str(self.path))
            self._buffer = b""
        return self._socket

    def _line(self, connection: socket.socket) -> bytes:
        """One answer: geth ends each with a line feed, and JSON has none inside."""
        parts = [self._buffer]
        size = len(self._buffer)
        while b"\n" not in parts[-1]:
            part = connection.recv(1 << 18)
            if not part:
                raise ConnectionResetError("the node closed the connection")
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise ValueError("answer too long")
            parts.append(part)
        line, self._buffer = b"".join(parts).split(b"\n", 1)
        return line

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._buffer = b""
