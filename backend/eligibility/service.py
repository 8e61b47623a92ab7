"""Identity and eligibility at the visit, for booking, arrival, kiosk and desk: what is missing, and where to go.

Whose it is comes as a `ReadablePatientId` of `backend.access`, who does it as a `By`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from backend.access import ReadablePatientId
from backend.eligibility import letters as _letters
from backend.eligibility import look_ups
from backend.eligibility.checks import (
    Identity,
    certified_by_phone,
    identity_owed_until,
    last_identity,
    record_exception,
    record_identity_check,
    record_identity_owed,
    rules_of,
    seen_at_first_visit,
    shown_in_time,
)
from backend.eligibility.days import today
from backend.eligibility.errors import InsuredNumberNeeded
from backend.eligibility.letters import (
    KnownLetter,
    Paper,
    best_letter,
    book_with_letter,
    end_letter,
    hand_in_known,
    hand_in_letter,
)
from backend.eligibility.look_ups import Answered, balance, look_up, look_up_for_person
from backend.eligibility.models import Exempt, How, VisitState
from backend.eligibility.noting import By
from backend.eligibility.patients import ensure_known, known
from backend.eligibility.rules import (
    Missing,
    Patient,
    Place,
    Reason,
    VisitPlan,
    identity_exempt,
    letter_needed,
    missing,
)
from backend.eligibility.visits import (
    Confirmation,
    VisitToConfirm,
    cancel_confirmation,
    confirm_visit,
    confirmations,
)
from backend.providers.eligibility import Eligible, Outcome
from backend.services import Services
from chain.db import reading

__all__ = [
    "Answered",
    "By",
    "Confirmation",
    "Exempt",
    "How",
    "Identity",
    "KnownLetter",
    "Missing",
    "Paper",
    "Place",
    "Reason",
    "VisitPlan",
    "VisitState",
    "VisitToConfirm",
    "balance",
    "book_with_letter",
    "cancel_confirmation",
    "certified_by_phone",
    "confirm_visit",
    "confirmations",
    "end_letter",
    "hand_in_known",
    "hand_in_letter",
    "identity_owed_until",
    "last_identity",
    "look_up",
    "look_up_for_person",
    "record_exception",
    "record_identity_check",
    "record_identity_owed",
    "seen_at_first_visit",
    "shown_in_time",
    "what_is_missing",
]


def what_is_missing(
    services: Services, whose: ReadablePatientId, plan: VisitPlan, by: By, *, ask: bool = True
) -> list[Missing]:
    """All that stands between the patient and a covered visit, in the order in which to see to it; empty: nothing.

    The insurer is asked once at most: today's answer is used again. An answer that does not come leaves
    ELIGIBILITY_UNCERTAIN, a patient whose number nobody has read yet ELIGIBILITY_NOT_LOOKED_UP.

    Args:
        ask: False: go by what was answered today, without asking.

    Raises:
        PatientNotHere: nobody has made the patient known here.
    """
    ensure_known(services, whose)
    said = _outcome(services, whose, plan.day, by, ask=ask)
    with reading(services.database) as session:
        return missing_now(services, session, whose, plan, said)


def missing_now(
    services: Services,
    session: Session,
    whose: ReadablePatientId,
    plan: VisitPlan,
    said: Outcome | None,
) -> list[Missing]:
    """As `what_is_missing`, with an answer that is known already. Raises PatientNotHere."""
    rules = rules_of(services)
    _, who = known(services, session, whose)
    checked = last_identity(services, session, whose, plan.day)
    patient = Patient(who.born, None if checked is None else today(checked.checked_at))
    letter = None
    if isinstance(said, Eligible):
        own = _letters.letters(services, session, whose)
        best, _ = best_letter(rules, plan, said.eligibility, own)
        letter = None if best is None else best.letter
    return missing(rules, plan, patient, said, letter)


def _outcome(services: Services, whose: ReadablePatientId, day: date, by: By, *, ask: bool) -> Outcome | None:
    if not ask:
        with reading(services.database) as session:
            found = look_ups.usable(services, session, whose, day)
        return None if found is None else found.outcome
    try:
        return look_up(services, whose, day, by).outcome
    except InsuredNumberNeeded:
        return None


@dataclass(frozen=True, slots=True)
class VisitCheck:
    """All that is known of a patient for a visit today.

    Attributes:
        exempt: identity need not be checked, for the patient is under 19.
        answered: the newest answer that says something; uncertain_at: when a newer question stayed without one.
        number_known: whether the insurer can be asked at all.
    """

    identity: Identity | None
    exempt: bool
    owed_until: date | None
    answered: Answered | None
    uncertain_at: datetime | None
    number_known: bool
    letter_needed: bool
    letters: list[KnownLetter]
    missing: list[Missing]


def visit_check(
    services: Services, session: Session, whose: ReadablePatientId, plan: VisitPlan | None = None
) -> VisitCheck:
    """What is known now; the insurer is not asked.

    Args:
        plan: the visit; None: today. Without a department, no letter is said to be for another one.

    Raises:
        PatientNotHere.
    """
    rules, day = rules_of(services), today(services.clock())
    _, who = known(services, session, whose)
    at_hand = plan or VisitPlan(day, "")
    answered = look_ups.last(services, session, whose)
    usable = look_ups.usable(services, session, whose, at_hand.day)
    said = None if usable is None else usable.outcome
    newest = answered.outcome if answered is not None else None
    lacking = missing_now(services, session, whose, at_hand, said)
    if not at_hand.department:
        lacking = [each for each in lacking if each.reason is not Reason.REFERRAL_OTHER_DEPARTMENT]
    return VisitCheck(
        identity=last_identity(services, session, whose),
        exempt=identity_exempt(rules, at_hand, Patient(who.born)),
        owed_until=identity_owed_until(services, session, whose),
        answered=answered,
        uncertain_at=look_ups.last_uncertain(services, session, whose),
        number_known=who.registration is not None,
        letter_needed=isinstance(newest, Eligible) and letter_needed(rules, at_hand, newest.eligibility),
        letters=_letters.letters(services, session, whose),
        missing=lacking,
    )
