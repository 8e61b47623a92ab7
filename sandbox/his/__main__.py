"""``python -m sandbox.his``: fill the synthetic hospital, serve its web service, and act at its desk."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from sandbox.his import hl7_command, operations, reception, schema
from sandbox.his.day import Day, Plan
from sandbox.his.dirty import Sprinkler
from sandbox.his.fhir import BASE as FHIR_BASE
from sandbox.his.fhir import create_app as create_fhir_app
from sandbox.his.guard import SandboxInProduction, refuse_in_production
from sandbox.his.operations import OperationRefused
from sandbox.his.service import create_app
from sandbox.his.soap import ADDRESS, USER, create_soap_app
from sandbox.his.store import DEFAULT_URL, KOREA, Writer, ensure_patients, numbers_of, open_database
from sandbox.his.truth import Truth

LOOPBACK = "127.0.0.1"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 if it was done, 1 if it was refused."""
    options = _parser().parse_args(arguments)
    try:
        refuse_in_production(options.command)
        options.run(options)
    except (SandboxInProduction, OperationRefused) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    return 0


def _fill(options: argparse.Namespace) -> None:
    engine = open_database(options.db)
    plan = Plan(options.date, options.receipts, options.seed, options.items, options.plain)
    ensure_patients(engine, plan.population)
    reception.fill(engine, plan.day, plan.population)
    ymd = f"{plan.day:%Y%m%d}"
    day, writer, started = Day(plan, numbers_of(engine, ymd)), Writer(engine), time.monotonic()
    receipts = writer.write(day.steps(), rate=options.rate)
    truth = day.truth
    if options.dirty:
        sqlite = engine.dialect.name == "sqlite"
        sprinkler = Sprinkler(plan.day, numbers_of(engine, ymd), options.seed, sqlite=sqlite)
        writer.write(sprinkler.steps(options.dirty))
        truth.documents.update(sprinkler.truth.documents)
        truth.dirt += sprinkler.truth.dirt
    taken = time.monotonic() - started
    _note(options, truth)
    print(f"{receipts} receipts, {len(truth.documents)} documents expected, {taken:.1f} s")


def _serve(options: argparse.Namespace) -> None:
    import uvicorn

    engine = open_database(options.db)
    key = options.api_key or os.environ.get("SAEGIM_SANDBOX_HIS_KEY") or "sandbox"
    soap = options.protocol == "soap"
    app = create_soap_app(engine, key) if soap else create_app(engine, key)
    known = f"{ADDRESS} (user {USER}, password: {key})" if soap else f"/his/v1 (X-API-KEY: {key})"
    print(f"http://{LOOPBACK}:{options.port}{known}", flush=True)
    uvicorn.run(app, host=LOOPBACK, port=options.port, log_level="warning")


def _serve_fhir(options: argparse.Namespace) -> None:
    import uvicorn

    engine = open_database(options.db)
    token = options.token or os.environ.get("SAEGIM_SANDBOX_FHIR_TOKEN") or "sandbox"
    print(f"http://{LOOPBACK}:{options.port}{FHIR_BASE} (Authorization: Bearer {token})", flush=True)
    uvicorn.run(create_fhir_app(engine, token), host=LOOPBACK, port=options.port, log_level="warning")


def _cancel(options: argparse.Namespace) -> None:
    truth = operations.cancel(open_database(options.db), options.number)
    _note(options, truth)
    print(f"{options.number} cancelled")


def _correct(options: argparse.Namespace) -> None:
    engine = open_database(options.db)
    truth = operations.correct(engine, options.number, insurance=options.insurance, special=options.special)
    _note(options, truth)
    new = next(name for name, each in truth.documents.items() if each.state == "issued")
    print(f"{options.number} settled anew as {new.partition(':')[2]}")


def _close(options: argparse.Namespace) -> None:
    refunds = operations.close_day(open_database(options.db), options.date)
    print(f"{options.date} closed, {refunds} waiting cancellations became refunds")


def _list(options: argparse.Namespace) -> None:
    table = schema.SETTLEMENTS.c
    columns = (table.SUNAP_NO, table.SUNAP_GB, table.PT_NO, table.TOT_AMT, table.PAT_AMT, table.ORG_SUNAP_NO)
    query = select(*columns).order_by(table.CHG_DT.desc(), table.SUNAP_NO.desc()).limit(options.last)
    with open_database(options.db).connect() as connection:
        for row in connection.execute(query):
            print("\t".join("" if value is None else str(value) for value in row))


def _note(options: argparse.Namespace, truth: Truth) -> None:
    if options.manifest:
        truth.append_to(options.manifest)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.his", description=__doc__)
    shared = argparse.ArgumentParser(add_help=False)
    database = os.environ.get("SAEGIM_SANDBOX_HIS_DB") or DEFAULT_URL
    shared.add_argument("--db", default=database, help="else SAEGIM_SANDBOX_HIS_DB, else %(default)s")
    noted = argparse.ArgumentParser(add_help=False)
    noted.add_argument("--manifest", type=Path, help="append what a correct reader must end with")
    commands = parser.add_subparsers(dest="command", required=True)

    fill = commands.add_parser("fill", parents=[shared, noted], help="write a synthetic day")
    fill.add_argument("--date", type=date.fromisoformat, default=datetime.now(KOREA).date())
    fill.add_argument("--receipts", type=_positive, default=300)
    fill.add_argument("--seed", type=int, default=0)
    fill.add_argument("--rate", type=float, help="receipts a second; without it as fast as it goes")
    fill.add_argument("--items", type=_positive, help="priced items on every receipt")
    fill.add_argument("--plain", action="store_true", help="paid receipts only")
    fill.add_argument("--dirty", type=int, default=0, help="hostile rows to sprinkle afterwards")
    fill.set_defaults(run=_fill)

    serve = commands.add_parser("serve", parents=[shared], help="the web service, on loopback")
    serve.add_argument("--port", type=int, default=8091)
    serve.add_argument("--protocol", choices=("rest", "soap"), default="rest")
    serve.add_argument("--api-key", help="of SOAP the password; else SAEGIM_SANDBOX_HIS_KEY, else sandbox")
    serve.set_defaults(run=_serve)

    hl7_command.add_command(commands, shared)
    fhir = commands.add_parser("serve-fhir", parents=[shared], help="the FHIR R4 server, on loopback")
    fhir.add_argument("--port", type=int, default=8092)
    fhir.add_argument("--token", help="else SAEGIM_SANDBOX_FHIR_TOKEN, else sandbox")
    fhir.set_defaults(run=_serve_fhir)

    _add_desk(commands, shared, noted)
    return parser


def _add_desk(commands: Any, shared: argparse.ArgumentParser, noted: argparse.ArgumentParser) -> None:
    """What a person at the desk does."""
    cancel = commands.add_parser("cancel", parents=[shared, noted], help="take a receipt or bill back")
    cancel.add_argument("number")
    cancel.set_defaults(run=_cancel)

    correct = commands.add_parser("correct", parents=[shared, noted], help="settle a receipt anew")
    correct.add_argument("number")
    correct.add_argument("--insurance", help="보험유형: 10, 21, 22, 31, 41, 50")
    correct.add_argument("--special", help="산정특례: S05, S10")
    correct.set_defaults(run=_correct)

    close = commands.add_parser("close", parents=[shared], help="close the day (일마감)")
    close.add_argument("--date", type=date.fromisoformat, default=datetime.now(KOREA).date())
    close.set_defaults(run=_close)

    last = commands.add_parser("list", parents=[shared], help="the rows written last")
    last.add_argument("--last", type=_positive, default=10)
    last.set_defaults(run=_list)


def _positive(value: str) -> int:
    number = int(value)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
