"""The desk's binding at the first visit: an account and a registration number become one person.

With a relay, the account's checked identity must be the hospital's record of that number, as on the command line; a
page has no way to go on without the comparison.
"""

from __future__ import annotations

from contextlib import closing
from uuid import UUID

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.terms import Action, ObjectKind
from backend.identity import service as identity
from backend.relay import service as relay
from backend.services import Services
from backend.staff.errors import AccountUnknown, NotCompared, NotTheirNumber, NumberMissing, NumberUnknown
from backend.staff.noting import entry
from backend.staff.sessions import StaffSignedIn
from chain.db import reading, writing

NOT_CONFIGURED = "without-relay.not-configured"
SAME = "relay.same"


def bind(services: Services, who: StaffSignedIn, account: str, number: str) -> None:
    """Bind and note it.

    Raises:
        AccountUnknown, NumberMissing: what was typed leads nowhere.
        NotTheirNumber, NumberUnknown, NotCompared: the hospital's record is another's, none, or out of reach.
        AlreadyBound: the number or the account is bound otherwise.
    """
    person, number = _account(account), number.strip()
    if not number:
        raise NumberMissing
    compared = _compared(services, who, person, number)
    now, patient = services.clock(), services.vault.blind_index(number)
    with writing(services.database) as session:
        _active(session, person)
        bound = identity.bind(session, person, who.hospital, patient, now)
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


def _account(typed: str) -> UUID:
    try:
        return UUID(typed.strip())
    except ValueError as error:
        raise AccountUnknown from error


def _active(session: Session, person: UUID) -> None:
    if not identity.is_active(session, person):
        raise AccountUnknown


def _compared(services: Services, who: StaffSignedIn, person: UUID, number: str) -> str:
    """How account and number were compared, as a code for the log; outside any transaction that writes."""
    with reading(services.database) as session:
        _active(session, person)
        profile = identity.profile(session, services.vault, person)
    known = relay.Known(profile.name, profile.birth_date, profile.gender)
    try:
        client = relay.relay_client(services.settings, services.clock)
        if client is None:
            return NOT_CONFIGURED
        with closing(client):
            relay.match_at_first_visit(client, known, number, str(who.staff))
    except relay.IdentityDiffers as error:
        _note_refusal(services, who, person, number, error)
        raise NotTheirNumber from error
    except relay.PatientUnknown as error:
        raise NumberUnknown from error
    except relay.RelayError as error:
        raise NotCompared from error
    return SAME


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
