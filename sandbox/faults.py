"""Faults of a party, put in the way of its next answers: what was asked for is done first, then the answer suffers."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from enum import StrEnum
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTROL = "/sandbox/"
"""Addresses of the tester; they never suffer."""


class Fault(StrEnum):
    """What happens to an answer."""

    NONE = "none"
    LOSE = "lose-answer"
    """Done, and the connection breaks in the middle of the answer."""
    DELAY = "delay"
    """Done, and the answer comes after `seconds`, or not at all if nobody waits any longer."""
    BUSY = "busy"
    """429, and nothing is done."""
    DOWN = "down"
    """503, and nothing is done, which the asker cannot know."""
    BROKEN = "broken"
    """Done, and the answer is a 502 page of something in between."""
    GARBAGE = "garbage"
    """Done, and the answer is no JSON."""
    HUGE = "huge"
    """Done, and the answer does not end for a megabyte."""


class FaultQueue:
    """Faults of the next answers, first in first out. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: deque[tuple[Fault, float]] = deque()

    def add(self, fault: Fault, *, times: int = 1, seconds: float = 30.0) -> None:
        """The next `times` answers suffer this; NONE lets one pass."""
        with self._lock:
            self._next.extend([(fault, seconds)] * times)

    def clear(self) -> None:
        """All is well again."""
        with self._lock:
            self._next.clear()

    def take(self) -> tuple[Fault, float]:
        """The fault of this answer, and its seconds."""
        with self._lock:
            return self._next.popleft() if self._next else (Fault.NONE, 0.0)


class Faulty:
    """ASGI middleware: hands requests under `prefix` on and spoils their answers by the queue."""

    def __init__(self, app: ASGIApp, *, queue: FaultQueue, prefix: str) -> None:
        self._app = app
        self._queue = queue
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        fault, seconds = self._queue.take()
        match fault:
            case Fault.NONE:
                await self._app(scope, receive, send)
            case Fault.BUSY:
                await _say(send, 429, {"error": "busy", "type": "BUSY"})
            case Fault.DOWN:
                await _say(send, 503, {"error": "down", "type": "DOWN"})
            case _:
                messages = await self._done(scope, receive)
                await _spoil(fault, seconds, messages, receive, send)

    async def _done(self, scope: Scope, receive: Receive) -> list[Message]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        return messages


async def _spoil(fault: Fault, seconds: float, messages: list[Message], receive: Receive, send: Send) -> None:
    match fault:
        case Fault.LOSE:
            # a length that never comes: the server closes the connection when the application returns
            await send(_start(200, [(b"content-length", b"4096"), (b"content-type", b"application/json")]))
            await send({"type": "http.response.body", "body": b'{"', "more_body": True})
        case Fault.DELAY:
            if await _still_there(receive, seconds):
                for message in messages:
                    await send(message)
        case Fault.BROKEN:
            await _say(send, 502, "<html>Bad gateway</html>")
        case Fault.GARBAGE:
            await _say(send, 200, "<html>")
        case _:
            await _say(send, 200, {"filling": "x" * 1_000_000})


async def _still_there(receive: Receive, seconds: float) -> bool:
    """Whether the asker waits that long."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), seconds)
    except TimeoutError:
        return True
    return False


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


async def _say(send: Send, status: int, content: Any) -> None:
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    kind = b"text/html" if isinstance(content, str) else b"application/json"
    await send(_start(status, [(b"content-type", kind), (b"content-length", str(len(body)).encode())]))
    await send({"type": "http.response.body", "body": body})
