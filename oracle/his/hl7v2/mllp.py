"""MLLP framing: HL7 messages in a byte stream (HL7 v2 Transport Specification: MLLP, release 1).

A frame is ``0x0B message 0x1C 0x0D``. TCP cuts and joins as it likes, so frames come in pieces or several at once.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

START: Final = b"\x0b"
END: Final = b"\x1c"
TRAILER: Final = b"\x0d"
_MOST_NOISE: Final = 1024
"""Bytes outside frames that are passed over; more is no HL7 sender."""
_SHOWN: Final = 4096
"""How much of a frame that is given up is kept, to answer the sender by its control id."""


class Flaw(StrEnum):
    """Why bytes are no frame."""

    TOO_LONG = "too-long"
    NO_END = "no-end"
    NOISE = "noise"


class Frame(NamedTuple):
    """A message as it came, or (with `flaw`) the beginning of what was given up."""

    content: bytes
    flaw: Flaw | None = None

    @property
    def fatal(self) -> bool:
        """Whether nothing that follows on this connection can be trusted to be a frame."""
        return self.flaw in (Flaw.TOO_LONG, Flaw.NOISE)


def framed(content: bytes) -> bytes:
    """A message as it is sent."""
    return START + content + END + TRAILER


class Deframer:
    """Cuts a stream into frames. longest: bytes that a message may have."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._held = bytearray()
        self._inside = False
        self._looked = 0
        self._noise = 0

    @property
    def inside(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._inside

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that these bytes complete, in order. After a fatal one nothing more is read."""
        self._held += data
        frames: list[Frame] = []
        while (frame := self._inner() if self._inside else self._outer()) is not None:
            if frame.content or frame.flaw:
                frames.append(frame)
            if frame.fatal:
                break
        return frames

    def _outer(self) -> Frame | None:
        """Pass over what lies between two frames. None: more bytes are needed."""
        start = self._held.find(START)
        skipped = len(self._held) if start < 0 else start
        self._noise += len(self._held[:skipped].strip(b"\r\n"))
        if self._noise > _MOST_NOISE:
            return Frame(b"", Flaw.NOISE)
        del self._held[: skipped + 1]
        if start < 0:
            return None
        self._inside, self._looked, self._noise = True, 0, 0
        return Frame(b"")

    def _inner(self) -> Frame | None:
        """The frame that ends in what is held. None: more bytes are needed."""
        end, restart = self._held.find(END, self._looked), self._held.find(START, self._looked)
        if restart >= 0 and (end < 0 or restart < end):
            frame = Frame(bytes(self._held[: min(restart, _SHOWN)]), Flaw.NO_END)
            del self._held[: restart + 1]
            self._looked = 0
            return frame
        if (end if end >= 0 else len(self._held)) > self._longest:
            return Frame(bytes(self._held[:_SHOWN]), Flaw.TOO_LONG)
        if end < 0:
            self._looked = len(self._held)
            return None
        frame = Frame(bytes(self._held[:end]))
        del self._held[: end + 1]
        self._inside = False
        return frame
