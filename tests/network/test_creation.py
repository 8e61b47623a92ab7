"""Making a local network's folder with a real geth, and what its first block holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from network import creation
from network.addresses import created_address
from network.creation import MEMBER_COINS, RESERVE_COINS, coins_at_birth, create_folder, local_plan, make_keys
from network.errors import FolderUnfit, PlanInvalid
from network.genesis import genesis_hash
from network.keys import KeyRing
from network.local import LocalNetwork
from network.manifest import FILE, Manifest
from network.node import write_first_block


def test_a_plan_with_too_few_validators_is_refused(tmp_path: Path) -> None:
    text = creation.LOCAL_PLAN.read_text().replace("    validator: { key: validator-6 }\n", "")
    (tmp_path / "plan.yaml").write_text(text)
    assert len(local_plan(5, chain_id=1, path=tmp_path / "plan.yaml").founders) == 5
    with pytest.raises(PlanInvalid, match="names 5 institutions with a validator, not 6"):
        local_plan(6, chain_id=1, path=tmp_path / "plan.yaml")


def test_coins_are_for_members_operators_the_reserve_and_the_deployer(tmp_path: Path) -> None:
    ring, plan = KeyRing(tmp_path), local_plan(5, chain_id=1)
    make_keys(ring, plan)
    deployer = ring.account("deployer").address
    coins = coins_at_birth(ring, plan, deployer=deployer)
    assert coins[created_address(deployer, 0)] == RESERVE_COINS
    for name in ("hospital-admin", "hospital-oracle", "hospital-backend", "city-admin"):
        assert coins[ring.account(name).address] == MEMBER_COINS
    for name in ("partner-admin", "validator-1"):
        assert ring.account(name).address not in coins


def test_a_damaged_first_block_is_refused_in_geths_words(geth: Path, tmp_path: Path) -> None:
    (tmp_path / "genesis.json").write_text("{}")
    with pytest.raises(FolderUnfit, match="geth refused the genesis file"):
        write_first_block(geth, tmp_path / "data", tmp_path / "genesis.json")


def test_an_interrupted_creation_is_made_anew_with_the_same_keys(
    geth: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(creation, "write_node_key", cut_off)
        with pytest.raises(KeyboardInterrupt):
            create_folder(tmp_path, validators=4, period=1, geth=geth)
    assert not (tmp_path / FILE).exists()
    deployer = KeyRing(tmp_path / "keys").account("deployer").address
    manifest = create_folder(tmp_path, validators=4, period=1, geth=geth)
    assert KeyRing(tmp_path / "keys").account("deployer").address == deployer
    assert genesis_hash(json.loads((tmp_path / "genesis.json").read_text())) == manifest.genesis_hash
    assert [entry.institution for entry in manifest.validators] == [
        "hospital",
        "association",
        "insurer",
        "receiver",
    ]


def test_a_folder_that_has_a_network_keeps_it(geth: Path, tmp_path: Path) -> None:
    first = LocalNetwork.create(tmp_path, validators=4)
    again = LocalNetwork.create(tmp_path, validators=5)
    assert again.genesis_hash == first.genesis_hash
    assert len(again.nodes) == 4
    assert Manifest.load(tmp_path).founders == 4
    assert not again.running
    assert {node.agreement for node in again.status().nodes} == {"down"}


def test_every_port_is_another_and_every_identity_too(geth: Path, tmp_path: Path) -> None:
    network = LocalNetwork.create(tmp_path, validators=6)
    assert len(network.manifest.used_ports()) == 18
    assert len({entry.node_id for entry in network.manifest.validators}) == 6
    for node in network.nodes:
        assert (node.data / "geth" / "nodekey").stat().st_mode & 0o077 == 0
