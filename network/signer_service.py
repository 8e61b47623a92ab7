"""The signer as a process: `python -m network.signer_service local FOLDER` or `… one …` beside a real validator.

With `--leash` it ends, and ends the whole local network, when its standard input closes: that happens however the
program that started the network ends, so nothing is left running even after `kill -9`.
"""

from __future__ import annotations

import argparse
import logging
import select
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from network.errors import NetworkError
from network.folder import KEYS, stop_network
from network.genesis import vanity_tag
from network.keys import KeyRefused, KeyRing
from network.manifest import Manifest
from network.node import signer_socket
from network.signer import HeaderSigner, SignerServer

log = logging.getLogger(__name__)

_LOOK_EVERY = 0.3
"""Seconds between looks at the folder for validators added since."""


class _Stopped(Exception):
    """The process was asked to end."""


def serve_folder(folder: Path, *, leash: bool) -> None:
    """Sign for every validator of a local network, also for those added later, until asked to end."""
    serving: dict[str, SignerServer] = {}
    while True:
        manifest = Manifest.load(folder)
        for entry in manifest.validators:
            if entry.name not in serving:
                account = KeyRing(folder / KEYS).account(entry.key)
                signer = HeaderSigner(account, vanity_tag(manifest.genesis_hash))
                serving[entry.name] = SignerServer(signer_socket(manifest, entry), signer)
                serving[entry.name].start()
        if _wait(leash):
            log.info("the program that started this network has ended; ending the network")
            stop_network(folder, keep_signer=True)
            return


def serve_one(arguments: argparse.Namespace) -> None:
    """Sign for one validator whose key is in a keystore, until asked to end."""
    ring = KeyRing(arguments.keys, password_file=arguments.password_file)
    signer = HeaderSigner(ring.account(arguments.name), vanity_tag(arguments.genesis_hash))
    server = SignerServer(arguments.socket, signer)
    log.info("signing for %s on %s", signer.address, arguments.socket)
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        server.server_close()
        arguments.socket.unlink(missing_ok=True)


def _wait(leash: bool) -> bool:
    """Sleep a moment; True if the leash was let go."""
    if not leash:
        select.select([], [], [], _LOOK_EVERY)
        return False
    readable, _, _ = select.select([sys.stdin], [], [], _LOOK_EVERY)
    return bool(readable) and sys.stdin.read(1) == ""


def _stop(number: int, frame: object) -> None:
    raise _Stopped


def parser() -> argparse.ArgumentParser:
    """The command line of this module."""
    top = argparse.ArgumentParser(prog="python -m network.signer_service", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    local = commands.add_parser("local", help="sign for every validator of a local network")
    local.add_argument("folder", type=Path)
    local.add_argument("--leash", action="store_true", help="end the network when standard input closes")
    one = commands.add_parser("one", help="sign for one validator")
    one.add_argument("--name", required=True, help="name of the key, such as validator-1")
    one.add_argument("--keys", type=Path, required=True, help="folder of the keystore")
    one.add_argument("--password-file", type=Path, help="file with the keystore's password")
    one.add_argument("--genesis-hash", required=True, help="of the network whose blocks are to be signed")
    one.add_argument("--socket", type=Path, required=True, help="Unix socket for geth's --signer")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    arguments = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _stop)
    try:
        if arguments.command == "local":
            serve_folder(arguments.folder, leash=arguments.leash)
        else:
            serve_one(arguments)
    except (_Stopped, KeyboardInterrupt):
        log.info("stopped")
    except (KeyRefused, NetworkError) as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
