"""Names and numbers as they stand in passports and on Korean cards of foreigners. Pure; nothing is kept here.

Sources: ICAO Doc 9303 part 3 (8th edition), 4.1 and 4.3: Latin capitals, hyphen, apostrophe and space in names, nine
letters and digits in a document number; Immigration Act (출입국관리법) art. 31 and its rules: a registration number
(외국인등록번호) of thirteen digits, born (6), sex and century (5 to 8), five more, a check digit.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from typing import Final

from babel import Locale

LONGEST_NAME: Final = 39
"""Characters of surname and given names in a passport's first line."""
_NAME: Final = re.compile(r"[A-Z](?:[A-Z' -]*[A-Z'])?")
_PASSPORT: Final = re.compile(r"[A-Z0-9]{5,9}")
_CARD: Final = re.compile(r"[0-9]{6}[5-8][0-9]{6}")
_WEIGHTS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_FOREIGN_SHIFT: Final = 2
_NO_COUNTRY: Final = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
)
"""Codes of the territories' list that ISO 3166-1 does not give to a country."""


def name(typed: str) -> str | None:
    """A name as a passport's machine readable line has it, in capitals; None for what cannot stand there."""
    found = " ".join(unicodedata.normalize("NFC", typed).replace("’", "'").upper().split())
    return found if len(found) <= LONGEST_NAME and _NAME.fullmatch(found) else None


def passport(typed: str) -> str | None:
    """A passport's number; None for what is none."""
    found = "".join(typed.upper().split()).replace("-", "")
    return found if _PASSPORT.fullmatch(found) and any(each.isdigit() for each in found) else None


def card(typed: str, born: date) -> str | None:
    """A registration number of somebody born that day, thirteen digits; None for what is none or another's."""
    found = "".join(typed.split()).replace("-", "")
    if not found.isascii() or _CARD.fullmatch(found) is None:
        return None
    century = 1900 if found[6] in "56" else 2000
    return found if found[:6] == f"{born:%y%m%d}" and century <= born.year < century + 100 else None


def card_is_of(found: str, gender: str) -> bool:
    """Whether a number's seventh digit says this sex: 5 and 7 male, 6 and 8 female."""
    return gender == ("male" if found[6] in "57" else "female")


def check_digit_holds(found: str) -> bool:
    """Whether the thirteenth digit is the one that the other twelve give.

    Numbers issued before October 2020 have it. Residents' numbers issued since then do not (주민등록법 시행규칙
    제2조), and whether foreigners' do was not seen in a source: who insists is believed, the desk has the card.
    """
    total = sum(int(digit) * weight for digit, weight in zip(found, _WEIGHTS, strict=False))
    return (11 - total % 11 + _FOREIGN_SHIFT) % 10 == int(found[12])


def masked(number: str) -> str:
    """What is shown of a number: of thirteen digits the first seven, of a passport's the first and the last two."""
    if len(number) == 13:
        return f"{number[:6]}-{number[6]}●●●●●●"
    return f"{number[0]}{'●' * (len(number) - 3)}{number[-2:]}"


@lru_cache
def countries(language: str) -> tuple[tuple[str, str], ...]:
    """ISO 3166-1 alpha-2 codes and what the countries are called, in the order of the names."""
    names = Locale(language).territories
    found = [
        (code, called)
        for code, called in names.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY and code != "KR"
    ]
    return tuple(sorted(found, key=lambda each: each[1]))
