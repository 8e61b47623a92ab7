"""Killing validators, all of them at once, and whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from network.geth import ROOT
from network.local import LocalNetwork
from network.manifest import Manifest
from network.waiting import wait_for

Fresh = Callable[..., LocalNetwork]
Processes = Callable[[Path], list[str]]


def hashes(network: LocalNetwork, number: int) -> set[str | None]:
    """What the running nodes say block `number` is."""
    blocks = [node.ipc.call("eth_getBlockByNumber", hex(number), False) for node in network.running]
    return {block and block["hash"] for block in blocks}


def test_two_of_five_may_die_and_catch_up(fresh_poa_network: Fresh) -> None:
    network = fresh_poa_network(contracts=False)
    network.kill(2)
    network.kill(5)
    assert [node.entry.index for node in network.running] == [1, 3, 4]
    assert {node.agreement for node in network.status().nodes if not node.running} == {"down"}
    reached = network.wait_for_blocks(4, seconds=60)
    network.restart(2)
    network.restart(5)
    network.wait_for_blocks(2, seconds=60)
    assert len(network.running) == 5
    assert wait_for("one chain", lambda: len(hashes(network, reached)) == 1, seconds=60)
    assert None not in hashes(network, reached)


def test_all_killed_at_once_go_on_with_the_same_chain(
    fresh_poa_network: Fresh, processes_of: Processes
) -> None:
    network = fresh_poa_network(contracts=True)  # a chain without changed state loses none
    height = network.wait_for_blocks(3)
    (before,) = hashes(network, height - 1)
    for index in range(1, 6):
        network.kill(index)
    network.up(watch=False)
    assert hashes(network, height - 1) == {before}
    for address in network.deployment.contracts.values():
        assert network.client().call("eth_getCode", address, "latest") != "0x"

    ports = network.rpc_urls
    network.down()
    assert processes_of(network.folder) == []
    again = LocalNetwork.open(network.folder).up(watch=False)
    assert again.rpc_urls == ports
    assert hashes(again, height - 1) == {before}
    again.down()
    again.down()
    assert processes_of(network.folder) == []


def test_a_network_ends_with_whoever_started_it(geth: Path, tmp_path: Path, processes_of: Processes) -> None:
    """Even after kill -9, which runs no clean-up."""
    code = (
        "import sys, time; from network.local import LocalNetwork; "
        "LocalNetwork.create(sys.argv[1], 4).up(contracts=False); print('up', flush=True); time.sleep(600)"
    )
    folder = tmp_path / "network"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "up\n"
    manifest = Manifest.load(folder)
    assert len(processes_of(folder)) >= len(manifest.validators) + 2
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert wait_for("an empty process list", lambda: not processes_of(folder), seconds=60)
