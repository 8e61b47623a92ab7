"""``python -m sandbox.social serve``: Kakao's and Naver's stand-ins, on loopback."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from sandbox.guard import SandboxInProduction, refuse_outside_sandbox
from sandbox.social.service import KAKAO, NAVER, create_app

LOOPBACK = "127.0.0.1"
_INSTEAD = "Set SAEGIM_BACKEND_KAKAO_ISSUER and SAEGIM_BACKEND_NAVER_ISSUER to the providers' own instead."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 if it was done, 1 if it was refused."""
    options = _parser().parse_args(arguments)
    try:
        refuse_outside_sandbox("sandbox.social", options.command, _INSTEAD)
    except SandboxInProduction as error:
        print(error, file=sys.stderr)
        return 1
    serve(options)
    return 0


def serve(options: argparse.Namespace) -> None:
    """Serve until told to stop. Prints the backend's settings for it."""
    import uvicorn

    address = f"http://{LOOPBACK}:{options.port}"
    hooks = options.backend and options.backend.rstrip("/") + "/hooks/social"
    app = create_app(
        address,
        kakao=replace(KAKAO, notice_url=hooks and f"{hooks}/kakao"),
        naver=replace(NAVER, notice_url=hooks and f"{hooks}/naver"),
    )
    lines = (f"SAEGIM_BACKEND_{name}={value}" for name, value in settings(address).items())
    print("\n".join(lines), flush=True)
    uvicorn.run(app, host=LOOPBACK, port=options.port, log_level="warning", access_log=False)


def settings(address: str) -> dict[str, str]:
    """The backend's variables that lead here, without their prefix."""
    return {
        "SOCIAL_PROVIDERS": "kakao,naver",
        "KAKAO_ISSUER": f"{address}/kakao",
        "KAKAO_CLIENT_ID": KAKAO.client_id,
        "KAKAO_CLIENT_SECRET": KAKAO.client_secret,
        "KAKAO_APP_ID": KAKAO.app_id,
        "KAKAO_ADMIN_KEY": KAKAO.admin_key,
        "NAVER_ISSUER": f"{address}/naver",
        "NAVER_CLIENT_ID": NAVER.client_id,
        "NAVER_CLIENT_SECRET": NAVER.client_secret,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.social", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    server = commands.add_parser("serve", help="/kakao and /naver, with their pages (…/services: disconnect)")
    server.add_argument("--port", type=int, default=8096)
    server.add_argument("--backend", help="the backend's address, to be told of disconnected accounts")
    return parser


if __name__ == "__main__":
    sys.exit(main())
