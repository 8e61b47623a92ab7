"""What the backend's domains may ask the hospital system, through the relay."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from backend.relay.client import Errand, Known, RelayClient
from backend.relay.connect import relay_client
from backend.relay.errors import (
    IdentityDiffers,
    NotOffered,
    PatientUnknown,
    RelayConfigInvalid,
    RelayError,
    RelayRefused,
    RelayUnavailable,
    RequestReused,
    SeveralNumbers,
    TooMuchAsked,
)

__all__ = [
    "Errand",
    "IdentityDiffers",
    "Known",
    "Match",
    "NotOffered",
    "PatientUnknown",
    "Registered",
    "RelayClient",
    "RelayConfigInvalid",
    "RelayError",
    "RelayRefused",
    "RelayUnavailable",
    "RequestReused",
    "SeveralNumbers",
    "TooMuchAsked",
    "at_first_visit",
    "at_the_visit",
    "differences",
    "goes_on_as",
    "match_at_first_visit",
    "numbers_of",
    "register_at_first_visit",
    "relay_client",
]

FIRST_VISIT: Final = "first-visit"
DOUBLE_REGISTRATION: Final = "double-registration"
VISIT_CHECK: Final = "visit-check"
BOOKING: Final = "booking"
ARRIVAL: Final = "arrival"
RECORDS: Final = "records"
PAYMENT: Final = "payment"


@dataclass(frozen=True, slots=True)
class Match:
    """The hospital's record is the person's. numbers: further ones that it has for them (이중등록)."""

    numbers: tuple[str, ...] = field(default=(), repr=False)

    @property
    def others(self) -> int:
        """How many."""
        return len(self.numbers)


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
    return Match(tuple(sorted({*numbers} - {number})))


def numbers_of(relay: RelayClient, number: str, actor: str) -> tuple[Known, list[str]]:
    """Whose a registration number is, and every number that the hospital has of them.

    Raises:
        PatientUnknown: there is no such number.
        RelayUnavailable, RelayRefused: it could not be asked.
    """
    found = relay.patient(number, Errand(FIRST_VISIT, actor))
    return found, sorted({*relay.registrations(found, Errand(DOUBLE_REGISTRATION, actor)), number})


def goes_on_as(relay: RelayClient, number: str, actor: str) -> str | None:
    """Under which number the hospital goes on with a number's patient; None: it has not merged it.

    Raises:
        NotOffered: this hospital system does not say.
        RelayUnavailable, RelayRefused: it could not be asked.
    """
    return relay.merged_into(number, Errand(DOUBLE_REGISTRATION, actor))


@dataclass(frozen=True, slots=True)
class Registered:
    """A person's registration number. issued: a new one, just now."""

    number: str = field(repr=False)
    issued: bool


def register_at_first_visit(relay: RelayClient, who: Known, request: UUID, actor: str) -> Registered:
    """The number that the hospital has of a person, or else a new one that it issues.

    Args:
        who: from the identity check, never typed by the person.
        request: made once for this registration and kept; after a lost answer the same again.

    Raises:
        SeveralNumbers: the hospital has more than one; the desk must merge them first.
        NotOffered: this hospital registers at its desk alone.
        RequestReused, RelayUnavailable, RelayRefused.
    """
    errand = Errand(FIRST_VISIT, actor)
    known = relay.registrations(who, errand)
    if len(known) > 1:
        raise SeveralNumbers(len(known))
    if known:
        return Registered(known[0], issued=False)
    return Registered(relay.register(who, request, errand), issued=True)


def at_first_visit(relay: RelayClient, number: str, actor: str) -> Known:
    """Whose registration number it is, before anybody is bound to it. Raises as `at_the_visit`."""
    return relay.patient(number, Errand(FIRST_VISIT, actor))


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
