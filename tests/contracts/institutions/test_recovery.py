"""RecoverAdmin: a new ADMIN by vote, two days late, unless the old one speaks up."""

from __future__ import annotations

from typing import Any

import ape
import pytest

from tests.contracts.institutions.world import (
    ADMIN,
    ANCHOR,
    CITY,
    DAY,
    HOSPITAL,
    RECEIVER,
    Action,
    Kind,
    World,
)

DELAY = 2 * DAY


def recovery(world: World, index: int, account: Any, revoked: list[Any] | None = None) -> tuple[Any, ...]:
    acceptance = world.accept_operator(account, index, ADMIN)
    old = [world.admins[index].address] if revoked is None else [each.address for each in revoked]
    return Action.RECOVER_ADMIN, index, account.address, old, acceptance


def test_a_recovery_waits_two_days_from_the_deciding_vote(world: World, registry: Any, free: Any) -> None:
    proposal = world.propose(*recovery(world, CITY, free(0)))
    world.vote(proposal, 1, 2)
    world.pass_time(DAY)
    world.vote(proposal, 3)
    due = registry.proposal(proposal)[0].passedAt + DELAY
    assert due == world.now + DELAY
    world.at(due - 1)
    with ape.reverts(registry.RecoveryNotDue, id=proposal, due=due):
        registry.execute(proposal, sender=world.admins[HOSPITAL])
    world.at(due)
    registry.execute(proposal, sender=world.admins[HOSPITAL])
    assert registry.authorize(free(0), ADMIN) == CITY
    with ape.reverts(registry.OperatorEnded):
        registry.authorize(world.admins[CITY], ADMIN)


def test_votes_after_the_deciding_one_postpone_nothing(world: World, registry: Any, free: Any) -> None:
    proposal = world.passed(*recovery(world, CITY, free(0)))
    passed_at = registry.proposal(proposal)[0].passedAt
    world.pass_time(DAY)
    world.vote(proposal, RECEIVER)
    assert registry.proposal(proposal)[0].passedAt == passed_at
    world.at(passed_at + DELAY)
    registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_a_recovery_that_passed_in_the_last_second_still_has_its_time(
    world: World, registry: Any, free: Any
) -> None:
    proposal = world.propose(*recovery(world, CITY, free(0)))
    world.vote(proposal, 1, 2)
    expires = registry.proposal(proposal)[0].expires
    world.at(expires)
    world.vote(proposal, 3)
    with world.aside():
        world.at(expires + DELAY)
        registry.execute(proposal, sender=world.admins[HOSPITAL])
        assert registry.authorize(free(0), ADMIN) == CITY
    world.at(expires + DELAY + 1)
    with ape.reverts(registry.DeadlinePassed, deadline=expires + DELAY):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_the_present_admin_vetoes_for_good(world: World, registry: Any, free: Any) -> None:
    proposal = world.passed(*recovery(world, CITY, free(0)))
    receipt = registry.vetoRecovery(proposal, sender=world.admins[CITY])
    (event,) = receipt.events.filter(registry.RecoveryVetoed)
    assert (event.proposalId, event.by) == (proposal, CITY)
    world.pass_time(DELAY)
    with ape.reverts(registry.Vetoed, id=proposal):
        registry.execute(proposal, sender=world.admins[HOSPITAL])
    with ape.reverts(registry.Vetoed, id=proposal):
        world.vote(proposal, RECEIVER)
    assert registry.authorize(world.admins[CITY], ADMIN) == CITY


def test_nobody_else_vetoes(world: World, registry: Any, free: Any, stranger: Any) -> None:
    world.add_operator(CITY, free(1), ANCHOR)
    proposal = world.passed(*recovery(world, CITY, free(0)))
    for account in (world.admins[HOSPITAL], free(1), stranger):
        with ape.reverts(registry.NotAuthorized, account=account.address, role=ADMIN):
            registry.vetoRecovery(proposal, sender=account)


def test_only_a_recovery_is_vetoed(world: World, registry: Any) -> None:
    proposal = world.propose(Action.SET_STANDING, CITY, 2, 0)
    with ape.reverts(registry.NotRecovery, id=proposal, found=Action.SET_STANDING):
        registry.vetoRecovery(proposal, sender=world.admins[CITY])


def test_what_was_carried_out_is_not_vetoed(world: World, registry: Any, free: Any) -> None:
    proposal = world.passed(*recovery(world, CITY, free(0)))
    world.pass_time(DELAY)
    registry.execute(proposal, sender=world.admins[HOSPITAL])
    with ape.reverts(registry.AlreadyExecuted, id=proposal):
        registry.vetoRecovery(proposal, sender=free(0))


def test_a_thief_is_suspended_first_and_then_cannot_veto(world: World, registry: Any, free: Any) -> None:
    world.add_operator(CITY, free(1), ADMIN)
    world.decide(Action.SET_STANDING, CITY, 2, 0)
    proposal = world.passed(*recovery(world, CITY, free(0), [world.admins[CITY], free(1)]))
    for thief in (world.admins[CITY], free(1)):
        with ape.reverts(registry.InstitutionNotActive, institution=CITY, found=2):
            registry.vetoRecovery(proposal, sender=thief)
    world.pass_time(DELAY)
    registry.execute(proposal, sender=world.admins[HOSPITAL])
    world.decide(Action.SET_STANDING, CITY, 1, 0)
    assert registry.authorize(free(0), ADMIN) == CITY
    for thief in (world.admins[CITY], free(1)):
        with ape.reverts(registry.OperatorEnded):
            registry.authorize(thief, ADMIN)


def test_operators_that_are_not_named_go_on(world: World, registry: Any, free: Any) -> None:
    world.add_operator(CITY, free(1), ANCHOR)
    proposal = world.passed(*recovery(world, CITY, free(0)))
    world.pass_time(DELAY)
    registry.execute(proposal, sender=world.admins[HOSPITAL])
    assert registry.authorize(free(1), ANCHOR) == CITY


def test_an_account_that_ended_before_may_be_named(world: World, registry: Any, free: Any) -> None:
    registry.revokeOperator(world.admins[CITY], 0, sender=world.admins[CITY])
    proposal = world.passed(*recovery(world, CITY, free(0)))
    world.pass_time(DELAY)
    receipt = registry.execute(proposal, sender=world.admins[HOSPITAL])
    assert [event.account for event in receipt.events.filter(registry.OperatorSet)] == [free(0).address]


def test_accounts_of_others_are_not_ended(world: World, registry: Any, free: Any) -> None:
    proposal = world.passed(*recovery(world, CITY, free(0), [world.admins[HOSPITAL]]))
    world.pass_time(DELAY)
    with ape.reverts(registry.NotAuthorized, account=world.admins[HOSPITAL].address):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_the_new_admin_must_accept_just_this(world: World, registry: Any, free: Any) -> None:
    _, index, account, revoked, _ = recovery(world, CITY, free(0))
    other = world.accept_operator(free(0), CITY, ADMIN | ANCHOR)
    proposal = world.passed(Action.RECOVER_ADMIN, index, account, revoked, other)
    world.pass_time(DELAY)
    with ape.reverts(registry.BadSignature):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


@pytest.mark.parametrize(("standing", "recoverable"), [(2, True), (3, True), (4, False)])
def test_the_expelled_are_not_recovered(
    world: World, registry: Any, free: Any, standing: int, recoverable: bool
) -> None:
    index = world.admit(free(2), "krnpi:21100001", Kind.HOSPITAL)
    world.decide(Action.SET_STANDING, index, standing, world.now if standing == 4 else 0)
    proposal = world.passed(*recovery(world, index, free(0)))
    world.pass_time(DELAY)
    if recoverable:
        registry.execute(proposal, sender=world.admins[HOSPITAL])
        assert registry.operator(free(0)).institution == index
    else:
        with ape.reverts(registry.WrongStanding, institution=index, found=standing):
            registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_an_unknown_institution_is_not_recovered(world: World, registry: Any, free: Any) -> None:
    acceptance = world.accept_operator(free(0), 99, ADMIN)
    proposal = world.passed(Action.RECOVER_ADMIN, 99, free(0).address, [], acceptance)
    world.pass_time(DELAY)
    with ape.reverts(registry.UnknownInstitution, institution=99):
        registry.execute(proposal, sender=world.admins[HOSPITAL])
