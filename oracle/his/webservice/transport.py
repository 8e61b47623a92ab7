"""HTTP connections whose every wait ends at one deadline: a server that sends a byte now and then holds nobody."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

Monotonic = Callable[[], float]
"""A clock that only goes forward, in seconds."""

_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))


@contextmanager
def deadline(at: float) -> Iterator[None]:
    """Inside it every wait of a `DeadlineTransport` ends at this reading of its clock, as a time-out."""
    token = _deadline.set(at)
    try:
        yield
    finally:
        _deadline.reset(token)


class DeadlineTransport(httpx.HTTPTransport):
    """httpx's transport over sockets that keep the deadline. No proxy, no settings from the environment."""

    def __init__(self, context: ssl.SSLContext, clock: Monotonic) -> None:
        super().__init__(verify=context, trust_env=False)
        # httpx offers no other way to hand in a network backend; test_webservice_hostile.py would see it ignored
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=4,
            max_keepalive_connections=2,
            keepalive_expiry=15.0,
            network_backend=_Backend(clock),
        )


class _Backend(httpcore.NetworkBackend):
    def __init__(self, clock: Monotonic) -> None:
        self._inner = httpcore.SyncBackend()
        self._clock = clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._clock, timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.connect_tcp(host, port, left, local_address, socket_options), self._clock)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, clock: Monotonic) -> None:
        self._inner = inner
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._clock, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._clock, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._clock, timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(clock: Monotonic, timeout: float | None, late: type[httpcore.TimeoutException]) -> float | None:
    """How long this wait may take; raises `late` when there is no time left."""
    left = _deadline.get() - clock()
    if left <= 0:
        raise late("the whole answer took too long")
    if left == float("inf"):
        return timeout
    return left if timeout is None else min(timeout, left)
