"""``python -m sandbox.eligibility serve``: the hospital's eligibility gateway, on loopback."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from sandbox.eligibility.service import INSTITUTION, TOKEN, create_app
from sandbox.guard import SandboxInProduction, refuse_outside_sandbox

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
    serve(options)
    return 0


def serve(options: argparse.Namespace) -> None:
    """Serve until told to stop. Prints the backend's settings for it."""
    import uvicorn

    print(settings(options.port), flush=True)
    uvicorn.run(create_app(), host=LOOPBACK, port=options.port, log_level="warning", access_log=False)


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
    return parser


if __name__ == "__main__":
    sys.exit(main())
