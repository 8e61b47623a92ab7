"""What the backend's domains may ask the hospital system, through the relay."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from backend.relay.client import Errand, Known, RelayClient, relay_client
from backend.relay.errors import (
    IdentityDiffers,
    PatientUnknown,
    RelayConfigInvalid,
    RelayError,
    RelayRefused,
    RelayUnavailable,
)

__all__ = [
    "IdentityDiffers",
    "Known",
    "Match",
    "PatientUnknown",
    "RelayClient",
    "RelayConfigInvalid",
    "RelayError",
    "RelayRefused",
    "RelayUnavailable",
    "at_the_visit",
    "match_at_first_visit",
    "relay_client",
]

FIRST_VISIT: Final = "first-visit"
VISIT_CHECK: Final = "visit-check"


@dataclass(frozen=True, slots=True)
class Match:
    """The hospital's record is the person's. others: how many further numbers it has for them (이중등록)."""

    others: int


def match_at_first_visit(relay: RelayClient, who: Known, number: str, actor: str) -> Match:
    """Compare a person's checked identity with the hospital's record of a registration number.

    Args:
        who: from the identity check, never typed by the person.
        actor: who wants to know: UUID or public identifier.

    Raises:
        IdentityDiffers: in which fields; the account must not be bound.
        PatientUnknown: there is no such number.
        RelayUnavailable, RelayRefused: it could not be compared.
    """
    errand = Errand(FIRST_VISIT, actor)
    found = relay.patient(number, errand)
    if differing := differences(who, found):
        raise IdentityDiffers(differing)
    numbers = relay.registrations(who, errand)
    return Match(len({*numbers} - {number}))


def at_the_visit(relay: RelayClient, number: str, actor: str) -> Known:
    """Whose registration number it is, for the check of identity and eligibility at the visit.

    Raises:
        PatientUnknown: there is no such number.
        RelayUnavailable, RelayRefused: it could not be asked.
    """
    return relay.patient(number, Errand(VISIT_CHECK, actor))


def differences(one: Known, other: Known) -> list[str]:
    """Names of the fields in which two records of a person differ; a field that is missing differs."""
    same = {
        "name": folded(one.name) == folded(other.name) != "",
        "birth_date": one.birth_date is not None and one.birth_date == other.birth_date,
        "sex": one.sex == other.sex,
    }
    return [name for name, equal in same.items() if not equal]


def folded(name: str) -> str:
    """A name for comparing: NFKC, no case, letters and digits only."""
    return "".join(each for each in unicodedata.normalize("NFKC", name).casefold() if each.isalnum())
