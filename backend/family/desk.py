"""What the hospital decides: a guardian's papers, a power of attorney; and what the days bring by themselves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlmodel import Session

from backend.audit.terms import Action
from backend.family import matrix, repository
from backend.family.matrix import Band, Paper, Relation
from backend.family.models import NoticeKind, Tie, TieState
from backend.family.noting import Clerk, note, tell
from backend.family.service import close
from backend.family.standing import papers_of, subject
from backend.functions import Function
from backend.vault import Vault
from backend.web.dates import KOREA

CERTIFICATE_LASTS: Final = timedelta(days=92)
"""A family certificate or register extract is at most three months old (의료법 시행규칙 제13조의3 practice)."""
_DATED: Final = frozenset({Paper.FAMILY_CERTIFICATE, Paper.GUARDIAN_REGISTER})


class DeskRefusal(StrEnum):
    """Why the command did nothing."""

    NOT_WAITING = "not-waiting"
    BIRTH_DATE_DIFFERS = "birth-date-differs"
    PAPERS_MISSING = "papers-missing"
    CERTIFICATE_TOO_OLD = "certificate-too-old"
    GROWN_UP = "grown-up"
    CONSENT_TOO_EARLY = "consent-too-early"


class DeskRefused(Exception):
    """The desk's decision cannot stand. `reason` says why; nothing has changed."""

    def __init__(self, reason: DeskRefusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Seen:
    """What the desk has in its hands. `issued`: day on the certificate or register extract."""

    papers: frozenset[Paper]
    issued: date | None = None


def confirm(
    session: Session,
    vault: Vault,
    tie_id: UUID,
    *,
    patient: str,
    born: date,
    seen: Seen,
    compared: str,
    now: datetime,
    by: Clerk | None = None,
) -> Tie:
    """The desk has seen guardian, papers and child's registration: the guardianship holds from now on.

    Args:
        patient: `patient_index` of the child's registration number.
        born: as the certificate says; must be what the guardian typed, so that two people read it.
        compared: how the number was compared with the hospital's record, a code for the log; see `checking`.
        by: who decides; None for the command.

    Raises:
        DeskRefused: see `DeskRefusal`.
    """
    tie = _tie(session, tie_id, TieState.ASKED)
    known = subject(session, vault, tie)
    if known is None or known.born != born:
        raise DeskRefused(DeskRefusal.BIRTH_DATE_DIFFERS)
    band = matrix.band_of(born, now)
    if band is Band.ADULT:
        raise DeskRefused(DeskRefusal.GROWN_UP)
    if matrix.RULES[band, Relation(tie.relation), Function.BOOK].papers - seen.papers:
        raise DeskRefused(DeskRefusal.PAPERS_MISSING)
    tie.patient, tie.state, tie.decided_at = patient, TieState.ACTIVE, now
    _take(tie, seen, band, now)
    session.add(tie)
    tell(session, tie, NoticeKind.GUARDIAN_CONFIRMED, now)
    note(session, Action.DELEGATE, now, tie, by, reason=f"guardian.{tie.relation}.{compared}")
    return tie


def refuse(
    session: Session, vault: Vault, tie_id: UUID, reason: str, now: datetime, by: Clerk | None = None
) -> None:
    """The papers do not show it; what the guardian typed about the child is destroyed. Raises DeskRefused."""
    tie = _tie(session, tie_id, TieState.ASKED)
    tie.state, tie.decided_at, tie.reason = TieState.REFUSED, now, reason
    tie.subject, tie.subject_nonce = b"", b""
    session.add(tie)
    note(session, Action.DELEGATION_ENDED, now, tie, by, reason=reason)
    vault.destroy([tie.id])


def add_papers(
    session: Session, vault: Vault, tie_id: UUID, seen: Seen, now: datetime, by: Clerk | None = None
) -> Tie:
    """More papers for a tie that holds: the patient's card, a handwritten consent, a power of attorney.

    Raises:
        DeskRefused: see `DeskRefusal`.
    """
    tie = _tie(session, tie_id, TieState.ACTIVE)
    known = subject(session, vault, tie)
    if known is None:
        raise DeskRefused(DeskRefusal.NOT_WAITING)
    _take(tie, seen, matrix.band_of(known.born, now), now)
    session.add(tie)
    tell(session, tie, NoticeKind.PAPERS_ADDED, now)
    note(session, Action.DELEGATE, now, tie, by, reason="papers-added")
    return tie


def _take(tie: Tie, seen: Seen, band: Band, now: datetime) -> None:
    """Keep what was seen; a handwritten consent covers whatever consent decides at this age."""
    if seen.papers & _DATED:
        today = now.astimezone(KOREA).date()
        if seen.issued is None or not today - CERTIFICATE_LASTS <= seen.issued <= today:
            raise DeskRefused(DeskRefusal.CERTIFICATE_TOO_OLD)
    if Paper.PATIENT_CONSENT in seen.papers:
        if band is Band.UNDER_14 or tie.grantor_id is not None:
            raise DeskRefused(DeskRefusal.CONSENT_TOO_EARLY)
        tie.functions = " ".join(sorted(matrix.needing_consent(band, Relation(tie.relation))))
        tie.consented_at = now
    kept: Collection[Paper] = papers_of(tie) | (seen.papers - {Paper.PATIENT_CONSENT})
    tie.papers = " ".join(sorted(kept))


def _tie(session: Session, tie_id: UUID, state: TieState) -> Tie:
    tie = repository.tie(session, tie_id)
    if tie is None or tie.state != state:
        raise DeskRefused(DeskRefusal.NOT_WAITING)
    return tie


def settle(session: Session, vault: Vault, now: datetime) -> tuple[int, int]:
    """What the days have brought: ties that ran out or whose child is grown up end, patients who are 14 are asked.

    Access does not wait for it: what holds is worked out on every request. Again the same day, it does nothing.

    Returns:
        How many ended, how many patients were asked for their consent.
    """
    ended = told = 0
    for tie in repository.active(session):
        known = subject(session, vault, tie)
        reason = _over(tie, known.born if known else None, now)
        if reason is not None:
            close(session, vault, tie, now, None, reason)
            ended += 1
        elif known is not None and _asks(session, tie, known.born, now):
            tell(session, tie, NoticeKind.CONSENT_ASKED, now)
            told += 1
    return ended, told


def _over(tie: Tie, born: date | None, now: datetime) -> str | None:
    if born is None:
        return "account-erased"
    if tie.ends_at is not None and tie.ends_at <= now:
        return "run-out"
    grown_up = tie.grantor_id is None and matrix.band_of(born, now) is Band.ADULT
    return "came-of-age" if grown_up else None


def _asks(session: Session, tie: Tie, born: date, now: datetime) -> bool:
    of_age = tie.grantor_id is None and matrix.band_of(born, now) is not Band.UNDER_14
    asked = repository.was_told(session, tie.id, NoticeKind.CONSENT_ASKED)
    return of_age and tie.consented_at is None and not asked
