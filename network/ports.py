"""Choosing TCP ports of the loopback interface."""

from __future__ import annotations

import secrets
import socket

_LOWEST, _HIGHEST = 20_000, 31_999
"""Below what Linux, macOS and Windows hand out for outgoing connections, so that no connection of the moment
takes a port between its choice and its use."""


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_ports(
    count: int, *, preferred: int | None = None, taken: frozenset[int] = frozenset()
) -> list[int]:
    """`count` free ports: the run from `preferred` upwards if all of it is free, else random ones."""
    if preferred is not None:
        run = list(range(preferred, preferred + count))
        if not taken.intersection(run) and all(is_free(port) for port in run):
            return run
    chosen: list[int] = []
    while len(chosen) < count:
        port = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST + 1)
        if port not in taken and port not in chosen and is_free(port):
            chosen.append(port)
    return chosen
