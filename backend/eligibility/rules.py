"""What is missing before a visit may be charged to an insurer, as a list of reasons with a place each. No database.

Sources: National Health Insurance Act art. 12(4) and Enforcement Rule art. 7-2 (identity and eligibility are checked
at the visit; exceptions: within six months of a check at this institution, under 19, emergency, referral and return,
others by notice); Medical Care Assistance Act, Enforcement Rule art. 3 (의료급여의뢰서: handed in within seven days,
a booking within them counts as handing in; only for the department it was written for and until that treatment ends;
a newly chosen or changed 선택의료급여기관 means a new letter). Seen in hospitals' notices, not in the law's own text:
what decides is a field of `Rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from backend.eligibility.periods import age_on, last_day_of_days, last_day_of_months
from backend.providers.eligibility import (
    Cover,
    Eligibility,
    Eligible,
    Lost,
    NotFound,
    Outcome,
    Suspended,
    Uncertain,
)


class Reason(StrEnum):
    """What is missing or wrong."""

    IDENTITY_NEVER_CHECKED = "identity-never-checked"
    IDENTITY_CHECK_TOO_OLD = "identity-check-too-old"
    ELIGIBILITY_NOT_LOOKED_UP = "eligibility-not-looked-up"
    """Never, or for another day than that of the visit."""
    ELIGIBILITY_UNCERTAIN = "eligibility-uncertain"
    ELIGIBILITY_NOT_FOUND = "eligibility-not-found"
    ELIGIBILITY_LOST = "eligibility-lost"
    ELIGIBILITY_SUSPENDED = "eligibility-suspended"
    REFERRAL_MISSING = "referral-missing"
    REFERRAL_EXPIRED = "referral-expired"
    REFERRAL_NOT_YET = "referral-not-yet"
    """Dated after the visit."""
    REFERRAL_OTHER_DEPARTMENT = "referral-other-department"
    REFERRAL_OTHER_INSTITUTION = "referral-other-institution"
    """Not written by the 선택의료급여기관 that the person has now."""


class Place(StrEnum):
    """Where somebody goes with it; each hospital names and signs its own desks."""

    RECEPTION = "reception"
    """접수·수납 창구: with an ID card or the mobile health card."""
    INSURANCE = "insurance"
    """보험 상담 창구: cover that is lost, suspended or not found."""
    REFERRAL = "referral"
    """진료의뢰 접수 창구: hand in, or ask for, a letter."""


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing, and the place to go to. place: None where waiting or trying again is all there is to do."""

    reason: Reason
    place: Place | None


PLACES: Final[Mapping[Reason, Place | None]] = MappingProxyType(
    {
        Reason.IDENTITY_NEVER_CHECKED: Place.RECEPTION,
        Reason.IDENTITY_CHECK_TOO_OLD: Place.RECEPTION,
        Reason.ELIGIBILITY_NOT_LOOKED_UP: Place.RECEPTION,
        Reason.ELIGIBILITY_UNCERTAIN: Place.RECEPTION,
        Reason.ELIGIBILITY_NOT_FOUND: Place.INSURANCE,
        Reason.ELIGIBILITY_LOST: Place.INSURANCE,
        Reason.ELIGIBILITY_SUSPENDED: Place.INSURANCE,
        Reason.REFERRAL_MISSING: Place.REFERRAL,
        Reason.REFERRAL_EXPIRED: Place.REFERRAL,
        Reason.REFERRAL_NOT_YET: Place.REFERRAL,
        Reason.REFERRAL_OTHER_DEPARTMENT: Place.REFERRAL,
        Reason.REFERRAL_OTHER_INSTITUTION: Place.REFERRAL,
    }
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What one hospital goes by.

    Attributes:
        institution: its own 요양기관기호, eight digits.
        identity_months: how long a check of identity at this institution holds.
        adult_age: under it, identity need not be checked.
        exempt_referred, exempt_returned: whether 의뢰 and 회송 patients need no check of identity.
        letter_days: how long a 의료급여의뢰서 may be handed in, the day of issue not counted.
        holidays: days that those days leave out; empty: every day counts, the stricter reading.
    """

    institution: str
    identity_months: int = 6
    adult_age: int = 19
    exempt_referred: bool = True
    exempt_returned: bool = True
    letter_days: int = 7
    holidays: frozenset[date] = frozenset()
    places: Mapping[Reason, Place | None] = field(default_factory=lambda: PLACES)


@dataclass(frozen=True, slots=True)
class VisitPlan:
    """The visit. day: in Korean time. referred: comes by a referral (의뢰); returned: sent back (회송)."""

    day: date
    department: str
    emergency: bool = False
    referred: bool = False
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Patient:
    """identity_checked_on: the last day that identity was checked at this institution, in Korean time."""

    birth: date
    identity_checked_on: date | None = None


@dataclass(frozen=True, slots=True)
class ReferralLetter:
    """의료급여의뢰서.

    Attributes:
        issued_by: 요양기관기호 of the institution that wrote it.
        booked_on: the day on which the visit was booked with it; handed_in_on: the day it was handed in. The earlier
            one decides whether it came in time; once it did, it holds for its department until treatment ends.
        treatment_ended_on: the last day of the treatment it was written for.
    """

    issued_on: date
    issued_by: str
    department: str
    booked_on: date | None = None
    handed_in_on: date | None = None
    treatment_ended_on: date | None = None


def missing(
    rules: Rules,
    visit: VisitPlan,
    patient: Patient,
    outcome: Outcome | None,
    letter: ReferralLetter | None = None,
) -> list[Missing]:
    """All that stands between this patient and a covered visit, in the order in which to see to it; empty: nothing.

    outcome: of the look-up for the day of the visit, or None.
    """
    reasons = [
        identity_reason(rules, visit, patient),
        eligibility_reason(visit, outcome),
        *_letter_reasons(rules, visit, outcome, letter),
    ]
    return [Missing(reason, rules.places.get(reason)) for reason in reasons if reason is not None]


def identity_reason(rules: Rules, visit: VisitPlan, patient: Patient) -> Reason | None:
    """Why identity must be checked at this visit, if it must."""
    if identity_exempt(rules, visit, patient):
        return None
    checked = patient.identity_checked_on
    if checked is None or checked > visit.day:
        return Reason.IDENTITY_NEVER_CHECKED
    if visit.day > last_day_of_months(checked, rules.identity_months):
        return Reason.IDENTITY_CHECK_TOO_OLD
    return None


def identity_exempt(rules: Rules, visit: VisitPlan, patient: Patient) -> bool:
    """Whether a rule excepts this visit, however old the last check is."""
    return (
        visit.emergency
        or (rules.exempt_referred and visit.referred)
        or (rules.exempt_returned and visit.returned)
        or age_on(patient.birth, visit.day) < rules.adult_age
    )


def eligibility_reason(visit: VisitPlan, outcome: Outcome | None) -> Reason | None:
    """Why nobody can be charged yet for a visit on that day, if so."""
    match outcome:
        case None:
            return Reason.ELIGIBILITY_NOT_LOOKED_UP
        case Uncertain():
            return Reason.ELIGIBILITY_UNCERTAIN
        case NotFound():
            return Reason.ELIGIBILITY_NOT_FOUND
        case Lost():
            return Reason.ELIGIBILITY_LOST
        case Suspended():
            return Reason.ELIGIBILITY_SUSPENDED
        case Eligible(eligibility):
            return None if eligibility.looked_up_for == visit.day else Reason.ELIGIBILITY_NOT_LOOKED_UP


def _letter_reasons(
    rules: Rules, visit: VisitPlan, outcome: Outcome | None, letter: ReferralLetter | None
) -> list[Reason]:
    if not isinstance(outcome, Eligible) or not letter_needed(rules, visit, outcome.eligibility):
        return []
    return letter_faults(rules, visit, outcome.eligibility, letter)


def letter_needed(rules: Rules, visit: VisitPlan, eligibility: Eligibility) -> bool:
    """Medical aid needs a letter where the register says so, but not in an emergency nor at the chosen institution."""
    return (
        eligibility.kind.is_medical_aid
        and eligibility.referral_required
        and not visit.emergency
        and eligibility.chosen_institution != rules.institution
    )


def letter_faults(
    rules: Rules, visit: VisitPlan, eligibility: Eligibility, letter: ReferralLetter | None
) -> list[Reason]:
    """All that is wrong with the letter for this visit; empty: it holds."""
    if letter is None:
        return [Reason.REFERRAL_MISSING]
    chosen = eligibility.chosen_institution
    faults = []
    if letter.issued_on > visit.day:
        faults.append(Reason.REFERRAL_NOT_YET)
    elif not _in_force(rules, visit, letter):
        faults.append(Reason.REFERRAL_EXPIRED)
    if letter.department != visit.department:
        faults.append(Reason.REFERRAL_OTHER_DEPARTMENT)
    if chosen is not None and letter.issued_by != chosen:
        faults.append(Reason.REFERRAL_OTHER_INSTITUTION)
    return faults


def _in_force(rules: Rules, visit: VisitPlan, letter: ReferralLetter) -> bool:
    ended = letter.treatment_ended_on
    if ended is not None and visit.day > ended:
        return False
    # what is dated after the visit or before the letter's issue is no booking or hand-in of this letter
    acts = [
        day
        for day in (letter.booked_on, letter.handed_in_on)
        if day is not None and letter.issued_on <= day <= visit.day
    ]
    came = min(acts, default=visit.day)
    return came <= letter_last_day(rules, letter)


def letter_last_day(rules: Rules, letter: ReferralLetter) -> date:
    """The last day on which the letter may be handed in or a visit booked with it."""
    return last_day_of_days(letter.issued_on, rules.letter_days, rules.holidays)


def health_balance_deduction(eligibility: Eligibility, copay: int) -> int:
    """건강생활유지비 to deduct from a copayment, in won: of an outpatient visit under medical aid 1, as far as it goes.

    Raises ValueError for a negative copayment.
    """
    if copay < 0:
        raise ValueError("a copayment is not negative")
    if eligibility.kind is not Cover.MEDICAL_AID_1 or eligibility.health_balance is None:
        return 0
    return min(copay, eligibility.health_balance)
