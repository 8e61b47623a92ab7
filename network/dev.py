"""A development node in place of validators: anvil, or Hardhat's where anvil is missing.

The same face as `LocalNetwork`, for tests and where geth cannot be had. One node mines each transaction at once;
there are no seals, so a verifier has only the node's word. The chain begins anew at every start; the keys stay.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Literal, Self

from chain.errors import ChainError
from network.base import Network
from network.creation import LOCAL_PLAN, coins_at_birth, local_plan, make_keys
from network.errors import DevNodeMissing
from network.genesis import GAS_LIMIT
from network.geth import ROOT
from network.plan import EnrolmentPlan
from network.ports import choose_ports
from network.processes import Daemon, stop_all
from network.settle import settle

DEV_CHAIN_ID = 31337
BASE_FEE = 7
"""Wei per gas of the first block, as in the validator network's."""
NODE_MODULES = ROOT / "hardhat-node" / "node_modules" / ".bin"
_FOUNDERS = 5

Mining = Literal["each", "manual"]


class DevNetwork(Network):
    """A development chain in `folder`. `mining`: "each" transaction in its own block, or "manual" by `mine`."""

    kind = "dev"
    engine = "dev"
    chain_id = DEV_CHAIN_ID

    def __init__(self, folder: Path, *, mining: Mining = "each", port: int | None = None) -> None:
        super().__init__(folder)
        self.program, self._command = _find_program()
        self.mining = mining
        self._port = port if port is not None else choose_ports(1)[0]
        self._leash: int | None = None

    @classmethod
    def create(
        cls, folder: Path | str, *, mining: Mining = "each", first_rpc_port: int | None = None
    ) -> Self:
        """A development chain whose files go to `folder`. Raises DevNodeMissing."""
        place = Path(folder).resolve()
        place.mkdir(parents=True, exist_ok=True)
        (port,) = choose_ports(1, preferred=first_rpc_port)
        return cls(place, mining=mining, port=port)

    def up(self, *, attached: bool = True, contracts: bool = True) -> Self:
        """Start the node, deploy and enrol. `contracts`: False leaves the chain bare.

        Raises ProcessDidNotStart, TransactionFailed.
        """
        if self._daemon.pid() is None:
            self.deployment_path.unlink(missing_ok=True)
            self.trust_path.unlink(missing_ok=True)
            self._start(attached)
        make_keys(self.keys, self.plan)
        deployer = self.keys.account(self.deployer).address
        for address, wei in coins_at_birth(self.keys, self.plan, deployer=deployer).items():
            self.rpc("hardhat_setBalance", address, hex(wei))
        if contracts:
            settle(self.site)
        if self.mining == "manual":
            self.rpc("evm_setAutomine", False)
        return self

    def tick(self) -> None:
        """From now on a block a second, as validators seal: a correction must be anchored in a later second."""
        self.rpc("evm_setAutomine", False)
        self.rpc("evm_setIntervalMining", 1 if self.program == "anvil" else 1_000)

    def down(self) -> None:
        """End the node. Safe to call twice."""
        atexit.unregister(self.down)
        stop_all([self._daemon])
        if self._leash is not None:
            os.close(self._leash)
            self._leash = None

    @property
    def rpc_urls(self) -> list[str]:
        """HTTP JSON-RPC of the node."""
        return [f"http://127.0.0.1:{self._port}"]

    @property
    def genesis_hash(self) -> str:
        """Hash of the first block, asked of the running node."""
        return str(self.rpc("eth_getBlockByNumber", "0x0", False)["hash"])

    @property
    def plan(self) -> EnrolmentPlan:
        """Who is to be enrolled: the same members as in a validator network of five."""
        return local_plan(_FOUNDERS, chain_id=self.chain_id, path=LOCAL_PLAN)

    def rpc(self, method: str, *params: Any) -> Any:
        """One JSON-RPC call, also of the node's own methods. Raises NodeError, AnswerError."""
        return self.client().call(method, *params)

    def mine(self, count: int = 1) -> None:
        """Make `count` blocks with what waits in the pool."""
        self.rpc("hardhat_mine", hex(count))

    @property
    def _daemon(self) -> Daemon:
        marker = f"--port {self._port}"
        return Daemon("dev-node", marker, self.folder / "dev-node.pid", self.folder / "logs" / "dev-node.log")

    def _start(self, attached: bool) -> None:
        command = [*self._command, "--port", str(self._port)]
        environ = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        if attached:
            atexit.register(self.down)
            reading, self._leash = os.pipe()
            leashed = [sys.executable, "-m", "network.leash", "--", *command]
            self._daemon.start(leashed, environ=environ, leash=reading)
            os.close(reading)
        else:
            self._daemon.start(command, environ=environ)
        self._daemon.wait_until(self._answers, seconds=40)
        self.rpc("hardhat_setNextBlockBaseFeePerGas", hex(BASE_FEE))
        self.mine()  # anvil's first block mixes fields of several forks, and no program reads it

    def _answers(self) -> bool:
        try:
            return bool(int(self.rpc("eth_chainId"), 16) == self.chain_id)
        except ChainError:
            return False


def _find_program() -> tuple[str, list[str]]:
    """The node's name and its command line without the port. Raises DevNodeMissing."""
    path = f"{NODE_MODULES}{os.pathsep}{os.environ.get('PATH', '')}"
    anvil = shutil.which("anvil", path=path)
    if anvil is not None:
        options = ["--host", "127.0.0.1", "--chain-id", str(DEV_CHAIN_ID), "--hardfork", "london"]
        return "anvil", [anvil, *options, "--gas-limit", str(GAS_LIMIT)]
    hardhat = shutil.which("hardhat", path=path)
    if hardhat is None:
        raise DevNodeMissing([str(NODE_MODULES), "PATH"])
    config = str(ROOT / "hardhat-node" / "hardhat.config.js")
    return "hardhat", [hardhat, "--config", config, "node", "--network", "node", "--hostname", "127.0.0.1"]
