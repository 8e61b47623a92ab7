"""Scalar types of records: text, amounts, dates and quantities, each strict about what a form may hold.

Text is refused rather than cleaned: what is signed is what the hospital system said. Hostile characters
(controls, NUL, bidirectional overrides, invisible formatting, lone surrogates) can make a printed document
read differently from the signed one, so no text field takes them.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

MAX_WON = 1_000_000_000_000
"""No single amount reaches a million million won; a larger one is a broken row."""

# No control, format, surrogate, line or paragraph separator characters, none but a plain space for white
# space, and no space at either end.
_TEXT = r"^[^\p{C}\p{Z}]([^\p{C}\p{Zl}\p{Zp}]*[^\p{C}\p{Z}])?$"
_DATE = re.compile(r"^[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?$", re.ASCII)
_ODD_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f]")


def _plain_text(value: str) -> str:
    if not value.isascii():
        if not unicodedata.is_normalized("NFC", value):
            raise PydanticCustomError("text_not_nfc", "text must be in Unicode normalisation form C")
        if _ODD_SPACES.search(value):
            raise PydanticCustomError("text_odd_space", "text must use plain spaces")
    return value


def _real_date(value: str) -> str:
    if not _DATE.match(value):
        raise PydanticCustomError("date_format", "a date is YYYY, YYYY-MM or YYYY-MM-DD")
    try:
        date.fromisoformat(value + "-01-01"[: 10 - len(value)] if len(value) < 10 else value)
    except ValueError:
        raise PydanticCustomError("date_unreal", "this date does not exist") from None
    return value


def _real_moment(value: str) -> str:
    if "T" not in value:
        return _real_date(value)
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", value, re.ASCII):
        raise PydanticCustomError("date_format", "a time is YYYY-MM-DDThh:mm:ss with Z or ±hh:mm")
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("date_unreal", "this time does not exist") from None
    return value


def _quantity(value: object) -> object:
    """Write 1, Decimal("0.50") and "0.50" as "1", "0.5" and "0.5"; leave anything else to the checks that
    follow."""
    if isinstance(value, bool | float):
        raise PydanticCustomError(
            "quantity_type", "a quantity is a whole number or decimal text, never a float"
        )
    if isinstance(value, int | Decimal):
        value = format(value, "f")
    if isinstance(value, str) and "." in value:
        return value.rstrip("0").rstrip(".")
    return value


Name = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=100, pattern=_TEXT),
    AfterValidator(_plain_text),
]
"""A name of a person, institution, drug or act: one line, at most 100 characters."""

Text = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=300, pattern=_TEXT),
    AfterValidator(_plain_text),
]
"""One line of free text, at most 300 characters."""

Code = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9A-Za-z][0-9A-Za-z._/-]{0,39}$")]
"""An identifier or code of the hospital or a national list, kept as text with its leading zeros."""

DateText = Annotated[str, Field(strict=True), AfterValidator(_real_date)]
"""A calendar date in the precision it came with: ``2024``, ``2024-03`` or ``2024-03-05``, kept as that
text."""

MomentText = Annotated[str, Field(strict=True), AfterValidator(_real_moment)]
"""A date as `DateText`, or a point in time with its zone (the forms of FHIR's dateTime), kept as that
text."""

Won = Annotated[int, Field(strict=True, ge=0, le=MAX_WON)]
"""An amount in whole won, never negative."""

SignedWon = Annotated[int, Field(strict=True, ge=-MAX_WON, le=MAX_WON)]
"""An amount in whole won that is below zero when money goes back to the patient."""

Adjustment = Annotated[int, Field(strict=True, ge=-1000, le=1000)]
"""A rounding adjustment in won (끝처리 조정금액): small, and of either sign."""

Count = Annotated[int, Field(strict=True, ge=1, le=9999)]
"""A number of days or times."""

Quantity = Annotated[
    str,
    BeforeValidator(_quantity),
    StringConstraints(strict=True, pattern=r"^(0|[1-9][0-9]{0,4})(\.[0-9]{0,3}[1-9])?$"),
]
"""A dose or count with up to four decimals (n5.4 of the EDI claim record), as the shortest decimal text."""
