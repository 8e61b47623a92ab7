"""`python -m backend persons …`: who has an account, and binding one to the hospital's patient as the desk does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.entries import Entry
from backend.audit.terms import Action, ActorKind, ObjectKind, Outcome
from backend.config import Settings
from backend.eligibility.checks import seen_at_first_visit
from backend.eligibility.patients import is_own_hospital
from backend.family.belongings import end_all
from backend.identity import continuing, repository, service
from backend.identity.errors import AlreadyBound, IdentityUnchecked
from backend.identity.models import Person, PersonState
from backend.relay import service as relay
from backend.services import Services
from chain.clock import utc_now
from chain.db import make_engine, reading, writing

COMMAND_LINE = "command-line"


def list_persons(settings: Settings, arguments: argparse.Namespace) -> int:
    """Accounts, newest first: identifier, state, hospitals. Nothing that says whose they are."""
    engine = make_engine(settings.database_url)
    with reading(engine) as session:
        for person in repository.newest(session, arguments.latest):
            hospitals = ", ".join(
                f"{each.hospital}: {each.state}" for each in repository.registrations(session, person.id)
            )
            print(f"{person.id} {person.state:7} {hospitals or '-'}")
    return 0


NEVER_CHECKED = timedelta(days=90)
"""So long a name and a document's number are kept of somebody who did not come: less than a booking lies ahead."""


def tidy(settings: Settings, arguments: argparse.Namespace) -> int:
    """Close accounts that nobody checked within 90 days, and destroy forms that were never taken up; once a day."""
    services = Services.build(settings)
    now = services.clock()
    try:
        with writing(services.database) as session:
            gone = repository.never_checked(session, now - NEVER_CHECKED)
            for person in gone:
                end_all(session, services.vault, person, now)
                service.erase(session, services.vault, person, now)
            swept = continuing.sweep(session, services.vault, now)
            lines = [_closed(person, services) for person in gone]
            audit.append(session, lines)
    finally:
        services.close()
    print(f"{len(gone)} accounts closed, {swept} forms destroyed")
    return 0


def _closed(person: UUID, services: Services) -> Entry:
    return Entry(
        at=services.clock(),
        actor_kind=ActorKind.SYSTEM,
        actor_id=COMMAND_LINE,
        action=Action.ERASE,
        object_kind=ObjectKind.ACCOUNT,
        object_id=str(person),
        reason="never-checked",
    )


class NotBound(Exception):
    """The desk's command goes no further; the message says why and what to do, without a value of a person."""


def bind_person(settings: Settings, arguments: argparse.Namespace) -> int:
    """Bind an account to a registration number, once the desk has seen person and identity card together.

    With a relay, the person's checked identity must be the hospital's record of that number.
    """
    client = relay.relay_client(settings, utc_now)
    services = Services.build(settings)
    try:
        _bind(services, arguments, _compared(services, client, arguments))
    except NotBound as error:
        print(f"not bound: {error}", file=sys.stderr)
        return 1
    finally:
        services.close()
        if client is not None:
            client.close()
    print(f"{arguments.person} is bound at hospital {arguments.hospital}")
    return 0


def _compared(services: Services, client: relay.RelayClient | None, arguments: argparse.Namespace) -> str:
    """How account and number were compared, as a code for the log. Raises NotBound.

    Outside any transaction that writes: the relay is on the network.
    """
    with reading(services.database) as session:
        person = _active(session, arguments.person)
        if client is None or arguments.without_relay:
            return f"without-relay.{arguments.without_relay or 'not-configured'}"
        if not is_own_hospital(services, arguments.hospital):
            raise NotBound("the relay is another hospital's; give --without-relay REASON, which is noted")
        profile = service.profile(session, services.vault, person.id)
    who = relay.Known(profile.name, profile.birth_date, profile.gender)
    try:
        match = relay.match_at_first_visit(client, who, arguments.number, COMMAND_LINE)
    except relay.IdentityDiffers as error:
        codes = "-".join(error.fields).replace("_", "-")
        entry = _entry(services, arguments, Outcome.REFUSED, f"relay.differs-{codes}", str(person.id))
        audit.record(services.database, [entry])
        raise NotBound(
            f"{error}; look at the identity card and, where it is wrong, correct the registration"
        ) from None
    except relay.PatientUnknown as error:
        raise NotBound(f"{error}") from None
    except relay.RelayError as error:
        raise NotBound(f"{error}; or give --without-relay REASON, which is noted") from None
    if match.others:
        print(f"note: {match.others} more registration numbers of this person: 이중등록, merge them there")
    return "relay.same"


def _bind(services: Services, arguments: argparse.Namespace, compared: str) -> None:
    """Bind and note it, in one transaction. Raises NotBound."""
    now, patient = services.clock(), services.vault.blind_index(arguments.number)
    try:
        with writing(services.database) as session:
            person = _active(session, arguments.person)
            bound = service.bind(session, person.id, arguments.hospital, patient, now)
            seen_at_first_visit(session, services.vault, arguments.hospital, patient, None, now)
            audit.append(session, [_entry(services, arguments, Outcome.ALLOWED, compared, str(bound.id))])
    except AlreadyBound:
        raise NotBound("the number or the account is bound already: look for a double registration") from None
    except IdentityUnchecked:
        raise NotBound(
            "nobody has checked whose account it is: see the document at /staff/foreigners"
        ) from None


def _active(session: Session, person_id: UUID) -> Person:
    person = repository.person(session, person_id)
    if person is None or person.state != PersonState.ACTIVE:
        raise NotBound("no such account")
    return person


def _entry(
    services: Services, arguments: argparse.Namespace, outcome: Outcome, reason: str, what: str
) -> Entry:
    return Entry(
        at=services.clock(),
        actor_kind=ActorKind.SYSTEM,
        actor_id=COMMAND_LINE,
        action=Action.LINK,
        object_kind=ObjectKind.REGISTRATION,
        object_id=what,
        patient=services.vault.blind_index(arguments.number),
        outcome=outcome,
        reason=reason,
    )


def add_to(commands: Any) -> None:
    """The commands below `persons`."""
    persons = commands.add_parser("persons", help="accounts").add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[Settings, argparse.Namespace], int]) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = persons.add_parser(name, help=run.__doc__)
        command.set_defaults(run=run)
        return command

    add("list", list_persons).add_argument("--latest", type=int, default=20)
    add("tidy", tidy)
    bind = add("bind", bind_person)
    bind.add_argument("person", type=UUID)
    bind.add_argument("number", help="the hospital's registration number")
    bind.add_argument(
        "--without-relay",
        metavar="REASON",
        choices=("relay-down", "hospital-system-down", "not-offered", "papers-seen"),
        help="do not compare with the hospital's record, because: %(choices)s; noted in the log",
    )
    bind.add_argument("--hospital", type=int, default=1, help="the institution's index (default 1)")
