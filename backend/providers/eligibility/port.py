"""The port: what we ask about somebody's cover, and how it is answered. Money is whole won."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeAlias


class Cover(StrEnum):
    """Kind of cover (보험유형)."""

    NATIONAL_HEALTH = "national-health"
    """건강보험: employee, self-employed or dependant."""
    NEAR_POOR = "near-poor"
    """차상위 본인부담경감, which is health insurance with a reduced share."""
    MEDICAL_AID_1 = "medical-aid-1"
    """의료급여 1종."""
    MEDICAL_AID_2 = "medical-aid-2"
    """의료급여 2종."""
    VETERANS = "veterans"
    """보훈."""

    @property
    def is_medical_aid(self) -> bool:
        """의료급여, with its referral letter and confirmation number."""
        return self in (Cover.MEDICAL_AID_1, Cover.MEDICAL_AID_2)


@dataclass(frozen=True, slots=True)
class Registration:
    """Who is looked up: a name with one of two numbers (digits only), by the law that lets a hospital ask for them.

    Raises ValueError unless exactly one number is given.
    """

    name: str = field(repr=False)
    resident_number: str | None = field(default=None, repr=False)
    insurance_number: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        numbers = [one for one in (self.resident_number, self.insurance_number) if one is not None]
        if len(numbers) != 1 or not numbers[0].isascii() or not numbers[0].isdigit():
            raise ValueError("give a resident number or a health-insurance number, digits only")


@dataclass(frozen=True, slots=True)
class CopayReduction:
    """산정특례: the registered code (such as V193) and its days, both inclusive; until None: open."""

    code: str
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What covers a person on one day.

    Attributes:
        looked_up_for: the day asked about. valid_from, valid_until: of the cover, inclusive; None: open.
        chosen_institution: 선택의료급여기관 (요양기관기호, eight digits), if the person has one.
        health_balance: 건강생활유지비 left, in won; None where the person has none (only medical aid 1 does).
        referral_required: a 의료급여의뢰서 is needed at this hospital.
    """

    kind: Cover
    looked_up_for: date
    valid_from: date
    valid_until: date | None = None
    reductions: tuple[CopayReduction, ...] = field(default=(), repr=False)
    chosen_institution: str | None = None
    health_balance: int | None = None
    referral_required: bool = False


@dataclass(frozen=True, slots=True)
class Eligible:
    """Covered on that day. reference, here and below: the insurer's own of this answer, if it gives one."""

    eligibility: Eligibility
    reference: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nobody with that name and number."""

    reference: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Lost:
    """자격상실: not covered any more. since: the first day without."""

    since: date
    reference: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Suspended:
    """급여정지 or 급여제한: registered, but nothing is paid. since: the first such day; reason: the gateway's code."""

    since: date
    reason: str
    reference: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Not known now: the insurer's system is at rest, or an answer was lost. cause: for the operator. Ask again."""

    cause: str


Outcome: TypeAlias = Eligible | NotFound | Lost | Suspended | Uncertain


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit to be confirmed for medical aid.

    Attributes:
        visit_id: ours, random; the idempotency key. The same visit is confirmed and deducted once, however often sent.
        deduct: 건강생활유지비 to take off, in won; 0 for none.
    """

    visit_id: str
    registration: Registration
    day: date
    department: str
    deduct: int = 0


@dataclass(frozen=True, slots=True)
class Confirmed:
    """진료확인번호 was issued. deducted and balance in won, as the insurer has them now."""

    visit_id: str
    number: str
    deducted: int
    balance: int | None


@dataclass(frozen=True, slots=True)
class NotConfirmed:
    """Nothing was confirmed or deducted. reason: the gateway's code (not-eligible, balance-too-low, unknown-visit)."""

    visit_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The confirmation was taken back. restored: won put back."""

    visit_id: str
    restored: int
    balance: int | None


class EligibilityProvider(Protocol):
    """The insurers, as one hospital reaches them.

    Every method raises ProviderUnavailable (nothing was done) and ProviderRefused (our request or token is wrong).
    """

    def look_up(self, registration: Registration, day: date) -> Outcome:
        """What covers this person on that day."""

    def confirm_visit(self, visit: Visit) -> Confirmed | NotConfirmed | Cancelled | Uncertain:
        """Issue the 진료확인번호 and deduct. Uncertain: it may have been done; ask `visit_state` with the same id, or
        send the same visit again. Never under another id: that would deduct twice."""

    def visit_state(self, visit_id: str) -> Confirmed | NotConfirmed | Cancelled | Uncertain:
        """What the insurer has for this visit. NotConfirmed with ``unknown-visit``: it never arrived."""

    def cancel_visit(self, visit_id: str) -> Cancelled | NotConfirmed | Uncertain:
        """Take a confirmation back and restore what was deducted; again is no harm."""

    def close(self) -> None:
        """Close the connections."""
