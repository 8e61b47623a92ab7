"""BackdateCompromise: the members date a compromise back, further than an institution may alone."""

from __future__ import annotations

from typing import Any

import ape
import pytest

from chain.signing import NO_ACCOUNT
from tests.contracts.institutions.keys import add_key, test_key
from tests.contracts.institutions.world import ANCHOR, DAY, HOSPITAL, Action, World

KEY = test_key(1)
NO_KEY = b"\0" * 32
YEAR = 365 * DAY


@pytest.fixture
def subject(request: Any, world: World, free: Any) -> tuple[str, bytes]:
    """The first two fields of the payload: an operator or a key of the hospital."""
    if request.param == "operator":
        world.add_operator(HOSPITAL, free(0), ANCHOR)
        return free(0).address, NO_KEY
    add_key(world, KEY)
    return NO_ACCOUNT, KEY.kid


both = pytest.mark.parametrize("subject", ["operator", "key"], indirect=True)


def declared(world: World, subject: tuple[str, bytes]) -> int:
    account, kid = subject
    if kid == NO_KEY:
        return int(world.registry.operator(account).compromisedSince)
    return int(world.registry.key(kid).compromisedSince)


def declare(world: World, subject: tuple[str, bytes], since: int) -> None:
    account, kid = subject
    admin = world.admins[HOSPITAL]
    if kid == NO_KEY:
        world.registry.revokeOperator(account, since, sender=admin)
    else:
        world.registry.compromiseKey(kid, since, 1, sender=admin)


@both
def test_members_declare_what_was_not_declared(world: World, registry: Any, subject: Any) -> None:
    since = world.now - YEAR
    receipt = world.decide(Action.BACKDATE, *subject, since)
    assert declared(world, subject) == since
    if subject[1] == NO_KEY:
        (event,) = receipt.events.filter(registry.OperatorCompromised)
        assert (event.institution, event.account, event.since) == (HOSPITAL, subject[0], since)
        assert registry.operator(subject[0]).until == receipt.timestamp
    else:
        (event,) = receipt.events.filter(registry.KeyCompromised)
        assert (event.institution, event.kid, event.since) == (HOSPITAL, KEY.kid, since)
        assert event.reason == 255
        assert registry.key(KEY.kid).declaredAt == receipt.timestamp


@both
def test_a_declared_date_moves_to_earlier_only(world: World, registry: Any, subject: Any) -> None:
    since = world.now - DAY
    declare(world, subject, since)
    for wrong in (since, since + 1):
        proposal = world.passed(Action.BACKDATE, *subject, wrong)
        with ape.reverts(registry.CompromiseDeclared, since=since):
            registry.execute(proposal, sender=world.admins[HOSPITAL])
    world.decide(Action.BACKDATE, *subject, since - 1)
    assert declared(world, subject) == since - 1
    world.decide(Action.BACKDATE, *subject, 1)
    assert declared(world, subject) == 1


@both
def test_dates_are_times_that_were(world: World, registry: Any, subject: Any) -> None:
    never = world.passed(Action.BACKDATE, *subject, 0)
    with ape.reverts(registry.CompromiseTooEarly, since=0):
        registry.execute(never, sender=world.admins[HOSPITAL])
    time = world.now + 100
    future = world.passed(Action.BACKDATE, *subject, time)
    world.at(time - 1)
    with ape.reverts(registry.CompromiseInFuture, since=time):
        registry.execute(future, sender=world.admins[HOSPITAL])
    world.at(time)
    registry.execute(future, sender=world.admins[HOSPITAL])
    assert declared(world, subject) == time


def test_what_nobody_registered_is_unknown(world: World, registry: Any, stranger: Any) -> None:
    account = world.passed(Action.BACKDATE, stranger.address, NO_KEY, 1)
    with ape.reverts(registry.NotAuthorized, account=stranger.address, role=0):
        registry.execute(account, sender=world.admins[HOSPITAL])
    for kid in (KEY.kid, NO_KEY):
        proposal = world.passed(Action.BACKDATE, NO_ACCOUNT, kid, 1)
        with ape.reverts(registry.UnknownKey, kid=kid):
            registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_a_proposal_names_an_account_or_a_key_not_both(world: World, registry: Any) -> None:
    add_key(world, KEY)
    proposal = world.passed(Action.BACKDATE, world.admins[HOSPITAL].address, KEY.kid, 1)
    with ape.reverts(registry.MalformedPayload, action=Action.BACKDATE):
        registry.execute(proposal, sender=world.admins[HOSPITAL])
