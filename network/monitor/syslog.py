"""Messages as syslog lines: RFC 5424, over UDP (RFC 5426), TCP (RFC 6587, octet counting) or TLS (RFC 5425)."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from chain.clock import Clock
from network.monitor.alerts import Message
from network.monitor.errors import NotDelivered

_SEVERITIES = {"critical": 2, "warning": 4, "info": 6}
_CLEARED = 5
"""Notice: normal but significant."""
_TIMEOUT = 5.0
_LARGEST_DATAGRAM = 2_048
"""What every receiver should take (RFC 5426, section 3.2)."""


@dataclass(frozen=True)
class SyslogFormat:
    """How lines are written. `enterprise` names the structured data (RFC 5424, section 7.2.2)."""

    enterprise: int
    facility: int
    hostname: str
    application: str = "saegim"

    def line(self, message: Message, at: datetime) -> bytes:
        """One message, without framing."""
        level = _SEVERITIES.get(message.severity, 4) if message.raised else _CLEARED
        time = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        head = (
            f"<{self.facility * 8 + level}>1 {time} {_name(self.hostname, 255)} {_name(self.application, 48)}"
        )
        state = "raised" if message.raised else "cleared"
        text = f"{message.summary_ko} / {message.summary_en}" if message.summary_ko else message.summary_en
        said = f"{message.name} {state}: {text}" if text else f"{message.name} {state}"
        return f"{head} {os.getpid()} {state} {self._data(message, state)} ".encode() + _BOM + said.encode()

    def _data(self, message: Message, state: str) -> str:
        pairs = {
            "alert": message.name,
            "state": state,
            "severity": message.severity,
            "identity": message.identity,
            "since": message.since,
            "source": message.source,
            "runbook": message.runbook,
        }
        said = " ".join(f'{name}="{_escaped(value)}"' for name, value in pairs.items() if value)
        return f"[saegim@{self.enterprise} {said}]"


_BOM = b"\xef\xbb\xbf"
"""Says that the text is UTF-8 (RFC 5424, section 6.4)."""


class SyslogChannel:
    """One syslog server. Raises NotDelivered as far as the transport can know it; UDP never does for a lost line."""

    def __init__(self, url: str, form: SyslogFormat, clock: Clock, *, ca_file: Path | None = None) -> None:
        parts = urlsplit(url)
        self.name = f"syslog {parts.hostname}:{parts.port}"
        self._scheme, self._host, self._port = parts.scheme, str(parts.hostname), int(parts.port or 514)
        self._form, self._clock, self._ca_file = form, clock, ca_file

    def send(self, message: Message) -> None:
        """Send one line."""
        line = self._form.line(message, self._clock())
        try:
            if self._scheme == "udp":
                self._datagram(line)
            else:
                self._stream(line)
        except (OSError, ssl.SSLError) as error:
            raise NotDelivered(self.name, type(error).__name__) from error

    def close(self) -> None:
        """Nothing is held open."""

    def _datagram(self, line: bytes) -> None:
        family = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)[0][0]
        with socket.socket(family, socket.SOCK_DGRAM) as out:
            out.sendto(_cut(line), (self._host, self._port))

    def _stream(self, line: bytes) -> None:
        """A connection for each line: alerts are rare, and a stale connection would swallow the one that matters."""
        with socket.create_connection((self._host, self._port), _TIMEOUT) as plain:
            if self._scheme == "tcp":
                _deliver(plain, line)
                return
            context = ssl.create_default_context(cafile=str(self._ca_file) if self._ca_file else None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            with context.wrap_socket(plain, server_hostname=self._host) as sealed:
                _deliver(sealed, line)


def _deliver(out: socket.socket, line: bytes) -> None:
    """One framed line: its length in bytes, a blank, the line."""
    out.sendall(b"%d %s" % (len(line), line))


def _cut(line: bytes) -> bytes:
    """At most a datagram, never in the middle of a character."""
    if len(line) <= _LARGEST_DATAGRAM:
        return line
    return line[:_LARGEST_DATAGRAM].decode("utf-8", "ignore").encode()


def _name(text: str, longest: int) -> str:
    """PRINTUSASCII of bounded length; "-" if nothing is left."""
    return "".join(c for c in text if "!" <= c <= "~")[:longest] or "-"


def _escaped(value: str) -> str:
    """A structured data value: `"`, `\\` and `]` are escaped (RFC 5424, section 6.3.3)."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
