"""How much and how slowly somebody may send."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest
from backend_world import World
from uvicorn import Config, Server

from backend.cli import server_options
from backend.config import Settings
from backend.middleware import BodyLimit, taking_files


def test_what_somebody_types_is_smaller_than_a_file(world: World) -> None:
    assert world.settings.form_size_limit < world.settings.request_size_limit
    typed = world.client.post("/staff/enrol", data={"number": "x" * world.settings.form_size_limit})
    assert typed.status_code == 413
    assert "너무 큽니다" in typed.text
    brought = world.client.post("/verify", data={"text": "x" * world.settings.form_size_limit})
    assert "너무 큽니다" not in brought.text


def test_what_takes_a_file_is_known_from_its_route(world: World) -> None:
    takes = taking_files(world.app.routes)
    assert all(takes(path) for path in ("/verify", "/api/v1/verifications", "/scan"))
    assert not any(
        takes(path) for path in ("/sign-up", "/staff/enrol", "/api/v1/sign-in", "/verify/x", "/none")
    )


@pytest.mark.parametrize("declared", ["-1", "٣", "1e3", "x", "9" * 5_000])
def test_a_length_that_is_no_number_is_refused(world: World, declared: str) -> None:
    headers = {"content-length": declared.encode("utf-8")}
    answer = world.client.post("/api/v1/verifications", content=b"x", headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 413


def run(seconds: float, *parts: bytes) -> tuple[int, dict[bytes, bytes]]:
    """What somebody is told who sends these parts of a body and then no more."""
    sent: list[Any] = []
    waiting = list(parts)

    async def reader(scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Any:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(0), "more_body": True}
        return await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/verifications",
        "headers": [],
        "query_string": b"",
        "state": {},
    }
    asyncio.run(BodyLimit(reader, limit_for=lambda path: 100, seconds=seconds)(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"])


def test_a_body_that_does_not_come_to_its_end_is_not_waited_for() -> None:
    for parts in ((), (b"x",), (b"x", b"x", b"x")):
        status, headers = run(0.02, *parts)
        assert (status, headers[b"connection"]) == (408, b"close")


def test_too_much_is_too_much_however_it_is_cut() -> None:
    assert run(5, b"x" * 60, b"x" * 60)[0] == 413


def answer_to(request: bytes) -> bytes:
    """What a served backend's server says to raw bytes."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    settings = Settings(_env_file=None)
    options = {**server_options(settings), "log_level": "critical", "lifespan": "off", "port": 0}
    server = Server(Config(app, **options))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive() or server.started
        port = server.servers[0].sockets[0].getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(request)
            return connection.recv(200)
    finally:
        server.should_exit = True
        thread.join()


def test_headers_have_their_size() -> None:
    small = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 8_000 + b"\r\n\r\n"
    assert answer_to(small).startswith(b"HTTP/1.1 204")
    large = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 40_000
    assert answer_to(large).startswith(b"HTTP/1.1 400")
