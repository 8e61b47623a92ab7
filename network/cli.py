"""The commands of the network on one machine. Thin: everything is done by the functions they call."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from chain.trust import TrustFile
from network.cli_besu import besu_files_command
from network.cli_real import (
    accept,
    deploy_command,
    enrol_command,
    genesis_command,
    plain_errors,
    sign_trust_file_command,
)
from network.creation import advice
from network.folder import DEFAULT_FOLDER, FIRST_RPC_PORT, watch_daemon
from network.local import LocalNetwork
from network.membership import Membership
from network.monitor.commands import daily_check_command, monitor_command
from network.settle import renew_trust_file
from network.status import table
from network.watch.__main__ import main as watch_main
from network.watch.health import health_file, read_line


def with_folder(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option --dir."""
    return click.option(
        "--dir",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=DEFAULT_FOLDER,
        show_default=".data/network",
        help="The network's folder.",
    )(function)


@click.group(help="The validator network: real geth nodes on this machine, and tools for real networks.")
def cli() -> None:
    """The group that ape and `python -m network` run."""


@cli.command()
@with_folder
@click.option("--validators", default=5, show_default=True, help="4 to 6; counts for a new folder only.")
@click.option("--period", default=1, show_default=True, help="Seconds between blocks, for a new folder.")
@click.option("--foreground", is_flag=True, help="Hold until Ctrl-C, then end the network.")
@click.option("--no-watch", is_flag=True, help="Without watch agents.")
@click.option("--bare", is_flag=True, help="Without contracts and members.")
def up(folder: Path, validators: int, period: int, foreground: bool, no_watch: bool, bare: bool) -> None:
    """Start the network, or go on with the one in the folder."""
    with plain_errors():
        network = LocalNetwork.create(folder, validators, period, first_rpc_port=FIRST_RPC_PORT)
        hint = advice(len(network.manifest.validators))
        if hint:
            click.echo(hint)
        started = time.monotonic()
        network.up(attached=foreground, watch=not no_watch, contracts=not bare)
        click.echo(f"{len(network.nodes)} validators are up after {time.monotonic() - started:.1f} s")
        click.echo(table(network.status()))
        click.echo(f"\nRPC {network.rpc_urls[0]} …  keys, deployment and trust file in {folder}")
        if foreground:
            _hold(network)


@cli.command()
@with_folder
def down(folder: Path) -> None:
    """End every process of the network. The chain stays in the folder."""
    with plain_errors():
        LocalNetwork.open(folder).down()
    click.echo("the network is down")


@cli.command()
@with_folder
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(folder: Path, as_json: bool) -> None:
    """What each validator says now. Ends with 1 if something is wrong."""
    with plain_errors():
        found = LocalNetwork.open(folder).status()
    click.echo(found.to_json() if as_json else table(found))
    if not found.healthy:
        raise SystemExit(1)


@cli.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@with_folder
@click.option(
    "--once", is_flag=True, help="Show the agents' last report and end with 1 if there is an alarm."
)
@click.option("--ipc", help="Watch one real validator; `python -m network.watch one --help` has all options.")
@click.pass_context
def watch(context: click.Context, folder: Path, once: bool, ipc: str | None) -> None:
    """Follow the watch agents of the local network (run them if they do not), or be the agent of one validator."""
    if ipc is not None:
        raise SystemExit(watch_main(["one", "--ipc", ipc, *(["--once"] if once else []), *context.args]))
    with plain_errors():
        network = LocalNetwork.open(folder)
        if watch_daemon(network.folder).pid() is None and not once:
            raise SystemExit(watch_main(["local", str(network.folder)]))
        _follow(network, once)


@cli.command("add-validator")
@with_folder
@click.option(
    "--institution", help="Its name in the folder's enrol.yaml; else the next one without a validator."
)
def add_validator(folder: Path, institution: str | None) -> None:
    """Take another institution's validator in, by the members' votes."""
    with plain_errors():
        entry = Membership(LocalNetwork.open(folder), say=click.echo).add(institution)
    click.echo(f"{entry.name} of {entry.institution} seals")


@cli.command("vote-out")
@with_folder
@click.argument("index", type=int)
def vote_out(folder: Path, index: int) -> None:
    """Take vote and seal from the institution of validator INDEX, by the members' votes."""
    with plain_errors():
        Membership(LocalNetwork.open(folder), say=click.echo).vote_out(index)
    click.echo(f"validator-{index} seals no more; its node goes on without")


@cli.command()
@with_folder
@click.argument("index", type=int)
def kill(folder: Path, index: int) -> None:
    """End validator INDEX as a power cut would."""
    with plain_errors():
        LocalNetwork.open(folder).kill(index)
    click.echo(f"validator-{index} is gone; `restart {index}` brings it back")


@cli.command()
@with_folder
@click.argument("index", type=int)
def restart(folder: Path, index: int) -> None:
    """Start validator INDEX (again)."""
    with plain_errors():
        LocalNetwork.open(folder).restart(index)
    click.echo(f"validator-{index} answers")


@cli.command("trust-file")
@with_folder
@click.option("--renew", is_flag=True, help="Write it anew, with a fresh checkpoint.")
def trust_file(folder: Path, renew: bool) -> None:
    """Check the signed trust file and show its fingerprint."""
    with plain_errors():
        network = LocalNetwork.open(folder)
        if renew or not network.trust_path.exists():
            renew_trust_file(network.site, network.site.transactor(), always=True)
        trust = TrustFile.load(network.trust_path)
        trust.verify(datetime.now(UTC))
    click.echo(f"{network.trust_path}")
    click.echo(f"fingerprint  {trust.fingerprint}")
    click.echo(f"checkpoint   block {trust.checkpoint.number}, validator set {trust.checkpoint.epoch}")
    click.echo(f"signatures   {len(trust.signatures)} of {len(trust.members)} members")


for real in (
    genesis_command,
    besu_files_command,
    deploy_command,
    enrol_command,
    accept,
    sign_trust_file_command,
):
    cli.add_command(real)
for watching in (monitor_command, daily_check_command):
    cli.add_command(watching)


def _hold(network: LocalNetwork) -> None:
    """Wait for Ctrl-C or SIGTERM, also where a shell started this with Ctrl-C ignored; then end the network."""
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    click.echo("Ctrl-C ends the network")
    asked.wait()
    network.down()
    click.echo("the network is down")


def _follow(network: LocalNetwork, once: bool) -> None:
    """Print the agents' lines, every two periods or once."""
    while True:
        lines = [read_line(health_file(network.folder, node.entry.name)) for node in network.nodes]
        click.echo("\n".join(line.text for line in lines))
        if once:
            raise SystemExit(0 if all(line.well for line in lines) else 1)
        time.sleep(2 * network.manifest.period)
        click.echo("")
