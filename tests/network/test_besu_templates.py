"""The files of a Besu network: refusals first, then that they agree with each other and with the Clique network."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner
from eth_utils.address import to_checksum_address

from chain.headers import Header
from chain.qbft_extra import QbftExtra, decode_extra
from network.addresses import created_address
from network.besu import BesuNetwork, BesuNode, node_id_of, read_nodes, write_besu_files
from network.cli import cli
from network.creation import DEPLOYER, create_folder, local_plan, make_keys
from network.errors import DeploymentRefused, PlanInvalid
from network.genesis import clique_genesis, engine_of, genesis_hash, qbft_genesis
from network.geth import ROOT
from network.keys import KeyRing
from network.plan import Role

CHAIN = 20777
AT = 1_800_000_000
MIX = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"

OF_BESU = {
    "mixHash": MIX,
    "coinbase": "0x" + "00" * 20,
    "nonce": "0x0",
    "difficulty": "0x1",
    "gasLimit": "0x1fffffffffffff",
    "timestamp": "0x58ee40ba",
    "extraData": "0xf88fa0" + "00" * 32 + "f86994" + "94".join(
        [
            "5c9437de876531c73c9618d13872f7508869f253",
            "74474cf92e9b74df7a2ce2c4fbc0830c773b7a76",
            "62f241db855d439cc79f5d2bd4a58eeb9c5d01cd",
            "6d544f03911b74425dd4112e95f93b82ac6302f1",
            "77fd5cb2aea0b91e7e4faf7625bf9dbaee39ee47",
        ]
    ) + "c080c0",
    "alloc": {},
}  # fmt: skip
HASH_OF_BESU = "74f92c171677a9f8b1eac53fc4f2c2e0d6bbc7a7b9b259fd0067f7b573951e16"
"""A QBFT network's first block as Besu answered `eth_getBlockByNumber` (hyperledger/besu, pull request 6285)."""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> BesuNetwork:
    ring = KeyRing(tmp_path_factory.mktemp("keys"))
    plan = local_plan(5, chain_id=CHAIN)
    make_keys(ring, plan)
    voting = [founder for founder in plan.founders if founder.validator is not None]
    nodes = [
        BesuNode(
            institution=one.name,
            node_id=node_id_of(bytes(ring.account(one.validator.key).key)),
            host=f"10.8.0.{place}",
        )
        for place, one in enumerate(voting, 1)
        if one.validator is not None
    ]
    return BesuNetwork(plan, nodes, ring, ring.account(DEPLOYER).address, period=1, timestamp=AT)


@pytest.fixture
def files(network: BesuNetwork, tmp_path: Path) -> Path:
    write_besu_files(network, tmp_path / "besu")
    return tmp_path / "besu"


def genesis(files: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files / "genesis.json").read_text())
    return found


def config(files: Path, number: int) -> dict[str, Any]:
    return tomllib.loads((files / f"validator-{number}" / "config.toml").read_text())


# ---- refusals


def test_a_node_whose_key_is_not_the_validators(network: BesuNetwork, tmp_path: Path) -> None:
    first, *others = network.nodes
    stranger = first.model_copy(update={"node_id": node_id_of(b"\7" * 32)})
    with pytest.raises(DeploymentRefused, match="the node key is the validator's key"):
        write_besu_files(replace(network, nodes=[stranger, *others]), tmp_path / "out")
    swapped = [
        first.model_copy(update={"institution": others[0].institution}),
        others[0].model_copy(update={"institution": first.institution}),
    ]
    with pytest.raises(DeploymentRefused):
        write_besu_files(replace(network, nodes=[*swapped, *others[1:]]), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_node_missing_or_named_twice(network: BesuNetwork, tmp_path: Path) -> None:
    for nodes in (network.nodes[1:], [*network.nodes, network.nodes[0]]):
        with pytest.raises(DeploymentRefused):
            write_besu_files(replace(network, nodes=nodes), tmp_path)


def test_fewer_validators_than_qbft_needs(network: BesuNetwork, tmp_path: Path) -> None:
    some = [node.institution for node in network.nodes[:3]]
    institutions = [
        one if one.name in some else one.model_copy(update={"validator": None})
        for one in network.plan.institutions
    ]
    small = replace(
        network, plan=network.plan.model_copy(update={"institutions": institutions}), nodes=network.nodes[:3]
    )
    with pytest.raises(DeploymentRefused, match="needs 4 validators"):
        write_besu_files(small, tmp_path)


def test_another_first_block_in_the_folder(network: BesuNetwork, files: Path) -> None:
    before = (files / "genesis.json").read_bytes()
    with pytest.raises(DeploymentRefused, match="another first block"):
        write_besu_files(replace(network, timestamp=AT + 1), files)
    assert (files / "genesis.json").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nodes: {}", "no list"),
        ("- [", "YAML"),
        ("- {institution: a, node_id: 12, host: 10.8.0.1}", "node_id"),
        ("- {institution: a, node_id: NODE, host: example.org}", "host"),
        ("- {institution: a, node_id: NODE, host: 10.8.0.1, p2p_port: 0}", "p2p_port"),
        ("- {institution: a, node_id: NODE, host: 10.8.0.1, colour: red}", "colour"),
    ],
)
def test_a_list_of_nodes_that_is_none(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "nodes.yaml"
    path.write_text(text.replace("NODE", "'" + "ab" * 64 + "'"))
    with pytest.raises(PlanInvalid, match=problem):
        read_nodes(path)


# ---- the first block


def test_the_hash_is_the_one_that_besu_computes() -> None:

    empty = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
    block = {
        **{name: OF_BESU[name] for name in ("mixHash", "difficulty", "gasLimit", "timestamp", "extraData")},
        "parentHash": "0x" + "00" * 32,
        "sha3Uncles": "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
        "miner": OF_BESU["coinbase"],
        "stateRoot": empty,
        "transactionsRoot": empty,
        "receiptsRoot": empty,
        "logsBloom": "0x" + "00" * 256,
        "number": "0x0",
        "gasUsed": "0x0",
        "nonce": "0x" + "00" * 8,
    }
    assert Header.from_rpc(block).hash.hex() == HASH_OF_BESU
    extra = decode_extra(bytes.fromhex(str(OF_BESU["extraData"])[2:]))
    names = [f"0x{raw.hex()}" for raw in extra.validators]
    made = qbft_genesis(chain_id=1, period=1, validators=names, accounts={}, timestamp=1)
    assert len(made["extraData"]) == len(str(OF_BESU["extraData"]))
    assert decode_extra(bytes.fromhex(made["extraData"][2:])) == replace(
        extra, validators=tuple(sorted(extra.validators))
    )


def test_the_first_block_lists_the_plans_validators(files: Path, network: BesuNetwork) -> None:
    found = genesis(files)
    extra = decode_extra(bytes.fromhex(found["extraData"][2:]))
    assert extra == QbftExtra(bytes(32), extra.validators)
    planned = {
        network.ring.account(one.validator.key).address for one in network.plan.founders if one.validator
    }
    assert {to_checksum_address(raw) for raw in extra.validators} == planned
    assert list(extra.validators) == sorted(extra.validators)
    assert (found["mixHash"], found["difficulty"], found["nonce"]) == (MIX, "0x1", "0x0")


def test_gas_costs_nothing_and_blocks_are_as_large_as_on_clique(files: Path) -> None:
    found = genesis(files)
    assert found["config"]["zeroBaseFee"] is True
    assert found["baseFeePerGas"] == "0x0"
    assert int(found["gasLimit"], 16) == 60_000_000 == config(files, 1)["target-gas-limit"]
    assert config(files, 1)["min-gas-price"] == 0
    assert "contractSizeLimit" not in found["config"]  # EIP-170 as everywhere


def test_its_keys_are_those_that_besu_knows(files: Path) -> None:
    """Besu lower-cases all keys of the genesis file and ignores those it does not know: a slip would go unseen."""
    found = genesis(files)
    forks = {
        "homesteadBlock", "eip150Block", "eip155Block", "eip158Block", "byzantiumBlock", "constantinopleBlock",
        "petersburgBlock", "istanbulBlock", "berlinBlock", "londonBlock",
    }  # fmt: skip
    assert found["config"].keys() == {"chainId", "zeroBaseFee", "qbft", *forks}
    assert {found["config"][fork] for fork in forks} == {0}
    assert found["config"]["qbft"] == {
        "blockperiodseconds": 1,
        "epochlength": 30000,
        "requesttimeoutseconds": 4,
    }
    assert found.keys() == clique_genesis(chain_id=1, period=1, validators=[], alloc={}, timestamp=1).keys()


def test_members_coins_and_chain_are_those_of_the_clique_network(files: Path, network: BesuNetwork) -> None:
    found = genesis(files)
    other = clique_genesis(
        chain_id=CHAIN,
        period=1,
        validators=[node.address for node in network.nodes],
        alloc={address: int(entry["balance"], 16) for address, entry in found["alloc"].items()},
        timestamp=AT,
    )
    assert (found["alloc"], found["config"]["chainId"]) == (other["alloc"], CHAIN)
    assert created_address(network.deployer, 0) in found["alloc"], "the registry's reserve"
    assert genesis_hash(found) != genesis_hash(other)
    assert (engine_of(found), engine_of(other)) == ("qbft", "clique")


def test_the_registry_takes_over_without_another_first_block(files: Path, network: BesuNetwork) -> None:
    before = genesis(files)
    write_besu_files(network, files, contract_from=5000)
    after = genesis(files)
    registry = created_address(network.deployer, 0).lower()
    chosen = {"block": 5000, "validatorselectionmode": "contract", "validatorcontractaddress": registry}
    assert after["config"].pop("transitions") == {"qbft": [chosen]}
    assert after == before


def test_the_registry_answers_as_besu_asks() -> None:
    """Besu calls `getValidators()` without arguments and reads one list of addresses."""
    abi = json.loads((ROOT / "chain" / "artifacts" / "InstitutionRegistry.json").read_text())["abi"]
    (found,) = [entry for entry in abi if entry.get("name") == "getValidators"]
    assert found["inputs"] == []
    assert [output["type"] for output in found["outputs"]] == ["address[]"]
    assert found["stateMutability"] == "view"


# ---- nodes, peers, permissions


def test_every_node_dials_and_admits_every_other(files: Path, network: BesuNetwork) -> None:
    static = json.loads((files / "static-nodes.json").read_text())
    permissions = tomllib.loads((files / "permissions.toml").read_text())
    assert permissions["nodes-allowlist"] == static == [node.enode for node in network.nodes]
    assert len(static) == 5
    for enode in static:
        assert re.fullmatch(r"enode://[0-9a-f]{128}@10\.8\.0\.\d:30303", enode)


def test_every_account_of_the_plan_may_send(files: Path, network: BesuNetwork) -> None:
    permissions = tomllib.loads((files / "permissions.toml").read_text())
    allowed = permissions["accounts-allowlist"]
    planned = {network.ring.account(account.key).address for account in network.plan.accounts()}
    assert set(allowed) == {*planned, network.deployer}
    assert len(allowed) == len(set(allowed))
    assert permissions.keys() == {"nodes-allowlist", "accounts-allowlist"}


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_each_configuration_is_its_own_nodes(files: Path, network: BesuNetwork, number: int) -> None:
    found, node = config(files, number), network.nodes[number - 1]
    assert (found["p2p-host"], found["p2p-port"]) == (node.host, node.p2p_port)
    tag = bytes.fromhex(found["miner-extra-data"][2:])
    assert tag == genesis_hash(genesis(files))[2:34].encode("ascii")
    assert len(tag) == 32
    folder = files / f"validator-{number}"
    for option in ("genesis-file", "static-nodes-file", "permissions-nodes-config-file"):
        assert (folder / found[option]).resolve().is_file()
    assert found["permissions-accounts-config-file"] == found["permissions-nodes-config-file"]
    assert found["permissions-accounts-config-file-enabled"]
    assert found["permissions-nodes-config-file-enabled"]
    assert not found["discovery-enabled"]
    assert found["max-peers"] >= 5


def test_nothing_that_changes_the_node_is_offered_over_http(files: Path) -> None:
    found = config(files, 1)
    assert found["rpc-http-host"] == "127.0.0.1"
    assert not {"ADMIN", "PERM", "DEBUG", "MINER", "PLUGINS"} & set(found["rpc-http-api"])
    assert "ADMIN" in found["Xrpc-ipc-apis"]


def test_no_private_key_is_written(files: Path, network: BesuNetwork) -> None:
    secrets = [bytes(network.ring.account(account.key).key).hex() for account in network.plan.accounts()]
    for path in files.rglob("*"):
        if path.is_file():
            assert not any(secret in path.read_text("utf-8").lower() for secret in secrets)


def test_the_log_configuration_is_read_as_xml(files: Path) -> None:
    root = ElementTree.fromstring((files / "log4j2.xml").read_text())
    assert {ref.get("ref") for ref in root.iter("AppenderRef")} == {"journal", "file"}


# ---- the command


def test_the_files_of_the_network_on_this_machine(geth: Path, tmp_path: Path) -> None:
    create_folder(tmp_path / "network", validators=4, period=1, geth=geth)
    first = json.loads((tmp_path / "network" / "genesis.json").read_text())
    arguments = ["besu-files", "--dir", str(tmp_path / "network"), "--out", str(tmp_path / "besu")]
    for _ in range(2):
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 0, done.output
        assert "4 validators" in done.output
    found = genesis(tmp_path / "besu")
    assert (found["alloc"], found["timestamp"]) == (first["alloc"], first["timestamp"])
    assert genesis_hash(found) in done.output
    listed = decode_extra(bytes.fromhex(found["extraData"][2:])).validators
    assert b"".join(listed).hex() == first["extraData"][2 + 64 : -130]


def test_the_files_of_a_real_network(network: BesuNetwork, tmp_path: Path) -> None:
    """From a reviewed file with addresses only, and a list of nodes; again later, with the registry in charge."""
    plan = with_addresses(network)
    (tmp_path / "enrol.yaml").write_text(yaml.safe_dump(plan))
    nodes = [node.model_dump() for node in network.nodes]
    (tmp_path / "nodes.yaml").write_text(yaml.safe_dump(nodes))
    out = tmp_path / "besu"
    arguments = ["besu-files", "--out", str(out), "--plan", str(tmp_path / "enrol.yaml")]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 1
    assert "--nodes" in done.output
    arguments += ["--nodes", str(tmp_path / "nodes.yaml"), "--deployer", network.deployer]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    block_hash = genesis_hash(genesis(out))
    done = CliRunner().invoke(cli, [*arguments, "--contract-from", "900"])
    assert done.exit_code == 0, done.output
    assert genesis(out)["config"]["transitions"]["qbft"][0]["block"] == 900
    assert genesis_hash(genesis(out)) == block_hash


def with_addresses(network: BesuNetwork) -> dict[str, Any]:
    """The plan as a real network's reviewed file: each account with its address."""
    plan: dict[str, Any] = network.plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    for institution in plan["institutions"]:
        accounts = [institution["admin"], *institution["operators"]]
        accounts += [institution["validator"]] if "validator" in institution else []
        for account in accounts:
            account["address"] = network.ring.account(account["key"]).address
            if "roles" in account:
                account["roles"] = [network_role(role) for role in account["roles"]]
        institution["documentKeys"] = []
    return plan


def network_role(value: int) -> str:

    return str(Role(value).name).lower()
