"""Answers to messages: ACK with MSA and, where something is wrong, ERR (HL7 v2.5.1 chapter 2, 2.9.2 and 2.15)."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import IntEnum
from typing import Final

from oracle.his.hl7v2.message import Malformed, Message

APPLICATION: Final = "SAEGIM"
"""MSH-3 of every answer."""
_PLAIN: Final = "|^~\\&"


class Code(IntEnum):
    """Table 0357: what is wrong with a message."""

    SEGMENT_SEQUENCE = 100
    REQUIRED_FIELD = 101
    DATA_TYPE = 102
    TABLE_VALUE = 103
    UNSUPPORTED_TYPE = 200
    UNSUPPORTED_EVENT = 201
    UNSUPPORTED_PROCESSING = 202
    UNSUPPORTED_VERSION = 203
    INTERNAL_ERROR = 207

    @property
    def answer(self) -> str:
        """MSA-1. AR: not for us, or not now; AE: the message itself is wrong (2.9.2.1, 2.9.2.2)."""
        return "AR" if self >= Code.UNSUPPORTED_TYPE else "AE"


class Refusal(Exception):
    """Why a message is not stored. what: in words without values; field: of MSH, if one is at fault."""

    def __init__(self, code: Code, what: str, field: int | None = None) -> None:
        self.code = code
        self.what = what
        self.field = field
        super().__init__(f"{code.value} {what}")


def acknowledgement(message: Message | None, refusal: Refusal | None, now: datetime) -> bytes:
    """The answer to a message: that it is stored, or why not. message: None if not even its header can be read.

    A sender that asks for accept acknowledgements (MSH-15, enhanced mode) gets commit codes (CA, CE, CR).
    """
    code = refusal.code.answer if refusal else "AA"
    if _echo(message, 15):
        code = f"C{code[1]}"
    event = _echo(message, 9, 2)
    kind = f"ACK^{event}^ACK" if event else "ACK"
    stamp = f"{now:%Y%m%d%H%M%S}.{now.microsecond // 1000:03d}{now:%z}"
    fields = [
        "MSH",
        _PLAIN[1:],
        APPLICATION,
        *(_echo(message, field) for field in (6, 3, 4)),
        stamp,
        "",
        kind,
    ]
    fields += [uuid.uuid4().hex[:20], _echo(message, 11) or "P", _echo(message, 12) or "2.5.1"]
    lines = ["|".join(fields), f"MSA|{code}|{_echo(message, 10)}"]
    if refusal:
        place = f"MSH^1^{refusal.field}" if refusal.field else ""
        lines.append(f"ERR||{place}|{refusal.code.value}^{_escaped(refusal.what)}^HL70357|E")
    return ("\r".join(lines) + "\r").encode("ascii")


def _echo(message: Message | None, field: int, component: int = 1) -> str:
    """A value of the sender's header, as far as it can stand in our answer."""
    try:
        value = message.header(field, component) if message else None
    except Malformed:
        return ""
    return _escaped((value or "")[:199])


def _escaped(value: str) -> str:
    kept = "".join(char for char in value if char.isascii() and char.isprintable())
    for mark, code in (("\\", "E"), ("|", "F"), ("^", "S"), ("~", "R"), ("&", "T")):
        kept = kept.replace(mark, f"\\{code}\\")
    return kept
