"""Where somebody stands towards a patient at this moment: read from the ties on every request, nothing is cached.

So a withdrawal, an end date and a birthday take effect on the very next request, whether a job has run or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from backend.family import matrix, repository
from backend.family.matrix import Band, Decision, Paper, Relation
from backend.family.models import Tie, TieState
from backend.functions import Function
from backend.identity.service import is_checked, numbers_of, patients_of, profile
from backend.vault import KeyDestroyed, Sealed, Vault


@dataclass(frozen=True, slots=True)
class Subject:
    """The patient of a tie, as far as the tie knows: name and day of birth. Personal data."""

    name: str
    born: date


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody towards one patient, now.

    Attributes:
        delegated: an adult has named them; otherwise a guardian.
        papers: seen by the desk.
        consented: what the patient's own consent covers, if it counts at this age.
    """

    tie: UUID
    relation: Relation
    delegated: bool
    hospital: int
    patient: str
    band: Band
    papers: frozenset[Paper]
    consented: frozenset[Function]

    def decide(self, function: Function) -> Decision:
        """By the matrix."""
        return decide(self.band, self.relation, self.papers, self.consented, function)

    @property
    def role(self) -> str:
        """For the log: "guardian.parent", "delegate.spouse"."""
        return f"{'delegate' if self.delegated else 'guardian'}.{self.relation}"

    @property
    def hides_sensitive(self) -> bool:
        """Whether documents of sensitive departments are kept from them."""
        return matrix.hides_sensitive(self.band, self.relation, delegated=self.delegated)


def decide(
    band: Band,
    relation: Relation,
    papers: frozenset[Paper],
    consented: frozenset[Function],
    function: Function,
) -> Decision:
    """By the matrix, with the patient's consent among the papers where it covers the function."""
    own = {Paper.PATIENT_CONSENT} if function in consented else set()
    return matrix.decide(function, band, relation, papers | own)


def standings(
    session: Session, vault: Vault, actor: UUID, now: datetime, tie: UUID | None = None
) -> list[Standing]:
    """Every patient that somebody may act for in some way now; `tie`: of this one alone."""
    found: list[Standing] = []
    for each in repository.of_actor(session, actor):
        if tie is None or each.id == tie:
            found += _standings(session, vault, each, now)
    return found


def _standings(session: Session, vault: Vault, tie: Tie, now: datetime) -> Iterator[Standing]:
    band, known = band_now(session, vault, tie, now), subject(session, vault, tie)
    if band is None or known is None or not is_checked(session, tie.actor_id):
        return
    consented = consent_of(tie, known, now)
    for hospital, patient in _patients(session, tie):
        yield Standing(
            tie=tie.id,
            relation=Relation(tie.relation),
            delegated=tie.grantor_id is not None,
            hospital=hospital,
            patient=patient,
            band=band,
            papers=matrix.counting(papers_of(tie), known.born, now),
            consented=consented,
        )


def band_now(session: Session, vault: Vault, tie: Tie, now: datetime) -> Band | None:
    """The patient's band while the tie holds; None once it holds no more: ended, run out, grown up, erased."""
    known = subject(session, vault, tie)
    if known is None or tie.state != TieState.ACTIVE or (tie.ends_at is not None and tie.ends_at <= now):
        return None
    band = matrix.band_of(known.born, now)
    return None if (band is Band.ADULT) is (tie.grantor_id is None) else band


def subject(session: Session, vault: Vault, tie: Tie) -> Subject | None:
    """The patient of a tie; None once that was erased."""
    try:
        if tie.grantor_id is not None:
            who = profile(session, vault, tie.grantor_id)
            return Subject(who.name, date.fromisoformat(who.birth_date))
        kept = json.loads(vault.open(tie.id, Sealed(tie.subject_nonce, tie.subject)))
    except KeyDestroyed:
        return None
    return Subject(kept["name"], date.fromisoformat(kept["birthDate"]))


def papers_of(tie: Tie) -> frozenset[Paper]:
    """What the desk has seen."""
    return frozenset(map(Paper, tie.papers.split()))


def consent_of(tie: Tie, known: Subject | None, now: datetime) -> frozenset[Function]:
    """What the patient's consent covers. A child's counts from 14 on; what was agreed to before counts no more."""
    if tie.consented_at is None or known is None:
        return frozenset()
    if tie.grantor_id is None and matrix.band_of(known.born, tie.consented_at) is Band.UNDER_14:
        return frozenset()
    return frozenset(map(Function, tie.functions.split()))


def _patients(session: Session, tie: Tie) -> list[tuple[int, str]]:
    if tie.grantor_id is not None:
        return patients_of(session, tie.grantor_id)
    if tie.hospital is None or tie.patient is None:
        return []
    return numbers_of(session, tie.hospital, tie.patient)
