"""Persons: sign-up, profile, and the hospitals' patients they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from backend.eligibility.periods import age_on
from backend.identity import consenting, numbers, repository, social_repository
from backend.identity.consent_errors import GuardianNeeded
from backend.identity.consents import Consent, missing
from backend.identity.errors import AlreadyBound, ConsentMissing, IdentityUnchecked
from backend.identity.models import Person, PersonState, Registration, RegistrationState
from backend.identity.sessions import SignedIn, form_token, form_token_fits, note_seen
from backend.identity.sessions import find as find_session
from backend.vault import Sealed, Vault
from backend.web.dates import KOREA

__all__ = [
    "Profile",
    "SignedIn",
    "add_person",
    "bind",
    "bind_number",
    "choose_hospital",
    "create",
    "erase",
    "find_or_create",
    "find_session",
    "form_token",
    "form_token_fits",
    "former_selves",
    "holder_of",
    "identity_index",
    "is_active",
    "is_checked",
    "note_seen",
    "numbers_of",
    "patients_of",
    "person_of_patient",
    "profile",
    "registrations",
    "reseal",
]

AGREES_ALONE: Final = 14
"""Completed years from which a person agrees without a guardian (개인정보 보호법 제22조의2)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Who a person is, from the identity check. Sealed at rest.

    birth_date: YYYY-MM-DD; gender: "male", "female" or "unknown"; phone: digits.
    """

    name: str
    birth_date: str
    gender: str
    phone: str
    foreigner: bool


def find_or_create(
    session: Session,
    vault: Vault,
    *,
    identity: str,
    who: Profile,
    consents: Mapping[str, Consent],
    now: datetime,
) -> tuple[UUID, bool]:
    """The person with this identity (CI), made if there is none, and whether they are new. One identity, one person.

    Raises:
        ConsentMissing: a new person has not agreed to what must be agreed to.
        GuardianNeeded: a new person is under 14.
    """
    index = identity_index(vault, identity)
    known = repository.person_of_identity(session, index)
    if known is not None:
        known.identity_checked_at = now
        session.add(known)
        consenting.add(session, known.id, consents, now)
        return known.id, False
    return create(session, vault, who, consents, now, index=index), True


def create(
    session: Session,
    vault: Vault,
    who: Profile,
    consents: Mapping[str, Consent],
    now: datetime,
    *,
    index: str | None = None,
) -> UUID:
    """A new account. `index`: of its checked identity; without one nobody has checked yet who it is.

    Raises:
        ConsentMissing: not everything was agreed to that must be.
        GuardianNeeded: a child, for whom a guardian agrees.
    """
    if lacking := missing(consents):
        raise ConsentMissing(kinds=", ".join(lacking))
    if age_on(date.fromisoformat(who.birth_date), now.astimezone(KOREA).date()) < AGREES_ALONE:
        raise GuardianNeeded
    person_id = add_person(session, vault, who, now, index=index)
    consenting.add(session, person_id, consents, now)
    return person_id


def add_person(
    session: Session, vault: Vault, who: Profile, now: datetime, *, index: str | None = None
) -> UUID:
    """An account without consents: a newborn's, to which nobody signs in."""
    person_id = uuid4()
    sealed = vault.seal_many({person_id: json.dumps(asdict(who), ensure_ascii=False).encode()})[person_id]
    session.add(
        Person(
            id=person_id,
            identity_index=index,
            profile_nonce=sealed.nonce,
            profile=sealed.ciphertext,
            identity_checked_at=now if index is not None else None,
            created_at=now,
        )
    )
    session.flush()
    return person_id


def reseal(session: Session, vault: Vault, person_id: UUID, who: Profile) -> None:
    """The profile has changed: another telephone, a name after 출생신고."""
    row = session.get_one(Person, person_id)
    sealed = vault.seal_many({person_id: json.dumps(asdict(who), ensure_ascii=False).encode()})[person_id]
    row.profile_nonce, row.profile = sealed.nonce, sealed.ciphertext
    session.add(row)
    session.flush()


def identity_index(vault: Vault, identity: str) -> str:
    """What is stored of a CI (연계정보): keyed, because a CI is the same at every service of the country."""
    return vault.blind_index(f"ci:{identity}")


def profile(session: Session, vault: Vault, person_id: UUID) -> Profile:
    """Raises KeyDestroyed once the person was erased."""
    row = session.get_one(Person, person_id)
    return Profile(**json.loads(vault.open(person_id, Sealed(row.profile_nonce, row.profile))))


def choose_hospital(session: Session, person_id: UUID, hospital: int, now: datetime) -> Registration:
    """예비등록 at a hospital; again, and it is the same one."""
    for known in repository.registrations(session, person_id):
        if known.hospital == hospital:
            return known
    return repository.add_registration(session, person_id, hospital, now)


def bind(session: Session, person_id: UUID, hospital: int, patient: str, now: datetime) -> Registration:
    """The hospital has seen person and patient together: from now on the patient's records are the person's.

    Args:
        patient: `patient_index` of the registration number.

    Raises:
        IdentityUnchecked: nobody has checked who has this account.
        AlreadyBound: the number belongs to another person, or this person has another number here (이중등록).
    """
    if not is_checked(session, person_id):
        raise IdentityUnchecked
    return bind_number(session, person_id, hospital, patient, now)


def bind_number(
    session: Session, person_id: UUID, hospital: int, patient: str, now: datetime
) -> Registration:
    """As `bind`, for an account that nobody signs in to. Raises AlreadyBound."""
    patient = numbers.present_of(session, hospital, patient)
    holder = repository.registration_of_patient(session, hospital, patient)
    if holder is not None and holder.person_id != person_id:
        raise AlreadyBound
    own = choose_hospital(session, person_id, hospital, now)
    if own.state == RegistrationState.BOUND and own.patient != patient:
        raise AlreadyBound
    if own.state != RegistrationState.BOUND:
        own.patient, own.state, own.bound_at = patient, RegistrationState.BOUND, now
        session.add(own)
        try:
            session.flush()
        except IntegrityError as error:  # another desk bound the number a moment before
            raise AlreadyBound from error
    return own


def holder_of(session: Session, hospital: int, patient: str) -> UUID | None:
    """Whose account is bound to a registration number, former ones too; None if nobody's."""
    present = numbers.present_of(session, hospital, patient)
    held = repository.registration_of_patient(session, hospital, present)
    return held.person_id if held is not None else None


def is_active(session: Session, person_id: UUID) -> bool:
    """Whether there is an account of this id that is open."""
    found = repository.person(session, person_id)
    return found is not None and found.state == PersonState.ACTIVE


def is_checked(session: Session, person_id: UUID) -> bool:
    """Whether somebody has checked who has this account: an identification agency, or the desk with a document."""
    found = repository.person(session, person_id)
    return found is not None and found.identity_checked_at is not None


def registrations(session: Session, person_id: UUID) -> Sequence[Registration]:
    """The hospitals a person has chosen, those with a registration number and those without."""
    return repository.registrations(session, person_id)


def patients_of(session: Session, person_id: UUID) -> list[tuple[int, str]]:
    """Hospital and `patient_index` of every patient that a person is bound to; former numbers come last."""
    bound = [
        (each.hospital, each.patient)
        for each in repository.registrations(session, person_id)
        if each.state == RegistrationState.BOUND and each.patient is not None
    ]
    return numbers.with_former(session, bound)


def numbers_of(session: Session, hospital: int, patient: str) -> list[tuple[int, str]]:
    """Every registration number of whoever has this one at that hospital, former ones too."""
    return numbers.all_of(session, hospital, patient)


def former_selves(session: Session, person_id: UUID) -> Sequence[UUID]:
    """Accounts that were merged into this one: lines of the log go on naming them."""
    return repository.merged_into(session, person_id)


def person_of_patient(session: Session, hospital: int, patient: str) -> UUID | None:
    """The person who is bound to a hospital's patient, if anybody is."""
    found = repository.registration_of_patient(session, hospital, patient)
    return found.person_id if found is not None and found.state == RegistrationState.BOUND else None


def erase(session: Session, vault: Vault, person_id: UUID, now: datetime) -> None:
    """Close an account: nobody comes in, nothing says any more whose it was. The hospital's own records stay.

    Consents and the log of accesses are kept as the law wants them, under the account's random number.
    """
    row = session.get_one(Person, person_id)
    row.state, row.identity_index, row.profile, row.profile_nonce = PersonState.CLOSED, None, b"", b""
    session.add(row)
    for registration in repository.registrations(session, person_id):
        registration.state, registration.patient = RegistrationState.ENDED, None
        session.add(registration)
    for passkey in repository.passkeys(session, person_id):
        passkey.removed_at = now
        session.add(passkey)
    repository.end_logins(session, person_id, now)
    consenting.end(session, person_id, now)
    social_repository.forget_person(session, person_id)
    vault.destroy([person_id, *repository.forget_papers(session, person_id)])
