"""Sends messages over MLLP as interface engines do: one, its answer, the next; again until it is answered.

No answer, a lost connection or "not now" (AR with 207): the same bytes again, after a pause. Any other refusal is
final: the message is put aside and told.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sandbox.his.hl7 import Outgoing

_START, _END, _TRAILER = b"\x0b", b"\x1c", b"\x0d"
_NOT_NOW: Final = b"207"
_PIECE: Final = 65_536
_MOST_ANSWER: Final = 100_000


class ListenerGone(Exception):
    """No acknowledgement came, however often it was tried. `tries` is how often."""

    def __init__(self, tries: int) -> None:
        self.tries = tries
        super().__init__(
            f"no acknowledgement after {tries} tries: is the oracle running (python -m oracle run)?"
        )


class Answer(NamedTuple):
    """An acknowledgement: MSA-1, MSA-2, and the code of ERR-3 if there is one."""

    code: bytes
    control_id: bytes
    error: bytes

    @property
    def accepted(self) -> bool:
        """Whether the message is stored at the other end."""
        return self.code in (b"AA", b"CA")

    @property
    def later(self) -> bool:
        """Whether the same message may be taken later."""
        return not self.accepted and self.error == _NOT_NOW


@dataclass
class Report:
    """What became of messages. refused: control ids with what they were answered."""

    accepted: int = 0
    repeated: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Count another's in."""
        self.accepted += other.accepted
        self.repeated += other.repeated
        self.refused += other.refused


class Sender:
    """One connection, made anew when it is lost. timeout: seconds to wait for an answer. tries: per message, None
    for ever. pause: waits before a message is tried again."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        pause: Callable[[int], None],
        timeout: float = 30.0,
        tries: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._address = (host, port)
        self._pause = pause
        self._timeout = timeout
        self._tries = tries
        self._tls = tls
        self._socket: socket.socket | None = None
        self.total = Report()
        """Of all that was sent so far."""

    def send(self, messages: Iterable[Outgoing]) -> Report:
        """All of them in their order; what became of these. Raises ListenerGone."""
        report = Report()
        try:
            self._send(messages, report)
        finally:
            self.total.add(report)
        return report

    def _send(self, messages: Iterable[Outgoing], report: Report) -> None:
        for message in messages:
            answer = self._until_answered(message, report)
            if answer.accepted:
                report.accepted += 1
            else:
                report.refused.append((message.control_id, f"{answer.code.decode()} {answer.error.decode()}"))

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _until_answered(self, message: Outgoing, report: Report) -> Answer:
        tried = 0
        while True:
            try:
                answer = self._once(message)
            except OSError:
                answer = None
                self.close()
            if answer is not None and not answer.later:
                return answer
            tried += 1
            report.repeated += 1
            if self._tries is not None and tried >= self._tries:
                raise ListenerGone(tried)
            self._pause(tried)

    def _once(self, message: Outgoing) -> Answer:
        """Send and wait. Raises OSError when no answer comes."""
        connection = self._socket = self._socket or self._connected()
        connection.sendall(_START + message.content + _END + _TRAILER)
        held = b""
        while True:
            while _END not in held:
                data = connection.recv(_PIECE)
                if not data or len(held) > _MOST_ANSWER:
                    raise ConnectionResetError
                held += data
            frame, _, held = held.partition(_END)
            answer = read_answer(frame)
            if answer.control_id == message.control_id.encode() or not answer.control_id:
                return answer

    def _connected(self) -> socket.socket:
        connection = socket.create_connection(self._address, self._timeout)
        if self._tls is None:
            return connection
        try:
            return self._tls.wrap_socket(connection, server_hostname=self._address[0])
        except OSError:
            connection.close()
            raise


def read_answer(frame: bytes) -> Answer:
    """MSA and ERR of an acknowledgement; raises ConnectionResetError for anything else."""
    segments = {line[:3]: line.split(b"|") for line in frame.strip(b"\x0b\r\n").split(b"\r")}
    msa, err = segments.get(b"MSA", []), segments.get(b"ERR", [])
    if len(msa) < 3:
        raise ConnectionResetError
    error = err[3].partition(b"^")[0] if len(err) > 3 else b""
    return Answer(msa[1], msa[2], error)
