"""The agent as a process.

`python -m network.watch one …` beside a real validator; `python -m network.watch local FOLDER` runs one agent for
each validator of a local network, in threads, and takes in those added later. `--once` makes a single pass and ends
with 1 if there is an alarm.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from chain.deployment import Deployment, DeploymentUnreadable
from network.folder import DEPLOYMENT
from network.ipc import IpcClient
from network.manifest import Manifest
from network.watch.agent import Agent, Watched
from network.watch.health import health_file, write_health
from network.watch.own import CLIQUE
from network.watch.peer import HttpPeer
from network.watch.server import AgentServer

log = logging.getLogger("network.watch")

PERIODS_PER_PASS = 2
ENGINES = (CLIQUE, "qbft")


class Runner:
    """One agent with its server, its health file and its thread."""

    def __init__(self, watched: Watched, *, listen: tuple[str, int] | None, health: Path | None) -> None:
        self.agent = Agent(watched)
        self._health = health
        self._every = PERIODS_PER_PASS * watched.period
        self._server = AgentServer(listen, self.agent.pages()) if listen else None

    def once(self) -> bool:
        """One pass; whether there is no alarm."""
        before = self.agent.health
        health = self.agent.step()
        if self._health is not None:
            write_health(self._health, health)
        if before.alarms != health.alarms or before.answering != health.answering:
            log.log(logging.WARNING if health.alarms else logging.INFO, health.line())
        return not health.alarms

    def run(self, stop: threading.Event) -> None:
        """Pass after pass until `stop` is set."""
        if self._server is not None:
            self._server.start()
        while not stop.is_set():
            self.once()
            stop.wait(self._every)
        if self._server is not None:
            self._server.stop()
        if self._health is not None:
            self._health.unlink(missing_ok=True)
        self.agent.close()


def watch_folder(folder: Path, stop: threading.Event) -> None:
    """An agent for each validator of the network in `folder` until `stop` is set."""
    running: dict[str, threading.Thread] = {}
    peers: dict[str, HttpPeer] = {}
    while not stop.is_set():
        manifest = Manifest.load(folder)
        for entry in manifest.validators:
            peers.setdefault(entry.agent_url, HttpPeer(entry.agent_url))
            if entry.name not in running:
                watched = Watched(
                    name=entry.name,
                    rpc=IpcClient(manifest.sockets / f"{entry.name}.ipc"),
                    peers=_others(folder, entry.name, peers),
                    period=manifest.period,
                    scratch=folder,
                    registry=_registry_of(folder / DEPLOYMENT),
                )
                runner = Runner(
                    watched, listen=("127.0.0.1", entry.agent_port), health=health_file(folder, entry.name)
                )
                running[entry.name] = threading.Thread(target=runner.run, args=(stop,))
                running[entry.name].start()
        stop.wait(PERIODS_PER_PASS * manifest.period)
    for thread in running.values():
        thread.join()


def watch_one(arguments: argparse.Namespace, stop: threading.Event) -> int:
    """One agent as the command line says; 1 after `--once` with an alarm."""
    peers = [HttpPeer(url) for url in arguments.peers]
    host, _, port = (arguments.listen or "").rpartition(":")
    watched = Watched(
        name=arguments.name,
        rpc=IpcClient(arguments.ipc),
        peers=lambda: peers,
        period=arguments.period,
        scratch=arguments.scratch,
        registry=_registry_of(arguments.deployment),
        engine=arguments.engine,
    )
    listen = (host, int(port)) if arguments.listen and not arguments.once else None
    runner = Runner(watched, listen=listen, health=arguments.health)
    if arguments.once:
        well = runner.once()
        print(runner.agent.health.line())
        runner.agent.close()
        return 0 if well else 1
    runner.run(stop)
    return 0


def _others(folder: Path, name: str, peers: dict[str, HttpPeer]) -> Callable[[], Sequence[HttpPeer]]:
    """The agents of all other validators, as the manifest has them at each moment."""

    def others() -> list[HttpPeer]:
        entries = [entry for entry in Manifest.load(folder).validators if entry.name != name]
        return [peers.setdefault(entry.agent_url, HttpPeer(entry.agent_url)) for entry in entries]

    return others


def _registry_of(deployment: Path | None) -> Callable[[], str | None]:
    """The registry's address once the deployment file is there."""

    def registry() -> str | None:
        if deployment is None or not deployment.exists():
            return None
        try:
            return Deployment.load(deployment).address("InstitutionRegistry")
        except (DeploymentUnreadable, KeyError):
            return None

    return registry


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m network.watch", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    local = commands.add_parser("local", help="agents for every validator of a local network")
    local.add_argument("folder", type=Path)
    one = commands.add_parser("one", help="the agent of one validator")
    one.add_argument("--name", default="validator", help="for logs and metrics")
    one.add_argument("--ipc", type=Path, required=True, help="the node's IPC socket")
    one.add_argument("--peers", nargs="*", default=[], help="addresses of the other validators' agents")
    one.add_argument("--listen", help="host:port for the other agents and the metrics")
    one.add_argument("--deployment", type=Path, help="deployment.json with the registry's address")
    one.add_argument(
        "--engine",
        choices=ENGINES,
        default=CLIQUE,
        help="the network's engine; on any but clique the agent only watches",
    )
    one.add_argument("--period", type=int, default=1, help="seconds between blocks")
    one.add_argument("--scratch", type=Path, default=Path(), help="folder that the node can read")
    one.add_argument("--health", type=Path, help="file to write the health into at each pass")
    one.add_argument("--once", action="store_true", help="one pass; ends with 1 if there is an alarm")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    arguments = parser().parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if arguments.command == "one":
        return watch_one(arguments, stop)
    watch_folder(arguments.folder, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
