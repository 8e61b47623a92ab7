"""`python -m backend clients …`: other institutions' servers, their keys and what they may ask for."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from backend.clients import administration, repository
from backend.clients.errors import (
    ClientUnknown,
    KeySetRefused,
    ManagerApart,
    ScopeSheetInvalid,
    ScopeUnknown,
)
from backend.clients.models import ClientState
from backend.clients.scope import Sheets
from backend.config import Settings
from chain.clock import utc_now
from chain.db import make_engine, reading, writing

Run = Callable[[Settings, argparse.Namespace], int]


def add_client(settings: Settings, arguments: argparse.Namespace) -> int:
    """Register a server of an institution with its public keys; prints its client id."""
    sheets = Sheets.load(settings.scope_folder)
    with writing(make_engine(settings.database_url)) as session:
        made = administration.add(
            session,
            sheets,
            institution=arguments.institution,
            name=arguments.name,
            scopes=arguments.scope,
            jwks=_json(arguments.jwks),
            now=utc_now(),
        )
    print(made.id)
    return 0


def rotate_key(settings: Settings, arguments: argparse.Namespace) -> int:
    """From now on the client's keys are those of the file, old ones only if they stand there too."""
    with writing(make_engine(settings.database_url)) as session:
        administration.rotate(session, arguments.client, _json(arguments.jwks), utc_now())
    print(f"{arguments.client} has the keys of {arguments.jwks.name}; its tokens have ended")
    return 0


def suspend(settings: Settings, arguments: argparse.Namespace) -> int:
    """Let a client in no more; its tokens end at once."""
    with writing(make_engine(settings.database_url)) as session:
        administration.set_state(session, arguments.client, ClientState.SUSPENDED, utc_now())
    print(f"{arguments.client} is suspended")
    return 0


def remove(settings: Settings, arguments: argparse.Namespace) -> int:
    """Remove a client for good, with its keys and tokens."""
    with writing(make_engine(settings.database_url)) as session:
        administration.set_state(session, arguments.client, ClientState.REMOVED, utc_now())
    print(f"{arguments.client} is removed")
    return 0


def narrow(settings: Settings, arguments: argparse.Namespace) -> int:
    """Leave a client these scopes only."""
    with writing(make_engine(settings.database_url)) as session:
        administration.narrow(session, arguments.client, arguments.scope, utc_now())
    print(f"{arguments.client} may ask for {' '.join(sorted(arguments.scope))}")
    return 0


def resume(settings: Settings, arguments: argparse.Namespace) -> int:
    """Let a suspended client in again."""
    with writing(make_engine(settings.database_url)) as session:
        administration.set_state(session, arguments.client, ClientState.ACTIVE, utc_now())
    print(f"{arguments.client} is active")
    return 0


def list_clients(settings: Settings, arguments: argparse.Namespace) -> int:
    """Clients, their institutions, keys and scopes."""
    with reading(make_engine(settings.database_url)) as session:
        for each in repository.clients(session):
            kids = " ".join(f"{key.kid}({key.algorithm})" for key in repository.keys(session, each.id))
            print(f"{each.id} {each.institution} {each.state:9} {each.name} | {kids} | {each.scopes}")
    return 0


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise KeySetRefused(f"{path.name} cannot be read as JSON") from error


def _told(run: Run) -> Run:
    """What is refused is told in one line; exit 1."""

    def told(settings: Settings, arguments: argparse.Namespace) -> int:
        try:
            return run(settings, arguments)
        except ClientUnknown:
            print("no such client", file=sys.stderr)
        except (KeySetRefused, ManagerApart, ScopeUnknown, ScopeSheetInvalid) as error:
            print(error, file=sys.stderr)
        return 1

    return told


def add_to(commands: Any) -> None:
    """The commands below `clients`."""
    clients = commands.add_parser("clients", help="other institutions' servers").add_subparsers(
        required=True, metavar="COMMAND"
    )

    def add(name: str, run: Run) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = clients.add_parser(name, help=run.__doc__)
        command.set_defaults(run=_told(run))
        return command

    new = add("add", add_client)
    new.add_argument("--institution", type=int, required=True, help="index in the registry")
    new.add_argument("--name", required=True, help="what the institution calls the server")
    new.add_argument(
        "--scope",
        action="append",
        required=True,
        help="kind:purpose, repeatable; or clients.manage alone",
    )
    new.add_argument("--jwks", type=Path, required=True, help="file with the public keys (RFC 7517)")
    rotate = add("rotate-key", rotate_key)
    rotate.add_argument("client", type=UUID)
    rotate.add_argument("--jwks", type=Path, required=True)
    add("suspend", suspend).add_argument("client", type=UUID)
    add("resume", resume).add_argument("client", type=UUID)
    add("remove", remove).add_argument("client", type=UUID)
    fewer = add("narrow", narrow)
    fewer.add_argument("client", type=UUID)
    fewer.add_argument("--scope", action="append", required=True, help="one to keep; may be repeated")
    add("list", list_clients)
