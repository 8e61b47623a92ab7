"""``python -m sandbox.identity serve``: the identification agency, on loopback."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from sandbox.guard import SandboxInProduction, refuse_outside_sandbox
from sandbox.identity.service import Shop, create_app
from sandbox.identity.state import Mode

LOOPBACK = "127.0.0.1"
_INSTEAD = "Set SAEGIM_BACKEND_IDENTITY_URL to the agency's own address instead."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 if it was done, 1 if it was refused."""
    options = _parser().parse_args(arguments)
    try:
        refuse_outside_sandbox("sandbox.identity", options.command, _INSTEAD)
    except SandboxInProduction as error:
        print(error, file=sys.stderr)
        return 1
    serve(options)
    return 0


def serve(options: argparse.Namespace) -> None:
    """Serve until told to stop. Prints the backend's settings for it."""
    import uvicorn

    shop = Shop(webhook_url=options.webhook)
    app = create_app(shop)
    app.state.agency.mode = Mode(options.mode)
    app.state.agency.automatic_person = options.person
    print(settings(shop, options.port), flush=True)
    uvicorn.run(app, host=LOOPBACK, port=options.port, log_level="warning", access_log=False)


def settings(shop: Shop, port: int) -> str:
    """The backend's variables that lead here."""
    address = f"http://{LOOPBACK}:{port}"
    values = {
        "PROVIDER": "portone",
        "URL": address,
        "SECRET": shop.secret,
        "STORE_ID": shop.store_id,
        "CHANNEL_KEY": shop.channel_key,
        "WINDOW_URL": f"{address}/window",
        "WEBHOOK_SECRET": shop.webhook_secret,
    }
    return "\n".join(f"SAEGIM_BACKEND_IDENTITY_{name}={value}" for name, value in values.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.identity", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    server = commands.add_parser("serve", help="the agency, its window (/window) and a telephone (/phone)")
    server.add_argument("--port", type=int, default=8095)
    server.add_argument("--mode", choices=[each.value for each in Mode], default=Mode.MANUAL.value)
    server.add_argument("--person", type=int, default=1, help="who confirms by itself")
    server.add_argument("--webhook", help="where changes are told")
    return parser


if __name__ == "__main__":
    sys.exit(main())
