"""What is sealed of a patient, an answer, a letter and a confirmation: typed here, JSON at rest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from backend.eligibility.models import EligibilityPatient, Letter, LookUp, VisitConfirmation
from backend.providers.eligibility import (
    CopayReduction,
    Cover,
    Eligibility,
    Eligible,
    Lost,
    NotFound,
    Outcome,
    Registration,
    Suspended,
    Uncertain,
)
from backend.vault import Sealed, Vault


@dataclass(frozen=True, slots=True)
class Insured:
    """Who a patient is to the insurer. birth: YYYY-MM-DD. Both numbers: digits, or None where not known."""

    name: str = field(repr=False)
    birth: str = field(repr=False)
    resident_number: str | None = field(default=None, repr=False)
    insurance_number: str | None = field(default=None, repr=False)

    @property
    def born(self) -> date:
        """As a date."""
        return date.fromisoformat(self.birth)

    @property
    def registration(self) -> Registration | None:
        """How to ask for them; None as long as no number is known. The insurer's own number goes first."""
        if self.insurance_number is not None:
            return Registration(self.name, insurance_number=self.insurance_number)
        if self.resident_number is not None:
            return Registration(self.name, resident_number=self.resident_number)
        return None


@dataclass(frozen=True, slots=True)
class LetterContent:
    """What a letter says. issuer: 요양기관기호; department: HIRA's two digits; number: the letter's own, or empty."""

    issuer: str
    department: str
    number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class VisitContent:
    """What was asked for a visit, and what came of it. Won; None: not known."""

    visit: str = field(repr=False)
    department: str
    copay: int
    deduct: int
    number: str | None = field(default=None, repr=False)
    deducted: int | None = None
    balance: int | None = None
    restored: int | None = None
    reason: str | None = None


def seal(vault: Vault, row_id: UUID, content: object) -> Sealed:
    """A dataclass of this module, or the JSON of an outcome, under the row's own key."""
    plain = content if isinstance(content, Mapping) else asdict(content)  # type: ignore[call-overload]
    return vault.seal_many({row_id: json.dumps(plain, ensure_ascii=False).encode()})[row_id]


def _opened(vault: Vault, row: EligibilityPatient | LookUp | Letter | VisitConfirmation) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(vault.open(row.id, Sealed(row.nonce, row.content)))
    return found


def insured(vault: Vault, row: EligibilityPatient) -> Insured:
    return Insured(**_opened(vault, row))


def letter_content(vault: Vault, row: Letter) -> LetterContent:
    return LetterContent(**_opened(vault, row))


def visit_content(vault: Vault, row: VisitConfirmation) -> VisitContent:
    return VisitContent(**_opened(vault, row))


def picture(vault: Vault, row: Letter) -> bytes | None:
    """The paper's picture, if there is one."""
    if row.picture is None or row.picture_nonce is None:
        return None
    return vault.open(row.id, Sealed(row.picture_nonce, row.picture))


def outcome(vault: Vault, row: LookUp) -> Outcome:
    """The insurer's answer."""
    return outcome_of(_opened(vault, row))


# --- an outcome as JSON


_NAMES: Final = {
    Eligible: "eligible",
    NotFound: "not-found",
    Lost: "lost",
    Suspended: "suspended",
    Uncertain: "uncertain",
}


def name_of(found: Outcome) -> str:
    """The outcome's word, for metrics and the API."""
    return _NAMES[type(found)]


def outcome_json(found: Outcome) -> dict[str, Any]:
    """An outcome as it is kept; days as YYYY-MM-DD."""
    kept: dict[str, Any] = {"outcome": name_of(found), **asdict(found)}
    return {name: _plain(value) for name, value in kept.items()}


def _plain(value: Any) -> Any:
    match value:
        case date():
            return value.isoformat()
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            return value


def outcome_of(kept: Mapping[str, Any]) -> Outcome:
    """The reverse of `outcome_json`."""
    reference = kept.get("reference")
    match kept["outcome"]:
        case "eligible":
            return Eligible(_eligibility(kept["eligibility"]), reference)
        case "not-found":
            return NotFound(reference)
        case "lost":
            return Lost(date.fromisoformat(kept["since"]), reference)
        case "suspended":
            return Suspended(date.fromisoformat(kept["since"]), kept["reason"], reference)
        case _:
            return Uncertain(kept["cause"])


def _eligibility(kept: Mapping[str, Any]) -> Eligibility:
    return Eligibility(
        kind=Cover(kept["kind"]),
        looked_up_for=date.fromisoformat(kept["looked_up_for"]),
        valid_from=date.fromisoformat(kept["valid_from"]),
        valid_until=_day_or_none(kept["valid_until"]),
        reductions=tuple(
            CopayReduction(
                each["code"], date.fromisoformat(each["valid_from"]), _day_or_none(each["valid_until"])
            )
            for each in kept["reductions"]
        ),
        chosen_institution=kept["chosen_institution"],
        health_balance=kept["health_balance"],
        referral_required=kept["referral_required"],
    )


def _day_or_none(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
