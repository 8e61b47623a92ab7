"""`python -m backend persons …`: who has an account, and binding one to the hospital's patient as the desk does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

from backend.audit import service as audit
from backend.audit.entries import Entry
from backend.audit.terms import Action, ActorKind, ObjectKind
from backend.config import Settings
from backend.identity import repository, service
from backend.identity.errors import AlreadyBound
from backend.identity.models import PersonState
from backend.services import Services
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


def bind_person(settings: Settings, arguments: argparse.Namespace) -> int:
    """Bind an account to a registration number, once the desk has seen person and identity card together."""
    services = Services.build(settings)
    now, patient = services.clock(), services.vault.blind_index(arguments.number)
    try:
        with writing(services.database) as session:
            person = repository.person(session, arguments.person)
            if person is None or person.state != PersonState.ACTIVE:
                print("no such account", file=sys.stderr)
                return 1
            bound = service.bind(session, person.id, arguments.hospital, patient, now)
            audit.append(
                session,
                [
                    Entry(
                        at=now,
                        actor_kind=ActorKind.SYSTEM,
                        actor_id=COMMAND_LINE,
                        action=Action.LINK,
                        object_kind=ObjectKind.REGISTRATION,
                        object_id=str(bound.id),
                        patient=patient,
                    )
                ],
            )
    except AlreadyBound:
        print("the number or the account is bound already: look for a double registration", file=sys.stderr)
        return 1
    finally:
        services.close()
    print(f"{arguments.person} is bound at hospital {arguments.hospital}")
    return 0


def add_to(commands: Any) -> None:
    """The commands below `persons`."""
    persons = commands.add_parser("persons", help="accounts").add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[Settings, argparse.Namespace], int]) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = persons.add_parser(name, help=run.__doc__)
        command.set_defaults(run=run)
        return command

    add("list", list_persons).add_argument("--latest", type=int, default=20)
    bind = add("bind", bind_person)
    bind.add_argument("person", type=UUID)
    bind.add_argument("number", help="the hospital's registration number")
    bind.add_argument("--hospital", type=int, default=1, help="the institution's index (default 1)")
