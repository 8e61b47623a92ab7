"""Operator accounts: acceptance, roles, ends, compromises, one institution for ever."""

from __future__ import annotations

from typing import Any

import ape
import pytest

from chain.signing import NO_ACCOUNT, sign_message
from tests.contracts.institutions.world import (
    ADMIN,
    ALL_ROLES,
    ANCHOR,
    CITY,
    DAY,
    HOSPITAL,
    STATUS,
    Action,
    World,
    fresh_account,
    validator,
)

WINDOW = 30 * DAY


def add(world: World, account: Any, roles: int = ANCHOR | STATUS) -> Any:
    return world.add_operator(HOSPITAL, account, roles)


def test_a_stranger_adds_nobody(world: World, registry: Any, stranger: Any, free: Any) -> None:
    acceptance = world.accept_operator(free(0), HOSPITAL, ANCHOR)
    with ape.reverts(registry.NotAuthorized, account=stranger.address, role=ADMIN):
        registry.addOperator(free(0), ANCHOR, 0, acceptance, sender=stranger)


def test_an_operator_acts_in_its_roles_and_no_other(world: World, registry: Any, free: Any) -> None:
    add(world, free(0))
    for roles in (ANCHOR, STATUS, ANCHOR | STATUS):
        assert registry.authorize(free(0), roles) == HOSPITAL
        assert tuple(registry.authorizeActor(free(0), roles)) == (HOSPITAL, 0)
    for roles in (0, ADMIN, ANCHOR | ADMIN, 4096 | ANCHOR):
        with ape.reverts(registry.NotAuthorized, account=free(0).address, role=roles):
            registry.authorize(free(0), roles)


def test_admin_includes_no_other_role(world: World, registry: Any) -> None:
    with ape.reverts(registry.NotAuthorized):
        registry.authorize(world.admins[HOSPITAL], ANCHOR)


def test_an_added_operator_is_logged_recorded_and_listed(world: World, registry: Any, free: Any) -> None:
    receipt = add(world, free(0))
    (event,) = receipt.events.filter(registry.OperatorSet)
    assert (event.institution, event.account, event.roles) == (HOSPITAL, free(0).address, ANCHOR | STATUS)
    assert (event.custodian, event.until) == (0, 0)
    record = registry.operator(free(0))
    assert tuple(record) == (HOSPITAL, 0, ANCHOR | STATUS, receipt.timestamp, 0, 0)
    assert list(registry.operatorsOf(HOSPITAL)) == [world.admins[HOSPITAL].address, free(0).address]


@pytest.mark.parametrize("roles", [0, 256, 65_535])
def test_roles_that_do_not_exist_are_refused(world: World, registry: Any, free: Any, roles: int) -> None:
    with ape.reverts(registry.InvalidRoles, roles=roles):
        add(world, free(0), roles)


def test_the_zero_account_is_refused(world: World, registry: Any, free: Any) -> None:
    with ape.reverts(registry.BadSignature):
        registry.addOperator(NO_ACCOUNT, ANCHOR, 0, b"\0" * 65, sender=world.admins[HOSPITAL])


def test_an_account_of_another_institution_is_taken_for_ever(world: World, registry: Any, free: Any) -> None:
    add(world, free(0))
    registry.revokeOperator(free(0), 0, sender=world.admins[HOSPITAL])
    with ape.reverts(registry.AccountTaken, account=free(0).address, by=HOSPITAL):
        world.add_operator(CITY, free(0), ANCHOR)


def test_a_sealing_account_is_no_operator_even_of_its_own_institution(world: World, registry: Any) -> None:
    sealing = fresh_account(10_000 + HOSPITAL)
    assert sealing.address == validator(HOSPITAL)
    with ape.reverts(registry.AccountTaken, account=sealing.address, by=HOSPITAL):
        add(world, sealing)


def test_a_new_mandate_replaces_the_roles(world: World, registry: Any, free: Any) -> None:
    add(world, free(0))
    receipt = add(world, free(0), ALL_ROLES)
    assert tuple(registry.operator(free(0))) == (HOSPITAL, 0, ALL_ROLES, receipt.timestamp, 0, 0)
    assert len(registry.operatorsOf(HOSPITAL)) == 2


def test_a_planned_end_is_the_first_second_without_the_operator(
    world: World, registry: Any, free: Any
) -> None:
    add(world, free(0))
    until = world.now + DAY
    receipt = registry.endOperator(free(0), until, sender=world.admins[HOSPITAL])
    assert receipt.events.filter(registry.OperatorSet)[0].until == until
    world.chain.mine(timestamp=until - 1)
    assert registry.authorize(free(0), ANCHOR) == HOSPITAL
    world.chain.mine(timestamp=until)
    with ape.reverts(registry.OperatorEnded, account=free(0).address, until=until):
        registry.authorize(free(0), ANCHOR)


def test_an_end_only_comes_nearer(world: World, registry: Any, free: Any) -> None:
    add(world, free(0))
    admin = world.admins[HOSPITAL]
    end = world.now + DAY
    registry.endOperator(free(0), end, sender=admin)
    for wrong in (end, end + 1):
        with ape.reverts(registry.InvalidEnd, until=wrong):
            registry.endOperator(free(0), wrong, sender=admin)
    registry.endOperator(free(0), end - 1, sender=admin)


@pytest.mark.parametrize("offset", [0, -1])
def test_an_end_that_is_not_to_come_is_refused(world: World, registry: Any, free: Any, offset: int) -> None:
    add(world, free(0))
    time = world.now + 100
    world.at(time)
    with ape.reverts(registry.InvalidEnd, until=time + offset):
        registry.endOperator(free(0), time + offset, sender=world.admins[HOSPITAL])


def test_revocation_is_immediate_and_logged(world: World, registry: Any, free: Any) -> None:
    add(world, free(0))
    receipt = registry.revokeOperator(free(0), 0, sender=world.admins[HOSPITAL])
    assert receipt.events.filter(registry.OperatorSet)[0].until == receipt.timestamp
    assert not receipt.events.filter(registry.OperatorCompromised)
    with ape.reverts(registry.OperatorEnded, account=free(0).address):
        registry.authorize(free(0), ANCHOR)


def test_what_has_ended_is_not_ended_again(world: World, registry: Any, free: Any) -> None:
    add(world, free(0))
    admin = world.admins[HOSPITAL]
    registry.revokeOperator(free(0), 0, sender=admin)
    with ape.reverts(registry.OperatorEnded):
        registry.revokeOperator(free(0), 0, sender=admin)
    with ape.reverts(registry.OperatorEnded):
        registry.endOperator(free(0), world.now + DAY, sender=admin)


def test_an_ended_operator_comes_back_by_a_new_acceptance(world: World, registry: Any, free: Any) -> None:
    add(world, free(0))
    registry.revokeOperator(free(0), 0, sender=world.admins[HOSPITAL])
    add(world, free(0))
    assert registry.authorize(free(0), ANCHOR) == HOSPITAL


@pytest.mark.parametrize("call", ["revokeOperator", "endOperator"])
def test_another_institutions_admin_ends_nobody(world: World, registry: Any, free: Any, call: str) -> None:
    add(world, free(0))
    for target in (free(0), free(1)):
        with ape.reverts(registry.NotAuthorized, account=world.admins[CITY].address, role=ADMIN):
            getattr(registry, call)(target, world.now + DAY, sender=world.admins[CITY])


def test_a_compromise_is_dated_and_final(world: World, registry: Any, free: Any) -> None:
    add(world, free(0))
    since = world.now - 5 * DAY
    receipt = registry.revokeOperator(free(0), since, sender=world.admins[HOSPITAL])
    (event,) = receipt.events.filter(registry.OperatorCompromised)
    assert (event.institution, event.account, event.since) == (HOSPITAL, free(0).address, since)
    assert registry.operator(free(0)).compromisedSince == since
    assert registry.operator(free(0)).until == receipt.timestamp
    with ape.reverts(registry.AccountCompromised, account=free(0).address, since=since):
        registry.authorize(free(0), ANCHOR)
    with ape.reverts(registry.AccountCompromised, account=free(0).address, since=since):
        add(world, free(0))
    with ape.reverts(registry.CompromiseDeclared, since=since):
        registry.revokeOperator(free(0), since - 1, sender=world.admins[HOSPITAL])


def test_a_compromise_may_become_known_after_the_end(world: World, registry: Any, free: Any) -> None:
    add(world, free(0))
    admin = world.admins[HOSPITAL]
    ended = registry.revokeOperator(free(0), 0, sender=admin).timestamp
    world.pass_time(DAY)
    receipt = registry.revokeOperator(free(0), ended - 10, sender=admin)
    assert not receipt.events.filter(registry.OperatorSet)
    assert registry.operator(free(0)).until == ended


def test_a_compromise_begins_now_at_the_latest_and_30_days_ago_at_the_earliest(
    world: World, registry: Any, free: Any
) -> None:
    add(world, free(0))
    admin = world.admins[HOSPITAL]
    time = world.now + 1000

    def declare(since: int) -> None:
        world.at(time)
        registry.revokeOperator(free(0), since, sender=admin)

    for allowed in (time, time - WINDOW):
        with world.aside():
            declare(allowed)
            assert registry.operator(free(0)).compromisedSince == allowed
    with world.aside(), ape.reverts(registry.CompromiseInFuture, since=time + 1):
        declare(time + 1)
    with ape.reverts(registry.CompromiseTooEarly, since=time - WINDOW - 1, earliest=time - WINDOW):
        declare(time - WINDOW - 1)


def test_a_suspended_admin_still_takes_away_but_adds_nothing(world: World, registry: Any, free: Any) -> None:
    add(world, free(0))
    add(world, free(1))
    world.decide(Action.SET_STANDING, HOSPITAL, 2, 0)
    admin = world.admins[HOSPITAL]
    registry.revokeOperator(free(0), world.now, sender=admin)
    registry.endOperator(free(1), world.now + DAY, sender=admin)
    with ape.reverts(registry.InstitutionNotActive, institution=HOSPITAL, found=2):
        add(world, free(2))
    with ape.reverts(registry.InstitutionNotActive, institution=HOSPITAL, found=2):
        registry.authorize(free(1), ANCHOR)


def test_an_admin_may_end_itself(world: World, registry: Any) -> None:
    admin = world.admins[HOSPITAL]
    registry.revokeOperator(admin, 0, sender=admin)
    with ape.reverts(registry.OperatorEnded):
        registry.revokeOperator(admin, world.now, sender=admin)


def test_an_acceptance_is_used_once(world: World, registry: Any, free: Any) -> None:
    acceptance = world.accept_operator(free(0), HOSPITAL, ANCHOR)
    admin = world.admins[HOSPITAL]
    registry.addOperator(free(0), ANCHOR, 0, acceptance, sender=admin)
    registry.revokeOperator(free(0), 0, sender=admin)
    with ape.reverts(registry.BadSignature):
        registry.addOperator(free(0), ANCHOR, 0, acceptance, sender=admin)
    assert registry.nonces(free(0)) == 1


def test_a_signature_by_somebody_else_tells_whose_it_is(world: World, registry: Any, free: Any) -> None:
    message = world.domain.operator_acceptance(
        institution=HOSPITAL, account=free(0).address, roles=ANCHOR, nonce=0
    )
    signature = sign_message(world.signer(free(1)), message)
    with ape.reverts(registry.BadSignature, recovered=free(1).address):
        registry.addOperator(free(0), ANCHOR, 0, signature, sender=world.admins[HOSPITAL])


@pytest.mark.parametrize("garbage", [b"", b"\1", b"\1" * 64, b"\xff" * 65, b"\1" * 66, b"\1" * 1000])
def test_bytes_that_are_no_signature_are_refused(
    world: World, registry: Any, free: Any, garbage: bytes
) -> None:
    with ape.reverts(registry.BadSignature, recovered=NO_ACCOUNT):
        registry.addOperator(free(0), ANCHOR, 0, garbage, sender=world.admins[HOSPITAL])
