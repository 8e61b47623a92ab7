"""A sixth validator comes and another goes: the registry decides, Clique follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from chain.trust import TrustFile
from network.errors import UnknownValidator, ValidatorCountRefused
from network.local import LocalNetwork
from network.membership import Membership
from network.registry import Registry


def signers(network: LocalNetwork) -> list[set[str]]:
    return [set(node.ipc.call("clique_getSigners")) for node in network.running]


@pytest.mark.slow
def test_validators_come_and_go_by_the_members_votes(fresh_poa_network: Callable[..., LocalNetwork]) -> None:
    network = fresh_poa_network(watch=True)
    registry = Registry(network.client(), network.deployment.address("InstitutionRegistry"))
    members = Membership(network)
    with pytest.raises(UnknownValidator):
        members.vote_out(9)

    before = TrustFile.load(network.trust_path)
    added = members.add()
    assert (added.index, added.institution) == (6, "partner")
    truth = {address.lower() for address in registry.validators()}
    assert added.address.lower() in truth
    assert signers(network) == [truth] * 6
    with pytest.raises(ValidatorCountRefused):
        members.add()

    members.vote_out(2)
    gone = network.manifest.validator(2).address.lower()
    truth = {address.lower() for address in registry.validators()}
    assert gone not in truth
    assert signers(network) == [truth] * 6
    assert registry.voting_members() == [1, 3, 4, 5, 6]

    renewed = TrustFile.load(network.trust_path)
    renewed.verify_update(before, datetime.now(UTC))
    assert renewed.checkpoint.epoch == 3
    assert {address.lower() for address in renewed.checkpoint.validators} == truth
    network.wait_for_blocks(5, seconds=60)
