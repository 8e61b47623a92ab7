"""A newborn's mother is its guardian from the moment the desk registers it, by the hospital's own birth record."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.family import desk, repository
from backend.family.desk import Seen
from backend.family.matrix import Paper, Relation
from backend.family.models import NoticeKind, Tie, TieState
from backend.family.noting import tell
from backend.family.standing import subject
from backend.identity.service import numbers_of
from backend.vault import Vault


@dataclass(frozen=True, slots=True)
class Child:
    """As the hospital has it. name: "산모이름 아기" until the birth was reported."""

    hospital: int
    patient: str
    name: str
    born: date


def begin(session: Session, vault: Vault, mother: UUID, child: Child, now: datetime) -> UUID:
    """The guardianship of whoever gave birth here; identity card and birth record are before the desk."""
    made = Tie(
        id=uuid4(),
        actor_id=mother,
        relation=Relation.PARENT,
        hospital=child.hospital,
        patient=child.patient,
        papers=" ".join(sorted((Paper.ACTOR_ID, Paper.BIRTH_RECORD))),
        state=TieState.ACTIVE,
        created_at=now,
        decided_at=now,
    )
    _call(vault, made, child.name, child.born)
    repository.add(session, made)
    tell(session, made, NoticeKind.GUARDIAN_CONFIRMED, now)
    return made.id


def rename(
    session: Session, vault: Vault, tie_id: UUID, name: str, issued: date | None, now: datetime
) -> list[UUID]:
    """The birth was reported: the certificate that says so takes the birth record's place, the name is everywhere.

    Whose guardianships have the name now is returned.

    Args:
        issued: day on the family certificate, which the desk has in hand.

    Raises:
        DeskRefused: the certificate is too old, or the guardianship has ended.
    """
    tie = desk.add_papers(session, vault, tie_id, Seen(frozenset({Paper.FAMILY_CERTIFICATE}), issued), now)
    assert tie.hospital is not None
    assert tie.patient is not None
    guardians = []
    for each in repository.of_patients(session, numbers_of(session, tie.hospital, tie.patient)):
        known = subject(session, vault, each) if each.state == TieState.ACTIVE else None
        if known is not None and each.grantor_id is None:
            _call(vault, each, name, known.born)
            session.add(each)
            guardians.append(each.actor_id)
    session.flush()
    return guardians


def _call(vault: Vault, tie: Tie, name: str, born: date) -> None:
    content = json.dumps({"name": name, "birthDate": born.isoformat()}, ensure_ascii=False).encode()
    sealed = vault.seal_many({tie.id: content})[tie.id]
    tie.subject_nonce, tie.subject = sealed.nonce, sealed.ciphertext
