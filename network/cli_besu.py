"""The command that writes the files of a Besu network."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from chain.deployment import Deployment
from network.besu import (
    BesuNetwork,
    held_timestamp,
    local_nodes,
    planned_validators,
    read_nodes,
    write_besu_files,
)
from network.carry import Carried, carry_state
from network.cli_real import plain_errors
from network.creation import DEPLOYER
from network.errors import DeploymentRefused
from network.folder import DEFAULT_FOLDER, DEPLOYMENT, GENESIS
from network.ipc import IpcClient, Rpc
from network.keys import KeyRing
from network.local import LocalNetwork
from network.plan import EnrolmentPlan
from network.rollout import describe_besu_genesis
from network.site import real_folder

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@dataclass(frozen=True)
class _Asked:
    """What was said on the command line."""

    folder: Path
    plan: Path | None
    nodes: Path | None
    deployer: str | None
    period: int
    carry_at: int | None
    ipc: Path | None


@click.command("besu-files")
@click.option("--out", type=_FOLDER, required=True, help="Folder for the files.")
@click.option(
    "--contract-from", type=click.IntRange(min=1), help="Block from which the registry names validators."
)
@click.option("--dir", "folder", type=_FOLDER, default=DEFAULT_FOLDER, show_default=".data/network")
@click.option("--plan", type=_FILE, help="The reviewed enrolment file of a real network, with addresses.")
@click.option("--nodes", type=_FILE, help="With --plan: YAML list of institution, node_id, host and ports.")
@click.option(
    "--deployer", help="With --plan: address of the account that deploys, or deployed, the contracts."
)
@click.option("--period", default=1, show_default=True, help="With --plan: seconds between blocks.")
@click.option(
    "--carry-at", type=click.IntRange(min=1), help="Go on from the Clique chain's state at this block."
)
@click.option(
    "--ipc", type=click.Path(path_type=Path), help="With --plan and --carry-at: your node's IPC socket."
)
def besu_files_command(out: Path, contract_from: int | None, **asked: Any) -> None:
    """Write genesis, node configurations, peers and permissions of a Besu QBFT network.

    Without --plan, those of the network on this machine: same members, accounts, chain id and time.
    """
    with plain_errors():
        network = _network(_Asked(**asked), out)
        block_hash = write_besu_files(network, out, contract_from=contract_from)
    click.echo(f"{out}: {len(network.nodes)} validators\n{describe_besu_genesis(block_hash)}")


def _network(asked: _Asked, out: Path) -> BesuNetwork:
    return _local(asked) if asked.plan is None else _real(asked, asked.plan, out)


def _local(asked: _Asked) -> BesuNetwork:
    network = LocalNetwork.open(asked.folder)
    carried = _carried(network.nodes[0].ipc, network.folder, asked.carry_at)
    validators = planned_validators(network.plan, network.keys, carried)
    return BesuNetwork(
        plan=network.plan,
        nodes=local_nodes(network.manifest, network.keys, validators),
        ring=network.keys,
        deployer=network.keys.account(DEPLOYER).address,
        period=network.manifest.period,
        timestamp=carried.time if carried else _first_time(network.folder),
        carried=carried,
    )


def _real(asked: _Asked, path: Path, out: Path) -> BesuNetwork:
    if asked.nodes is None or asked.deployer is None or (asked.carry_at and asked.ipc is None):
        raise DeploymentRefused(
            "with --plan, name the nodes with --nodes and the deploying account with --deployer; with --carry-at, "
            "your node's socket with --ipc"
        )
    plan = EnrolmentPlan.load(path)
    carried = None
    if asked.ipc is not None:
        carried = _carried(IpcClient(asked.ipc), real_folder(plan.chain_id), asked.carry_at)
    return BesuNetwork(
        plan=plan,
        nodes=read_nodes(asked.nodes),
        ring=KeyRing(out / "no-keys"),
        deployer=asked.deployer,
        period=asked.period,
        timestamp=carried.time if carried else held_timestamp(out) or int(time.time()),
        carried=carried,
    )


def _carried(rpc: Rpc, folder: Path, number: int | None) -> Carried | None:
    """The state at block `number` of the network whose public files are in `folder`."""
    if number is None:
        return None
    genesis = json.loads((folder / GENESIS).read_text(encoding="utf-8"))
    registry = Deployment.load(folder / DEPLOYMENT).address("InstitutionRegistry")
    return carry_state(rpc, genesis, registry, number)


def _first_time(folder: Path) -> int:
    return int(json.loads((folder / GENESIS).read_text(encoding="utf-8"))["timestamp"], 16)
