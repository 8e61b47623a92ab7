"""How a field's value is written in FHIR, both ways. `None` means "not here" in either direction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from records.fhir.errors import FhirInvalid


@dataclass(frozen=True, slots=True)
class Codec:
    """to: record value to FHIR value; back: the reverse, raising `FhirInvalid` for what it cannot be."""

    to: Callable[[Any], Any]
    back: Callable[[Any], Any]


SAME = Codec(lambda value: value, lambda value: value)
"""Text, dates, booleans and whole numbers look alike in both."""


def _from_money(value: Any) -> int:
    amount = value.get("value") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or value.get("currency") != "KRW":
        raise FhirInvalid("Money", "must be an amount in KRW")
    if isinstance(amount, bool) or not isinstance(amount, int | float | Decimal) or amount != int(amount):
        raise FhirInvalid("Money.value", "must be whole won")
    return int(amount)


MONEY = Codec(lambda won: {"value": won, "currency": "KRW"}, _from_money)


def _to_number(text: str) -> int | float:
    # at most nine significant digits (n5.4), so a double and its shortest text keep the value exactly
    return float(text) if "." in text else int(text)


def _from_number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise FhirInvalid("decimal", "must be a number")
    text = format(Decimal(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


DECIMAL = Codec(_to_number, _from_number)
"""A dose or count, decimal text in the record."""


def table(names: Mapping[str, str]) -> Codec:
    """A code list translated word by word; values that are not in it have no place here."""
    reverse = {theirs: ours for ours, theirs in names.items()}
    return Codec(names.get, lambda value: reverse.get(value) if isinstance(value, str) else None)


def _from_period(value: Any) -> dict[str, Any] | None:
    # a period without end is only the date of the visit written where FHIR readers look for it
    return dict(value) if isinstance(value, Mapping) and "end" in value else None


PERIOD = Codec(dict, _from_period)
