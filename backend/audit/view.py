"""Lines of the log as sentences: what the patient reads about who used their record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from backend.audit.models import AuditEvent
from backend.audit.terms import (
    ACTORS,
    OBJECTS,
    ROLES,
    SOME_ACTION,
    TELLINGS,
    YOURSELF,
    Action,
    ActorKind,
    Both,
    ObjectKind,
    Outcome,
)

KOREA = ZoneInfo("Asia/Seoul")
_FIRST_SYLLABLE, _LAST_SYLLABLE, _FINALS = ord("가"), ord("힣"), 28
_OTHER_PARTICLE = {"을": "를", "이": "가"}

Naming = Callable[[ActorKind, str], Both | None]
"""What an actor is called, by kind and identifier ("내과 의사", "a doctor of internal medicine"); None: not known."""

_Code = TypeVar("_Code", bound=StrEnum)


class _Noun(str):
    """A Korean noun that takes a particle when it is put into a sentence: `f"{noun:을}"`."""

    def __format__(self, particle: str) -> str:
        return f"{self}{_particle(self, particle)}" if particle else str(self)


def _particle(word: str, after_consonant: str) -> str:
    """을 or 를, 이 or 가; both where the ending is not Korean and its sound is not known."""
    other = _OTHER_PARTICLE[after_consonant]
    last = ord(word[-1]) if word else 0
    if not _FIRST_SYLLABLE <= last <= _LAST_SYLLABLE:
        return f"{after_consonant}({other})"
    return after_consonant if (last - _FIRST_SYLLABLE) % _FINALS else other


@dataclass(frozen=True, slots=True)
class Row:
    """One line for its patient.

    Attributes:
        number: 1, 2, 3 … among the patient's lines; one that is missing would be seen.
        sentence: who did what when.
        yours: it was the reader.
        reason: what a clinician gave as the reason for emergency access.
    """

    number: int
    at: datetime
    sentence: Both
    yours: bool
    refused: bool
    reason: str | None


def row(event: AuditEvent, *, reader: str, naming: Naming | None = None) -> Row:
    """A line as its patient reads it.

    Args:
        reader: identifier of the person who reads.
        naming: knows actors better than by their kind.
    """
    yours = event.actor_kind == ActorKind.PERSON and event.actor_id == reader
    return Row(
        number=event.patient_number or 0,
        at=event.at,
        sentence=_sentence(event, YOURSELF if yours else _actor(event, naming)),
        yours=yours,
        refused=event.outcome == Outcome.REFUSED,
        reason=event.reason if event.action == Action.BREAK_GLASS else None,
    )


def _actor(event: AuditEvent, naming: Naming | None) -> Both:
    kind = _code(ActorKind, event.actor_kind) or ActorKind.NOBODY
    known = naming(kind, event.actor_id) if naming is not None else None
    role = ROLES.get((event.reason or "").split(".")[0]) if kind is ActorKind.PERSON else None
    return known or role or ACTORS[kind]


def _sentence(event: AuditEvent, who: Both) -> Both:
    action = _code(Action, event.action)
    telling = TELLINGS[action] if action is not None else SOME_ACTION
    what = OBJECTS[_code(ObjectKind, event.object_kind) or ObjectKind.RECORD]
    told = telling.refused if event.outcome == Outcome.REFUSED else telling.done
    when = moment(event.at)
    return Both(
        f"{when.ko} {_Noun(who.ko):이} {told.ko.format(what=_Noun(what.ko))}",
        f"{when.en}: {who.en} {told.en.format(what=what.en)}",
    )


def moment(at: datetime) -> Both:
    """Day and time in Korea, to the minute."""
    local = at.astimezone(KOREA)
    return Both(
        f"{local.year}년 {local.month}월 {local.day}일 {local:%H:%M}",
        format_datetime(local, "d MMMM y, HH:mm", locale="en"),
    )


def _code(codes: type[_Code], value: str) -> _Code | None:
    return codes(value) if value in codes.__members__.values() else None
