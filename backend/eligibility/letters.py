"""의료급여의뢰서: noted, booked with, handed in, used, ended."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.access import ReadablePatientId
from backend.audit import service as audit
from backend.audit.terms import Action, ObjectKind
from backend.eligibility import repository
from backend.eligibility.checks import rules_of
from backend.eligibility.days import today
from backend.eligibility.errors import LetterNotFound, LetterTooLate, VisitFormInvalid
from backend.eligibility.models import Letter
from backend.eligibility.noting import By, entry
from backend.eligibility.patients import known
from backend.eligibility.rules import (
    Reason,
    ReferralLetter,
    Rules,
    VisitPlan,
    letter_faults,
    letter_last_day,
)
from backend.eligibility.sealing import LetterContent, letter_content, picture, seal
from backend.providers.eligibility import Eligibility
from backend.services import Services
from backend.vault import Vault
from records.codes import DEPARTMENTS

_ISSUER: Final = re.compile(r"[0-9]{8}")
_NUMBER: Final = re.compile(r"[0-9A-Za-z가-힣./ -]{0,40}")
MOST_PICTURE: Final = 1_500_000
"""Bytes."""
_KINDS: Final = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"%PDF-": "application/pdf",
}


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on the letter. picture: of the paper, or empty."""

    issued_on: date
    issuer: str
    department: str
    number: str = field(default="", repr=False)
    picture: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class KnownLetter:
    """A letter with what it says, and the last day on which it may be handed in or a visit booked with it."""

    id: UUID
    letter: ReferralLetter
    number: str = field(repr=False)
    last_day: date
    used_on: date | None
    has_picture: bool


def hand_in_letter(
    services: Services, session: Session, whose: ReadablePatientId, paper: Paper, by: By
) -> KnownLetter:
    """The desk has the letter in its hands. Raises LetterTooLate, VisitFormInvalid, PatientNotHere."""
    return _add(services, session, whose, paper, by, handed_in=True)


def book_with_letter(
    services: Services, session: Session, whose: ReadablePatientId, paper: Paper, by: By
) -> KnownLetter:
    """A visit is booked with the letter; it is handed in at the visit. Raises as `hand_in_letter`."""
    return _add(services, session, whose, paper, by, handed_in=False)


def hand_in_known(
    services: Services, session: Session, whose: ReadablePatientId, letter_id: UUID, by: By
) -> None:
    """A letter that a visit was booked with is now in the desk's hands. Raises LetterNotFound, LetterTooLate."""
    row = _own(services, session, whose, letter_id)
    day = today(services.clock())
    if row.handed_in_on is not None:
        return
    came = min(each for each in (row.booked_on, day) if each is not None)
    if came > letter_last_day(rules_of(services), _letter(services.vault, row)):
        raise LetterTooLate
    row.handed_in_on = day
    _changed(services, session, whose, row, by, "letter.handed-in")


def end_letter(
    services: Services, session: Session, whose: ReadablePatientId, letter_id: UUID, day: date, by: By
) -> None:
    """The treatment that the letter was written for has ended on a day.

    Raises:
        LetterNotFound. VisitFormInvalid: a day before the letter, or one that has not come.
    """
    row = _own(services, session, whose, letter_id)
    if not row.issued_on <= day <= today(services.clock()):
        raise VisitFormInvalid(where="day")
    row.ended_on = day
    _changed(services, session, whose, row, by, "letter.ended")


def use_letter(session: Session, whose: ReadablePatientId, letter_id: UUID, day: date) -> None:
    """A visit on a day was confirmed with it; the first one is kept."""
    row = repository.patient(session, whose.hospital, whose.value)
    found = None if row is None else repository.letter(session, row.id, letter_id)
    if found is not None and found.used_on is None:
        found.used_on = day
        repository.add(session, found)


def letters(services: Services, session: Session, whose: ReadablePatientId) -> list[KnownLetter]:
    """The patient's letters, newest first."""
    row = repository.patient(session, whose.hospital, whose.value)
    if row is None:
        return []
    return [_known(services, each) for each in repository.letters(session, row.id)]


def best_letter(
    rules: Rules, visit: VisitPlan, eligibility: Eligibility, known_letters: list[KnownLetter]
) -> tuple[KnownLetter | None, list[Reason]]:
    """The letter with the fewest faults for a visit, and what they are; among equals the newest."""
    faults = [(each, letter_faults(rules, visit, eligibility, each.letter)) for each in known_letters]
    if not faults:
        return None, letter_faults(rules, visit, eligibility, None)
    return min(faults, key=lambda each: len(each[1]))


def letter_picture(
    services: Services, session: Session, whose: ReadablePatientId, letter_id: UUID
) -> tuple[bytes, str]:
    """The paper's picture and its media type. Raises LetterNotFound."""
    found = picture(services.vault, _own(services, session, whose, letter_id))
    if found is None:
        raise LetterNotFound
    return found, kind_of(found)


def kind_of(content: bytes) -> str:
    """The media type by its first bytes, which alone decide; empty for what is not taken."""
    return next((kind for start, kind in _KINDS.items() if content.startswith(start)), "")


def _add(
    services: Services,
    session: Session,
    whose: ReadablePatientId,
    paper: Paper,
    by: By,
    *,
    handed_in: bool,
) -> KnownLetter:
    day, rules = today(services.clock()), rules_of(services)
    _check(paper, day)
    patient, _ = known(services, session, whose)
    last_day = letter_last_day(rules, ReferralLetter(paper.issued_on, paper.issuer, paper.department))
    if day > last_day:
        raise LetterTooLate
    row_id = uuid4()
    sealed = seal(services.vault, row_id, LetterContent(paper.issuer, paper.department, paper.number.strip()))
    row = Letter(
        id=row_id,
        patient_id=patient.id,
        issued_on=paper.issued_on,
        last_day=last_day,
        booked_on=None if handed_in else day,
        handed_in_on=day if handed_in else None,
        noted_at=services.clock(),
        by_kind=by.kind.value,
        by=by.id,
        nonce=sealed.nonce,
        content=sealed.ciphertext,
    )
    if paper.picture:
        shown = services.vault.seal_many({row_id: paper.picture})[row_id]
        row.picture_nonce, row.picture = shown.nonce, shown.ciphertext
    _changed(services, session, whose, row, by, "letter.handed-in" if handed_in else "letter.booked")
    return _known(services, row)


def _check(paper: Paper, day: date) -> None:
    """Raises VisitFormInvalid."""
    fits = {
        "issued": paper.issued_on <= day,
        "issuer": _ISSUER.fullmatch(paper.issuer) is not None,
        "department": paper.department in DEPARTMENTS,
        "number": _NUMBER.fullmatch(paper.number) is not None,
        "picture": not paper.picture or (len(paper.picture) <= MOST_PICTURE and kind_of(paper.picture) != ""),
    }
    if not all(fits.values()):
        raise VisitFormInvalid(where=", ".join(name for name, right in fits.items() if not right))


def _own(services: Services, session: Session, whose: ReadablePatientId, letter_id: UUID) -> Letter:
    row, _ = known(services, session, whose)
    found = repository.letter(session, row.id, letter_id)
    if found is None:
        raise LetterNotFound
    return found


def _changed(
    services: Services, session: Session, whose: ReadablePatientId, row: Letter, by: By, reason: str
) -> None:
    """Keep it and note it."""
    now = services.clock()
    repository.add(session, row)
    line = entry(
        by,
        Action.CREATE if row.noted_at == now else Action.CHANGE,
        ObjectKind.REFERRAL,
        now,
        patient=whose.value,
        which=row.id,
        reason=reason,
    )
    audit.append(session, [line])


def _letter(vault: Vault, row: Letter) -> ReferralLetter:
    content = letter_content(vault, row)
    return ReferralLetter(
        issued_on=row.issued_on,
        issued_by=content.issuer,
        department=content.department,
        booked_on=row.booked_on,
        handed_in_on=row.handed_in_on,
        treatment_ended_on=row.ended_on,
    )


def _known(services: Services, row: Letter) -> KnownLetter:
    letter = _letter(services.vault, row)
    return KnownLetter(
        row.id,
        letter,
        letter_content(services.vault, row).number,
        letter_last_day(rules_of(services), letter),
        row.used_on,
        row.picture is not None,
    )
