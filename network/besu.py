"""Everything that Besu nodes of a network need, as files: first block, configuration, peers, permissions.

The network is the one that the reviewed plan names: same chain id, members, sealing accounts, deployer and coins as
on Clique. Besu's validator *is* its node key, so a node's identity is the public key of its sealing account, and a
node whose key belongs to another account is refused.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Annotated, Any

import yaml
from coincurve import PrivateKey
from eth_utils.address import to_checksum_address
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chain.hashing import keccak256
from network.acceptances import address_of
from network.addresses import created_address
from network.carry import Carried
from network.creation import coins_at_birth
from network.deploy import FEWEST_VALIDATORS
from network.errors import DeploymentRefused, PlanInvalid
from network.genesis import genesis_hash, plain_accounts, qbft_genesis, vanity_tag, write_genesis
from network.geth import ROOT
from network.keys import KeyRing
from network.manifest import Manifest
from network.plan import EnrolmentPlan

TEMPLATES = ROOT / "deploy" / "besu"
GENESIS = "genesis.json"
METRICS_PORT = 9545
MAX_NODES_BYTES = 100_000


class BesuNode(BaseModel):
    """One validator's node and where the others reach it. `node_id`: public key, 128 hexadecimal digits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    institution: str
    node_id: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
    host: Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]{2,45}$")]
    """Its VPN address: Besu wants numbers, not names."""
    p2p_port: Annotated[int, Field(ge=1, le=65535)] = 30303
    rpc_port: Annotated[int, Field(ge=1, le=65535)] = 8545
    metrics_port: Annotated[int, Field(ge=1, le=65535)] = METRICS_PORT

    @property
    def address(self) -> str:
        """Checksum address of the account that seals."""
        return str(to_checksum_address(keccak256(bytes.fromhex(self.node_id))[-20:]))

    @property
    def enode(self) -> str:
        """Where peers dial it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"enode://{self.node_id}@{host}:{self.p2p_port}"


@dataclass(frozen=True)
class BesuNetwork:
    """A network and its nodes, one for each voting founder of the plan, in the plan's order."""

    plan: EnrolmentPlan
    nodes: Sequence[BesuNode]
    ring: KeyRing
    deployer: str
    """Address that will deploy the contracts, with its first transactions."""
    period: int
    timestamp: int
    carried: Carried | None = None
    """The state of the chain that this one goes on from. Then its validators are the registry's of there."""

    def genesis(self, contract_from: int | None = None) -> dict[str, Any]:
        """The first block's file. `contract_from`: block from which on the registry names the validators."""
        return qbft_genesis(
            chain_id=self.plan.chain_id,
            period=self.period,
            validators=[node.address for node in self.nodes],
            accounts=self._accounts_at_birth(),
            timestamp=self.timestamp,
            contract=None if contract_from is None else (contract_from, created_address(self.deployer, 0)),
        )

    def _accounts_at_birth(self) -> Mapping[str, Mapping[str, Any]]:
        if self.carried is not None:
            return self.carried.accounts
        return plain_accounts(coins_at_birth(self.ring, self.plan, deployer=self.deployer))

    def accounts(self) -> list[str]:
        """Who may send transactions: every account of the plan, and the deployer."""
        planned = {address_of(account, self.ring) for account in self.plan.accounts()}
        return sorted({*planned, to_checksum_address(self.deployer)}, key=str.lower)


def planned_validators(plan: EnrolmentPlan, ring: KeyRing, carried: Carried | None) -> dict[str, str]:
    """By institution, the sealing accounts that the first block must list: the founders', or of a carried chain its
    registry's. Raises DeploymentRefused if the plan does not know one of these, KeyRefused."""
    known = {
        one.name: address_of(one.validator, ring) for one in plan.institutions if one.validator is not None
    }
    if carried is None:
        return {one.name: known[one.name] for one in plan.founders if one.voting}
    found = {name: address for name, address in known.items() if address in carried.validators}
    if set(found.values()) != carried.validators:
        raise DeploymentRefused(
            "the plan lacks a validator of the chain that is carried: add its institution"
        )
    return found


def local_nodes(manifest: Manifest, ring: KeyRing, validators: Collection[str]) -> list[BesuNode]:
    """The nodes of these institutions on this machine as Besu nodes, on the ports that they have."""
    return [
        BesuNode(
            institution=entry.institution,
            node_id=node_id_of(bytes(ring.account(entry.key).key)),
            host="127.0.0.1",
            p2p_port=entry.peer_port,
            rpc_port=entry.rpc_port,
            metrics_port=METRICS_PORT + entry.index - 1,
        )
        for entry in manifest.validators
        if entry.institution in validators
    ]


def node_id_of(private_key: bytes) -> str:
    """The public key of a node key, as enode addresses write it."""
    point: bytes = PrivateKey(private_key).public_key.format(compressed=False)
    return point[1:].hex()


def read_nodes(path: Path) -> list[BesuNode]:
    """A YAML list of nodes with the fields of `BesuNode`. Raises PlanInvalid with every mistake."""
    try:
        data = path.read_bytes()
        found = yaml.safe_load(data) if len(data) <= MAX_NODES_BYTES else None
    except OSError as error:
        raise PlanInvalid(path, ["cannot be read: name an existing file"]) from error
    except yaml.YAMLError as error:
        raise PlanInvalid(path, ["is no YAML"]) from error
    if not isinstance(found, list):
        raise PlanInvalid(path, ["is no list of nodes"])
    try:
        return [BesuNode.model_validate(item) for item in found]
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise PlanInvalid(
            path, [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults]
        ) from error


def write_besu_files(network: BesuNetwork, out: Path, *, contract_from: int | None = None) -> str:
    """Write all files into `out` and return the genesis hash.

    A first block that stands there already is kept: other files, and the block from which the registry names the
    validators, may change, its hash may not. Raises DeploymentRefused (nodes that are not the plan's validators,
    too few of them, another first block), KeyRefused.
    """
    _check(network)
    genesis = network.genesis(contract_from)
    block_hash = genesis_hash(genesis)
    _refuse_another_first_block(out / GENESIS, block_hash)
    out.mkdir(parents=True, exist_ok=True)
    write_genesis(out / GENESIS, genesis)
    enodes = [node.enode for node in network.nodes]
    (out / "static-nodes.json").write_text(json.dumps(enodes, indent=2) + "\n", encoding="utf-8")
    (out / "permissions.toml").write_text(_permissions(enodes, network.accounts()), encoding="utf-8")
    (out / "log4j2.xml").write_bytes((TEMPLATES / "log4j2.xml").read_bytes())
    template = Template((TEMPLATES / "config.toml").read_text(encoding="utf-8"))
    for index, node in enumerate(network.nodes, 1):
        folder = out / f"validator-{index}"
        folder.mkdir(exist_ok=True)
        text = template.substitute(_values(network, node, folder.name, block_hash))
        (folder / "config.toml").write_text(text, encoding="utf-8")
    return block_hash


def held_timestamp(out: Path) -> int | None:
    """The time of the first block that stands in `out`, if one does. Raises DeploymentRefused if it is damaged."""
    path = out / GENESIS
    if not path.exists():
        return None
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["timestamp"], 16)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DeploymentRefused(f"{path} is no genesis file: move it away") from error


def _values(network: BesuNetwork, node: BesuNode, name: str, block_hash: str) -> Mapping[str, object]:
    return {
        "name": name,
        "institution": node.institution,
        "chain_id": network.plan.chain_id,
        "host": node.host,
        "p2p_port": node.p2p_port,
        "rpc_port": node.rpc_port,
        "metrics_port": node.metrics_port,
        "max_peers": len(network.nodes) + 4,
        "vanity": "0x" + vanity_tag(block_hash).encode("ascii").hex(),
    }


def _permissions(enodes: Sequence[str], accounts: Sequence[str]) -> str:
    return (
        "# Who may connect and who may send, the same file at every validator. Besu re-reads it on\n"
        "# perm_reloadPermissionsFromFile; what changed is agreed on by the members like the enrolment file.\n"
        f"nodes-allowlist={_toml(enodes)}\naccounts-allowlist={_toml(accounts)}\n"
    )


def _toml(texts: Sequence[str]) -> str:
    return "[\n" + "".join(f'  "{text}",\n' for text in texts) + "]"


def _check(network: BesuNetwork) -> None:
    planned = planned_validators(network.plan, network.ring, network.carried)
    given = {node.institution: node.address for node in network.nodes}
    if len(given) != len(network.nodes) or len({node.enode for node in network.nodes}) != len(given):
        raise DeploymentRefused("an institution or a node stands twice among the nodes")
    for name in planned.keys() | given.keys():
        if planned.get(name) != given.get(name):
            raise DeploymentRefused(
                f"{name}: the plan's validator is {planned.get(name, 'none')}, the node's key makes "
                f"{given.get(name, 'none')}: on Besu the node key is the validator's key"
            )
    fewest = FEWEST_VALIDATORS["qbft"]
    if len(given) < fewest:
        raise DeploymentRefused(f"QBFT needs {fewest} validators to bear the loss of one, not {len(given)}")


def _refuse_another_first_block(path: Path, block_hash: str) -> None:
    if path.exists() and genesis_hash(json.loads(path.read_text(encoding="utf-8"))) != block_hash:
        raise DeploymentRefused(f"{path} is another first block: a network has one; choose another folder")
