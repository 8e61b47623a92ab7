"""The interface engine's other half: answers queries over MLLP about who somebody is (PDQ) and which number goes on
(PIX), HL7 v2.5.1 chapters 3.3.56 and 3.3.57. Every other query is refused with 200, as most hospitals refuse all."""

from __future__ import annotations

import socketserver
from collections.abc import Sequence
from threading import Thread
from typing import Any, Final

from sqlalchemy import Engine

from chain.clock import Clock, utc_now
from sandbox.his import reception_lookup as lookup
from sandbox.his.hl7 import message_of
from sandbox.his.lookup import Row
from sandbox.his.store import KOREA

_START, _END = b"\x0b", b"\x1c\r"
_MOST: Final = 100_000
_PATIENCE: Final = 30.0
_UNKNOWN_KEY: Final = "204"
_UNSUPPORTED: Final = "200"


class QueryServer:
    """Answers on loopback until it is closed. port 0: a free one."""

    def __init__(self, engine: Engine, port: int, clock: Clock = utc_now) -> None:
        def answer(query: bytes) -> bytes:
            return answered(engine, query, clock)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                """Queries of one connection, one after the other."""
                self.request.settimeout(_PATIENCE)
                held = b""
                try:
                    while part := self.request.recv(65_536):
                        held += part
                        while _END in held and len(held) <= _MOST:
                            frame, _, held = held.partition(_END)
                            self.request.sendall(_START + answer(frame.lstrip(_START)) + _END)
                except OSError:
                    return

        self._server = _Server(("127.0.0.1", port), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def answered(engine: Engine, query: bytes, clock: Clock) -> bytes:
    """The answer to a query."""
    lines = {line[:3]: line.split("|") for line in query.decode("utf-8", "replace").split("\r")}
    head, asked = lines.get("MSH", [""] * 12), [*lines.get("QPD", []), *[""] * 5]
    control_id, event = head[9], head[8].split("^")[1:2]
    reply = _Reply(control_id, asked, clock)
    if event == ["Q22"]:
        return reply.people("K22", "RSP_K21", _candidates(engine, asked[3]))
    if event == ["Q23"]:
        number = asked[3].partition("^")[0]
        return reply.people("K23", "RSP_K23", _corresponding(engine, number), unknown=_UNKNOWN_KEY)
    return reply.refused(_UNSUPPORTED)


def _candidates(engine: Engine, parameters: str) -> list[Row]:
    """Of PDQ's parameters `@PID.3.1^…` and `@PID.7.1^…`."""
    given = dict(each.split("^", 1) for each in parameters.split("~") if "^" in each)
    number, birth = given.get("@PID.3.1", ""), given.get("@PID.7.1", "")
    return lookup.patients(engine, number=number, birth=birth) if number or birth else []


def _corresponding(engine: Engine, number: str) -> list[Row]:
    """Whoever goes on under this number, or under the one it was merged into."""
    merged = lookup.merges(engine, number)
    goes_on = merged[0]["NEW_PT_NO"] if merged else number
    known = lookup.patients(engine, number=goes_on)
    return known or [{"PT_NO": goes_on} for _ in merged]


class _Reply:
    """Makes the segments of an answer."""

    def __init__(self, control_id: str, asked: Sequence[str], clock: Clock) -> None:
        self._control_id, self._asked, self._clock = control_id, asked, clock

    def people(self, event: str, structure: str, found: Sequence[Row], unknown: str = "") -> bytes:
        """RSP with a PID for each; where nobody is known: NF, or (PIX) the error 204."""
        if not found and unknown:
            return self.refused(unknown)
        status = "OK" if found else "NF"
        segments: list[Sequence[Any]] = [["MSA", "AA", self._control_id], self._qak(status), self._qpd()]
        segments += [_pid(number, row) for number, row in enumerate(found, 1)]
        return self._sent(["RSP", event, structure], segments)

    def refused(self, code: str) -> bytes:
        """An error of table 0357."""
        segments: list[Sequence[Any]] = [
            ["MSA", "AR" if code == _UNSUPPORTED else "AE", self._control_id],
            ["ERR", "", "", [code, "", "HL70357"], "E"],
            self._qak("AE"),
            self._qpd(),
        ]
        return self._sent(["RSP", "K22", "RSP_K21"], segments)

    def _qak(self, status: str) -> Sequence[Any]:
        return ["QAK", self._asked[2], status]

    def _qpd(self) -> Sequence[Any]:
        return ["QPD", *(each.split("^") for each in self._asked[1:5])]

    def _sent(self, kind: list[str], segments: Sequence[Sequence[Any]]) -> bytes:
        return message_of(kind, segments, self._clock().astimezone(KOREA)).content


def _pid(number: int, row: Row) -> list[Any]:
    known = [row["PT_NO"], "", "", "SAMPLE", "PI"]
    return ["PID", number, "", known, "", [row.get("PT_NM")], "", row.get("BRTH_YMD"), row.get("SEX_GB")]
