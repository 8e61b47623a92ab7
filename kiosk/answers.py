"""What the backend tells a device, read from its JSON; and what a device tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from kiosk import VERSION
from kiosk.errors import AnswerMalformed

OK = 200


class Paper(StrEnum):
    """How much paper the printer has."""

    NONE = "no-printer"
    FULL = "full"
    LOW = "low"
    EMPTY = "empty"


class Condition(StrEnum):
    """How the machine finds itself."""

    READY = "ready"
    IN_USE = "in-use"
    CLOSED = "closed"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Report:
    """How the machine is; nothing about anybody."""

    paper: Paper = Paper.NONE
    condition: Condition = Condition.READY
    version: str = VERSION

    def body(self, clock_offset: timedelta) -> dict[str, Any]:
        """As it is sent."""
        return {
            "version": self.version,
            "paper": str(self.paper),
            "condition": str(self.condition),
            "clockOffset": round(clock_offset.total_seconds()),
        }


@dataclass(frozen=True, slots=True)
class Paired:
    """The device that the machine is now."""

    device: str
    kind: str
    hospital: int
    name: str
    place: str

    @classmethod
    def read(cls, answer: Any) -> Self:
        """Raises AnswerMalformed."""
        return cls(
            device=_text(answer, "device"),
            kind=_text(answer, "kind"),
            hospital=_number(answer, "hospital"),
            name=_text(answer, "name"),
            place=_text(answer, "place"),
        )


@dataclass(frozen=True, slots=True)
class Myself:
    """The device as the backend has it. `key`: thumbprint of its key."""

    device: str
    kind: str
    name: str
    place: str
    key: str
    hospital: int
    hospital_name: str
    heartbeat: timedelta
    key_lasts: timedelta
    least_version: str

    @classmethod
    def read(cls, answer: Any) -> Self:
        """Raises AnswerMalformed."""
        hospital, settings = _part(answer, "hospital"), _part(answer, "settings")
        return cls(
            device=_text(answer, "device"),
            kind=_text(answer, "kind"),
            name=_text(answer, "name"),
            place=_text(answer, "place"),
            key=_text(answer, "key"),
            hospital=_number(hospital, "index"),
            hospital_name=_text(hospital, "name"),
            heartbeat=timedelta(seconds=_number(settings, "heartbeatSeconds")),
            key_lasts=timedelta(days=_number(settings, "keyDays")),
            least_version=_text(settings, "leastVersion"),
        )


@dataclass(frozen=True, slots=True)
class Beat:
    """What to do, by stable code and in words for people; and when to come again."""

    todo: tuple[tuple[str, str], ...]
    next_in: timedelta

    @classmethod
    def read(cls, answer: Any) -> Self:
        """Raises AnswerMalformed."""
        items = answer.get("todo") if isinstance(answer, Mapping) else None
        if not isinstance(items, list):
            raise AnswerMalformed(OK)
        found = tuple((_text(item, "do"), _text(item, "say")) for item in items)
        return cls(found, timedelta(seconds=_number(answer, "nextInSeconds")))


def _value(answer: Any, name: str) -> Any:
    if not isinstance(answer, Mapping) or name not in answer:
        raise AnswerMalformed(OK)
    return answer[name]


def _part(answer: Any, name: str) -> Mapping[str, Any]:
    found = _value(answer, name)
    if not isinstance(found, Mapping):
        raise AnswerMalformed(OK)
    return found


def _text(answer: Any, name: str) -> str:
    found = _value(answer, name)
    if not isinstance(found, str):
        raise AnswerMalformed(OK)
    return found


def _number(answer: Any, name: str) -> int:
    found = _value(answer, name)
    if isinstance(found, bool) or not isinstance(found, int):
        raise AnswerMalformed(OK)
    return found
