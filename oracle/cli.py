"""Commands of the oracle. Exit codes: 0 done, 1 not all done or nothing found, 2 wrong use or configuration."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from chain.clock import ClockShiftRefused, shift_from_environment, utc_now
from chain.db import table_of
from chain.deployment import DeploymentUnreadable
from chain.errors import ChainError
from chain.keys import KeyRefused
from chain.settings import UnknownSetting
from oracle import crash, running, shown_status
from oracle.assembly import Oracle, assemble, open_database, service_tokens
from oracle.config import OracleSettings
from oracle.db import migrate
from oracle.errors import CannotReread, KeyFileInvalid, NotConfigured, SchemaOutdated, UnknownRow
from oracle.his.base import HisError, HisUnavailable
from oracle.logs import configure, shown
from oracle.models import Quarantined
from oracle.preflight import examine
from oracle.quarantine import Quarantine
from oracle.replay import read_from_start, replay
from oracle.states import QuarantineState
from oracle.status import look

log = logging.getLogger(__name__)

Command = Callable[[OracleSettings, argparse.Namespace], int]


def run(settings: OracleSettings, arguments: argparse.Namespace) -> int:
    """Read, issue, anchor and deliver until told to stop (SIGTERM, Ctrl-C)."""
    bring_up_to_date(settings, arguments)
    return running.run(_assembled(settings))


def once(settings: OracleSettings, arguments: argparse.Namespace) -> int:
    """Take what the hospital has now and carry it to its end, then stop."""
    bring_up_to_date(settings, arguments)
    oracle = _assembled(settings)
    try:
        finished = running.once(oracle.pipeline, seconds=arguments.wait)
    finally:
        oracle.close()
    _print_status(settings, as_json=False)
    return 0 if finished else 1


def status(settings: OracleSettings, arguments: argparse.Namespace) -> int:
    """Show how the pipeline stands."""
    return _print_status(settings, as_json=arguments.json)


def check(settings: OracleSettings, arguments: argparse.Namespace) -> int:
    """Check the hospital system, the nodes, and what the chain knows of this oracle; say what does not fit."""
    oracle = assemble(settings)
    try:
        findings = list(examine(oracle))
    finally:
        oracle.close()
    for finding in findings:
        print(
            f"{finding.what:16} {'ok   ' if finding.problem is None else 'NOT OK'} {finding.problem or finding.found}"
        )
    return 0 if all(finding.problem is None for finding in findings) else 1


def play_again(settings: OracleSettings, arguments: argparse.Namespace) -> int:
    """Send refused deliveries, failed marks and batches again; --from-start: also read everything again."""
    database = open_database(settings)
    done = replay(database, utc_now)
    print(f"due again: {done.deliveries} deliveries, {done.marks} marks, {done.batches} batches")
    if arguments.from_start:
        oracle = assemble(settings)
        read_from_start(database, oracle.adapter.name)
        oracle.close()
        print("the hospital system will be read from its beginning; what is known leads to nothing new")
    database.dispose()
    return 0


def list_quarantine(settings: OracleSettings, arguments: argparse.Namespace) -> int:
    """List rows in quarantine."""
    state = None if arguments.all else QuarantineState.OPEN
    for row in Quarantine(open_database(settings), utc_now).rows(state):
        print(
            f"{row.id:>6} {row.state:10} {row.reason:24} seen {row.seen}, last {row.last_seen:%Y-%m-%d %H:%M}"
        )
    return 0


def show_quarantine(settings: OracleSettings, arguments: argparse.Namespace) -> int:
    """Show one row: the hospital's key, the reason, the fields at fault."""
    row = Quarantine(open_database(settings), utc_now).row(arguments.number)
    shown_row = {column.name: getattr(row, column.name) for column in table_of(Quarantined).columns}
    print(json.dumps(shown_row, ensure_ascii=False, indent=2, default=str))
    return 0


def retry_quarantine(settings: OracleSettings, arguments: argparse.Namespace) -> int:
    """Read rows again from the hospital system: those given, or all that are open."""
    oracle = assemble(settings)
    quarantine = Quarantine(oracle.database, utc_now)
    try:
        numbers = arguments.number or [row.id for row in quarantine.rows()]
        report = quarantine.retry(oracle.pipeline.intake, numbers)
        print(", ".join(f"{count} {name}" for name, count in report.outcomes.items()) or "nothing found")
    finally:
        oracle.close()
    return 0


def discard_quarantine(settings: OracleSettings, arguments: argparse.Namespace) -> int:
    """Settle that a row needs no document."""
    Quarantine(open_database(settings), utc_now).discard(arguments.number)
    print(f"quarantine {arguments.number}: discarded")
    return 0


def bring_up_to_date(settings: OracleSettings, arguments: argparse.Namespace) -> int:
    """Bring the database to the newest form."""
    database = open_database(settings)
    migrate(database)
    database.dispose()
    return 0


def service_key(settings: OracleSettings, arguments: argparse.Namespace) -> int:
    """Print the public key of the oracle's tokens as a JWKS, for the backend."""
    print(json.dumps({"keys": [service_tokens(settings).public_jwk()]}, indent=2))
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m oracle", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, "run", run)
    _add(commands, "once", once).add_argument(
        "--wait", type=float, default=60.0, help="seconds to wait for anchors and deliveries (default 60)"
    )
    _add(commands, "status", status).add_argument("--json", action="store_true")
    _add(commands, "check", check)
    _add(commands, "replay", play_again).add_argument("--from-start", action="store_true")
    quarantine = commands.add_parser("quarantine", help="rows that could not become documents")
    rows = quarantine.add_subparsers(required=True, metavar="COMMAND")
    _add(rows, "list", list_quarantine).add_argument("--all", action="store_true")
    _add(rows, "show", show_quarantine).add_argument("number", type=int)
    _add(rows, "retry", retry_quarantine).add_argument("number", type=int, nargs="*")
    _add(rows, "discard", discard_quarantine).add_argument("number", type=int)
    _add(commands, "migrate", bring_up_to_date)
    _add(commands, "service-key", service_key)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    arguments = parser().parse_args(argv)
    try:
        settings = OracleSettings.read()
        configure(settings.log_level)
        crash.arm_from_environment()
        shift_from_environment(os.environ)
        return int(arguments.run(settings, arguments))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        print(f"configuration: {problems}", file=sys.stderr)
    except (
        ClockShiftRefused,
        UnknownSetting,
        NotConfigured,
        KeyFileInvalid,
        KeyRefused,
        DeploymentUnreadable,
        SchemaOutdated,
    ) as error:
        print(f"configuration: {error}", file=sys.stderr)
    except SQLAlchemyError as error:
        hint = "see that it is there, unlocked and has room; nothing was written by halves, start again"
        print(f"database: {shown(error)}; {hint}", file=sys.stderr)
        return 1
    except (UnknownRow, CannotReread, HisError, ChainError) as error:
        print(shown(error), file=sys.stderr)
        return 1
    return 2


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: Command
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run)
    return command


def _assembled(settings: OracleSettings) -> Oracle:
    """Everything built. A hospital system that is down now is no reason not to start: reading is tried again."""
    oracle = assemble(settings)
    try:
        oracle.adapter.check()
    except HisUnavailable as error:
        log.warning("starting without the hospital system: %s", shown(error))
    return oracle


def _print_status(settings: OracleSettings, *, as_json: bool) -> int:
    database = open_database(settings)
    found = look(database, utc_now)
    database.dispose()
    head = shown_status.chain_head(settings)
    if as_json:
        print(json.dumps(found.as_json() | {"chain_head": head}, indent=2))
    else:
        print("\n".join(shown_status.lines(found, head)))
    return 0
