"""What the registration desk's acts share: asking the hospital system, lines in the log, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from uuid import UUID

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.terms import Action, ObjectKind
from backend.eligibility.patients import is_own_hospital
from backend.identity import service as identity
from backend.relay import service as relay
from backend.services import Services
from backend.staff.errors import AccountUnknown, NotCompared, NumberUnknown
from backend.staff.noting import entry
from backend.staff.sessions import StaffSignedIn


def held(session: Session, person: UUID) -> None:
    """Raises AccountUnknown."""
    if not identity.is_active(session, person):
        raise AccountUnknown


def held_here(session: Session, person: UUID, hospital: int) -> None:
    """An account with a registration, chosen or bound, at the desk's own hospital. Raises AccountUnknown."""
    held(session, person)
    if hospital not in {each.hospital for each in identity.registrations(session, person)}:
        raise AccountUnknown


@contextmanager
def client_of(services: Services, who: StaffSignedIn) -> Iterator[relay.RelayClient | None]:
    """The relay while it is needed; None where none is configured.

    Raises:
        NotCompared: it cannot be built, or it is another hospital's than this member's of the staff.
    """
    try:
        client = relay.relay_client(services.settings, services.clock)
    except relay.RelayError as error:
        raise NotCompared from error
    if client is None:
        yield None
        return
    with closing(client):
        if not is_own_hospital(services, who.hospital):
            raise NotCompared
        yield client


def asked(client: relay.RelayClient, number: str, who: StaffSignedIn) -> tuple[relay.Known, list[str]]:
    """Whose a number is and all their numbers. Raises NumberUnknown, NotCompared."""
    try:
        return relay.numbers_of(client, number, str(who.staff))
    except relay.PatientUnknown as error:
        raise NumberUnknown from error
    except relay.RelayError as error:
        raise NotCompared from error


def log(
    services: Services,
    session: Session,
    who: StaffSignedIn,
    action: Action,
    patient: str,
    reason: str,
    which: UUID | str,
) -> None:
    """One line about a registration, in the caller's transaction; last."""
    line = entry(
        action,
        services.clock(),
        who.address,
        staff=who.staff,
        what=ObjectKind.REGISTRATION,
        which=which,
        patient=patient,
        reason=reason,
    )
    audit.append(session, [line])


def refused(
    services: Services,
    who: StaffSignedIn,
    action: Action,
    what: ObjectKind,
    which: UUID | None,
    reason: str,
    patient: str | None = None,
) -> None:
    """A refusal, in a transaction of its own."""
    line = entry(
        action,
        services.clock(),
        who.address,
        staff=who.staff,
        what=what,
        which=which or "",
        patient=patient,
        reason=reason,
        refused=True,
    )
    audit.record(services.database, [line])
