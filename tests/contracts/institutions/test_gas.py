"""Coins as a quota: top-ups, limits by the Korean day, an empty reserve, contracts that call back."""

from __future__ import annotations

from typing import Any

import ape
import pytest
from eth_account.signers.local import LocalAccount
from eth_utils import keccak

from tests.contracts.institutions.world import (
    ANCHOR,
    DAY,
    HOSPITAL,
    KOREA,
    RESERVE,
    Action,
    World,
    fresh_account,
)

COIN = 10**18


@pytest.fixture
def operator(world: World) -> LocalAccount:
    """An operator of the hospital that holds no coins."""
    account = fresh_account(1)
    world.add_operator(HOSPITAL, account, ANCHOR)
    return account


def set_balance(world: World, address: str, amount: int) -> None:
    world.chain.provider.web3.provider.make_request("anvil_setBalance", [address, hex(amount)])


def balance(world: World, address: str) -> int:
    return int(world.chain.provider.get_balance(address))


def midnight(world: World) -> int:
    """The Korean midnight to come."""
    return (world.now + KOREA) // DAY * DAY + DAY - KOREA


def test_anyone_tops_up_an_operator(world: World, registry: Any, operator: Any, stranger: Any) -> None:
    assert registry.gasAllowance(operator.address) == COIN
    receipt = registry.claimGas(operator.address, sender=stranger)
    (event,) = receipt.events.filter(registry.GasGranted)
    assert (event.operator, event.amount) == (operator.address, COIN)
    assert balance(world, operator.address) == COIN
    assert registry.balance == RESERVE - COIN


def test_who_is_no_operator_gets_nothing(world: World, registry: Any, stranger: Any) -> None:
    nobody = fresh_account(99).address
    with ape.reverts(registry.NotAuthorized, account=nobody, role=0):
        registry.claimGas(nobody, sender=stranger)


def test_who_may_not_act_gets_nothing(world: World, registry: Any, operator: Any, stranger: Any) -> None:
    with world.aside():
        world.decide(Action.SET_STANDING, HOSPITAL, 2, 0)
        with ape.reverts(registry.InstitutionNotActive, institution=HOSPITAL, found=2):
            registry.claimGas(operator.address, sender=stranger)
    registry.revokeOperator(operator.address, 0, sender=world.admins[HOSPITAL])
    with ape.reverts(registry.OperatorEnded, account=operator.address):
        registry.claimGas(operator.address, sender=stranger)


def test_a_coin_held_is_enough(world: World, registry: Any, operator: Any, stranger: Any) -> None:
    for held in (COIN, 3 * COIN):
        set_balance(world, operator.address, held)
        assert registry.gasAllowance(operator.address) == 0
        with ape.reverts(registry.GasQuotaUsed, operator=operator.address, nextDay=midnight(world)):
            registry.claimGas(operator.address, sender=stranger)


def test_a_grant_fills_up(world: World, registry: Any, operator: Any, stranger: Any) -> None:
    set_balance(world, operator.address, COIN - 5)
    receipt = registry.claimGas(operator.address, sender=stranger)
    assert receipt.events.filter(registry.GasGranted)[0].amount == 5


def test_one_coin_a_korean_day(world: World, registry: Any, operator: Any, stranger: Any) -> None:
    next_day = midnight(world)
    registry.claimGas(operator.address, sender=stranger)
    set_balance(world, operator.address, COIN // 4)
    world.at(next_day - 1)
    with ape.reverts(registry.GasQuotaUsed, operator=operator.address, nextDay=next_day):
        registry.claimGas(operator.address, sender=stranger)
    world.at(next_day)
    receipt = registry.claimGas(operator.address, sender=stranger)
    assert receipt.events.filter(registry.GasGranted)[0].amount == COIN - COIN // 4
    set_balance(world, operator.address, 0)
    assert registry.gasAllowance(operator.address) == COIN // 4, "yesterday's grants count no more"


def test_several_small_grants_sum_to_one_coin(
    world: World, registry: Any, operator: Any, stranger: Any
) -> None:
    granted = 0
    for held in (COIN // 2, COIN // 4, 0):
        set_balance(world, operator.address, held)
        receipt = registry.claimGas(operator.address, sender=stranger)
        granted += receipt.events.filter(registry.GasGranted)[0].amount
        if granted == COIN:
            break
    assert granted == COIN
    set_balance(world, operator.address, 0)
    with ape.reverts(registry.GasQuotaUsed):
        registry.claimGas(operator.address, sender=stranger)


def test_a_short_reserve_pays_what_it_has_and_counts_only_that(
    world: World, registry: Any, operator: Any, stranger: Any
) -> None:
    set_balance(world, registry.address, 7)
    receipt = registry.claimGas(operator.address, sender=stranger)
    assert receipt.events.filter(registry.GasGranted)[0].amount == 7
    with ape.reverts(registry.GasReserveEmpty):
        registry.claimGas(operator.address, sender=stranger)
    stranger.transfer(registry, COIN)
    receipt = registry.claimGas(operator.address, sender=stranger)
    assert receipt.events.filter(registry.GasGranted)[0].amount == COIN - 7


def reentering(registry: Any, account: str) -> str:
    """Code that, given coins, sends them away, asks for more in the same breath and minds no answer."""
    calldata = keccak(text="claimGas(address)")[:4] + bytes.fromhex(account[2:]).rjust(32, b"\0")
    words = calldata.ljust(64, b"\0")
    send_away = "6000600060006000" + "47" + "61dead" + "5af150"
    store = "7f" + words[:32].hex() + "600052" + "7f" + words[32:].hex() + "602052"
    call = "6000600060246000600073" + registry.address[2:] + "5af1"
    return "0x" + send_away + store + call + "00"


def test_coins_are_paid_once_whoever_calls_back(
    world: World, registry: Any, operator: Any, stranger: Any
) -> None:
    make = world.chain.provider.web3.provider.make_request
    make("anvil_setCode", [operator.address, reentering(registry, operator.address)])
    receipt = registry.claimGas(operator.address, sender=stranger)
    assert len(receipt.events.filter(registry.GasGranted)) == 1
    assert balance(world, operator.address) == 0
    assert balance(world, "0x" + "dead".rjust(40, "0")) == COIN
    assert registry.balance == RESERVE - COIN


def test_an_account_that_refuses_coins_costs_nothing(
    world: World, registry: Any, operator: Any, stranger: Any
) -> None:
    world.chain.provider.web3.provider.make_request("anvil_setCode", [operator.address, "0x60006000fd"])
    with ape.reverts(registry.FailedCall):
        registry.claimGas(operator.address, sender=stranger)
    assert registry.gasAllowance(operator.address) == COIN
