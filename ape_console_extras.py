"""What `ape console` knows in this project beside ape's own names: the network's contracts and development keys.

ape reads this file by its name. docs/console.md shows the use. The contracts come from the artifacts, so nothing is
compiled. Another network than the one in `.data/network`: `SAEGIM_NETWORK=FOLDER ape console --network …`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from web3.middleware import ExtraDataToPOAMiddleware

from chain.deployment import Deployment, DeploymentUnreadable
from chain.keys import KeyRing

ROOT = Path(__file__).resolve().parent
ARTIFACTS = ROOT / "chain" / "artifacts"
NAMES = {"registry": "InstitutionRegistry", "documents": "DocumentRegistry", "transfers": "TransferLedger"}


def ape_init_extras(accounts: Any, networks: Any) -> dict[str, Any]:
    """`registry`, `documents`, `transfers`, and `key(name)`, the account of a development key."""
    _read_sealed_blocks(networks.provider.web3)
    folder = Path(os.environ.get("SAEGIM_NETWORK", ROOT / ".data" / "network"))
    try:
        deployment = Deployment.load(folder / "deployment.json")
    except DeploymentUnreadable as error:
        return _without_network(str(error))
    if deployment.chain_id != networks.provider.chain_id:
        return _without_network(f"{folder} is of chain {deployment.chain_id}, not of the connected one")
    ring = KeyRing(folder / "keys")

    def key(name: str) -> Any:
        """The account of a development key, e.g. key("hospital-oracle"); `key.names` lists them."""
        account = ring.account(name)
        return accounts.init_test_account(0, account.address, f"0x{bytes(account.key).hex()}")

    key.names = ring.names()  # type: ignore[attr-defined]
    contracts = {short: _contract(name, deployment.contracts[name]) for short, name in NAMES.items()}
    return {**contracts, "key": key}


def _without_network(reason: str) -> dict[str, Any]:
    print(f"no network's contracts and keys here ({reason}); set SAEGIM_NETWORK to its folder")
    return {}


def _read_sealed_blocks(web3: Any) -> None:
    """Let web3 read blocks that carry a seal. ape means to do so itself, but waits for an error of another class."""
    if ExtraDataToPOAMiddleware not in web3.middleware_onion:
        web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)


def _contract(name: str, address: str) -> Any:
    """A contract as ape sees it, known by its artifact."""
    from ape import Contract
    from ethpm_types import ContractType

    artifact = json.loads((ARTIFACTS / f"{name}.json").read_text(encoding="utf-8"))
    kind = ContractType.model_validate({"contractName": name, "abi": artifact["abi"]})
    return Contract(address, contract_type=kind)
