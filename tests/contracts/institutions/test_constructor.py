"""What a new registry is: founders, first electorate, first validator set, directory, reserve."""

from __future__ import annotations

from typing import Any

import ape
import pytest
from eth_abi import encode
from eth_utils import keccak

from chain.signing import NO_ACCOUNT, institution_id
from tests.contracts.institutions.conftest import founders
from tests.contracts.institutions.world import ADMIN, RESERVE, Kind, Standing, name32, validator


def deploy(project: Any, accounts: Any, members: list[Any], contracts: list[Any], minimum: int = 3) -> Any:
    return accounts[19].deploy(project.InstitutionRegistry, members, contracts, minimum)


def changed(member: tuple[Any, ...], **fields: Any) -> tuple[Any, ...]:
    names = ("id", "kind", "voting", "admin", "validator")
    return tuple({**dict(zip(names, member, strict=True)), **fields}[name] for name in names)


@pytest.mark.parametrize("minimum", [0, 2])
def test_a_minimum_below_three_is_refused(project: Any, accounts: Any, minimum: int) -> None:
    with ape.reverts(project.InstitutionRegistry.TooFewValidators, left=minimum):
        deploy(project, accounts, founders(accounts), [], minimum)


@pytest.mark.parametrize(("count", "minimum"), [(0, 3), (2, 3), (3, 4)])
def test_fewer_voting_founders_than_the_minimum_are_refused(
    project: Any, accounts: Any, count: int, minimum: int
) -> None:
    with ape.reverts(project.InstitutionRegistry.TooFewValidators, left=count):
        deploy(project, accounts, founders(accounts, count), [], minimum)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"id": b"\0" * 32}, "EmptyId"),
        ({"id": institution_id("krnpi:11100001")}, "IdTaken"),
        ({"kind": 0}, "InvalidKind"),
        ({"admin": NO_ACCOUNT}, "EmptyAccount"),
        ({"admin": validator(2)}, "AccountTaken"),
        ({"validator": validator(2)}, "AccountTaken"),
        ({"validator": NO_ACCOUNT}, "ValidatorMismatch"),
        ({"voting": False}, "ValidatorMismatch"),
    ],
)
def test_a_founder_that_makes_no_sense_is_refused(
    project: Any, accounts: Any, fields: dict[str, Any], error: str
) -> None:
    members = founders(accounts)
    members[4] = changed(members[4], **fields)
    with ape.reverts(getattr(project.InstitutionRegistry, error)):
        deploy(project, accounts, members, [])


def test_two_founders_cannot_share_an_admin(project: Any, accounts: Any) -> None:
    members = founders(accounts)
    members[4] = changed(members[4], admin=accounts[0].address)
    with ape.reverts(project.InstitutionRegistry.AccountTaken, account=accounts[0].address, by=1):
        deploy(project, accounts, members, [])


def test_an_admin_cannot_also_seal(project: Any, accounts: Any) -> None:
    members = founders(accounts)
    members[4] = changed(members[4], validator=accounts[0].address)
    with ape.reverts(project.InstitutionRegistry.AccountTaken, account=accounts[0].address, by=1):
        deploy(project, accounts, members, [])


def test_a_directory_entry_needs_a_name(project: Any, accounts: Any) -> None:
    with ape.reverts(project.InstitutionRegistry.EmptyName):
        deploy(project, accounts, founders(accounts), [(b"\0" * 32, accounts[9].address)])


def test_a_directory_name_is_given_once(project: Any, accounts: Any) -> None:
    entry = (name32("DocumentRegistry"), accounts[9].address)
    with ape.reverts(project.InstitutionRegistry.ContractUnchanged):
        deploy(project, accounts, founders(accounts), [entry, entry])


def test_founders_are_active_in_order(registry: Any, accounts: Any) -> None:
    assert registry.institutionCount() == 5
    for index, (number, kind, *_) in enumerate(founders(accounts), start=1):
        found, institution = registry.institution(index)
        assert bytes(found) == number
        assert registry.indexOf(number) == index
        assert (institution.kind, institution.standing, institution.voting) == (kind, Standing.ACTIVE, True)
        assert institution.admittedAt == institution.standingSince > 0
        assert institution.sponsor == institution.successor == institution.doubtSince == 0
        assert registry.authorize(accounts[index - 1], ADMIN) == index
        assert registry.validatorOf(index) == validator(index)
        assert registry.validatorOwner(validator(index)) == index


def test_the_first_electorate_and_validator_set_are_number_one(registry: Any) -> None:
    validators = list(registry.getValidators())
    assert validators == sorted((validator(index) for index in range(1, 6)), key=lambda each: int(each, 16))
    assert (registry.validatorEpoch(), registry.electorateEpoch()) == (1, 1)
    assert registry.validatorSetHash(1) == keccak(encode(["address[]"], [validators]))
    assert registry.validatorSetHash(0) == registry.validatorSetHash(2) == b"\0" * 32
    assert list(registry.votingMembers()) == [1, 2, 3, 4, 5]
    assert registry.minimumValidators() == 3


def test_the_deployer_keeps_no_right(registry: Any, accounts: Any) -> None:
    with ape.reverts(registry.NotAuthorized, account=accounts[19].address, role=ADMIN):
        registry.authorize(accounts[19], ADMIN)


def test_the_directory_knows_contracts_that_are_yet_to_be_deployed(project: Any, accounts: Any) -> None:
    later = accounts[9].address
    registry = deploy(project, accounts, founders(accounts), [(name32("DocumentRegistry"), later)])
    start = registry.institution(1)[1].admittedAt
    assert registry.contractAt(name32("DocumentRegistry"), start) == later
    assert registry.contractAt(name32("DocumentRegistry"), start - 1) == NO_ACCOUNT
    assert [tuple(each) for each in registry.contractHistory(name32("DocumentRegistry"))] == [
        (later, start, 0)
    ]


def test_founders_that_do_not_vote_are_taken_in_too(project: Any, accounts: Any) -> None:
    members = founders(accounts, 4)
    members[3] = changed(members[3], voting=False, validator=NO_ACCOUNT)
    registry = deploy(project, accounts, members, [])
    assert list(registry.votingMembers()) == [1, 2, 3]
    assert registry.institution(4)[1].kind == Kind.RECEIVER
    assert registry.validatorOf(4) == NO_ACCOUNT


def test_construction_logs_every_founder_and_the_first_set(project: Any, accounts: Any) -> None:
    registry = deploy(project, accounts, founders(accounts), [(name32("X"), accounts[9].address)])
    events = registry.creation_metadata.receipt.events
    admitted = events.filter(registry.Admitted)
    assert [(each.index, each.admin) for each in admitted] == [
        (index, accounts[index - 1].address) for index in range(1, 6)
    ]
    assert [each.roles for each in events.filter(registry.OperatorSet)] == [ADMIN] * 5
    (first,) = events.filter(registry.ValidatorSetChanged)
    assert first.epoch == 1
    assert list(first.validators) == list(registry.getValidators())
    assert first.setHash == registry.validatorSetHash(1)
    assert [each.location for each in events.filter(registry.ContractSet)] == [accounts[9].address]


def test_the_reserve_takes_coins_at_construction_and_later(registry: Any, accounts: Any) -> None:
    assert registry.balance == RESERVE
    accounts[18].transfer(registry, 5)
    assert registry.balance == RESERVE + 5
