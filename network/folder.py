"""The files and processes of a local network's folder, and ending all of them."""

from __future__ import annotations

import fcntl
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from network.geth import ROOT
from network.manifest import Manifest
from network.processes import Daemon, stop_all

DEFAULT_FOLDER = ROOT / ".data" / "network"
FIRST_RPC_PORT = 8601
"""Where ape-config.yaml looks for the first node of the network in the default folder."""
GENESIS = "genesis.json"
KEYS = "keys"
PLAN = "enrol.yaml"
DEPLOYMENT = "deployment.json"
TRUST_FILE = "network.json"


def node_daemon(folder: Path, name: str) -> Daemon:
    """The process of one validator."""
    return Daemon(name, f"--datadir {folder / name}", folder / f"{name}.pid", folder / "logs" / f"{name}.log")


def signer_daemon(folder: Path) -> Daemon:
    """The process that holds the validators' keys."""
    marker = f"network.signer_service local {folder}"
    return Daemon("signer", marker, folder / "signer.pid", folder / "logs" / "signer.log")


def watch_daemon(folder: Path) -> Daemon:
    """The process that runs the validators' watch agents."""
    marker = f"network.watch local {folder}"
    return Daemon("watch", marker, folder / "watch.pid", folder / "logs" / "watch.log")


def helper_command(daemon: Daemon, *options: str) -> Sequence[str]:
    """The command line of signer or watch: this interpreter, the daemon's marker, options."""
    module, command, folder = daemon.marker.split(" ", 2)
    return [sys.executable, "-m", module, command, folder, *options]


def stop_network(folder: Path, *, keep_signer: bool = False) -> None:
    """End every process of the network in `folder`, the signer last, so that no node is left unable to seal."""
    manifest = Manifest.load(folder)
    nodes = [node_daemon(folder, entry.name) for entry in manifest.validators]
    stop_all([watch_daemon(folder), *nodes])
    if not keep_signer:
        stop_all([signer_daemon(folder)])
    if manifest.sockets.parent != folder:
        shutil.rmtree(manifest.sockets, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Only one program at a time starts or changes the network in `folder`; another waits here."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
