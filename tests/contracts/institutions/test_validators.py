"""Voting members and their validators: joining, leaving, replacing, epochs."""

from __future__ import annotations

from typing import Any

import ape
import pytest
from eth_abi import encode
from eth_utils import keccak
from web3.exceptions import ContractCustomError

from chain.signing import NO_ACCOUNT
from tests.contracts.institutions.conftest import founders
from tests.contracts.institutions.world import (
    CITY,
    DAY,
    HOSPITAL,
    INSURER,
    RECEIVER,
    Action,
    Kind,
    World,
    fresh_account,
    validator,
)


def set_hash(addresses: list[str]) -> bytes:
    return keccak(encode(["address[]"], [sorted(addresses, key=lambda each: int(each, 16))]))


@pytest.fixture
def member(world: World, free: Any) -> int:
    """A member without a vote."""
    return world.admit(free(0), "krnpi:21100001", Kind.HOSPITAL)


def test_a_member_joins_with_its_validator(world: World, registry: Any, member: int) -> None:
    receipt = world.decide(Action.SET_VOTING, member, True, validator(6))
    everybody = [validator(index) for index in range(1, 7)]
    (changed,) = receipt.events.filter(registry.VotingChanged)
    assert (changed.institution, changed.voting, changed.electorateEpoch) == (member, True, 2)
    (epoch,) = receipt.events.filter(registry.ValidatorSetChanged)
    assert (epoch.epoch, epoch.setHash) == (2, set_hash(everybody))
    assert list(epoch.validators) == sorted(everybody, key=lambda each: int(each, 16))
    assert list(registry.getValidators()) == list(epoch.validators)
    assert registry.validatorOf(member) == validator(6)
    assert registry.institution(member)[1].voting


def test_earlier_epochs_keep_their_hash(world: World, registry: Any, member: int) -> None:
    first = registry.validatorSetHash(1)
    world.decide(Action.SET_VOTING, member, True, validator(6))
    second = registry.validatorSetHash(2)
    world.decide(Action.SET_VOTING, member, False, NO_ACCOUNT)
    assert registry.validatorSetHash(1) == registry.validatorSetHash(3) == first
    assert registry.validatorSetHash(2) == second != first
    assert registry.validatorEpoch() == 3


def test_a_voting_member_is_admitted_with_its_validator(world: World, registry: Any, free: Any) -> None:
    index = world.admit(free(0), "krnpi:21100001", Kind.HOSPITAL, voting=True, seals=validator(6))
    assert list(registry.votingMembers()) == [1, 2, 3, 4, 5, index]
    assert (registry.validatorEpoch(), registry.electorateEpoch()) == (2, 2)


@pytest.mark.parametrize(
    ("index", "voting", "seals", "error"),
    [
        (HOSPITAL, True, validator(9), "AlreadyVoting"),
        (6, False, NO_ACCOUNT, "NotVoting"),
        (6, True, NO_ACCOUNT, "ValidatorMismatch"),
        (CITY, False, validator(CITY), "ValidatorMismatch"),
        (6, True, validator(CITY), "AccountTaken"),
        (99, True, validator(9), "UnknownInstitution"),
        (99, False, NO_ACCOUNT, "UnknownInstitution"),
    ],
)
def test_a_change_of_votes_that_makes_no_sense_fails(
    world: World, registry: Any, member: int, index: int, voting: bool, seals: str, error: str
) -> None:
    proposal = world.passed(Action.SET_VOTING, index, voting, seals)
    with ape.reverts(getattr(registry, error)):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_an_operator_account_cannot_seal(world: World, registry: Any, member: int) -> None:
    admin = world.admins[member].address
    proposal = world.passed(Action.SET_VOTING, member, True, admin)
    with ape.reverts(registry.AccountTaken, account=admin, by=member):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_who_is_not_active_cannot_join(world: World, registry: Any, member: int) -> None:
    world.decide(Action.SET_STANDING, member, 2, 0)
    proposal = world.passed(Action.SET_VOTING, member, True, validator(6))
    with ape.reverts(registry.InstitutionNotActive, institution=member, found=2):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_a_sponsored_pharmacy_never_votes(world: World, registry: Any, free: Any) -> None:
    index = world.sponsor(free(1), "krnpi:31100001")
    world.pass_time(DAY)
    proposal = world.passed(Action.SET_VOTING, index, True, validator(7))
    with ape.reverts(registry.SponsoredNeverVotes, institution=index):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_the_network_never_falls_below_three(world: World, registry: Any) -> None:
    world.decide(Action.SET_VOTING, CITY, False, NO_ACCOUNT)
    world.decide(Action.SET_VOTING, RECEIVER, False, NO_ACCOUNT)
    proposal = world.passed(Action.SET_VOTING, INSURER, False, NO_ACCOUNT)
    with ape.reverts(registry.TooFewValidators, left=2):
        registry.execute(proposal, sender=world.admins[HOSPITAL])
    assert len(registry.getValidators()) == 3


def test_a_qbft_network_never_falls_below_four(project: Any, chain: Any, accounts: Any) -> None:
    registry = accounts[19].deploy(project.InstitutionRegistry, founders(accounts), [], 4)
    world = World(registry, chain, accounts, {index: accounts[index - 1] for index in range(1, 6)})
    world.decide(Action.SET_VOTING, CITY, False, NO_ACCOUNT)
    proposal = world.passed(Action.SET_VOTING, INSURER, False, NO_ACCOUNT)
    with ape.reverts(registry.TooFewValidators, left=3):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


@pytest.mark.parametrize("leaving", [HOSPITAL, INSURER, CITY])
def test_whoever_leaves_the_others_stay(world: World, registry: Any, leaving: int) -> None:
    world.decide(Action.SET_VOTING, leaving, False, NO_ACCOUNT)
    assert sorted(registry.votingMembers()) == [index for index in range(1, 6) if index != leaving]
    assert registry.validatorOf(leaving) == NO_ACCOUNT
    assert registry.validatorOwner(validator(leaving)) == leaving


def test_a_validator_is_replaced_in_a_new_epoch(world: World, registry: Any) -> None:
    receipt = world.decide(Action.SET_VALIDATOR, CITY, validator(50))
    assert (registry.validatorEpoch(), registry.electorateEpoch()) == (2, 1)
    assert not receipt.events.filter(registry.VotingChanged)
    assert registry.validatorSetHash(2) == set_hash([validator(each) for each in (1, 2, 3, 4, 50)])
    assert registry.validatorOwner(validator(CITY)) == registry.validatorOwner(validator(50)) == CITY


def test_a_member_may_return_to_an_earlier_validator_of_its_own(world: World, registry: Any) -> None:
    world.decide(Action.SET_VALIDATOR, CITY, validator(50))
    world.decide(Action.SET_VALIDATOR, CITY, validator(CITY))
    assert registry.validatorSetHash(3) == registry.validatorSetHash(1)


@pytest.mark.parametrize(
    ("index", "seals", "error"),
    [
        (CITY, validator(HOSPITAL), "AccountTaken"),
        (CITY, validator(CITY), "ValidatorMismatch"),
        (CITY, NO_ACCOUNT, "ValidatorMismatch"),
        (6, validator(50), "NotVoting"),
        (99, validator(50), "UnknownInstitution"),
    ],
)
def test_a_replacement_that_makes_no_sense_fails(
    world: World, registry: Any, member: int, index: int, seals: str, error: str
) -> None:
    proposal = world.passed(Action.SET_VALIDATOR, index, seals)
    with ape.reverts(getattr(registry, error)):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_a_validator_once_another_members_stays_taken(world: World, registry: Any) -> None:
    world.decide(Action.SET_VALIDATOR, CITY, validator(50))
    proposal = world.passed(Action.SET_VALIDATOR, RECEIVER, validator(CITY))
    with ape.reverts(registry.AccountTaken, account=validator(CITY), by=CITY):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_no_more_than_64_validators(project: Any, chain: Any) -> None:
    crowd = [
        (
            f"x{number}".encode().ljust(32, b"\0"),
            Kind.CITY,
            True,
            fresh_account(number).address,
            validator(number),
        )
        for number in range(65)
    ]
    container = project.InstitutionRegistry
    bytecode = container.contract_type.get_deployment_bytecode()

    def simulate(members: list[Any]) -> bytes:
        # Without ape's trace, which takes a minute for so large a transaction.
        arguments = chain.provider.network.ecosystem.encode_deployment(
            bytecode, container.constructor.abi, members, [], 3
        ).data
        return bytes(chain.provider.web3.eth.call({"data": arguments, "gas": 30_000_000}))

    assert len(simulate(crowd[:64])) > 20_000
    with pytest.raises(ContractCustomError) as refused:
        simulate(crowd)
    assert (
        refused.value.data
        == "0x" + (keccak(text="TooManyValidators(uint256)")[:4] + encode(["uint256"], [65])).hex()
    )
