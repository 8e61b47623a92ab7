"""The command that writes the files of a Besu network."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from network.besu import BesuNetwork, held_timestamp, local_nodes, read_nodes, write_besu_files
from network.cli_real import plain_errors
from network.creation import DEPLOYER
from network.errors import DeploymentRefused
from network.folder import DEFAULT_FOLDER
from network.folder import GENESIS as LOCAL_GENESIS
from network.keys import KeyRing
from network.local import LocalNetwork
from network.plan import EnrolmentPlan
from network.rollout import describe_besu_genesis

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("besu-files")
@click.option("--out", type=_FOLDER, required=True, help="Folder for the files.")
@click.option("--dir", "folder", type=_FOLDER, default=DEFAULT_FOLDER, show_default=".data/network")
@click.option("--plan", type=_FILE, help="The reviewed enrolment file of a real network, with addresses.")
@click.option("--nodes", type=_FILE, help="With --plan: YAML list of institution, node_id, host and ports.")
@click.option("--deployer", help="With --plan: address of the account that will deploy the contracts.")
@click.option("--period", default=1, show_default=True, help="With --plan: seconds between blocks.")
@click.option(
    "--contract-from", type=click.IntRange(min=1), help="Block from which the registry names validators."
)
def besu_files_command(
    out: Path,
    folder: Path,
    plan: Path | None,
    nodes: Path | None,
    deployer: str | None,
    period: int,
    contract_from: int | None,
) -> None:
    """Write genesis, node configurations, peers and permissions of a Besu QBFT network.

    Without --plan, those of the network on this machine: same members, accounts, chain id and time.
    """
    with plain_errors():
        network = _local(folder) if plan is None else _real(plan, nodes, deployer, period, out)
        block_hash = write_besu_files(network, out, contract_from=contract_from)
    click.echo(f"{out}: {len(network.nodes)} validators\n{describe_besu_genesis(block_hash)}")


def _local(folder: Path) -> BesuNetwork:
    network = LocalNetwork.open(folder)
    first = json.loads((network.folder / LOCAL_GENESIS).read_text(encoding="utf-8"))
    return BesuNetwork(
        plan=network.plan,
        nodes=local_nodes(network.manifest, network.plan, network.keys),
        ring=network.keys,
        deployer=network.keys.account(DEPLOYER).address,
        period=network.manifest.period,
        timestamp=int(first["timestamp"], 16),
    )


def _real(plan: Path, nodes: Path | None, deployer: str | None, period: int, out: Path) -> BesuNetwork:
    if nodes is None or deployer is None:
        raise DeploymentRefused(
            "with --plan, name the nodes with --nodes and the deploying account with --deployer"
        )
    return BesuNetwork(
        plan=EnrolmentPlan.load(plan),
        nodes=read_nodes(nodes),
        ring=KeyRing(out / "no-keys"),
        deployer=deployer,
        period=period,
        timestamp=held_timestamp(out) or int(time.time()),
    )
