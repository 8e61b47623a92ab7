"""Reads the gateway's answers strictly. Says what is wrong by the field's name, never by its value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from backend.providers.eligibility.port import (
    Cancelled,
    Confirmed,
    CopayReduction,
    Cover,
    Eligibility,
    Eligible,
    Lost,
    NotConfirmed,
    NotFound,
    Outcome,
    Suspended,
    Uncertain,
)

_CODE: Final = re.compile(r"[a-z0-9-]{1,40}")
_REDUCTION: Final = re.compile(r"[A-Z][0-9]{3}")
_INSTITUTION: Final = re.compile(r"[0-9]{8}")
_NUMBER: Final = re.compile(r"[0-9A-Za-z-]{1,30}")
_REFERENCE: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_MOST_WON: Final = 10**9
_MOST_REDUCTIONS: Final = 20


class AnswerUnusable(Exception):
    """An answer that is not what docs/eligibility-gateway.md says; the message names the field."""


def outcome(answer: Mapping[str, Any], day: date) -> Outcome:
    """The answer to a look-up for `day`. Raises AnswerUnusable."""
    match answer.get("outcome"):
        case "eligible":
            return Eligible(_eligibility(answer, day), _reference(answer))
        case "not-found":
            return NotFound(_reference(answer))
        case "lost":
            return Lost(_date(answer, "since"), _reference(answer))
        case "suspended":
            return Suspended(_date(answer, "since"), _text(answer, "reason", _CODE), _reference(answer))
        case "uncertain":
            return Uncertain(_text(answer, "reason", _CODE))
        case _:
            raise AnswerUnusable("outcome")


def visit(answer: Mapping[str, Any], visit_id: str) -> Confirmed | NotConfirmed | Cancelled | Uncertain:
    """The state of a visit. Raises AnswerUnusable."""
    if answer.get("visitId") != visit_id:
        raise AnswerUnusable("visitId")
    match answer.get("state"):
        case "confirmed":
            number = _text(answer, "confirmationNumber", _NUMBER)
            return Confirmed(visit_id, number, _won(answer, "deductedWon"), _balance(answer))
        case "refused":
            return NotConfirmed(visit_id, _text(answer, "reason", _CODE))
        case "cancelled":
            return Cancelled(visit_id, _won(answer, "restoredWon"), _balance(answer))
        case "pending":
            return Uncertain("pending")
        case _:
            raise AnswerUnusable("state")


def _eligibility(answer: Mapping[str, Any], day: date) -> Eligibility:
    valid_from, valid_until = _date(answer, "validFrom"), _date_or_none(answer, "validUntil")
    if valid_from > day or (valid_until is not None and valid_until < day):
        raise AnswerUnusable("validFrom, validUntil: eligible on a day outside of them")
    chosen = answer.get("chosenInstitution")
    required = answer.get("referralRequired")
    if not isinstance(required, bool):
        raise AnswerUnusable("referralRequired")
    return Eligibility(
        kind=_kind(answer),
        looked_up_for=day,
        valid_from=valid_from,
        valid_until=valid_until,
        reductions=_reductions(answer),
        chosen_institution=None if chosen is None else _text(answer, "chosenInstitution", _INSTITUTION),
        health_balance=_balance(answer),
        referral_required=required,
    )


def _kind(answer: Mapping[str, Any]) -> Cover:
    try:
        return Cover(str(answer.get("kind")))
    except ValueError:
        raise AnswerUnusable("kind") from None


def _reductions(answer: Mapping[str, Any]) -> tuple[CopayReduction, ...]:
    given = answer.get("reductions", [])
    if not isinstance(given, list) or len(given) > _MOST_REDUCTIONS:
        raise AnswerUnusable("reductions")
    return tuple(_reduction(one) for one in given)


def _reduction(one: Any) -> CopayReduction:
    if not isinstance(one, Mapping):
        raise AnswerUnusable("reductions")
    code = _text(one, "code", _REDUCTION)
    return CopayReduction(code, _date(one, "validFrom"), _date_or_none(one, "validUntil"))


def _reference(answer: Mapping[str, Any]) -> str | None:
    return None if answer.get("reference") is None else _text(answer, "reference", _REFERENCE)


def _balance(answer: Mapping[str, Any]) -> int | None:
    return None if answer.get("balanceWon") is None else _won(answer, "balanceWon")


def _won(answer: Mapping[str, Any], name: str) -> int:
    value = answer.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_WON:
        raise AnswerUnusable(name)
    return value


def _text(answer: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or form.fullmatch(value) is None:
        raise AnswerUnusable(name)
    return value


def _date(answer: Mapping[str, Any], name: str) -> date:
    value = answer.get(name)
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise AnswerUnusable(name) from None


def _date_or_none(answer: Mapping[str, Any], name: str) -> date | None:
    return None if answer.get(name) is None else _date(answer, name)
