"""Services that answer what a test tells them to: over HTTP with an application, or with plain sockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from web_harness import MAPPINGS, SECRET, serving

from oracle.his.base import HisError, HisMalformed
from oracle.his.webservice import Limits, WebMapping, WebServiceAdapter

NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LIMITS = Limits(connect=2.0, read=5.0, total=20.0, tries=3, most_bytes=200_000)
KEY = {"X-API-KEY": SECRET}
JSON = [(b"content-type", b"application/json")]
XML = [(b"content-type", b"text/xml; charset=utf-8")]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
Respond = Callable[[str, dict[str, str]], Answer]
VISIT: dict[str, Any] = {
    "VST_NO": "V1",
    "CHG_DT": "2026-11-24T11:00:00.000001",
    "PT_NO": "10000001",
    "PT_NM": "환자0001",
    "BRTH_YMD": "19700101",
    "SEX_GB": "F",
    "VST_GB": "O",
    "MED_DTM": "20261124103000",
    "OUT_YMD": None,
    "DEPT_CD": "IM",
    "DEPT_NM": "내과",
    "HIRA_CD": "01",
    "EMP_NM": "의사01",
    "LCNS_NO": "000001",
    "INSU_GB": "10",
    "STAT_GB": "F",
    "SANGBYEONG": [],
}


class Vendor:
    """An application that answers what it is told to, and remembers what it was asked."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        self.bodies.append(body)
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        self.asked.append((scope["path"], query))
        status, headers, body = self._respond(scope["path"], query)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def answering(*answers: Answer) -> Respond:
    """These one after another; the last for ever."""
    rest = list(answers)
    return lambda path, query: rest.pop(0) if len(rest) > 1 else rest[0]


def rows_of(*rows: Any, more: bool = False, **after: Any) -> Answer:
    return 200, JSON, json.dumps({"rows": rows, "more": more, "next": after}).encode()


def mapping_of(name: str = "rest", **visits: Any) -> WebMapping:
    """The sandbox's mapping, for visits only."""
    data = WebMapping.load(MAPPINGS / f"mapping.{name}.yaml").model_dump(mode="json", exclude_unset=True)
    for part in ("settlements", "form_rows", "lines"):
        del data[part]
    data["documents"] = ["visit"]
    data["visits"].update(visits)
    return WebMapping.model_validate(data)


@contextmanager
def adapter_at(url: str, mapping: WebMapping | None = None, limits: Limits = LIMITS, **options: Any) -> Any:
    waits: list[float] = []
    options = {"sleep": waits.append, "chance": lambda: 1.0, **options}
    adapter = WebServiceAdapter(
        mapping or mapping_of(), url, KEY, limits=limits, clock=lambda: NOON, **options
    )
    adapter.waits = waits  # type: ignore[attr-defined]
    try:
        yield adapter
    finally:
        adapter.close()


@contextmanager
def adapter_before(respond: Respond, mapping: WebMapping | None = None, **options: Any) -> Iterator[Any]:
    vendor = Vendor(respond)
    with serving(vendor) as url, adapter_at(url, mapping, **options) as adapter:
        adapter.vendor = vendor
        yield adapter


def refused(respond: Respond, kind: type[HisError], mapping: WebMapping | None = None, **options: Any) -> str:
    """What a read of this service says."""
    with adapter_before(respond, mapping, **options) as adapter, pytest.raises(kind) as raised:
        adapter.read(None, 50)
    assert type(raised.value) is kind or kind is HisMalformed
    assert SECRET not in str(raised.value) and "환자" not in str(raised.value)
    return str(raised.value)


def read_until_refused(respond: Respond, mapping: WebMapping | None = None) -> str:
    with adapter_before(respond, mapping) as adapter:
        cursor = None
        for _ in range(300):
            try:
                page = adapter.read(cursor, 2)
            except HisMalformed as error:
                return str(error)
            assert page.more
            cursor = page.next_cursor
    raise AssertionError("reading does not come to an end")


@contextmanager
def raw_server(piece: Callable[[], bytes] | None, head: bytes | None = None) -> Iterator[str]:
    """A server of plain sockets that sends `piece` until the client has enough; None: it never says anything."""
    head = head or b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
    listening, ended = socket.create_server(("127.0.0.1", 0)), threading.Event()
    threads: list[threading.Thread] = []

    def talk(connection: socket.socket) -> None:
        with connection:
            connection.settimeout(10)
            try:
                connection.recv(65_536)
                if piece is None:
                    ended.wait(10)
                    return
                connection.sendall(head)
                while not ended.is_set():
                    connection.sendall(piece())
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=talk, args=(connection,), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for thread in [accepting, *threads]:
            thread.join(15)
