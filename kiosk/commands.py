"""Commands of a device: pair it, see how it stands, give it a new key. For whoever sets the machine up."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from kiosk import pairing, rotation
from kiosk.answers import Condition, Myself, Paper, Report
from kiosk.client import DeviceClient
from kiosk.errors import KioskError
from kiosk.keys import FileKeys

FOLDER = Path(".data") / "kiosk"
KINDS = ("kiosk", "desk", "board")


def pair(arguments: argparse.Namespace) -> int:
    """Pair this machine with a code from the information department (정보 부서)."""
    myself = pairing.pair(
        arguments.folder,
        FileKeys(arguments.folder),
        arguments.code,
        arguments.server,
        kind=arguments.kind,
        new_key=arguments.new_key,
        ca_file=None if arguments.ca is None else str(arguments.ca.resolve()),
    )
    _introduce(myself)
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Who the backend says that this machine is, and what it has to do; sends a heartbeat."""
    keys = FileKeys(arguments.folder)
    with pairing.connect(arguments.folder, keys) as client:
        rotation.finish(client, keys)
        _introduce(client.myself())
        print(f"server    {client.server}")
        _tell_clock(client)
        report = Report(Paper(arguments.paper), Condition(arguments.condition))
        todo = client.heartbeat(report).todo
    for do, say in todo:
        print(f"to do     {do}: {say}")
    return 1 if todo else 0


def rotate(arguments: argparse.Namespace) -> int:
    """Make a new key and have it take the present one's place."""
    keys = FileKeys(arguments.folder)
    with pairing.connect(arguments.folder, keys) as client:
        rotation.rotate(client, keys)
        _introduce(client.myself())
    return 0


def _introduce(myself: Myself) -> None:
    print(f"device    {myself.device} ({myself.kind})")
    print(f"name      {myself.name}, {myself.place}")
    print(f"hospital  {myself.hospital} {myself.hospital_name}")
    print(f"key       {myself.key}")


def _tell_clock(client: DeviceClient) -> None:
    seconds = round(client.clock_offset.total_seconds())
    if seconds:
        way = "ahead of" if seconds > 0 else "behind"
        print(f"clock     {abs(seconds)} s {way} the server's: set it (NTP)")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m kiosk", description=__doc__)
    top.add_argument("--folder", type=Path, default=FOLDER, help=f"key and pairing (default {FOLDER})")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=run.__doc__)
        command.set_defaults(run=run)
        return command

    new = add("pair", pair)
    new.add_argument("code", help="as the staff's page shows it; hyphens and case do not matter")
    new.add_argument("--server", required=True, help="https address of the hospital's pages")
    new.add_argument("--kind", choices=KINDS, default="kiosk")
    new.add_argument("--ca", type=Path, help="PEM of the authority behind the server's certificate")
    new.add_argument("--new-key", action="store_true", help="leave the present key and its pairing")
    seen = add("status", status)
    seen.add_argument("--paper", choices=[str(each) for each in Paper], default=str(Paper.NONE))
    seen.add_argument("--condition", choices=[str(each) for each in Condition], default=str(Condition.READY))
    add("rotate-key", rotate)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 something is to be done, 2 wrong use, 3 refused or out of reach."""
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except KioskError as error:
        print(f"{error}\n{error.remedy}", file=sys.stderr)
        return 3
