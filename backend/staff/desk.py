"""The desk's binding at the first visit: an account and a registration number become one person.

With a relay, the account's checked identity must be the hospital's record of that number, as on the command line; a
page has no way to go on without the comparison.
"""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.terms import Action, ObjectKind
from backend.eligibility.checks import seen_at_first_visit
from backend.identity import service as identity
from backend.relay import service as relay
from backend.services import Services
from backend.staff.asking import client_of
from backend.staff.errors import AccountUnknown, NotCompared, NotTheirNumber, NumberMissing, NumberUnknown
from backend.staff.noting import entry
from backend.staff.sessions import StaffSignedIn, need_proof
from chain.db import reading, writing

NOT_CONFIGURED = "without-relay.not-configured"
SAME = "relay.same"


def bind(services: Services, who: StaffSignedIn, account: str, number: str) -> tuple[str, ...]:
    """Bind and note it; further numbers that the hospital has of this person (이중등록), if it was asked.

    Raises:
        AccountUnknown, NumberMissing: what was typed leads nowhere.
        NotTheirNumber, NumberUnknown, NotCompared: the hospital's record is another's, none, or out of reach.
        IdentityUnchecked: nobody has checked who has the account; a document must be seen first.
        AlreadyBound: the number or the account is bound otherwise.
        StaffStepUpRequired.
    """
    need_proof(who)
    person, number = account_of(account), number_of(number)
    compared, others = compare(services, who, person, number)
    now, patient = services.clock(), services.vault.blind_index(number)
    with writing(services.database) as session:
        _active(session, person)
        bound = identity.bind(session, person, who.hospital, patient, now)
        seen_at_first_visit(session, services.vault, who.hospital, patient, who.staff, now)
        line = entry(
            Action.LINK,
            now,
            who.address,
            staff=who.staff,
            what=ObjectKind.REGISTRATION,
            which=bound.id,
            patient=patient,
            reason=compared,
        )
        audit.append(session, [line])
    return others


def double(services: Services, who: StaffSignedIn, account: str, number: str) -> UUID | None:
    """The account that has this number in place of the one that was to be bound to it, if there is one."""
    patient = services.vault.blind_index(number.strip())
    with reading(services.database) as session:
        holder = identity.holder_of(session, who.hospital, patient)
    return holder if holder is not None and holder != account_of(account) else None


def number_of(typed: str) -> str:
    """A registration number. Raises NumberMissing."""
    if not typed.strip():
        raise NumberMissing
    return typed.strip()


def account_of(typed: str) -> UUID:
    """An account's number. Raises AccountUnknown."""
    try:
        return UUID(typed.strip())
    except ValueError as error:
        raise AccountUnknown from error


def _active(session: Session, person: UUID) -> None:
    if not identity.is_active(session, person):
        raise AccountUnknown


def compare(services: Services, who: StaffSignedIn, person: UUID, number: str) -> tuple[str, tuple[str, ...]]:
    """How account and number were compared, as a code for the log; and further numbers of the person.

    Outside any transaction that writes: the relay is on the network.
    """
    with reading(services.database) as session:
        _active(session, person)
        profile = identity.profile(session, services.vault, person)
    known = relay.Known(profile.name, profile.birth_date, profile.gender)
    try:
        with client_of(services, who) as client:
            if client is None:
                return NOT_CONFIGURED, ()
            match = relay.match_at_first_visit(client, known, number, str(who.staff))
    except relay.IdentityDiffers as error:
        _note_refusal(services, who, person, number, error)
        raise NotTheirNumber from error
    except relay.PatientUnknown as error:
        raise NumberUnknown from error
    except relay.RelayError as error:
        raise NotCompared from error
    return SAME, match.numbers


def _note_refusal(
    services: Services, who: StaffSignedIn, person: UUID, number: str, error: relay.IdentityDiffers
) -> None:
    line = entry(
        Action.LINK,
        services.clock(),
        who.address,
        staff=who.staff,
        what=ObjectKind.REGISTRATION,
        which=person,
        patient=services.vault.blind_index(number),
        reason=f"relay.differs-{'-'.join(error.fields).replace('_', '-')}",
        refused=True,
    )
    audit.record(services.database, [line])
