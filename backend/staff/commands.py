"""`python -m backend staff …`: accounts of the hospital's staff, made from the hospital's staff numbers."""

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
from backend.services import Services
from backend.staff import repository, sessions
from backend.staff.errors import StaffKnown, StaffUnknown
from backend.staff.roles import Role
from chain.db import make_engine, reading, writing

COMMAND_LINE = "command-line"
Run = Callable[[Settings, argparse.Namespace], int]


def add_member(settings: Settings, arguments: argparse.Namespace) -> int:
    """Make an account; prints its id and the code with which its owner registers a passkey."""
    services = Services.build(settings)
    try:
        with writing(services.database) as session:
            role, now = Role(arguments.role), services.clock()
            staff, code = sessions.add(
                session, services.vault, arguments.number, role, arguments.hospital, now
            )
            audit.append(session, [_entry(Action.CREATE, staff, services)])
    except StaffKnown:
        print("this staff number has an account already: `staff code` makes a new code", file=sys.stderr)
        return 1
    finally:
        services.close()
    print(f"{staff} {code}")
    return 0


def new_code(settings: Settings, arguments: argparse.Namespace) -> int:
    """Make a new enrolment code, good once and for a day; the one before is void."""
    return _change(settings, arguments.staff, code=True)


def end_member(settings: Settings, arguments: argparse.Namespace) -> int:
    """End an account: its sessions and passkeys let nobody in any more."""
    return _change(settings, arguments.staff, code=False)


def _change(settings: Settings, staff: UUID, *, code: bool) -> int:
    services = Services.build(settings)
    try:
        with writing(services.database) as session:
            now = services.clock()
            said = f"{staff} has ended"
            if code:
                said = sessions.new_code(session, staff, now)
            else:
                sessions.end(session, staff, now)
            audit.append(session, [_entry(Action.CHANGE, staff, services)])
    except StaffUnknown:
        print("no such account, or it has ended", file=sys.stderr)
        return 1
    finally:
        services.close()
    print(said)
    return 0


def list_members(settings: Settings, arguments: argparse.Namespace) -> int:
    """Accounts: id, hospital, role, state. Nothing that says whose they are."""
    with reading(make_engine(settings.database_url)) as session:
        for each in repository.members(session):
            print(f"{each.id} {each.hospital} {each.role:12} {each.state}")
    return 0


def _entry(action: Action, staff: UUID, services: Services) -> Entry:
    return Entry(
        at=services.clock(),
        actor_kind=ActorKind.SYSTEM,
        actor_id=COMMAND_LINE,
        action=action,
        object_kind=ObjectKind.ACCOUNT,
        object_id=str(staff),
    )


def add_to(commands: Any) -> None:
    """The commands below `staff`."""
    staff = commands.add_parser("staff", help="accounts of the staff").add_subparsers(
        required=True, metavar="COMMAND"
    )

    def add(name: str, run: Run) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = staff.add_parser(name, help=run.__doc__)
        command.set_defaults(run=run)
        return command

    new = add("add", add_member)
    new.add_argument("--number", required=True, help="the hospital's staff number; stored as a keyed hash")
    new.add_argument("--role", required=True, choices=[str(each) for each in Role])
    new.add_argument("--hospital", type=int, default=1, help="the institution's index (default 1)")
    add("code", new_code).add_argument("staff", type=UUID)
    add("end", end_member).add_argument("staff", type=UUID)
    add("list", list_members)
