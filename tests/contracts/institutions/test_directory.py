"""The directory of contracts: by name and time, changed by vote, history only grows."""

from __future__ import annotations

from typing import Any

import ape
import pytest

from chain.signing import NO_ACCOUNT
from tests.contracts.institutions.world import HOSPITAL, Action, World, name32

NAME = name32("DocumentRegistry")


@pytest.fixture
def code(registry: Any, world: World, project: Any) -> tuple[str, str]:
    """Two addresses with code."""
    web3 = world.chain.provider.web3
    addresses = ("0x" + "c1" * 20, "0x" + "c2" * 20)
    for address in addresses:
        web3.provider.make_request("anvil_setCode", [address, "0x00"])
    return web3.to_checksum_address(addresses[0]), web3.to_checksum_address(addresses[1])


def put(world: World, location: str) -> int:
    """Vote a contract in; the time from which it counts."""
    return int(world.decide(Action.SET_CONTRACT, NAME, location).timestamp)


def test_a_name_never_entered_has_no_contract(registry: Any) -> None:
    assert registry.contractAt(NAME, 2**40 - 1) == NO_ACCOUNT
    assert list(registry.contractHistory(NAME)) == []


def test_a_change_counts_from_its_block_on(world: World, registry: Any, code: tuple[str, str]) -> None:
    receipt = world.decide(Action.SET_CONTRACT, NAME, code[0])
    since = receipt.timestamp
    (event,) = receipt.events.filter(registry.ContractSet)
    assert (event.name, event.location, event.since) == (NAME, code[0], since)
    assert registry.contractAt(NAME, since - 1) == NO_ACCOUNT
    assert registry.contractAt(NAME, since) == registry.contractAt(NAME, 2**40 - 1) == code[0]
    assert registry.contractAt(name32("Other"), since) == NO_ACCOUNT


def test_every_period_is_kept(world: World, registry: Any, code: tuple[str, str]) -> None:
    first = put(world, code[0])
    world.pass_time(100)
    second = put(world, code[1])
    world.pass_time(100)
    gap = put(world, NO_ACCOUNT)
    world.pass_time(100)
    third = put(world, code[0])
    assert [tuple(period) for period in registry.contractHistory(NAME)] == [
        (code[0], first, second),
        (code[1], second, gap),
        (code[0], third, 0),
    ]
    for time, expected in (
        (first, code[0]),
        (second - 1, code[0]),
        (second, code[1]),
        (gap - 1, code[1]),
        (gap, NO_ACCOUNT),
        (third - 1, NO_ACCOUNT),
        (third, code[0]),
    ):
        assert registry.contractAt(NAME, time) == expected


def test_of_two_changes_in_one_second_the_later_holds(
    world: World, registry: Any, code: tuple[str, str]
) -> None:
    proposals = [world.passed(Action.SET_CONTRACT, NAME, each) for each in code]
    time = world.now + 10
    web3 = world.chain.provider.web3
    web3.provider.make_request("evm_setAutomine", [False])
    try:
        for proposal in proposals:
            sender = world.admins[proposal].address
            data = registry.execute.encode_input(proposal)
            web3.eth.send_transaction({"from": sender, "to": registry.address, "data": data, "gas": 500_000})
    finally:
        world.chain.mine(timestamp=time)
        web3.provider.make_request("evm_setAutomine", [True])
    assert [tuple(period) for period in registry.contractHistory(NAME)] == [
        (code[0], time, time),
        (code[1], time, 0),
    ]
    assert registry.contractAt(NAME, time) == code[1]
    assert registry.contractAt(NAME, time - 1) == NO_ACCOUNT


def test_a_contract_must_be_deployed_first(world: World, registry: Any, stranger: Any) -> None:
    proposal = world.passed(Action.SET_CONTRACT, NAME, stranger.address)
    with ape.reverts(registry.NoCode, location=stranger.address):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_what_the_directory_says_already_is_no_change(
    world: World, registry: Any, code: tuple[str, str]
) -> None:
    ending = world.passed(Action.SET_CONTRACT, NAME, NO_ACCOUNT)
    with ape.reverts(registry.ContractUnchanged, name=NAME, location=NO_ACCOUNT):
        registry.execute(ending, sender=world.admins[HOSPITAL])
    put(world, code[0])
    again = world.passed(Action.SET_CONTRACT, NAME, code[0])
    with ape.reverts(registry.ContractUnchanged, name=NAME, location=code[0]):
        registry.execute(again, sender=world.admins[HOSPITAL])


def test_a_job_needs_a_name(world: World, registry: Any, code: tuple[str, str]) -> None:
    proposal = world.passed(Action.SET_CONTRACT, b"\0" * 32, code[0])
    with ape.reverts(registry.EmptyName):
        registry.execute(proposal, sender=world.admins[HOSPITAL])
