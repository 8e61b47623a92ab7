"""진료확인번호 of medical-aid visits, with what is deducted of 건강생활유지비.

What is asked for is written down before it is asked, under an identifier that the gateway knows the visit by from then
on; whoever asks for the same visit again, now or after a lost answer, asks under the same one. Another identifier comes
only after the one before was refused or cancelled, when nothing is deducted. The network is asked outside any
transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID, uuid4

from prometheus_client import Counter
from sqlmodel import Session

from backend.access import ReadablePatientId
from backend.audit import service as audit
from backend.audit.entries import Entry
from backend.audit.terms import Action, ObjectKind
from backend.eligibility import letters, repository
from backend.eligibility.checks import rules_of
from backend.eligibility.days import today
from backend.eligibility.errors import (
    ConfirmationDiffers,
    ConfirmationNotFound,
    CoverUncertain,
    LetterNeeded,
    NotMedicalAid,
    PatientNotHere,
    VisitFormInvalid,
)
from backend.eligibility.letters import best_letter, use_letter
from backend.eligibility.look_ups import FAILURES, Answered, cause_of, count_failure, look_up
from backend.eligibility.models import EligibilityPatient, VisitConfirmation, VisitState
from backend.eligibility.noting import SYSTEM, By, entry
from backend.eligibility.patients import is_own_hospital, known
from backend.eligibility.rules import VisitPlan, health_balance_deduction, letter_needed
from backend.eligibility.sealing import VisitContent, insured, seal, visit_content
from backend.providers.eligibility import (
    Cancelled,
    Confirmed,
    Eligible,
    NotConfirmed,
    Uncertain,
    Visit,
)
from backend.providers.errors import ProviderError
from backend.services import Services
from chain.db import reading, writing
from records.codes import DEPARTMENTS

VISITS = Counter(
    "saegim_backend_eligibility_visits_total", "Visit confirmations by what became of them", ["state"]
)
MOST_COPAY: Final = 1_000_000
NUMBER_LENGTH: Final = 40
BELIEVED_AFTER: Final = timedelta(minutes=10)
"""When "never arrived" is believed: long after the longest time-out of a request."""
_UNKNOWN: Final = "unknown-visit"
State: TypeAlias = Confirmed | NotConfirmed | Cancelled | Uncertain


@dataclass(frozen=True, slots=True)
class VisitToConfirm:
    """visit: the hospital's number of it, one of each visit; copay: what the patient would pay, in won."""

    visit: str
    plan: VisitPlan
    copay: int


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What is known of a visit's 진료확인번호."""

    id: UUID
    day: date
    state: VisitState
    asked_at: datetime
    content: VisitContent = field(repr=False)


def confirm_visit(
    services: Services, whose: ReadablePatientId, wanted: VisitToConfirm, by: By
) -> Confirmation:
    """The visit's 진료확인번호, asked for now unless there is one. OPEN: not known yet; ask again, or `settle` does.

    Raises:
        PatientNotHere, InsuredNumberNeeded, VisitFormInvalid.
        CoverUncertain: whether the person is covered is not known; nothing was asked for.
        NotMedicalAid, LetterNeeded: there is nothing to confirm.
        ConfirmationDiffers: another content was asked for before, and what became of it is not known yet.
    """
    _check(wanted, today(services.clock()))
    index = visit_index(services, whose, wanted.visit)
    with reading(services.database) as session:
        patient, _ = known(services, session, whose)
        row = repository.last_attempt(session, patient.id, index)
    if row is None or row.state in (VisitState.REFUSED, VisitState.CANCELLED):
        row, ours = _written(
            services, whose, patient, index, wanted, by, 1 if row is None else row.attempt + 1
        )
    else:
        ours = False
    found = _confirmation(services, row)
    if found.state is VisitState.CANCELLING or not _same(found, wanted):
        raise ConfirmationDiffers
    if not ours:
        line = _line(by, Action.READ, services.clock(), whose.value, row.id, "visit.confirm")
        audit.record(services.database, [line])
    return found if found.state is VisitState.CONFIRMED else _sent(services, row, by)


def cancel_confirmation(
    services: Services, whose: ReadablePatientId, confirmation_id: UUID, by: By
) -> Confirmation:
    """Take a 진료확인번호 back. CANCELLING: not known yet; ask again, or let `settle` do it.

    Raises ConfirmationNotFound.
    """
    with writing(services.database) as session:
        row = _own(services, session, whose, confirmation_id)
        open_or_done = (VisitState.OPEN, VisitState.CONFIRMED)
        if repository.move(session, row.id, open_or_done, {"state": VisitState.CANCELLING}):
            action = Action.ERASE
        else:
            action = Action.READ
        line = _line(by, action, services.clock(), whose.value, row.id, "visit.cancel")
        audit.append(session, [line])
    with reading(services.database) as session:
        row = _own(services, session, whose, confirmation_id)
    return _taken_back(services, row) if row.state == VisitState.CANCELLING else _confirmation(services, row)


def confirmations(services: Services, session: Session, whose: ReadablePatientId) -> list[Confirmation]:
    """The patient's, newest first."""
    row = repository.patient(session, whose.hospital, whose.value)
    if row is None:
        return []
    return [_confirmation(services, each) for each in repository.confirmations(session, row.id)]


def settle(services: Services) -> dict[str, int]:
    """Ask again for everything whose outcome is not known; how many ended how. For the job."""
    with reading(services.database) as session:
        waiting = repository.waiting(session)
    ended: dict[str, int] = {}
    for row in waiting:
        sent = _sent(services, row, SYSTEM) if row.state == VisitState.OPEN else _taken_back(services, row)
        ended[sent.state.value] = ended.get(sent.state.value, 0) + 1
    return ended


def visit_index(services: Services, whose: ReadablePatientId, visit: str) -> str:
    """What is stored of the hospital's number of a visit."""
    return services.vault.blind_index(f"visit:{whose.hospital}:{visit.strip()}")


# --- written down first


def _check(wanted: VisitToConfirm, day: date) -> None:
    number = wanted.visit.strip()
    fits = {
        "visit": 0 < len(number) <= NUMBER_LENGTH and number.isprintable(),
        "copay": 0 <= wanted.copay <= MOST_COPAY,
        "day": wanted.plan.day <= day,
        "department": wanted.plan.department in DEPARTMENTS,
    }
    if not all(fits.values()):
        raise VisitFormInvalid(where=", ".join(name for name, right in fits.items() if not right))


def _written(
    services: Services,
    whose: ReadablePatientId,
    patient: EligibilityPatient,
    index: str,
    wanted: VisitToConfirm,
    by: By,
    attempt: int,
) -> tuple[VisitConfirmation, bool]:
    """The attempt as it stands now, and whether it is ours: or it is another desk's that was a moment earlier."""
    said = look_up(services, whose, wanted.plan.day, by)
    letter = _covered(services, whose, wanted.plan, said)
    assert isinstance(said.outcome, Eligible)
    deduct = health_balance_deduction(said.outcome.eligibility, wanted.copay)
    content = VisitContent(wanted.visit.strip(), wanted.plan.department, wanted.copay, deduct)
    now, row_id = services.clock(), uuid4()
    sealed = seal(services.vault, row_id, content)
    row = VisitConfirmation(
        id=row_id,
        patient_id=patient.id,
        visit=index,
        attempt=attempt,
        day=wanted.plan.day,
        asked_at=now,
        by_kind=by.kind.value,
        by=by.id,
        nonce=sealed.nonce,
        content=sealed.ciphertext,
    )
    with writing(services.database) as session:
        kept = repository.add_attempt(session, row)
        if kept.id == row_id:
            if letter is not None:
                use_letter(session, whose, letter, wanted.plan.day)
            audit.append(session, [_line(by, Action.CREATE, now, whose.value, row_id, "visit.confirm")])
    if kept.id != row_id:
        services.vault.destroy([row_id])
    return kept, kept.id == row_id


def _covered(services: Services, whose: ReadablePatientId, plan: VisitPlan, said: Answered) -> UUID | None:
    """The letter that the visit needs, if it needs one. Raises CoverUncertain, NotMedicalAid, LetterNeeded."""
    if isinstance(said.outcome, Uncertain):
        raise CoverUncertain
    if not isinstance(said.outcome, Eligible) or not said.outcome.eligibility.kind.is_medical_aid:
        raise NotMedicalAid
    rules, eligibility = rules_of(services), said.outcome.eligibility
    if not letter_needed(rules, plan, eligibility):
        return None
    with reading(services.database) as session:
        found, faults = best_letter(rules, plan, eligibility, letters.letters(services, session, whose))
    if found is None or faults:
        raise LetterNeeded
    return found.id


def _same(found: Confirmation, wanted: VisitToConfirm) -> bool:
    content = found.content
    return (found.day, content.department, content.copay) == (
        wanted.plan.day,
        wanted.plan.department,
        wanted.copay,
    )


# --- asked


def gateway_id(row: VisitConfirmation) -> str:
    """What the gateway knows the visit by."""
    return f"v-{row.id.hex}"


def _sent(services: Services, row: VisitConfirmation, by: By) -> Confirmation:
    """Ask for the number under the row's own identifier, as often as it takes: the insurer does it once."""
    with reading(services.database) as session:
        patient = repository.patient_by_id(session, row.patient_id)
    if patient is None:
        raise PatientNotHere
    who, content = insured(services.vault, patient), visit_content(services.vault, row)
    registration = who.registration
    if registration is None or not is_own_hospital(services, patient.hospital):
        return _confirmation(services, row)
    visit = Visit(gateway_id(row), registration, row.day, content.department, content.deduct)
    try:
        state: State = services.eligibility.confirm_visit(visit)
        note_uncertain(state, "confirm")
    except ProviderError as error:
        count_failure(error)
        state = Uncertain(cause_of(error))
    return _settled(services, row, content, state)


def note_uncertain(state: State, operation: str) -> None:
    """In the metrics: a question whose answer was lost, or that the insurer has not answered yet."""
    if isinstance(state, Uncertain):
        FAILURES.labels(operation, "uncertain").inc()


def _taken_back(services: Services, row: VisitConfirmation) -> Confirmation:
    try:
        state: State = services.eligibility.cancel_visit(gateway_id(row))
        note_uncertain(state, "cancel")
    except ProviderError as error:
        count_failure(error)
        state = Uncertain(cause_of(error))
    never_came = isinstance(state, NotConfirmed) and state.reason == _UNKNOWN
    if never_came and services.clock() - row.asked_at < BELIEVED_AFTER:
        state = Uncertain(_UNKNOWN)  # the request may still be on its way
    return _settled(services, row, visit_content(services.vault, row), state)


def _settled(services: Services, row: VisitConfirmation, content: VisitContent, state: State) -> Confirmation:
    """Keep what the insurer says, if it says something and nobody was first."""
    found = _ended(content, state)
    if found is None:
        return _confirmation(services, row)
    after, said = found
    sealed = seal(services.vault, row.id, said)
    # A cancellation that is under way is not undone by the answer to the question before it.
    waits_for = (VisitState.OPEN,) if after is VisitState.CONFIRMED else repository.WAITING
    values = {
        "state": after,
        "settled_at": services.clock(),
        "nonce": sealed.nonce,
        "content": sealed.ciphertext,
    }
    with writing(services.database) as session:
        if repository.move(session, row.id, waits_for, values):
            VISITS.labels(after.value).inc()
            repository.make_stale(session, row.patient_id, services.clock())
    with reading(services.database) as session:
        now = repository.confirmation(session, row.id)
    assert now is not None
    return _confirmation(services, now)


def _ended(content: VisitContent, state: State) -> tuple[VisitState, VisitContent] | None:
    match state:
        case Confirmed():
            done = replace(content, number=state.number, deducted=state.deducted, balance=state.balance)
            return VisitState.CONFIRMED, done
        case Cancelled():
            return VisitState.CANCELLED, replace(content, restored=state.restored, balance=state.balance)
        case NotConfirmed():
            return VisitState.REFUSED, replace(content, reason=state.reason)
        case _:
            return None


# --- read


def _own(
    services: Services, session: Session, whose: ReadablePatientId, confirmation_id: UUID
) -> VisitConfirmation:
    row, _ = known(services, session, whose)
    found = repository.confirmation(session, confirmation_id)
    if found is None or found.patient_id != row.id:
        raise ConfirmationNotFound
    return found


def _confirmation(services: Services, row: VisitConfirmation) -> Confirmation:
    content = visit_content(services.vault, row)
    return Confirmation(row.id, row.day, VisitState(row.state), row.asked_at, content)


def _line(by: By, action: Action, now: datetime, patient: str, which: UUID, reason: str) -> Entry:
    return entry(by, action, ObjectKind.VISIT, now, patient=patient, which=which, reason=reason)
