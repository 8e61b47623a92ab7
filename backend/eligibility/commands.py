"""`python -m backend eligibility …`: settle what is uncertain, destroy what is old. For a timer."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from backend.config import Settings
from backend.eligibility import jobs, repository, visits
from backend.services import Services
from chain.db import reading


def settle(settings: Settings, arguments: argparse.Namespace) -> int:
    """Ask again for every visit whose 진료확인번호 or cancellation is not known; exit 1 while any stays so."""
    services = Services.build(settings)
    try:
        ended = visits.settle(services)
        with reading(services.database) as session:
            left = repository.count_waiting(session)
    finally:
        services.close()
    said = ", ".join(f"{state} {count}" for state, count in sorted(ended.items())) or "nothing waited"
    print(f"{said}; uncertain {left}")
    return 1 if left else 0


def prune(settings: Settings, arguments: argparse.Namespace) -> int:
    """Destroy look-ups, letters, checks and confirmations that are older than SAEGIM_BACKEND_ELIGIBILITY_KEEP."""
    services = Services.build(settings)
    try:
        counts = jobs.prune(services.database, services.vault, services.clock(), settings.eligibility_keep)
    except ValueError as error:
        print(f"SAEGIM_BACKEND_ELIGIBILITY_KEEP: {error}", file=sys.stderr)
        return 1
    finally:
        services.close()
    for table, count in sorted(counts.items()):
        print(f"{table:30} {count}")
    return 0


def add_to(commands: Any) -> None:
    """The commands below `eligibility`."""
    below = commands.add_parser("eligibility", help="identity and eligibility at the visit").add_subparsers(
        required=True, metavar="COMMAND"
    )
    for name, run in (("settle", settle), ("prune", prune)):
        below.add_parser(name, help=run.__doc__).set_defaults(run=run)
