"""A whole validator network on one machine: real geth nodes, the contracts on them, everybody enrolled.

    with LocalNetwork.create(Path(".data/network")).up() as network:
        network.rpc_urls, network.keys.account("hospital-oracle"), network.deployment

A folder that holds a network already is resumed: same chain, same keys, same contracts.
"""

from __future__ import annotations

import atexit
import os
from pathlib import Path
from typing import Self

from network import links
from network.base import Network
from network.creation import LOCAL_PLAN, create_folder, local_plan
from network.errors import ConditionNotMet, FolderUnfit, NotSealing
from network.folder import (
    DEFAULT_FOLDER,
    FIRST_RPC_PORT,
    PLAN,
    helper_command,
    locked,
    signer_daemon,
    stop_network,
    watch_daemon,
)
from network.genesis import LOCAL_CHAIN_ID
from network.geth import find_geth
from network.manifest import FILE, Manifest, socket_folder
from network.node import ValidatorNode
from network.plan import EnrolmentPlan
from network.ports import choose_ports, is_free
from network.processes import kill_now, stop_all
from network.settle import settle
from network.status import NetworkStatus, collect_status
from network.waiting import wait_for


class LocalNetwork(Network):
    """The network in `folder`. `create` makes or resumes one, `open` takes what is there."""

    kind = "poa"
    engine = "clique"

    def __init__(self, folder: Path, *, geth: Path | None = None) -> None:
        super().__init__(folder)
        self._geth = geth
        self._leash: int | None = None
        self._nodes: dict[int, ValidatorNode] = {}
        self.manifest = Manifest.load(self.folder)
        self.chain_id = self.manifest.chain_id

    @classmethod
    def create(
        cls,
        folder: Path | str,
        validators: int = 5,
        period: int = 1,
        *,
        chain_id: int = LOCAL_CHAIN_ID,
        plan: Path = LOCAL_PLAN,
        first_rpc_port: int | None = None,
    ) -> Self:
        """The network in `folder`, made with `validators` nodes and `period` seconds a block if none is there.

        `first_rpc_port`: the nodes' HTTP ports are that one and the following if they are free, else any; in the
        default folder, 8601.
        Raises GethMissing, GethUnfit, ValidatorCountRefused, PlanInvalid.
        """
        geth = find_geth()
        place = Path(folder).resolve()
        if not (place / FILE).exists():
            create_folder(
                place,
                validators=validators,
                period=period,
                geth=geth,
                chain_id=chain_id,
                plan_path=plan,
                first_rpc_port=FIRST_RPC_PORT if place == DEFAULT_FOLDER else first_rpc_port,
            )
        return cls(place, geth=geth)

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """The network that `folder` holds, running or not. Raises FolderUnfit if it holds none."""
        return cls(Path(folder))

    # --- Start and stop ------------------------------------------------------------------------------

    def up(self, *, attached: bool = True, watch: bool = True, contracts: bool = True) -> Self:
        """Start what does not run, wait until it seals, deploy and enrol what is not there yet.

        `attached`: the network ends with this program, however that ends; else it stays until `down()`.
        `watch`: with a watch agent beside each validator. `contracts`: False leaves the chain bare.
        Raises ProcessDidNotStart, NotSealing.
        """
        with locked(self.folder):
            self._start_signer(attached)
            self.start_nodes([node for node in self.nodes if node.daemon.pid() is None])
            self.wait_for_blocks(1)
            if contracts:
                settle(self.site)
            if watch:
                self.start_watch()
        return self

    def down(self) -> None:
        """End every process of this network. Safe to call twice."""
        atexit.unregister(self.down)
        stop_network(self.folder)
        for node in self._nodes.values():
            node.ipc.close()
        if self._leash is not None:
            os.close(self._leash)
            self._leash = None

    def kill(self, index: int) -> None:
        """End a validator as a power cut would."""
        kill_now(self.node(index).daemon)

    def restart(self, index: int) -> None:
        """Start a validator that was killed, or end and start one that runs, and wait until it answers."""
        node = self.node(index)
        stop_all([node.daemon])
        self.start_nodes([node])

    def start_watch(self) -> None:
        """Start the watch agents if they do not run."""
        daemon = watch_daemon(self.folder)
        if daemon.pid() is None:
            daemon.start(helper_command(daemon))

    def stop_watch(self) -> None:
        """End the watch agents, for tests that cut links and want nobody to mend them."""
        stop_all([watch_daemon(self.folder)])

    # --- What there is -------------------------------------------------------------------------------

    @property
    def nodes(self) -> list[ValidatorNode]:
        """Every validator's node, in order."""
        return [self.node(entry.index) for entry in self.manifest.validators]

    @property
    def running(self) -> list[ValidatorNode]:
        """The nodes whose process runs."""
        return [node for node in self.nodes if node.daemon.pid() is not None]

    def node(self, index: int) -> ValidatorNode:
        """The validator numbered `index`, from 1. Raises UnknownValidator."""
        entry = self.manifest.validator(index)
        if index not in self._nodes:
            self._nodes[index] = ValidatorNode(self.folder, self.manifest, entry)
        return self._nodes[index]

    @property
    def geth(self) -> Path:
        """The geth program that runs the nodes. Raises GethMissing, GethUnfit."""
        if self._geth is None:
            self._geth = find_geth()
        return self._geth

    @property
    def rpc_urls(self) -> list[str]:
        """HTTP JSON-RPC of every node, running or not."""
        return [entry.rpc_url for entry in self.manifest.validators]

    @property
    def genesis_hash(self) -> str:
        """Hash of the first block, 0x and 64 digits."""
        return self.manifest.genesis_hash

    @property
    def plan(self) -> EnrolmentPlan:
        """Who is to be enrolled."""
        return local_plan(self.manifest.founders, chain_id=self.chain_id, path=self.folder / PLAN)

    def status(self) -> NetworkStatus:
        """What each node says at this moment."""
        return collect_status(self.manifest, self.nodes)

    # --- Waiting and breaking ------------------------------------------------------------------------

    def wait_for_blocks(self, count: int, *, seconds: float = 30.0) -> int:
        """Wait until every running node's head has grown by `count`; the lowest new head. Raises NotSealing."""
        nodes = self.running
        before = {node.entry.index: node.head() for node in nodes}

        def grown() -> int | None:
            heads = {node.entry.index: node.head() for node in nodes}
            done = all(heads[index] >= before[index] + count for index in heads)
            return min(heads.values()) if done else None

        try:
            return wait_for("blocks on every node", grown, seconds=seconds)
        except ConditionNotMet as error:
            raise NotSealing(seconds, self.folder / "logs") from error

    def cut(self, *groups: set[int]) -> None:
        """Cut every link between validators of different `groups`. Stop the watch agents first."""
        links.cut([[self.node(index) for index in group] for group in groups])

    def mend(self) -> None:
        """Connect every running node with every other."""
        links.mend(self.running)

    # --- Inside --------------------------------------------------------------------------------------

    def _start_signer(self, attached: bool) -> None:
        daemon = signer_daemon(self.folder)
        if daemon.pid() is not None:
            return
        if not self.manifest.sockets.is_dir():
            self.manifest.sockets = socket_folder(self.folder)
            self.manifest.save(self.folder)
        if attached:
            atexit.register(self.down)
            reading, self._leash = os.pipe()
            daemon.start(helper_command(daemon, "--leash"), leash=reading)
            os.close(reading)
        else:
            daemon.start(helper_command(daemon))

    def start_nodes(self, nodes: list[ValidatorNode]) -> None:
        """Start these nodes side by side, link them, let them catch up, have them seal.

        A node that seals before it is linked makes a fork of its own. Raises ProcessDidNotStart.
        """
        self._refresh_ports(nodes)
        for node in nodes:
            signer_daemon(self.folder).wait_until(node.signer_answers)
            node.start(self.geth)
        for node in nodes:
            node.daemon.wait_until(node.answers)
            block = node.ipc.call("eth_getBlockByNumber", "0x0", False)
            if block["hash"] != self.manifest.genesis_hash:
                raise FolderUnfit(node.data, "begins with another first block", "remove the network's folder")
        links.join(nodes, self.running)
        links.catch_up(nodes, self.running)
        for node in nodes:
            node.ipc.call("miner_start")

    def _refresh_ports(self, nodes: list[ValidatorNode]) -> None:
        """Other ports for stopped nodes whose own were taken by somebody in the meantime."""
        changed = False
        for node in nodes:
            for field in ("rpc_port", "peer_port", "agent_port"):
                if not is_free(getattr(node.entry, field)):
                    (port,) = choose_ports(1, taken=self.manifest.used_ports())
                    setattr(node.entry, field, port)
                    changed = True
        if changed:
            self.manifest.save(self.folder)
