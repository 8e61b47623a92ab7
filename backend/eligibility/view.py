"""Rows of the desk's and the patient's page, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session

from backend.access import ReadablePatientId
from backend.eligibility import repository, service
from backend.eligibility.days import start_of, today
from backend.eligibility.departments import NAMES, department_name
from backend.eligibility.models import Exempt, How, IdentityException, VisitState
from backend.eligibility.patients import known
from backend.eligibility.rules import VisitPlan
from backend.eligibility.words import (
    AT_DESK,
    EXEMPT,
    HOW,
    STATES,
    missing_words,
    outcome_words,
    refusal_words,
    won,
)
from backend.providers.eligibility import Cover, Eligible
from backend.services import Services
from backend.web.dates import day, minute
from backend.web.i18n import translate


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen in the desk's forms: code and label."""

    how: list[tuple[str, str]]
    exempt: list[tuple[str, str]]
    departments: list[tuple[str, str]]


def choices() -> Choices:
    """In the reader's language."""
    return Choices(
        how=[(each.value, translate(HOW[each])) for each in AT_DESK],
        exempt=[(each.value, translate(EXEMPT[each])) for each in Exempt],
        departments=[(code, f"{code} {translate(name)}") for code, name in NAMES.items()],
    )


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """A check of identity; holds: it still counts today."""

    at: str
    how: str
    until: str
    holds: bool


@dataclass(frozen=True, slots=True)
class CoverRows:
    """What the insurer said. facts: label and value; stale: something has changed since."""

    said: str
    good: bool
    asked_at: str
    facts: list[tuple[str, str]]
    stale: bool


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter. open: its treatment has not ended; waits: not handed in yet."""

    id: UUID
    issued: str
    issuer: str
    department: str
    number: str
    said: list[str]
    waits: bool
    open: bool
    has_picture: bool


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A 진료확인번호."""

    id: UUID
    visit: str
    day: str
    said: str
    number: str
    facts: list[str]
    good: bool
    can_cancel: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """What desk and patient both see."""

    missing: list[dict[str, str]]
    identity: IdentityRow | None
    exempt: bool
    owed_until: str
    cover: CoverRows | None
    uncertain_at: str
    number_known: bool
    letter_needed: bool
    letters: list[LetterRow]
    balance: str
    medical_aid: bool


@dataclass(frozen=True, slots=True)
class DeskView:
    """The desk's page. history: earlier checks and exceptions."""

    name: str
    born: str
    day: str
    checked: Checked
    history: list[str]
    visits: list[VisitRow]


def desk_view(services: Services, session: Session, whose: ReadablePatientId, plan: VisitPlan) -> DeskView:
    """One patient. Raises PatientNotHere."""
    row, who = known(services, session, whose)
    checks = repository.checks(session, row.id)
    history = [f"{minute(each.checked_at)} · {translate(HOW[How(each.how)])}" for each in checks]
    history += [_exception(each) for each in repository.exceptions(session, row.id)]
    found = service.visit_check(services, session, whose, plan)
    return DeskView(
        name=who.name,
        born=day(start_of(who.born)),
        day=day(start_of(plan.day)),
        checked=checked(services, found),
        history=history,
        visits=[_visit(each) for each in service.confirmations(services, session, whose)],
    )


def _exception(row: IdentityException) -> str:
    said: dict[str, str | int] = {"day": day(start_of(row.day)), "why": translate(EXEMPT[Exempt(row.exempt)])}
    return translate("%(day)s · 예외: %(why)s", said)


def checked(services: Services, found: service.VisitCheck) -> Checked:
    """In the reader's language."""
    now = today(services.clock())
    said = found.answered.outcome if found.answered is not None else None
    eligibility = said.eligibility if isinstance(said, Eligible) else None
    balance = None if eligibility is None else eligibility.health_balance
    return Checked(
        missing=[missing_words(each) for each in found.missing],
        identity=_identity(found.identity, now),
        exempt=found.exempt,
        owed_until=_day(found.owed_until),
        cover=_cover(found.answered),
        uncertain_at="" if found.uncertain_at is None else minute(found.uncertain_at),
        number_known=found.number_known,
        letter_needed=found.letter_needed,
        letters=[_letter(each, now) for each in found.letters],
        balance="" if balance is None else won(balance),
        medical_aid=eligibility is not None and eligibility.kind.is_medical_aid,
    )


def _day(found: date | None) -> str:
    return "" if found is None else day(start_of(found))


def _identity(found: service.Identity | None, now: date) -> IdentityRow | None:
    if found is None:
        return None
    how = translate(HOW[found.how])
    return IdentityRow(minute(found.checked_at), how, _day(found.until), now <= found.until)


def _cover(found: service.Answered | None) -> CoverRows | None:
    if found is None:
        return None
    facts = [(translate("기준일"), _day(found.day))]
    said = found.outcome
    if isinstance(said, Eligible):
        eligibility = said.eligibility
        facts += [
            (translate("자격 기간"), _period(eligibility.valid_from, eligibility.valid_until)),
            (translate("의료급여의뢰서"), _needed(needed=eligibility.referral_required)),
        ]
        if eligibility.chosen_institution is not None:
            facts.append((translate("선택의료급여기관"), eligibility.chosen_institution))
        if eligibility.kind is Cover.MEDICAL_AID_1 and eligibility.health_balance is not None:
            facts.append((translate("건강생활유지비 잔액"), won(eligibility.health_balance)))
        for each in eligibility.reductions:
            facts.append(
                (translate("산정특례"), f"{each.code} ({_period(each.valid_from, each.valid_until)})")
            )
    good = isinstance(said, Eligible)
    return CoverRows(outcome_words(said), good, minute(found.asked_at), facts, found.stale)


def _needed(*, needed: bool) -> str:
    return translate("필요합니다") if needed else translate("필요하지 않습니다")


def _period(start: date, end: date | None) -> str:
    return f"{_day(start)} ~ {_day(end)}".strip()


def _letter(found: service.KnownLetter, now: date) -> LetterRow:
    letter = found.letter
    said = [translate("제출 기한 %(day)s", {"day": _day(found.last_day)})]
    for label, at in (
        (translate("예약 %(day)s", {"day": _day(letter.booked_on)}), letter.booked_on),
        (translate("접수 %(day)s", {"day": _day(letter.handed_in_on)}), letter.handed_in_on),
        (translate("사용 %(day)s", {"day": _day(found.used_on)}), found.used_on),
        (translate("진료 종료 %(day)s", {"day": _day(letter.treatment_ended_on)}), letter.treatment_ended_on),
    ):
        if at is not None:
            said.append(label)
    ended = letter.treatment_ended_on
    return LetterRow(
        id=found.id,
        issued=_day(letter.issued_on),
        issuer=letter.issued_by,
        department=department_name(letter.department),
        number=found.number,
        said=said,
        waits=letter.handed_in_on is None and ended is None,
        open=ended is None,
        has_picture=found.has_picture,
    )


def _visit(found: service.Confirmation) -> VisitRow:
    content = found.content
    facts = [translate("본인부담금 %(won)s", {"won": won(content.copay)})]
    if content.deducted is not None and found.state is not VisitState.CANCELLED:
        facts.append(translate("건강생활유지비 차감 %(won)s", {"won": won(content.deducted)}))
    if content.restored is not None:
        facts.append(translate("되돌린 금액 %(won)s", {"won": won(content.restored)}))
    if content.balance is not None:
        facts.append(translate("잔액 %(won)s", {"won": won(content.balance)}))
    if found.state is VisitState.REFUSED:
        facts.append(refusal_words(content.reason))
    return VisitRow(
        id=found.id,
        visit=content.visit,
        day=_day(found.day),
        said=translate(STATES[found.state]),
        number=content.number or "",
        facts=[department_name(content.department), *facts],
        good=found.state is VisitState.CONFIRMED,
        can_cancel=found.state in (VisitState.OPEN, VisitState.CONFIRMED, VisitState.CANCELLING),
    )
