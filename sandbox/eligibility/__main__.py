"""``python -m sandbox.eligibility``: the hospital's eligibility gateway, on loopback, and the people it knows."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date

from sandbox.eligibility.register import BALANCE, answer
from sandbox.eligibility.service import INSTITUTION, TOKEN, create_app
from sandbox.guard import SandboxInProduction, refuse_outside_sandbox
from sandbox.people import person

LOOPBACK = "127.0.0.1"
_INSTEAD = "Set SAEGIM_BACKEND_ELIGIBILITY_URL to the hospital's own gateway instead."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 if it was done, 1 if it was refused."""
    options = _parser().parse_args(arguments)
    try:
        refuse_outside_sandbox("sandbox.eligibility", options.command, _INSTEAD)
    except SandboxInProduction as error:
        print(error, file=sys.stderr)
        return 1
    if options.command == "people":
        print("\n".join(card(index) for index in options.index))
    else:
        serve(options)
    return 0


def serve(options: argparse.Namespace) -> None:
    """Serve until told to stop. Prints the backend's settings for it."""
    import uvicorn

    print(settings(options.port), flush=True)
    uvicorn.run(create_app(), host=LOOPBACK, port=options.port, log_level="warning", access_log=False)


def card(index: int) -> str:
    """What a desk types for a person of the sandbox, and what it will read."""
    who = person(index)
    found = answer(who, date.today(), BALANCE)
    covered = found.get("kind", found["outcome"])
    chosen = f", 선택의료급여기관 {found['chosenInstitution']}" if found.get("chosenInstitution") else ""
    return (
        f"{who.number}  {who.name}  {who.birth.isoformat()}  건강보험증 {who.insurance_number}  "
        f"주민등록번호 {who.resident}  {covered}{chosen}"
    )


def settings(port: int) -> str:
    """The backend's variables that lead here."""
    values = {
        "PROVIDER": "gateway",
        "URL": f"http://{LOOPBACK}:{port}",
        "TOKEN": TOKEN,
        "INSTITUTION": INSTITUTION,
    }
    return "\n".join(f"SAEGIM_BACKEND_ELIGIBILITY_{name}={value}" for name, value in values.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.eligibility", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    server = commands.add_parser("serve", help="the gateway")
    server.add_argument("--port", type=int, default=8096)
    listed = commands.add_parser(
        "people", help="people by what covers them, as a desk reads it from their cards"
    )
    listed.add_argument("index", type=int, nargs="*", default=[1, 2, 3, 4, 5, 6, 7, 8, 9, 22])
    return parser


if __name__ == "__main__":
    sys.exit(main())
