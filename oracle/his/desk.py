"""What the registration desk of a hospital system knows of people, for those adapters that can be asked.

Apart from `HisAdapter`, which reads what happened: a desk is asked about one person at a time and keeps nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class DeskPatient:
    """A patient as the hospital has them registered. Nothing of it shows in a repr.

    birth_date: YYYY-MM-DD or None; sex: "male", "female", "other", "unknown" or None.
    """

    number: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: str | None = field(repr=False)
    sex: str | None = field(repr=False)


class HospitalDesk(Protocol):
    """Looks people up. Raises `HisUnavailable`, `HisMalformed`; `BadRow` where the person's own row is unreadable."""

    def patient(self, number: str) -> DeskPatient | None:
        """The patient of a registration number."""

    def born(self, day: date) -> Sequence[DeskPatient]:
        """Every registered patient of a birth date that can be read. Raises TooManyPatients."""

    def check(self) -> None:
        """Raise a `HisError` when it could not answer now."""

    def close(self) -> None:
        """Close the connections."""


class TooManyPatients(Exception):
    """More patients have this birth date than a search goes through, as with 1900-01-01 for "not known". `most`."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} patients have this birth date")
        self.most = most


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name: letters and digits alone count, in one Unicode form and case."""
    return folded(one) == folded(other) != ""


def folded(name: str) -> str:
    """A name for comparing: NFKC, no case, letters and digits only."""
    return "".join(each for each in unicodedata.normalize("NFKC", name).casefold() if each.isalnum())
