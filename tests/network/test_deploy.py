"""Deployment on a development node: once, found again, continued, and refused where it does not belong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chain.deployment import Deployment
from network.acceptances import address_of
from network.addresses import created_address
from network.artifact import Artifact, artifact
from network.deploy import NAMES, DeploymentPlan, deploy
from network.dev import DevNetwork
from network.errors import DeploymentRefused, KeyContradictsPlan, TransactionFailed
from network.plan import AccountPlan
from network.registry import Registry
from network.settle import quiet
from network.transact import Transactor


@pytest.fixture
def chain(bare_chain: DevNetwork) -> DevNetwork:
    return bare_chain


def plan_of(network: DevNetwork) -> DeploymentPlan:
    return DeploymentPlan(network.plan, network.keys, "dev", network.genesis_hash, reserve=10**18)


def run(network: DevNetwork, path: Path, plan: DeploymentPlan | None = None) -> Deployment:
    deployer = network.keys.account("deployer")
    return deploy(network.site.transactor(), deployer, plan or plan_of(network), path, say=quiet)


def sent(network: DevNetwork) -> int:
    return network.client().account(network.keys.account("deployer").address).nonce


def test_a_plan_for_another_chain_is_refused(chain: DevNetwork, tmp_path: Path) -> None:
    other = replace(plan_of(chain), enrolment=chain.plan.model_copy(update={"chain_id": 5}))
    with pytest.raises(DeploymentRefused, match="the plan is for chain 5, the node is on 31337"):
        run(chain, tmp_path / "d.json", other)


def test_a_chain_with_another_first_block_is_refused(chain: DevNetwork, tmp_path: Path) -> None:
    with pytest.raises(DeploymentRefused, match="another network"):
        run(chain, tmp_path / "d.json", replace(plan_of(chain), genesis_hash="0x" + "00" * 32))


def test_too_few_founders_with_a_validator_are_refused(chain: DevNetwork, tmp_path: Path) -> None:
    few = chain.plan.model_copy(update={"institutions": chain.plan.institutions[:2]})
    with pytest.raises(DeploymentRefused, match="too few founders"):
        run(chain, tmp_path / "d.json", replace(plan_of(chain), enrolment=few))
    assert sent(chain) == 0


def test_a_second_run_changes_nothing(chain: DevNetwork, tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    first = run(chain, path)
    assert sent(chain) == 3
    assert run(chain, path) == first == Deployment.load(path)
    assert sent(chain) == 3


def test_addresses_are_those_predicted_and_the_directory_names_them(
    chain: DevNetwork, tmp_path: Path
) -> None:
    deployer = chain.keys.account("deployer").address
    found = run(chain, tmp_path / "d.json")
    assert dict(found.contracts) == {
        name: created_address(deployer, place) for place, name in enumerate(NAMES)
    }
    registry = Registry(chain.client(), found.address("InstitutionRegistry"))
    for name in NAMES[1:]:
        listed = registry.contract.read("contractAt", name.encode().ljust(32, b"\0"), 2**40 - 1)
        assert listed.lower() == found.address(name).lower()


def test_founders_have_their_numbers_and_validators(chain: DevNetwork, tmp_path: Path) -> None:
    registry = Registry(chain.client(), run(chain, tmp_path / "d.json").address("InstitutionRegistry"))
    founders = chain.plan.founders
    assert [registry.index_of(founder.chain_id_bytes) for founder in founders] == [1, 2, 3, 4, 5]
    validators = {address_of(founder.validator, chain.keys) for founder in founders if founder.validator}
    assert set(registry.validators()) == validators
    assert registry.voting_members() == [1, 2, 3, 4, 5]


def test_a_lost_file_is_written_anew_from_the_chain(chain: DevNetwork, tmp_path: Path) -> None:
    first = run(chain, tmp_path / "d.json")
    chain.mine(3)
    (tmp_path / "d.json").unlink()
    assert run(chain, tmp_path / "d.json") == first
    assert sent(chain) == 3


@pytest.fixture
def interrupted(chain: DevNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DevNetwork:
    """A chain on which a deployment was ended before its third contract."""
    create = Transactor.create

    def only_two(self: Transactor, account: object, one: Artifact, *rest: object, **more: object) -> object:
        if one.name == "TransferLedger":
            raise TransactionFailed("creating TransferLedger", "the program was killed")
        return create(self, account, one, *rest, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Transactor, "create", only_two)
        with pytest.raises(TransactionFailed):
            run(chain, tmp_path / "d.json")
    assert not (tmp_path / "d.json").exists()
    return chain


def test_an_interrupted_deployment_goes_on(interrupted: DevNetwork, tmp_path: Path) -> None:
    found = run(interrupted, tmp_path / "d.json")
    assert sent(interrupted) == 3
    assert interrupted.rpc("eth_getCode", found.address("TransferLedger"), "latest") != "0x"


def test_an_interrupted_deployment_whose_number_is_spent_is_refused(
    interrupted: DevNetwork, tmp_path: Path
) -> None:
    interrupted.rpc("hardhat_setNonce", interrupted.keys.account("deployer").address, "0x3")
    with pytest.raises(DeploymentRefused, match="deploy anew from another account"):
        run(interrupted, tmp_path / "d.json")


def test_a_file_of_another_chain_is_refused(chain: DevNetwork, tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    run(chain, path).model_copy(update={"genesis_hash": "0x" + "00" * 32}).save(path)
    with pytest.raises(DeploymentRefused, match="is of another chain"):
        run(chain, path)


def test_a_file_whose_contracts_are_not_there_is_refused(chain: DevNetwork, tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    places = dict.fromkeys(NAMES, "0x" + "12" * 20)
    run(chain, path).model_copy(update={"contracts": places}).save(path)
    with pytest.raises(DeploymentRefused, match="not on the chain"):
        run(chain, path)


def test_the_reserve_is_sent_along_as_far_as_it_is_lacking(chain: DevNetwork, tmp_path: Path) -> None:
    place = created_address(chain.keys.account("deployer").address, 0)
    chain.rpc("hardhat_setBalance", place, hex(10**17))
    run(chain, tmp_path / "d.json")
    assert chain.client().account(place).balance == 10**18


def test_a_key_that_contradicts_the_plan_is_refused(chain: DevNetwork) -> None:
    other = AccountPlan(key="hospital-admin", address=chain.keys.account("city-admin").address)
    with pytest.raises(KeyContradictsPlan):
        address_of(other, chain.keys)


def test_a_revert_is_told_in_the_contracts_words(chain: DevNetwork, tmp_path: Path) -> None:
    registry = Registry(chain.client(), run(chain, tmp_path / "d.json").address("InstitutionRegistry"))
    deployer = chain.keys.account("deployer")
    with pytest.raises(TransactionFailed, match=r"NotAuthorized\(account=0x.*role=1\)"):
        chain.site.transactor().send(
            deployer, registry.contract, "revokeOperator", deployer.address, 0, what="x"
        )


def test_an_unknown_artifact_says_how_to_make_it() -> None:
    with pytest.raises(DeploymentRefused, match="export_abis"):
        artifact("NoSuchContract")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "reverted"),
        (b"\x01\x02\x03\x04", "reverted with 0x01020304"),
        (
            bytes.fromhex("08c379a0")
            + (32).to_bytes(32, "big")
            + (2).to_bytes(32, "big")
            + b"no"
            + bytes(30),
            "no",
        ),
    ],
)
def test_other_reverts_are_told_as_they_are(data: bytes, expected: str) -> None:
    assert artifact("InstitutionRegistry").explain(data) == expected
