"""`python -m backend service-key` and `relay`: the backend's key for the oracle, and whether the relay answers."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, Final

from backend.config import Settings
from backend.relay.errors import RelayError
from backend.relay.service import relay_client
from backend.relay.tokens import ServiceKey
from chain.clock import utc_now

COMMAND_LINE: Final = "command-line"


def service_key(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print the public key of the backend's tokens as a JWKS, for the oracle; the key is made if there is none."""
    path = settings.service_key_file
    key = ServiceKey.load(path) if path.exists() else ServiceKey.create(path)
    print(json.dumps(key.public_jwks(), indent=2))
    return 0


def check(settings: Settings, arguments: argparse.Namespace) -> int:
    """Ask the oracle's relay how it and the hospital system are."""
    client = relay_client(settings, utc_now)
    if client is None:
        print("no relay: SAEGIM_BACKEND_RELAY_URL is not set", file=sys.stderr)
        return 1
    try:
        health = client.health(COMMAND_LINE)
    except RelayError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        client.close()
    print(f"relay ok, hospital system {health.hospital}; offers {', '.join(health.offers) or 'nothing'}")
    return 0 if health.hospital == "ok" else 1


def add_to(commands: Any) -> None:
    """Both commands."""
    for name, run in (("service-key", service_key), ("relay", check)):
        commands.add_parser(name, help=run.__doc__).set_defaults(run=run)
