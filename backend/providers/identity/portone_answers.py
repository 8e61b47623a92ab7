"""Reads PortOne's answers strictly. Says what is wrong by the field's name, never by its value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar

from backend.providers.identity.linking import is_ci
from backend.providers.identity.port import (
    Failed,
    FailureReason,
    Gender,
    Operator,
    Pending,
    Result,
    Verified,
)

T = TypeVar("T", Gender, Operator)

_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
_PHONE: Final = re.compile(r"[0-9]{9,15}")
_CODE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,40}")
_LONGEST_NAME: Final = 100


class AnswerUnusable(Exception):
    """An answer that is not what is published; the message names the field."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer must agree with to be ours."""

    verification_id: str
    channel_key: str
    live_only: bool


def is_id(text: str) -> bool:
    """Whether this can be one of our verification ids; goes into a path."""
    return _ID.fullmatch(text) is not None


def read(answer: Any, expected: Expected) -> Result:
    """The verification. Raises AnswerUnusable."""
    if not isinstance(answer, Mapping) or answer.get("id") != expected.verification_id:
        raise AnswerUnusable("id")
    status = answer.get("status")
    if status == "READY":
        return Pending(expected.verification_id)
    if status == "FAILED":
        failure = answer.get("failure")
        code = failure.get("pgCode") if isinstance(failure, Mapping) else None
        known = isinstance(code, str) and _CODE.fullmatch(code) is not None
        return Failed(expected.verification_id, FailureReason.DECLINED, code if known else None)
    if status != "VERIFIED":
        raise AnswerUnusable("status")
    return _verified(answer, expected)


def moment(text: Any) -> datetime:
    """RFC 3339. Raises ValueError where it is none or has no offset."""
    if not isinstance(text, str):
        raise ValueError("not a text")
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("no offset")
    return found


def _verified(answer: Mapping[str, Any], expected: Expected) -> Verified | Failed:
    if not _through_our_channel(answer, expected):
        return Failed(expected.verification_id, FailureReason.NOT_OURS)
    person = answer.get("verifiedCustomer")
    if not isinstance(person, Mapping):
        raise AnswerUnusable("verifiedCustomer")
    ci = person.get("ci")
    if ci is None:
        return Failed(expected.verification_id, FailureReason.NO_CI)
    if not isinstance(ci, str) or not is_ci(ci):
        raise AnswerUnusable("verifiedCustomer.ci")
    return Verified(
        verification_id=expected.verification_id,
        verified_at=_moment(answer, "verifiedAt"),
        ci=ci,
        name=_name(person),
        birth_date=_birth(person),
        gender=_choice(person, "gender", Gender),
        is_foreigner=_flag(person, "isForeigner"),
        phone=_phone(person),
        operator=_choice(person, "operator", Operator),
    )


def _through_our_channel(answer: Mapping[str, Any], expected: Expected) -> bool:
    """The channel is optional in what is published; where live ones are demanded it must be there and be live."""
    channel = answer.get("channel")
    if not isinstance(channel, Mapping):
        return not expected.live_only
    if expected.live_only and channel.get("type") != "LIVE":
        return False
    key = channel.get("key")
    return key is None or key == expected.channel_key


def _moment(answer: Mapping[str, Any], name: str) -> datetime:
    try:
        return moment(answer.get(name))
    except ValueError:
        raise AnswerUnusable(name) from None


def _name(person: Mapping[str, Any]) -> str:
    name = person.get("name")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= _LONGEST_NAME:
        raise AnswerUnusable("verifiedCustomer.name")
    return name.strip()


def _birth(person: Mapping[str, Any]) -> date:
    text = person.get("birthDate")
    try:
        return date.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise AnswerUnusable("verifiedCustomer.birthDate") from None


def _phone(person: Mapping[str, Any]) -> str | None:
    phone = person.get("phoneNumber")
    if phone is None:
        return None
    if not isinstance(phone, str) or _PHONE.fullmatch(phone) is None:
        raise AnswerUnusable("verifiedCustomer.phoneNumber")
    return phone


def _flag(person: Mapping[str, Any], name: str) -> bool | None:
    flag = person.get(name)
    if flag is not None and not isinstance(flag, bool):
        raise AnswerUnusable(f"verifiedCustomer.{name}")
    return flag


def _choice(person: Mapping[str, Any], name: str, kinds: type[T]) -> T | None:
    value = person.get(name)
    if value is None:
        return None
    try:
        return kinds(value)
    except ValueError:
        raise AnswerUnusable(f"verifiedCustomer.{name}") from None
