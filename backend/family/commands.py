"""`python -m backend family …`: what the desk decides about guardians and delegates, and the daily job."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from typing import Any
from uuid import UUID

from backend.config import Settings
from backend.eligibility.patients import is_own_hospital
from backend.family import checking, desk, repository
from backend.family.checking import ChildDiffers
from backend.family.desk import DeskRefused, Seen
from backend.family.matrix import Paper
from backend.family.noting import DESK
from backend.relay import service as relay
from backend.services import Services
from chain.db import make_engine, reading, writing

REASONS = ("papers-missing", "papers-not-valid", "not-guardian", "other-child", "withdrawn-by-guardian")


class NotCompared(Exception):
    """The number was not compared with the hospital's record; the message says why and what to do."""


def list_asked(settings: Settings, arguments: argparse.Namespace) -> int:
    """Guardianships that wait for the desk: identifier, hospital, relation, day. Nothing that says whose."""
    engine = make_engine(settings.database_url)
    with reading(engine) as session:
        for tie in repository.asked(session):
            print(f"{tie.id} hospital {tie.hospital} {tie.relation:14} {tie.created_at:%Y-%m-%d}")
    engine.dispose()
    return 0


def confirm(settings: Settings, arguments: argparse.Namespace) -> int:
    """Confirm a guardianship, with guardian, papers and the child's registration before the desk's eyes."""

    def act(services: Services) -> str:
        compared = _compared(services, arguments)
        with writing(services.database) as session:
            desk.confirm(
                session,
                services.vault,
                arguments.tie,
                patient=services.vault.blind_index(arguments.number),
                born=arguments.born,
                seen=_seen(arguments),
                compared=compared,
                now=services.clock(),
            )
        return f"{arguments.tie} is confirmed"

    return _run(settings, act)


def refuse(settings: Settings, arguments: argparse.Namespace) -> int:
    """Refuse a guardianship; what the guardian typed about the child is destroyed."""

    def act(services: Services) -> str:
        with writing(services.database) as session:
            desk.refuse(session, services.vault, arguments.tie, arguments.reason, services.clock())
        return f"{arguments.tie} is refused: {arguments.reason}"

    return _run(settings, act)


def add_papers(settings: Settings, arguments: argparse.Namespace) -> int:
    """Note more papers for a guardianship or delegation that holds."""

    def act(services: Services) -> str:
        with writing(services.database) as session:
            tie = desk.add_papers(session, services.vault, arguments.tie, _seen(arguments), services.clock())
        return f"{arguments.tie} has {tie.papers}"

    return _run(settings, act)


def settle(settings: Settings, arguments: argparse.Namespace) -> int:
    """End what has run out or grown up, and ask patients who are 14 now; once a day, just after midnight in Korea."""

    def act(services: Services) -> str:
        with writing(services.database) as session:
            ended, told = desk.settle(session, services.vault, services.clock())
        return f"{ended} ended, {told} patients asked for their consent"

    return _run(settings, act)


def _compared(services: Services, arguments: argparse.Namespace) -> str:
    """How the number was compared with the hospital's record. Raises NotCompared, ChildDiffers, DeskRefused."""
    if arguments.without_relay is not None:
        return f"without-relay.{arguments.without_relay}"
    try:
        client = relay.relay_client(services.settings, services.clock)
        if client is None:
            raise NotCompared("no relay is configured; give --without-relay REASON, which is noted")
        with closing(client):
            _at_own_hospital(services, arguments.tie)
            return checking.compare(
                services, client, arguments.tie, arguments.number, sex=arguments.sex, actor=DESK
            )
    except relay.PatientUnknown as error:
        raise NotCompared(f"{error}") from None
    except relay.RelayError as error:
        raise NotCompared(f"{error}; or give --without-relay REASON, which is noted") from None


def _at_own_hospital(services: Services, tie_id: UUID) -> None:
    with reading(services.database) as session:
        tie = repository.tie(session, tie_id)
    if tie is not None and tie.hospital is not None and not is_own_hospital(services, tie.hospital):
        raise NotCompared("the relay is another hospital's; give --without-relay REASON, which is noted")


def _seen(arguments: argparse.Namespace) -> Seen:
    return Seen(frozenset(map(Paper, arguments.paper)), arguments.issued)


def _run(settings: Settings, act: Callable[[Services], str]) -> int:
    services = Services.build(settings)
    try:
        print(act(services))
    except DeskRefused as error:
        print(f"nothing was changed: {error.reason}", file=sys.stderr)
        return 1
    except (NotCompared, ChildDiffers) as error:
        print(f"nothing was changed: {error}", file=sys.stderr)
        return 1
    finally:
        services.close()
    return 0


def add_to(commands: Any) -> None:
    """The commands below `family`."""
    family = commands.add_parser("family", help="guardians and delegates")
    below = family.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[Settings, argparse.Namespace], int]) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = below.add_parser(name, help=run.__doc__)
        command.set_defaults(run=run)
        return command

    add("list", list_asked)
    add("settle", settle)
    decided = add("confirm", confirm)
    decided.add_argument("tie", type=UUID)
    decided.add_argument("number", help="the child's registration number at that hospital")
    decided.add_argument("--born", type=date.fromisoformat, required=True, help="as the certificate says")
    decided.add_argument("--sex", choices=checking.SEXES, help="as the certificate says; compared, too")
    decided.add_argument(
        "--without-relay",
        metavar="REASON",
        choices=checking.WITHOUT,
        help="do not compare with the hospital's record, because: %(choices)s; noted in the log",
    )
    refused = add("refuse", refuse)
    refused.add_argument("tie", type=UUID)
    refused.add_argument("--reason", choices=REASONS, required=True)
    more = add("papers", add_papers)
    more.add_argument("tie", type=UUID)
    for command in (decided, more):
        papers = [each.value for each in Paper]
        command.add_argument("--paper", action="append", choices=papers, required=True)
        command.add_argument("--issued", type=date.fromisoformat, help="day on the certificate or extract")
