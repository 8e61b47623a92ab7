"""One query over MLLP and its answer (HL7 v2.5.1 chapter 5.3: QBP and RSP), every other end a `HisError`."""

from __future__ import annotations

import socket
import ssl
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chain.clock import Clock
from oracle.his.base import HisMalformed, HisUnavailable
from oracle.his.hl7v2.message import Location, Malformed, Message
from oracle.his.hl7v2.mllp import Deframer, framed
from oracle.his.values import BadValue

_LONGEST: Final = 4_000_000
_PIECE: Final = 65_536
_UNKNOWN_KEY: Final = "204"
_NOT_NOW: Final = "207"
_COMPARE: Final = "Compare `queries` in the mapping with what the interface engine answers."
_ESCAPES: Final = (("\\", "E"), ("|", "F"), ("^", "S"), ("&", "T"), ("~", "R"))


@dataclass(frozen=True, slots=True)
class Address:
    """Where the interface engine answers queries. seconds: for one of them, connecting included."""

    host: str
    port: int
    seconds: float
    tls: ssl.SSLContext | None = None


class QueryClient:
    """Asks one interface engine. A connection for each question: they are few, and none is left half-read."""

    def __init__(
        self,
        name: str,
        address: Address,
        clock: Clock,
        *,
        charset: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._address = address
        self._clock = clock
        self._charset = charset
        self._monotonic = monotonic

    def ask(self, kind: str, fields: list[str], most: int, doing: str) -> Message | None:
        """The answer to a query; None where nothing is found.

        kind: MSH-9, such as QBP^Q22. fields: QPD-1 and those after QPD-2, written as they are sent. Raises
        HisUnavailable, HisMalformed.
        """
        control_id = uuid.uuid4().hex[:20]
        frame = self._exchanged(self._query(kind, control_id, fields, most), doing)
        try:
            message = Message(frame, self._charset)
            if message.text(Location.of("MSA-2")) != control_id:
                raise self._malformed("the answer is to another query")
            return self._understood(message, doing)
        except (Malformed, BadValue):
            raise self._malformed("the answer is no HL7 message") from None

    def _query(self, kind: str, control_id: str, fields: list[str], most: int) -> bytes:
        now = self._clock()
        structure = "QBP_Q21"
        head = f"MSH|^~\\&|SAEGIM||||{now:%Y%m%d%H%M%S%z}||{kind}^{structure}|{control_id}|P|2.5.1"
        head += "||||||UNICODE UTF-8"
        asked = "|".join([fields[0], control_id, *fields[1:]])
        return f"{head}\rQPD|{asked}\rRCP|I|{most}^RD\r".encode()

    def _understood(self, message: Message, doing: str) -> Message | None:
        code = message.text(Location.of("MSA-1")) or ""
        error, status = message.text(Location.of("ERR-3.1")), message.text(Location.of("QAK-2"))
        if error == _UNKNOWN_KEY or status == "NF":
            return None
        if error == _NOT_NOW:
            raise HisUnavailable(self._name, doing)
        if code not in ("AA", "CA") or status not in ("OK", None):
            known = error if error is not None and error.isascii() and error.isdigit() else "none"
            raise self._malformed(f"the interface engine refuses (error {known}) while {doing}")
        return message

    def _exchanged(self, query: bytes, doing: str) -> bytes:
        until = self._monotonic() + self._address.seconds
        try:
            with self._connected() as connection:
                connection.sendall(framed(query))
                deframer = Deframer(_LONGEST)
                while True:
                    connection.settimeout(max(until - self._monotonic(), 0.001))
                    data = connection.recv(_PIECE)
                    if not data:
                        raise HisUnavailable(self._name, f"{doing} (the connection was closed)")
                    for frame in deframer.feed(data):
                        if frame.flaw is not None:
                            raise self._malformed(f"the answer is no MLLP frame ({frame.flaw}) while {doing}")
                        return frame.content
                    if self._monotonic() >= until:
                        raise HisUnavailable(self._name, f"{doing} (no answer in time)")
        except OSError as error:
            raise HisUnavailable(self._name, f"{doing} ({type(error).__name__})") from error

    def _connected(self) -> socket.socket:
        address = self._address
        connection = socket.create_connection((address.host, address.port), address.seconds)
        if address.tls is None:
            return connection
        try:
            return address.tls.wrap_socket(connection, server_hostname=address.host)
        except OSError:
            connection.close()
            raise

    def _malformed(self, what: str) -> HisMalformed:
        return HisMalformed(self._name, what, _COMPARE)


def escaped(value: str) -> str:
    """A value that separates nothing, and has no control character."""
    kept = "".join(char for char in value if char.isprintable())
    for mark, code in _ESCAPES:
        kept = kept.replace(mark, f"\\{code}\\")
    return kept
