"""`make demo`: the whole system on a synthetic hospital day, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from network.choose import NetworkKind, choose_kind
from network.errors import NetworkError
from scripts.system import CommandFailed, System

DATA = Path(".data")
BACKEND_PORT: Final = 8000
LOOK_EVERY: Final = 5.0
"""Seconds between two lines of progress."""


def folder_for(kind: NetworkKind) -> Path:
    """Real and development network never share data: their chains differ."""
    return DATA if kind == "poa" else DATA / "dev"


def introduce(system: System) -> None:
    """Say what runs and what to try."""
    folder = Path(os.path.relpath(system.folder))
    print(
        f"""
Saegim is running (새김이 켜졌습니다).

  pages        {system.url}/
  check        {system.url}/verify
  sign up      {system.url}/sign-in   as a synthetic patient, see below
  telephones   {system.agency_url}/phone   what their telephones received
  desk         {system.url}/staff/enrol   as registration staff: `python -m backend staff add`, see below
  Kakao, Naver {system.social_url}/kakao/services and /naver/services   their stand-ins: disconnect an account there
  API          {system.url}/api/v1/openapi.json
  metrics      http://127.0.0.1:{system.health_port}/metrics (oracle), {system.url}/metrics (backend)
  logs         {folder}/logs/ and {folder}/network/logs/

In another terminal, in this folder:  . .venv/bin/activate && . {folder}/env.sh   and then

  python -m sandbox.his list              the hospital's newest rows
  python -m sandbox.people 1              patient 1: name, birth date, telephone, registration number
  python -m backend persons list          accounts; then, as the desk does when it has seen the identity card:
  python -m backend persons bind PERSON NUMBER
  python -m backend staff add --number 1 --role registration    an account of the desk, with its code
  python -m sandbox.eligibility people    people by what covers them, for /staff/eligibility
  python -m backend audit verify          prove that no recorded access was removed or changed
  python -m backend links --latest 5      links to the newest documents: open one, download its bundle
  saegim-verify FILE.saegim               check a bundle; works with the network off
  python -m sandbox.his cancel NUMBER     cancel a receipt, and see its document withdrawn
  python -m sandbox.his correct NUMBER    settle one anew, and see its document superseded
  python -m oracle status                 how the pipeline stands
  python -m network status                the validators

Ctrl-C ends everything.
""",
        flush=True,
    )


def watch(system: System) -> NoReturn:
    """Print a line whenever something moved."""
    shown = ""
    while True:
        status = system.oracle_status()
        documents, told = status["documents"], status["deliveries"]
        line = (
            f"documents issued {sum(documents.values())}, with their patients {documents['delivered']}, "
            f"deliveries waiting {told['waiting']}, quarantine {status['quarantine']['open']}, "
            f"last block {status['last_anchored_block'] or '-'}"
        )
        if line != shown:
            print(time.strftime("%H:%M:%S"), line, flush=True)
            shown = line
        time.sleep(LOOK_EVERY)


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument(
        "--network", choices=("poa", "dev"), help="NETWORK=… of make; by default what is there"
    )
    parser.add_argument("--receipts", type=int, default=200, help="receipts of the day (default 200)")
    parser.add_argument("--rate", type=float, default=2.0, help="receipts a second (default 2)")
    parser.add_argument("--port", type=int, default=BACKEND_PORT, help="the pages' port, if it is free")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell started us with SIGINT ignored
        signal.signal(number, _interrupted)
    try:
        kind = choose_kind(options.network)
        with System(folder_for(kind), kind, backend_port=options.port) as system:
            print("starting (the first time makes keys, genesis and contracts) …", flush=True)
            system.start()
            system.start_hospital_day(
                receipts=options.receipts, rate=options.rate, seed=int(time.time()) // 60
            )
            introduce(system)
            watch(system)
    except KeyboardInterrupt:
        print("\nended: nothing is left running")
        return 0
    except (NetworkError, CommandFailed) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
