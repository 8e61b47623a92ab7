"""Shapes of the API of identity and eligibility at the visit. Days are Korea's, money is whole won."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from backend.eligibility import service
from backend.eligibility.models import Exempt, How, VisitState
from backend.eligibility.rules import Place, Reason
from backend.eligibility.sealing import name_of
from backend.providers.eligibility import Cover, Eligible, Lost, Suspended
from backend.shapes import ClosedShape, Shape

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2099, 12, 31))]
"""A day that a visit may have, or a letter."""
Text = Annotated[str, StringConstraints(max_length=60)]
Department = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
Issuer = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class PatientIn(ClosedShape):
    """Whom to find. name, birth_date: for a number that neither hospital system nor account says whose it is."""

    number: Identifier
    name: Text = ""
    birth_date: Text = ""
    insured_number: Text = ""
    """주민등록번호 or 건강보험증 번호; kept sealed."""


class PatientOut(Shape):
    """How a patient is called from then on."""

    id: UUID


class MissingOut(Shape):
    """One thing that is missing, and where to go with it."""

    reason: Reason
    place: Place | None


class IdentityOut(Shape):
    """The check of identity that counts."""

    checked_at: datetime
    how: How
    until: date


class CoverOut(Shape):
    """What the insurer said. outcome "uncertain": not known, which is not "not insured"."""

    day: date
    asked_at: datetime
    outcome: Literal["eligible", "not-found", "lost", "suspended", "uncertain"]
    kind: Cover | None = None
    valid_until: date | None = None
    chosen_institution: str | None = None
    health_balance: int | None = None
    referral_required: bool | None = None
    reductions: list[str] = Field(default_factory=list)
    since: date | None = None
    reason: str | None = None
    stale: bool = False
    """Something has changed since, so that it is asked anew before it is used."""

    @classmethod
    def of(cls, found: service.Answered) -> CoverOut:
        """An answer."""
        base = {
            "day": found.day,
            "asked_at": found.asked_at,
            "outcome": name_of(found.outcome),
            "stale": found.stale,
        }
        match found.outcome:
            case Eligible(eligibility):
                base |= {
                    "kind": eligibility.kind,
                    "valid_until": eligibility.valid_until,
                    "chosen_institution": eligibility.chosen_institution,
                    "health_balance": eligibility.health_balance,
                    "referral_required": eligibility.referral_required,
                    "reductions": [each.code for each in eligibility.reductions],
                }
            case Lost(since):
                base |= {"since": since}
            case Suspended(since, reason):
                base |= {"since": since, "reason": reason}
        return cls.model_validate(base)


class LetterOut(Shape):
    """A 의료급여의뢰서."""

    id: UUID
    issued_on: date
    issuer: str
    department: str
    number: str
    last_day: date
    booked_on: date | None
    handed_in_on: date | None
    used_on: date | None
    ended_on: date | None

    @classmethod
    def of(cls, found: service.KnownLetter) -> LetterOut:
        """A letter."""
        return cls(
            id=found.id,
            issued_on=found.letter.issued_on,
            issuer=found.letter.issued_by,
            department=found.letter.department,
            number=found.number,
            last_day=found.last_day,
            booked_on=found.letter.booked_on,
            handed_in_on=found.letter.handed_in_on,
            used_on=found.used_on,
            ended_on=found.letter.treatment_ended_on,
        )


class VisitCheckOut(Shape):
    """All that is known of a patient for a visit today."""

    hospital: int
    identity: IdentityOut | None
    identity_exempt: bool
    identity_owed_until: date | None
    cover: CoverOut | None
    uncertain_at: datetime | None
    number_known: bool
    letter_needed: bool
    letters: list[LetterOut]
    missing: list[MissingOut]

    @classmethod
    def of(cls, hospital: int, found: service.VisitCheck) -> VisitCheckOut:
        """What is known."""
        return cls(
            hospital=hospital,
            identity=None
            if found.identity is None
            else IdentityOut.model_validate(found.identity, from_attributes=True),
            identity_exempt=found.exempt,
            identity_owed_until=found.owed_until,
            cover=None if found.answered is None else CoverOut.of(found.answered),
            uncertain_at=found.uncertain_at,
            number_known=found.number_known,
            letter_needed=found.letter_needed,
            letters=[LetterOut.of(each) for each in found.letters],
            missing=[MissingOut.model_validate(each, from_attributes=True) for each in found.missing],
        )


class IdentityCheckIn(ClosedShape):
    """What identity was checked by. A telephone is certified by the identity check itself."""

    how: How


class ExceptionIn(ClosedShape):
    """Which rule excepts a visit."""

    day: Day
    exempt: Exempt


class DayIn(ClosedShape):
    """A day in Korea."""

    day: Day


class DueOut(Shape):
    """The last day on which showing identity brings the difference back."""

    due_on: date


class LookUpIn(ClosedShape):
    """anew: ask although there is an answer of today."""

    day: Day
    anew: bool = False


class LetterIn(ClosedShape):
    """What stands on the letter."""

    issued_on: Day
    issuer: Issuer
    department: Department
    number: Annotated[str, StringConstraints(max_length=40)] = ""


class VisitIn(ClosedShape):
    """A visit. visit: the hospital's number of it. copay: what the patient would pay, in won."""

    visit: Identifier
    day: Day
    department: Department
    copay: int = Field(ge=0, le=1_000_000)
    emergency: bool = False


class PlanIn(ClosedShape):
    """A visit that is planned or begins now."""

    day: Day
    department: Department
    emergency: bool = False
    referred: bool = False
    returned: bool = False


class ConfirmationOut(Shape):
    """A 진료확인번호. state "open" and "cancelling": not known yet; ask again."""

    id: UUID
    day: date
    state: VisitState
    asked_at: datetime
    visit: str
    department: str
    copay: int
    deduct: int
    number: str | None
    deducted: int | None
    balance: int | None
    restored: int | None
    reason: str | None

    @classmethod
    def of(cls, found: service.Confirmation) -> ConfirmationOut:
        """A confirmation."""
        content = {name: getattr(found.content, name) for name in type(found.content).__dataclass_fields__}
        return cls(id=found.id, day=found.day, state=found.state, asked_at=found.asked_at, **content)


class OwnLookUpIn(ClosedShape):
    """At which hospital. person: the identifier of a guardianship or delegation, for that patient."""

    hospital: int
    person: UUID | None = None
