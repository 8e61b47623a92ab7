"""The trust file that a network writes about itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chain.trust import TrustError, TrustFault, TrustFile
from network.dev import DevNetwork
from network.keys import KeyRing
from network.registry import Registry
from network.settle import renew_trust_file
from network.trustfile import make_trust_file, needs_renewal, sign_with_ring

Anvil = Callable[..., DevNetwork]


def now(network: DevNetwork) -> datetime:
    return datetime.fromtimestamp(network.client().head().time, UTC)


def registry_of(network: DevNetwork) -> Registry:
    return Registry(network.client(), network.deployment.address("InstitutionRegistry"))


def test_without_keys_it_has_no_majority(dev_network: DevNetwork, tmp_path: Path) -> None:
    held = TrustFile.load(dev_network.trust_path)
    unsigned = held.model_copy(update={"signatures": []})
    nobody = sign_with_ring(unsigned, dev_network.plan, KeyRing(tmp_path))
    with pytest.raises(TrustError) as caught:
        nobody.verify(now(dev_network))
    assert caught.value.fault is TrustFault.NO_MAJORITY


def test_all_local_members_sign_it(dev_network: DevNetwork) -> None:
    trust = TrustFile.load(dev_network.trust_path)
    trust.verify(now(dev_network))
    assert [member.institution for member in trust.members] == [1, 2, 3, 4, 5]
    assert len(trust.signatures) == 5


def test_it_names_contracts_members_and_a_block_after_them(dev_network: DevNetwork) -> None:
    trust = TrustFile.load(dev_network.trust_path)
    deployment = dev_network.deployment
    assert trust.contracts.institution_registry == deployment.address("InstitutionRegistry")
    assert trust.contracts.transfer_ledger == deployment.address("TransferLedger")
    assert trust.engine == "dev"
    assert trust.checkpoint.number >= deployment.deployed_at
    assert trust.checkpoint.validators == registry_of(dev_network).validators()
    names = {entry.index: (entry.id, entry.name_ko) for entry in trust.institutions}
    assert names[1] == ("krnpi:11100001", "서울시 샘플의료원")
    assert set(names) == {1, 2, 3, 4, 5}


def test_two_members_alone_are_no_majority_and_a_third_makes_one(anvil: Anvil, tmp_path: Path) -> None:
    network = anvil(mining="each", contracts=True)
    keys = network.folder / "keys"
    for name in ("hospital-admin", "city-admin"):
        (tmp_path / f"{name}.json").write_bytes((keys / f"{name}.json").read_bytes())
        (tmp_path / f"{name}.json").chmod(0o600)
    reviewed = network.plan.model_copy(
        update={
            "institutions": [
                one.model_copy(
                    update={
                        "admin": one.admin.model_copy(
                            update={"address": network.keys.account(one.admin.key).address}
                        )
                    }
                )
                for one in network.plan.founders
            ]
        }
    )
    trust = make_trust_file(network.client(), network.deployment, reviewed, KeyRing(tmp_path))
    assert len(trust.signatures) == 2
    with pytest.raises(TrustError):
        trust.verify(now(network))
    (tmp_path / "insurer-admin.json").write_bytes((keys / "insurer-admin.json").read_bytes())
    (tmp_path / "insurer-admin.json").chmod(0o600)
    sign_with_ring(trust, reviewed, KeyRing(tmp_path)).verify(now(network))


def test_it_is_renewed_only_when_the_validators_or_the_network_changed(
    dev_network: DevNetwork, tmp_path: Path
) -> None:
    registry = registry_of(dev_network)
    deployment = dev_network.deployment
    assert not needs_renewal(dev_network.trust_path, deployment, registry)
    assert needs_renewal(tmp_path / "none.json", deployment, registry)
    other = deployment.model_copy(update={"genesis_hash": "0x" + "00" * 32})
    assert needs_renewal(dev_network.trust_path, other, registry)
    held = TrustFile.load(dev_network.trust_path)
    earlier = held.checkpoint.model_copy(update={"epoch": 0})
    held.model_copy(update={"checkpoint": earlier}).save(tmp_path / "old.json")
    assert needs_renewal(tmp_path / "old.json", deployment, registry)


def test_a_renewal_on_request_takes_a_newer_checkpoint(anvil: Anvil) -> None:
    network = anvil(mining="each", contracts=True)
    before = TrustFile.load(network.trust_path)
    network.mine(5)
    transactor = network.site.transactor()
    assert not renew_trust_file(network.site, transactor)
    assert renew_trust_file(network.site, transactor, always=True)
    after = TrustFile.load(network.trust_path)
    after.verify_update(before, now(network))
    assert after.checkpoint.number > before.checkpoint.number
