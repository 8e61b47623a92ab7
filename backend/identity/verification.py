"""Phone identity: sign-up and step-up by an identification agency. What the browser brings is never believed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from sqlmodel import Session

from backend.errors import NotFound, ServiceUnavailable
from backend.identity import repository, service
from backend.identity.consents import Consent
from backend.identity.errors import IdentityNotChecked, TooManyTries
from backend.identity.models import Verification
from backend.identity.service import Profile
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
    """The person, new or known, with the hospitals they chose; the check is used up.

    Raises:
        IdentityNotChecked: another request used it first.
        ConsentMissing: a new person has not agreed to what must be agreed to.
    """
    _use(session, found, now)
    wish = wish_of(found)
    profile = Profile(
        name=who.name,
        birth_date=who.birth_date.isoformat(),
        gender=str(who.gender or "unknown").lower(),
        phone=who.phone or "",
        foreigner=bool(who.is_foreigner),
    )
    person, new = service.find_or_create(
        session, vault, identity=who.ci, who=profile, consents=wish.consents, now=now
    )
    for hospital in wish.hospitals:
        service.choose_hospital(session, person, hospital, now)
    return person, new


def step_up(
    session: Session, vault: Vault, found: Verification, who: Verified, person: UUID, now: datetime
) -> None:
    """The signed-in person has been verified anew. Raises IdentityNotChecked when it is somebody else."""
    _use(session, found, now)
    known = repository.person_of_identity(session, service.identity_index(vault, who.ci))
    if known is None or known.id != person:
        raise IdentityNotChecked(reason="another-person")


def _use(session: Session, found: Verification, now: datetime) -> None:
    if not repository.use_verification(session, found.id, now):
        raise IdentityNotChecked(reason="TicketUsed")
