"""Which network a command is for, and the first block of a real one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chain.errors import NodeError
from network import rollout, site
from network.dev import DevNetwork
from network.errors import DeploymentRefused, FolderUnfit, NoNodeAnswers
from network.genesis import genesis_hash
from network.geth import ROOT
from network.keys import KeyRing
from network.plan import EnrolmentPlan
from network.rollout import Choice, describe_genesis, find_site, refuse_unreviewed, write_real_genesis

EXAMPLE = ROOT / "deploy" / "enrol.example.yaml"
DEPLOYER = "0x" + "de" * 20
RPC = ("http://127.0.0.1:1",)


@pytest.fixture(autouse=True)
def networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Real networks' files go into a folder of the test."""
    monkeypatch.setattr(site, "NETWORKS", tmp_path / "networks")
    return tmp_path / "networks"


@pytest.fixture
def plan() -> EnrolmentPlan:
    return EnrolmentPlan.load(EXAMPLE)


def choice(tmp_path: Path, **said: object) -> Choice:
    values = {"rpc_urls": RPC, "local_folder": tmp_path / "local", "plan": EXAMPLE, "keys": tmp_path / "keys"}
    return Choice(**{**values, **said})  # type: ignore[arg-type]


def test_without_a_plan_there_must_be_a_local_network(tmp_path: Path) -> None:
    with pytest.raises(FolderUnfit, match="network up"):
        find_site(choice(tmp_path, plan=None))


def test_a_real_network_needs_keys_a_node_and_its_first_block(tmp_path: Path) -> None:
    with pytest.raises(DeploymentRefused, match="--keys"):
        find_site(choice(tmp_path, keys=None))
    with pytest.raises(DeploymentRefused, match="--rpc"):
        find_site(choice(tmp_path, rpc_urls=()))
    with pytest.raises(FolderUnfit, match=r"holds no genesis\.json"):
        find_site(choice(tmp_path))


def test_in_production_a_plan_without_addresses_is_not_reviewed(plan: EnrolmentPlan, tmp_path: Path) -> None:
    ring = KeyRing(tmp_path, environ={"SAEGIM_ENV": "production"})
    refuse_unreviewed(plan, ring)
    first = plan.institutions[0]
    bare = first.model_copy(update={"admin": first.admin.model_copy(update={"address": None})})
    unreviewed = plan.model_copy(update={"institutions": [bare, *plan.institutions[1:]]})
    with pytest.raises(DeploymentRefused, match="hospital-admin"):
        refuse_unreviewed(unreviewed, ring)
    refuse_unreviewed(unreviewed, KeyRing(tmp_path, environ={}))


def test_a_first_block_is_written_once(plan: EnrolmentPlan, networks: Path) -> None:
    path, block_hash = write_real_genesis(plan, DEPLOYER, period=2, timestamp=1_800_000_000)
    assert path == networks / "20200" / "genesis.json"
    written = json.loads(path.read_text())
    assert genesis_hash(written) == block_hash
    assert written["config"]["clique"]["period"] == 2
    for founder in plan.founders:
        assert founder.validator is not None
        assert str(founder.validator.address)[2:].lower() in written["extraData"]
        assert founder.admin.address in written["alloc"]
    assert f"--miner.extradata {block_hash[2:34]}" in describe_genesis(block_hash)
    with pytest.raises(DeploymentRefused, match="one first block"):
        write_real_genesis(plan, DEPLOYER, period=2, timestamp=1_800_000_001)


def test_a_first_block_needs_the_validators_addresses(plan: EnrolmentPlan) -> None:
    first = plan.institutions[0]
    assert first.validator is not None
    bare = first.model_copy(update={"validator": first.validator.model_copy(update={"address": None})})
    lacking = plan.model_copy(update={"institutions": [bare, *plan.institutions[1:]]})
    with pytest.raises(DeploymentRefused, match="validator-1"):
        write_real_genesis(lacking, DEPLOYER, period=1, timestamp=1)


def test_a_real_site_has_its_public_files_under_its_chain_id(
    plan: EnrolmentPlan, tmp_path: Path, networks: Path
) -> None:
    _, block_hash = write_real_genesis(plan, DEPLOYER, period=1, timestamp=1)
    found = find_site(choice(tmp_path))
    assert found.genesis_hash == block_hash
    assert found.deployment_path == networks / "20200" / "deployment.json"
    assert found.trust_path == networks / "20200" / "network.json"
    with pytest.raises(NoNodeAnswers, match=r"127\.0\.0\.1:1"):
        found.transactor()


def test_a_node_of_another_chain_is_refused_for_the_local_network(
    tmp_path: Path, dev_network: DevNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Local:
        site = dev_network.site

        @classmethod
        def open(cls, folder: Path) -> type[Local]:
            return cls

    monkeypatch.setattr(rollout, "LocalNetwork", Local)
    url = tuple(dev_network.rpc_urls)
    assert find_site(choice(tmp_path, plan=None, rpc_urls=url)).rpc_urls == url
    with pytest.raises(NodeError):
        find_site(choice(tmp_path, plan=None))
    Local.site = replace(dev_network.site, chain_id=5)
    with pytest.raises(FolderUnfit, match="holds chain 5, the node is on 31337"):
        find_site(choice(tmp_path, plan=None, rpc_urls=url))
