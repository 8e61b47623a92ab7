"""`python -m backend devices …`: the hospital's machines from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

from backend.config import Settings
from backend.devices import administration
from backend.devices.administration import By
from backend.devices.errors import AlreadyRevoked, DescriptionMissing, DeviceNotFound
from backend.devices.kinds import DeviceKind, RevokeReason
from backend.services import Services
from chain.clock import utc_now
from chain.db import make_engine, reading, writing

Run = Callable[[Settings, argparse.Namespace], int]


def list_devices(settings: Settings, arguments: argparse.Namespace) -> int:
    """Devices: id, hospital, kind, state, minutes since last seen, program, place and name."""
    engine, now = make_engine(settings.database_url), utc_now()
    with reading(engine) as session:
        for each in administration.devices(session):
            silent = int((now - each.seen_at).total_seconds() // 60)
            told = f"{each.version or '-'} {each.paper or '-'} {each.condition or '-'}"
            print(
                f"{each.id} {each.hospital} {each.kind:5} {each.state:7} {silent:6} min {told}"
                f" | {each.place} | {each.name}"
            )
    engine.dispose()
    return 0


def make_code(settings: Settings, arguments: argparse.Namespace) -> int:
    """Make a pairing code for one machine, good once and for ten minutes; prints it."""

    def act(services: Services) -> str:
        with writing(services.database) as session:
            made = administration.make_code(
                session,
                services.vault,
                By(),
                hospital=arguments.hospital,
                kind=DeviceKind(arguments.kind),
                name=arguments.name,
                place=arguments.place,
                now=services.clock(),
            )
        return made.text

    return _run(settings, act)


def revoke(settings: Settings, arguments: argparse.Namespace) -> int:
    """Let a device in no more, from its next request on."""

    def act(services: Services) -> str:
        reason = RevokeReason(arguments.reason)
        with writing(services.database) as session:
            administration.revoke(session, By(), arguments.device, reason, services.clock())
        return f"{arguments.device} is revoked: {reason}"

    return _run(settings, act)


def _run(settings: Settings, act: Callable[[Services], str]) -> int:
    services = Services.build(settings)
    try:
        print(act(services))
    except DeviceNotFound:
        print("no such device", file=sys.stderr)
        return 1
    except AlreadyRevoked:
        print("this device was revoked before", file=sys.stderr)
        return 1
    except DescriptionMissing:
        most = f"{administration.NAME_LENGTH} and {administration.PLACE_LENGTH}"
        print(f"name and place are wanted, of at most {most} characters", file=sys.stderr)
        return 1
    finally:
        services.close()
    return 0


def add_to(commands: Any) -> None:
    """The commands below `devices`."""
    devices = commands.add_parser("devices", help="kiosks and other paired machines").add_subparsers(
        required=True, metavar="COMMAND"
    )

    def add(name: str, run: Run) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = devices.add_parser(name, help=run.__doc__)
        command.set_defaults(run=run)
        return command

    add("list", list_devices)
    code = add("code", make_code)
    code.add_argument("--kind", required=True, choices=[str(each) for each in DeviceKind])
    code.add_argument("--name", required=True, help="what the hospital calls the machine")
    code.add_argument("--place", required=True, help="where it stands")
    code.add_argument("--hospital", type=int, default=1, help="the institution's index (default 1)")
    end = add("revoke", revoke)
    end.add_argument("device", type=UUID)
    end.add_argument("--reason", required=True, choices=[str(each) for each in RevokeReason])
