"""`python -m backend audit …`: prove the log whole, export it, show its head, remove what is past its retention."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from backend.audit import onchain, retention, service
from backend.audit.checks import MINIMUM_YEARS
from backend.audit.entries import PATIENT, Entry, EntryInvalid
from backend.audit.errors import AuditError
from backend.audit.export import exported
from backend.audit.findings import Report
from backend.audit.line import Head
from backend.audit.reading import snapshot
from backend.audit.terms import Action, ActorKind, ObjectKind
from backend.audit.verify import verify
from backend.audit.view import KOREA
from backend.config import Settings
from backend.node import NodeNotUsable, OwnNode
from chain.clock import utc_now
from chain.db import make_engine, reading

Run = Callable[[Settings, argparse.Namespace], int]
COMMAND_LINE = "command-line"


@contextmanager
def _database(settings: Settings) -> Iterator[Engine]:
    engine = make_engine(settings.database_url)
    try:
        yield engine
    finally:
        engine.dispose()


def verify_log(settings: Settings, arguments: argparse.Namespace) -> int:
    """Prove that no recorded line was removed or changed, or name the first that was (exit 1)."""
    with _database(settings) as engine:
        report = verify(engine, arguments.head)
        if report.whole and arguments.chain:
            with closing(OwnNode.open(settings, utc_now)) as node:
                report = onchain.checked(engine, report, onchain.asking(node))
    print(json.dumps(_as_json(report), ensure_ascii=False) if arguments.json else _as_text(report))
    return 0 if report.whole else 1


def _as_json(report: Report) -> dict[str, Any]:
    first = report.first
    return {
        "whole": report.whole,
        "first": None
        if first is None
        else {
            "kind": first.kind.value,
            "number": first.number,
            "until": first.until,
            "sentence": first.sentence,
        },
        "lines": report.lines,
        "head": {"number": report.head.number, "hash": report.head.hash.hex()},
        "beginsAfter": report.begins_after,
        "headsChecked": report.heads_checked,
        "anchoredUntil": report.anchored_until,
        "tooOld": report.too_old,
    }


def _as_text(report: Report) -> str:
    if report.first is not None:
        return f"NOT WHOLE: {report.first.sentence}. Lines before it are as they were recorded."
    said = [f"whole: {report.lines} lines, head {report.head.number}:{report.head.hash.hex()}"]
    if report.begins_after:
        said.append(
            f"begins after line {report.begins_after}: the lines before were removed behind a checkpoint"
        )
    anchored = report.anchored_until
    said.append(
        f"{report.heads_checked} heads that were committed to or given follow; "
        + (
            f"anchored on chain up to line {anchored}"
            if anchored is not None
            else "none is anchored on chain yet"
        )
    )
    if report.too_old:
        said.append(
            f"nothing can be said of given heads of removed lines: {', '.join(map(str, report.too_old))}"
        )
    return "\n".join(said)


def export_log(settings: Settings, arguments: argparse.Namespace) -> int:
    """Write the lines of some days (in Korea) as newline-delimited JSON; the export itself is put on record first."""
    since = datetime.combine(arguments.since, time.min, KOREA)
    until = datetime.combine(arguments.until, time.min, KOREA) + timedelta(days=1)
    now = utc_now()
    with _database(settings) as engine:
        service.record(engine, [_exporting(now, arguments)])
        with snapshot(engine) as connection:
            for line in exported(connection, since=since, until=until, patient=arguments.patient, now=now):
                print(line)
    return 0


def _exporting(now: datetime, arguments: argparse.Namespace) -> Entry:
    return Entry(
        at=now,
        actor_kind=ActorKind.SYSTEM if arguments.by == COMMAND_LINE else ActorKind.STAFF,
        actor_id=arguments.by,
        action=Action.EXPORT,
        object_kind=ObjectKind.AUDIT_LOG,
        object_id=f"days-{arguments.since}:{arguments.until}",
        patient=arguments.patient,
    )


def show_head(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print number and hash of the last line, to be kept elsewhere and given to `verify --head` later."""
    with _database(settings) as engine, reading(engine) as session:
        head = service.head(session)
    print(f"{head.number}:{head.hash.hex()}")
    return 0


def prune_log(settings: Settings, arguments: argparse.Namespace) -> int:
    """Remove the oldest lines, all of them past their retention, behind a checkpoint that somebody signs off."""
    with _database(settings) as engine:
        made = retention.prune(engine, utc_now(), approved_by=arguments.by, years=arguments.keep_years)
    if made is None:
        print("nothing is old enough to be removed")
    else:
        print(
            f"removed {made.count} lines up to number {made.number}, the youngest of {made.until.isoformat()}"
        )
    return 0


def _refused(run: Run) -> Run:
    """Say in one line what the log refuses (exit 1), or why it could not be asked (exit 2)."""

    def careful(settings: Settings, arguments: argparse.Namespace) -> int:
        try:
            return run(settings, arguments)
        except (AuditError, EntryInvalid) as error:
            print(f"audit: {error}", file=sys.stderr)
            return 1
        except NodeNotUsable as error:
            print(f"audit: the node cannot be asked now ({error.reason}): nothing is said", file=sys.stderr)
        except DBAPIError as error:
            name = type(error.orig).__name__
            print(f"audit: the database cannot be read ({name}): has it been migrated?", file=sys.stderr)
        return 2

    return careful


def head_argument(text: str) -> Head:
    """`NUMBER:HASH`, as `audit head` prints it. Raises ValueError."""
    number, _, digest = text.partition(":")
    head = Head(int(number), bytes.fromhex(digest))
    if head.number < 0 or len(head.hash) != 32:
        raise ValueError(text)
    return head


def patient_argument(text: str) -> str:
    """A blind index. Raises ValueError: a registration number is none, and does not belong on a command line."""
    if PATIENT.fullmatch(text) is None:
        raise ValueError("64 hexadecimal digits")
    return text


def add_to(commands: Any) -> None:
    """Add `audit` to the backend's commands (argparse's sub-parsers)."""
    audit = commands.add_parser("audit", help="the log of accesses").add_subparsers(
        required=True, metavar="COMMAND"
    )

    def add(name: str, run: Run) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = audit.add_parser(name, help=run.__doc__)
        command.set_defaults(run=_refused(run))
        return command

    proving = add("verify", verify_log)
    proving.add_argument("--json", action="store_true")
    proving.add_argument(
        "--head", type=head_argument, action="append", default=[], metavar="NUMBER:HASH",
        help="a head that was kept elsewhere; may be given several times",
    )  # fmt: skip
    proving.add_argument("--chain", action="store_true", help="ask the own node for every batch named")
    exporting = add("export", export_log)
    day = datetime.fromisoformat
    exporting.add_argument("--from", dest="since", type=lambda text: day(text).date(), required=True)
    exporting.add_argument("--to", dest="until", type=lambda text: day(text).date(), required=True)
    exporting.add_argument("--patient", type=patient_argument, help="blind index: this patient's lines only")
    exporting.add_argument("--by", default=COMMAND_LINE, help="identifier of the staff member who asks")
    add("head", show_head)
    pruning = add("prune", prune_log)
    pruning.add_argument(
        "--by", required=True, help="identifier of the staff member who signs the removal off"
    )
    pruning.add_argument("--keep-years", type=int, default=MINIMUM_YEARS, help="two at least (default)")
