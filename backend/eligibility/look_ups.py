"""Asking the insurer who pays, once a day for a patient, and what was answered.

The network is asked outside any transaction. What is not known is kept as uncertain; it never takes the place of an
answer that is, and never becomes "not insured".
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from prometheus_client import Counter
from sqlmodel import Session

from backend.access import ReadablePatientId
from backend.audit import service as audit
from backend.audit.entries import Entry
from backend.audit.terms import Action, ObjectKind
from backend.eligibility import repository
from backend.eligibility.days import start_of, today
from backend.eligibility.errors import InsuredNumberNeeded, TooManyLookUps
from backend.eligibility.models import LookUp
from backend.eligibility.noting import By, entry
from backend.eligibility.patients import ensure_known, is_own_hospital, known
from backend.eligibility.sealing import name_of, outcome, outcome_json, seal
from backend.providers.eligibility import Eligible, Outcome, Registration, Uncertain
from backend.providers.errors import ProviderError, ProviderRefused, ProviderUnavailable
from backend.services import Services
from chain.db import reading, writing

_log = logging.getLogger("saegim.backend.eligibility")

ANSWERS = Counter("saegim_backend_eligibility_answers_total", "Look-ups by what was answered", ["outcome"])
FAILURES = Counter(
    "saegim_backend_eligibility_failures_total",
    "Questions to the eligibility gateway that it did not answer, by how they ended",
    ["operation", "ending"],
)
HOUR = timedelta(hours=1)
MOST_AN_HOUR = 5
"""How often a person may ask about one patient; the desk is not held back."""
NOT_CONNECTED = "not-connected"


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered, for which day and when. id: of the look-up; stale: something has changed since."""

    id: UUID
    day: date
    asked_at: datetime
    outcome: Outcome
    stale: bool = False


def look_up(
    services: Services, whose: ReadablePatientId, day: date, by: By, *, anew: bool = False
) -> Answered:
    """What covers the patient on a day: as answered today, or asked now.

    Args:
        anew: ask although there is an answer.

    Raises:
        PatientNotHere: the desk does not know the patient.
        InsuredNumberNeeded: nobody has read a number yet.
    """
    ensure_known(services, whose)
    with reading(services.database) as session:
        row, who = known(services, session, whose)
        found = None if anew else _usable(services, session, row.id, day)
    if found is not None:
        audit.record(services.database, [_line(whose, services.clock(), found.id, by)])
        return found
    registration = who.registration
    if registration is None:
        raise InsuredNumberNeeded
    said = _ask(services, whose.hospital, registration, day)
    ANSWERS.labels(name_of(said)).inc()
    return _keep(services, whose, row.id, day, said, by)


def look_up_for_person(services: Services, whose: ReadablePatientId, by: By) -> Answered:
    """Today's cover, asked anew by the patient or who acts for them. Raises TooManyLookUps, and as `look_up`."""
    ensure_known(services, whose)
    now = services.clock()
    with reading(services.database) as session:
        row, _ = known(services, session, whose)
        if repository.asked_since(session, row.id, by.id, now - HOUR) >= MOST_AN_HOUR:
            raise TooManyLookUps
    return look_up(services, whose, today(now), by, anew=True)


def usable(services: Services, session: Session, whose: ReadablePatientId, day: date) -> Answered | None:
    """What was answered today for a day, if nothing has changed since; never asks."""
    row = repository.patient(session, whose.hospital, whose.value)
    return None if row is None else _usable(services, session, row.id, day)


def last(services: Services, session: Session, whose: ReadablePatientId) -> Answered | None:
    """The newest answer that says something, for whatever day; the newest of all where none does. To be shown."""
    row = repository.patient(session, whose.hospital, whose.value)
    if row is None:
        return None
    found = repository.look_ups(session, row.id)
    best = next((each for each in found if each.certain), found[0] if found else None)
    return None if best is None else _answered(services, best)


def last_uncertain(services: Services, session: Session, whose: ReadablePatientId) -> datetime | None:
    """When the newest question was asked, if it could not be answered; None when it was, or there is none."""
    row = repository.patient(session, whose.hospital, whose.value)
    found = repository.look_ups(session, row.id, 1) if row is not None else ()
    return found[0].asked_at if found and not found[0].certain else None


def _usable(services: Services, session: Session, patient_id: UUID, day: date) -> Answered | None:
    since = start_of(today(services.clock()))
    found = repository.usable_look_up(session, patient_id, day, since)
    return None if found is None else _answered(services, found)


def _answered(services: Services, row: LookUp) -> Answered:
    said = outcome(services.vault, row)
    return Answered(row.id, row.day, row.asked_at, said, stale=row.stale_at is not None)


def _ask(services: Services, hospital: int, registration: Registration, day: date) -> Outcome:
    if not is_own_hospital(services, hospital):
        return Uncertain(NOT_CONNECTED)
    try:
        return services.eligibility.look_up(registration, day)
    except ProviderError as error:
        count_failure(error)
        return Uncertain(cause_of(error))


def count_failure(error: ProviderError) -> None:
    """In the metrics and, where the settings must be wrong, in the operator's log."""
    if isinstance(error, ProviderRefused):
        _log.error("eligibility gateway refused %s: %s", error.operation, error.code)
    ending = {ProviderRefused: "refused", ProviderUnavailable: "unavailable"}.get(type(error), "uncertain")
    FAILURES.labels(error.operation, ending).inc()


def cause_of(error: ProviderError) -> str:
    """For the operator."""
    return error.code if isinstance(error, ProviderRefused) else str(getattr(error, "cause", "unknown"))


def _keep(
    services: Services, whose: ReadablePatientId, patient_id: UUID, day: date, said: Outcome, by: By
) -> Answered:
    now, row_id = services.clock(), uuid4()
    sealed = seal(services.vault, row_id, outcome_json(said))
    row = LookUp(
        id=row_id,
        patient_id=patient_id,
        day=day,
        asked_at=now,
        by_kind=by.kind.value,
        by=by.id,
        certain=not isinstance(said, Uncertain),
        nonce=sealed.nonce,
        content=sealed.ciphertext,
    )
    with writing(services.database) as session:
        repository.add(session, row)
        audit.append(session, [_line(whose, now, row_id, by)])
    return Answered(row_id, day, now, said)


def _line(whose: ReadablePatientId, now: datetime, which: UUID, by: By) -> Entry:
    kind = ObjectKind.ELIGIBILITY
    return entry(by, Action.READ, kind, now, patient=whose.value, which=which, reason="look-up")


def balance(services: Services, whose: ReadablePatientId, by: By) -> int | None:
    """건강생활유지비 left today, in won; None where the person has none, or it is not known. Raises as `look_up`."""
    said = look_up(services, whose, today(services.clock()), by).outcome
    return said.eligibility.health_balance if isinstance(said, Eligible) else None
