"""What persons do in the family domain: ask for a guardianship, name a delegate, consent, end. See `desk` for the rest.

Whoever asks access what may be read uses `standings`; nothing here opens a record.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.audit.terms import Action, Both
from backend.family import matrix, repository
from backend.family.errors import CodeRefused, ConsentNotYours, FamilyFormInvalid, NotAdult, TieNotFound
from backend.family.matrix import DELEGATES, GUARDIANS, Band, Relation
from backend.family.models import NoticeKind, Offer, Tie, TieState
from backend.family.noting import note, tell
from backend.family.standing import Standing, band_now, standings, subject
from backend.functions import Function
from backend.identity.service import SignedIn, patients_of, profile
from backend.services import Services
from backend.tokens import digest_of
from backend.vault import KeyDestroyed, Vault

__all__ = ["Member", "Standing", "chooser", "in_care", "names", "standings"]

OFFER_LASTS: Final = timedelta(days=1)
LONGEST: Final = timedelta(days=365)
PERIODS: Final = (30, 90, 180, 365)
"""How many days a delegation may be given for."""
NAME_LENGTH: Final = 50
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing that is read two ways
_CODE_LENGTH: Final = 10
"""50 random bits: guessing at a thousand tries a second for the code's whole day hits with a chance of 1 : 10^7."""


# --- a guardianship is asked for; the desk decides


def ask(
    session: Session,
    vault: Vault,
    who: SignedIn,
    *,
    hospital: int,
    relation: str,
    name: str,
    born: str,
    now: datetime,
) -> Tie:
    """Ask to be a child's guardian at a hospital. Gives nothing until the desk has seen the papers.

    Raises:
        FamilyFormInvalid: a field does not fit.
    """
    day, name = _day(born), " ".join(name.split())
    _check(
        relation=relation in GUARDIANS,
        name=0 < len(name) <= NAME_LENGTH and name.isprintable(),
        born=day is not None and 0 <= matrix.age(day, now) < 19,
    )
    tie_id = uuid4()
    content = json.dumps({"name": name, "birthDate": born}, ensure_ascii=False).encode()
    sealed = vault.seal_many({tie_id: content})[tie_id]
    tie = Tie(
        id=tie_id,
        actor_id=who.person,
        relation=relation,
        hospital=hospital,
        subject_nonce=sealed.nonce,
        subject=sealed.ciphertext,
        state=TieState.ASKED,
        created_at=now,
    )
    repository.add(session, tie)
    return tie


def _check(**fits: bool) -> None:
    """Raises FamilyFormInvalid with the fields that do not fit."""
    if not all(fits.values()):
        raise FamilyFormInvalid(*(field for field, right in fits.items() if not right))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2020-01-01") else None
    except ValueError:
        return None


# --- an adult names a delegate


def offer(
    session: Session,
    vault: Vault,
    who: SignedIn,
    *,
    relation: str,
    functions: Collection[str],
    days: int,
    now: datetime,
) -> str:
    """A one-time code that makes whoever enters it the person's delegate.

    Raises:
        NotAdult: the person is under 19.
        FamilyFormInvalid: a field does not fit.
    """
    born = date.fromisoformat(profile(session, vault, who.person).birth_date)
    if matrix.band_of(born, now) is not Band.ADULT:
        raise NotAdult
    known = relation in DELEGATES
    can = set(matrix.needing_consent(Band.ADULT, Relation(relation))) if known else set()
    chosen = bool(functions) and set(functions) <= can
    _check(relation=known, function=chosen, days=days in PERIODS)
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    row = Offer(
        code_digest=digest_of(code),
        grantor_id=who.person,
        relation=relation,
        functions=" ".join(sorted(functions)),
        made_at=now,
        ends_at=now + min(timedelta(days=days), LONGEST),
        expires_at=now + OFFER_LASTS,
    )
    repository.add(session, row)
    return f"{code[:5]}-{code[5:]}"


def accept(session: Session, who: SignedIn, code: str, now: datetime) -> Tie:
    """Become the delegate that a code is for. Raises CodeRefused."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    found = repository.take_offer(session, digest_of(plain), who.person, now)
    if found is None:
        raise CodeRefused
    tie = Tie(
        id=uuid4(),
        actor_id=who.person,
        relation=found.relation,
        grantor_id=found.grantor_id,
        functions=found.functions,
        consented_at=found.made_at,
        state=TieState.ACTIVE,
        created_at=now,
        decided_at=now,
        ends_at=found.ends_at,
    )
    repository.add(session, tie)
    tell(session, tie, NoticeKind.DELEGATE_ACCEPTED, now)
    note(session, Action.DELEGATE, now, tie, who, reason=f"delegate.{tie.relation}")
    return tie


# --- a child from 14 on consents, or not any more


def consent(
    session: Session, vault: Vault, who: SignedIn, tie_id: UUID, functions: Collection[str], now: datetime
) -> None:
    """The patient lets a guardian do these things; what was agreed to before is replaced. None: withdraws.

    Raises:
        TieNotFound: no active guardianship of this patient.
        ConsentNotYours: under 14 the law gives it to the guardian; from 19 there is no guardian.
        FamilyFormInvalid: consent does not decide about one of these.
    """
    tie = repository.tie(session, tie_id)
    if tie is None or tie.grantor_id is not None or tie.state != TieState.ACTIVE:
        raise TieNotFound
    if (tie.hospital, tie.patient) not in patients_of(session, who.person):
        raise TieNotFound
    band = band_now(session, vault, tie, now)
    if band is None or band is Band.UNDER_14:
        raise ConsentNotYours
    if set(functions) - set(matrix.needing_consent(band, Relation(tie.relation))):
        raise FamilyFormInvalid("function")
    tie.functions, tie.consented_at = " ".join(sorted(functions)), now if functions else None
    session.add(tie)
    tell(session, tie, NoticeKind.CONSENT_GIVEN if functions else NoticeKind.CONSENT_WITHDRAWN, now)
    note(session, Action.CONSENT if functions else Action.CONSENT_WITHDRAWN, now, tie, who)


# --- ends


def end(session: Session, vault: Vault, who: SignedIn, tie_id: UUID, now: datetime) -> None:
    """Whoever acts may stop, and an adult take back what they gave; from the next request on nothing is left.

    Raises:
        TieNotFound: no such tie of this person, or it has ended.
    """
    tie = repository.tie(session, tie_id)
    if tie is None or who.person not in (tie.actor_id, tie.grantor_id):
        raise TieNotFound
    if tie.state not in (TieState.ASKED, TieState.ACTIVE):
        raise TieNotFound
    reason = "withdrawn" if who.person == tie.grantor_id else "resigned"
    close(session, vault, tie, now, who, reason)


def close(session: Session, vault: Vault, tie: Tie, now: datetime, who: SignedIn | None, reason: str) -> None:
    """End a tie: note it, tell the patient, destroy what it says of a child."""
    told = tie.state == TieState.ACTIVE
    tie.state, tie.ended_at, tie.reason = TieState.ENDED, now, reason
    tie.subject, tie.subject_nonce = b"", b""
    session.add(tie)
    if told:
        tell(session, tie, NoticeKind.ENDED, now)
        note(session, Action.DELEGATION_ENDED, now, tie, who, reason=reason)
    vault.destroy([tie.id])


def end_of_person(session: Session, vault: Vault, who: SignedIn, now: datetime) -> None:
    """An account is about to be erased: its ties end on both sides, its consents to guardians are withdrawn.

    Call it while the person is still bound to their patients.
    """
    own = patients_of(session, who.person)
    for tie in repository.of_actor(session, who.person):
        close(session, vault, tie, now, who, "account-erased")
    for tie in repository.over(session, who.person, own):
        if tie.grantor_id is not None:
            close(session, vault, tie, now, who, "account-erased")
        else:
            tie.functions, tie.consented_at = "", None
            session.add(tie)
    repository.forget_offers(session, who.person)


# --- names in the log


def names(
    session: Session, vault: Vault, person: UUID, patients: Sequence[tuple[int, str]]
) -> dict[str, Both]:
    """What those are called who act or acted for a person or for these patients, by actor in the log."""
    found = {}
    for tie in (
        *repository.of_patients(session, patients),
        *repository.over(session, person, (), ended=True),
    ):
        try:
            name = profile(session, vault, tie.actor_id).name
        except KeyDestroyed:
            continue
        role = ("보호자", "guardian") if tie.grantor_id is None else ("대리인", "delegate")
        found[str(tie.actor_id)] = Both(f"{role[0]} {name}", f"your {role[1]} {name}")
    return found


@dataclass(frozen=True, slots=True)
class Member:
    """A patient that somebody acts for, to choose from: the tie's identifier, the patient's name."""

    id: UUID
    name: str


def members(services: Services, session: Session, who: SignedIn) -> list[tuple[Member, Standing]]:
    """For whom a person may act now, each once, with where they stand."""
    known = {tie.id: tie for tie in repository.of_actor(session, who.person)}
    found = {each.tie: each for each in standings(session, services.vault, who.person, services.clock())}
    return [
        (Member(tie, name_of_subject(session, services.vault, known[tie])), each)
        for tie, each in found.items()
    ]


def in_care(services: Services, session: Session, who: SignedIn, function: Function) -> list[Member]:
    """For whom a person may do something now."""
    return [member for member, each in members(services, session, who) if each.decide(function).allowed]


def chooser(services: Services, session: Session, who: SignedIn) -> list[Member]:
    """Whose documents a person may list besides their own."""
    return in_care(services, session, who, Function.LIST)


def over(session: Session, person: UUID) -> Sequence[Tie]:
    """Active ties over a person."""
    return repository.over(session, person, patients_of(session, person))


def name_of_subject(session: Session, vault: Vault, tie: Tie) -> str:
    """The patient's name; empty once it was erased."""
    known = subject(session, vault, tie)
    return known.name if known else ""
