"""Phone identity: sign-up and step-up by an identification agency. What the browser brings is never believed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from sqlmodel import Session

from backend.errors import NotFound, ServiceUnavailable
from backend.identity import merge, notices, repository, service
from backend.identity.consents import Consent
from backend.identity.errors import IdentityNotChecked, TooManyTries
from backend.identity.models import NoticeKind, Verification
from backend.identity.service import Profile
from backend.identity.sessions import SignedIn
from backend.providers.errors import (
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUncertain,
)
from backend.providers.identity import (
    Failed,
    IdentityProvider,
    Pending,
    Purpose,
    Result,
    Ticket,
    TicketRefused,
    Verified,
    check_ticket,
)
from backend.vault import Vault

MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for on the form before the check."""

    consents: Mapping[str, Consent]
    hospitals: Sequence[int]
    next: str


def begin(
    session: Session, verification_id: str, purpose: Purpose, holder: str, wish: Wish, now: datetime
) -> None:
    """Note a check that the agency may now go on with."""
    consents = {kind: asdict(consent) for kind, consent in wish.consents.items()}
    session.add(
        Verification(
            id=verification_id,
            purpose=purpose,
            holder=holder,
            begun_at=now,
            consents=json.dumps(consents),
            hospitals=json.dumps(list(wish.hospitals)),
            next=wish.next,
        )
    )
    session.flush()


def own(session: Session, verification_id: str, holders: Sequence[str]) -> Verification:
    """A check that this browser began and has not used. Raises NotFound."""
    found = session.get(Verification, verification_id)
    if found is None or found.used_at is not None or found.holder not in holders:
        raise NotFound
    return found


def try_once(session: Session, found: Verification) -> None:
    """Count an answer. Raises TooManyTries; the check must then be begun anew."""
    if found.tries >= MOST_TRIES:
        raise TooManyTries
    repository.count_try(session, found.id)


def wish_of(found: Verification) -> Wish:
    """What was asked for when it was begun."""
    consents = {kind: Consent(**each) for kind, each in json.loads(found.consents).items()}
    return Wish(consents, json.loads(found.hospitals), found.next)


def verified(provider: IdentityProvider, found: Verification, otp: str | None, now: datetime) -> Verified:
    """The person that the agency vouches for.

    Raises:
        IdentityNotChecked: pending, failed, or not to be used here.
        ServiceUnavailable: the agency cannot be asked now.
    """
    try:
        result: Result = provider.confirm(found.id, otp)
    except ProviderError as error:
        refuse(error)
    if isinstance(result, Pending):
        raise IdentityNotChecked(reason="pending")
    if isinstance(result, Failed):
        raise IdentityNotChecked(reason=str(result.reason))
    purpose = Purpose(found.purpose)
    ticket = Ticket(found.id, purpose, found.holder, found.begun_at, found.used_at)
    try:
        check_ticket(ticket, result, purpose=purpose, holder=found.holder, now=now)
    except TicketRefused as error:
        raise IdentityNotChecked(reason=type(error).__name__) from error
    return result


def refuse(error: ProviderError) -> NoReturn:
    """The agency's answer as one of ours. Raises IdentityNotChecked, ServiceUnavailable."""
    if isinstance(error, ProviderRefused):
        raise IdentityNotChecked(reason=error.code) from error
    assert isinstance(error, ProviderUnavailable | ProviderUncertain)
    raise ServiceUnavailable from error


def sign_up(
    session: Session, vault: Vault, found: Verification, who: Verified, now: datetime
) -> tuple[UUID, bool]:
    """The person, new or known, with the hospitals they chose; the check is used up. Who was known is told so.

    Raises:
        IdentityNotChecked: another request used it first.
        ConsentMissing: a new person has not agreed to what must be agreed to.
    """
    _use(session, found, now)
    wish = wish_of(found)
    person, new = service.find_or_create(
        session, vault, identity=who.ci, who=_profile(who), consents=wish.consents, now=now
    )
    for hospital in wish.hospitals:
        service.choose_hospital(session, person, hospital, now)
    if not new:
        notices.tell(session, person, NoticeKind.KNOWN_ACCOUNT, now)
        take_phone(session, vault, person, who, now)
    return person, new


def known(session: Session, vault: Vault, found: Verification, who: Verified, now: datetime) -> UUID:
    """Whose account the check finds, from whatever telephone; used up. Raises IdentityNotChecked when there is none."""
    _use(session, found, now)
    person = repository.person_of_identity(session, service.identity_index(vault, who.ci))
    if person is None:
        raise IdentityNotChecked(reason="no-account")
    person.identity_checked_at = now
    session.add(person)
    take_phone(session, vault, person.id, who, now)
    return person.id


def take_phone(session: Session, vault: Vault, person: UUID, who: Verified, now: datetime) -> None:
    """The same identity from another telephone: the account has that number from now on, and its owner is told."""
    kept = service.profile(session, vault, person)
    if who.phone and who.phone != kept.phone:
        service.reseal(session, vault, person, replace(kept, phone=who.phone))
        if kept.phone:
            notices.tell(session, person, NoticeKind.PHONE_CHANGED, now)


@dataclass(frozen=True, slots=True)
class SteppedUp:
    """What a check did for somebody signed in. merge: the offer, where it found another account of theirs."""

    merge: UUID | None = None


def step_up(
    session: Session, vault: Vault, found: Verification, who: Verified, signed_in: SignedIn, now: datetime
) -> SteppedUp:
    """The signed-in person has been verified anew; or for the first time, which may find an older account of theirs.

    Raises:
        IdentityNotChecked: it is somebody else, or an account whose owner has not just proved to be there.
        AccountsDiffer: the check names another account that cannot be theirs.
    """
    _use(session, found, now)
    index = service.identity_index(vault, who.ci)
    theirs = repository.person_of_identity(session, index)
    if theirs is not None and theirs.id == signed_in.person:
        return SteppedUp()
    own = repository.person(session, signed_in.person)
    if own is None or own.identity_index is not None:
        raise IdentityNotChecked(reason="another-person")
    if not signed_in.proven:
        raise IdentityNotChecked(reason="prove-first")
    if theirs is not None:
        return SteppedUp(merge.offer(session, vault, own.id, theirs.id, now))
    kept = service.profile(session, vault, own.id)
    if kept.birth_date != who.birth_date.isoformat():
        raise IdentityNotChecked(reason="another-person")
    service.reseal(session, vault, own.id, _profile(who))
    own.identity_index, own.identity_checked_at = index, now
    session.add(own)
    session.flush()
    return SteppedUp()


def _profile(who: Verified) -> Profile:
    return Profile(
        name=who.name,
        birth_date=who.birth_date.isoformat(),
        gender=str(who.gender or "unknown").lower(),
        phone=who.phone or "",
        foreigner=bool(who.is_foreigner),
    )


def _use(session: Session, found: Verification, now: datetime) -> None:
    if not repository.use_verification(session, found.id, now):
        raise IdentityNotChecked(reason="TicketUsed")
