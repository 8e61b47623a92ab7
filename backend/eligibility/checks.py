"""Checks of identity at a hospital: recorded, excepted by a rule, or owed after a visit without one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.access import ReadablePatientId
from backend.audit import service as audit
from backend.audit.terms import Action, ActorKind, ObjectKind
from backend.eligibility import repository
from backend.eligibility.days import end_of, today
from backend.eligibility.errors import NotExempt, VisitFormInvalid
from backend.eligibility.models import Exempt, How, IdentityCheck, IdentityException, IdentityOwed
from backend.eligibility.noting import By, entry
from backend.eligibility.patients import account_of, known, make_known
from backend.eligibility.periods import age_on, last_day_of_days, last_day_of_months
from backend.eligibility.rules import Rules
from backend.identity import service as identity
from backend.services import Services
from backend.vault import Vault

COMMAND_LINE = "command-line"


def rules_of(services: Services) -> Rules:
    """What this hospital goes by."""
    settings = services.settings
    return Rules(
        institution=settings.eligibility_institution,
        identity_months=settings.eligibility_identity_months,
        letter_days=settings.eligibility_letter_days,
        holidays=frozenset(settings.eligibility_holidays),
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """When identity was last checked at a hospital, by what, and the last day on which that counts."""

    checked_at: datetime
    how: How
    until: date


# --- checked


def record_identity_check(
    services: Services, session: Session, whose: ReadablePatientId, how: How, by: By
) -> IdentityCheck:
    """Identity was checked just now. Visits that waited for it are settled, where it is still in time.

    Raises PatientNotHere.
    """
    row, _ = known(services, session, whose)
    made = _record(session, row.id, how, by, services.clock())
    line = entry(
        by,
        Action.CREATE,
        ObjectKind.IDENTITY,
        services.clock(),
        patient=whose.value,
        which=made.id,
        reason=f"identity.{how.value}",
    )
    audit.append(session, [line])
    return made


def certified_by_phone(session: Session, vault: Vault, person: UUID, now: datetime) -> int:
    """A person's identity was certified by telephone: that counts at every hospital that they are bound to.

    Call it in the transaction that lets them in; how many hospitals.
    """
    present: dict[int, str] = {}
    for hospital, patient in identity.patients_of(session, person):
        present.setdefault(hospital, patient)  # former registration numbers come after the present one
    by = By(ActorKind.PERSON, str(person))
    return _everywhere(session, vault, list(present.items()), How.CERTIFIED_PHONE, by, now)


def seen_at_first_visit(
    session: Session,
    vault: Vault,
    hospital: int,
    patient: str,
    staff: UUID | None,
    now: datetime,
    how: How = How.ID_CARD,
) -> None:
    """The desk has seen person and identity document together, when it bound the account to the number.

    staff: None where it did so at the command line.
    """
    by = By(ActorKind.SYSTEM, COMMAND_LINE) if staff is None else By(ActorKind.STAFF, str(staff))
    _everywhere(session, vault, [(hospital, patient)], how, by, now)


def _everywhere(
    session: Session, vault: Vault, patients: list[tuple[int, str]], how: How, by: By, now: datetime
) -> int:
    done = 0
    for hospital, patient in patients:
        row = repository.patient(session, hospital, patient)
        if row is None:
            account = account_of(vault, session, hospital, patient)
            if account is None:
                continue
            row = make_known(vault, session, hospital, patient, account, now)
        _record(session, row.id, how, by, now)
        done += 1
    return done


def _record(session: Session, patient_id: UUID, how: How, by: By, now: datetime) -> IdentityCheck:
    made = IdentityCheck(
        id=uuid4(), patient_id=patient_id, checked_at=now, how=how, by_kind=by.kind.value, by=by.id
    )
    repository.add(session, made)
    repository.show_owed(session, patient_id, made.id, today(now))
    return made


def last_identity(
    services: Services, session: Session, whose: ReadablePatientId, day: date | None = None
) -> Identity | None:
    """The check that counts on a day (None: today), however old it is by then."""
    row = repository.patient(session, whose.hospital, whose.value)
    if row is None:
        return None
    found = repository.last_check(session, row.id, end_of(day or today(services.clock())))
    if found is None:
        return None
    until = last_day_of_months(today(found.checked_at), rules_of(services).identity_months)
    return Identity(found.checked_at, How(found.how), until)


# --- excepted, or owed


def record_exception(
    services: Services, session: Session, whose: ReadablePatientId, day: date, exempt: Exempt, by: By
) -> None:
    """Identity was not checked at a visit because a rule excepts it.

    Raises:
        NotExempt: the patient is 19 or older on that day, or this hospital does not go by that rule.
    """
    row, who = known(services, session, whose)
    rules = rules_of(services)
    holds = {
        Exempt.UNDER_19: age_on(who.born, day) < rules.adult_age,
        Exempt.EMERGENCY: True,
        Exempt.REFERRED: rules.exempt_referred,
        Exempt.RETURNED: rules.exempt_returned,
    }
    if not holds[exempt]:
        raise NotExempt
    now = services.clock()
    made = IdentityException(
        id=uuid4(), patient_id=row.id, day=day, exempt=exempt, noted_at=now, noted_by=UUID(by.id)
    )
    repository.add_exception(session, made)
    reason = f"exception.{exempt.value}"
    line = entry(by, Action.CREATE, ObjectKind.IDENTITY, now, patient=whose.value, reason=reason)
    audit.append(session, [line])


def record_identity_owed(
    services: Services, session: Session, whose: ReadablePatientId, visit_day: date, by: By
) -> date:
    """A visit without identity: full price. The last day on which showing it brings the difference back.

    Raises:
        VisitFormInvalid: a visit that has not been yet, or whose time to show it is over.
    """
    row, _ = known(services, session, whose)
    now = services.clock()
    due = last_day_of_days(visit_day, services.settings.eligibility_owed_days)
    if not visit_day <= today(now) <= due:
        raise VisitFormInvalid(where="day")
    made = IdentityOwed(
        id=uuid4(),
        patient_id=row.id,
        visit_day=visit_day,
        due_on=due,
        noted_at=now,
        noted_by=UUID(by.id),
    )
    repository.add_owed(session, made)
    line = entry(by, Action.CREATE, ObjectKind.IDENTITY, now, patient=whose.value, reason="identity.owed")
    audit.append(session, [line])
    return due


def identity_owed_until(services: Services, session: Session, whose: ReadablePatientId) -> date | None:
    """The next day by which identity is to be shown for a visit that has been; None where nothing waits."""
    row = repository.patient(session, whose.hospital, whose.value)
    if row is None:
        return None
    now = today(services.clock())
    waiting = [
        each.due_on
        for each in repository.owed(session, row.id)
        if each.shown_by is None and each.due_on >= now
    ]
    return min(waiting, default=None)


def shown_in_time(session: Session, whose: ReadablePatientId, visit_day: date) -> bool:
    """Whether identity was shown in time for a visit without it, so that the difference is to be paid back."""
    row = repository.patient(session, whose.hospital, whose.value)
    if row is None:
        return False
    return any(
        each.visit_day == visit_day and each.shown_by is not None for each in repository.owed(session, row.id)
    )
