"""Admission by vote, standings and successors."""

from __future__ import annotations

from typing import Any

import ape
import pytest

from chain.signing import NO_ACCOUNT, institution_id
from tests.contracts.institutions.world import (
    ADMIN,
    CITY,
    HOSPITAL,
    INSURER,
    RECEIVER,
    Action,
    Kind,
    Standing,
    World,
    validator,
)

A, S, R, X = Standing.ACTIVE, Standing.SUSPENDED, Standing.RETIRED, Standing.EXPELLED
OPEN_STEPS = {(A, S), (A, R), (A, X), (S, A), (S, R), (S, X), (R, X)}
"""Every step between standings that the members can vote; (X, X) apart, which moves the doubt."""


@pytest.fixture
def member(world: World, free: Any) -> int:
    """A member without a vote."""
    return world.admit(free(0), "krnpi:21100001", Kind.HOSPITAL)


def put(world: World, index: int, standing: Standing) -> None:
    """Vote a standing, with a doubt from now on where it needs one."""
    world.decide(Action.SET_STANDING, index, standing, world.now if standing is X else 0)


def test_an_admitted_member_is_active_at_once(world: World, registry: Any, free: Any) -> None:
    acceptance = world.accept_institution(free(0), "krnpi:21100001", Kind.INSURER)
    number = institution_id("krnpi:21100001")
    receipt = world.decide(Action.ADMIT, number, Kind.INSURER, False, free(0).address, NO_ACCOUNT, acceptance)
    (event,) = receipt.events.filter(registry.Admitted)
    assert (event.index, event.id, event.kind, event.voting) == (6, number, Kind.INSURER, False)
    assert (event.sponsor, event.admin, event.activeFrom) == (0, free(0).address, receipt.timestamp)
    assert registry.authorize(free(0), ADMIN) == 6
    assert tuple(registry.institution(6)[1]) == (
        Kind.INSURER, A, False, 0, 0, receipt.timestamp, receipt.timestamp, 0,
    )  # fmt: skip
    assert registry.validatorEpoch() == 1


@pytest.mark.parametrize(
    ("number", "kind", "voting", "seals", "error"),
    [
        (b"\0" * 32, Kind.INSURER, False, NO_ACCOUNT, "EmptyId"),
        (institution_id("krnpi:11100001"), Kind.INSURER, False, NO_ACCOUNT, "IdTaken"),
        (institution_id("krnpi:2"), 0, False, NO_ACCOUNT, "InvalidKind"),
        (institution_id("krnpi:2"), Kind.INSURER, True, NO_ACCOUNT, "ValidatorMismatch"),
        (institution_id("krnpi:2"), Kind.INSURER, False, validator(9), "ValidatorMismatch"),
        (institution_id("krnpi:2"), Kind.INSURER, True, validator(1), "AccountTaken"),
    ],
)
def test_an_admission_that_makes_no_sense_fails(
    world: World, registry: Any, free: Any, number: bytes, kind: int, voting: bool, seals: str, error: str
) -> None:
    message = world.domain.institution_acceptance(
        institution_id=number, kind=kind, admin=free(0).address, nonce=0, voting=voting, validator=seals
    )
    acceptance = bytes(world.signer(free(0)).sign_message(message).signature)
    proposal = world.passed(Action.ADMIT, number, kind, voting, free(0).address, seals, acceptance)
    with ape.reverts(getattr(registry, error)):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_the_new_admin_must_accept(world: World, registry: Any, free: Any) -> None:
    acceptance = world.accept_institution(free(0), "krnpi:2", Kind.INSURER)
    proposal = world.passed(
        Action.ADMIT, institution_id("krnpi:3"), Kind.INSURER, False, free(0).address, NO_ACCOUNT, acceptance
    )
    with ape.reverts(registry.BadSignature):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


@pytest.mark.parametrize("index", [0, 6, 2**32 - 1])
def test_an_index_never_given_is_unknown(world: World, registry: Any, index: int) -> None:
    with ape.reverts(registry.UnknownInstitution, institution=index):
        registry.institution(index)
    proposal = world.passed(Action.SET_STANDING, index, S, 0)
    with ape.reverts(registry.UnknownInstitution, institution=index):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_an_identifier_never_given_has_no_index(registry: Any) -> None:
    assert registry.indexOf(institution_id("krnpi:0")) == 0


@pytest.mark.parametrize("start", [A, S, R, X], ids=lambda each: each.name)
@pytest.mark.parametrize("end", [Standing.NONE, A, S, R, X], ids=lambda each: each.name)
def test_steps_between_standings(
    world: World, registry: Any, member: int, start: Standing, end: Standing
) -> None:
    if start is not A:
        put(world, member, start)
    doubt = world.now - 10 if end is X else 0
    world.pass_time(100)
    proposal = world.passed(Action.SET_STANDING, member, end, doubt)
    if (start, end) not in {*OPEN_STEPS, (X, X)}:
        with ape.reverts(registry.WrongStanding, institution=member, found=start):
            registry.execute(proposal, sender=world.admins[HOSPITAL])
        return
    receipt = registry.execute(proposal, sender=world.admins[HOSPITAL])
    (event,) = receipt.events.filter(registry.StandingChanged)
    assert (event.institution, event.standing, event.doubtSince) == (member, end, doubt)
    found = registry.institution(member)[1]
    assert (found.standing, found.doubtSince) == (end, doubt)
    assert (found.standingSince == receipt.timestamp) is (start is not end)


@pytest.mark.parametrize("standing", [S, R, X], ids=lambda each: each.name)
def test_who_is_not_active_does_nothing(
    world: World, registry: Any, free: Any, member: int, standing: Standing
) -> None:
    put(world, member, standing)
    with ape.reverts(registry.InstitutionNotActive, institution=member, found=standing):
        registry.authorize(free(0), ADMIN)


def test_doubt_is_for_the_expelled_alone(world: World, registry: Any, member: int) -> None:
    for standing, doubt in ((S, 1), (R, 1), (X, 0), (X, world.now + 10_000)):
        proposal = world.passed(Action.SET_STANDING, member, standing, doubt)
        with ape.reverts(registry.InvalidDoubt, doubtSince=doubt):
            registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_doubt_may_begin_now_and_move_to_earlier_only(world: World, registry: Any, member: int) -> None:
    time = world.now + 100
    proposal = world.passed(Action.SET_STANDING, member, X, time)
    world.at(time - 1)
    with ape.reverts(registry.InvalidDoubt, doubtSince=time):
        registry.execute(proposal, sender=world.admins[HOSPITAL])
    world.at(time)
    registry.execute(proposal, sender=world.admins[HOSPITAL])
    again = world.passed(Action.SET_STANDING, member, X, time)
    with ape.reverts(registry.InvalidDoubt, doubtSince=time):
        registry.execute(again, sender=world.admins[HOSPITAL])
    world.decide(Action.SET_STANDING, member, X, time - 1)
    assert registry.institution(member)[1].doubtSince == time - 1


@pytest.mark.parametrize("standing", [S, R, X], ids=lambda each: each.name)
def test_a_voting_member_loses_vote_and_validator_with_its_standing(
    world: World, registry: Any, standing: Standing
) -> None:
    put(world, CITY, standing)
    assert list(registry.votingMembers()) == [1, 2, 3, 4]
    assert validator(CITY) not in list(registry.getValidators())
    assert (registry.validatorEpoch(), registry.electorateEpoch()) == (2, 2)
    assert not registry.institution(CITY)[1].voting


def test_who_returns_from_suspension_votes_again_by_vote_only(world: World, registry: Any) -> None:
    put(world, CITY, S)
    put(world, CITY, A)
    assert CITY not in list(registry.votingMembers())
    world.decide(Action.SET_VOTING, CITY, True, validator(CITY))
    assert sorted(registry.votingMembers()) == [1, 2, 3, 4, 5]
    assert registry.validatorEpoch() == registry.electorateEpoch() == 3


def test_no_standing_takes_the_network_below_its_minimum(world: World, registry: Any) -> None:
    put(world, CITY, S)
    put(world, RECEIVER, R)
    proposal = world.passed(Action.SET_STANDING, INSURER, X, world.now)
    with ape.reverts(registry.TooFewValidators, left=2):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


@pytest.mark.parametrize("standing", [R, X], ids=lambda each: each.name)
def test_a_successor_is_named_for_who_left(
    world: World, registry: Any, member: int, standing: Standing
) -> None:
    put(world, member, standing)
    receipt = world.decide(Action.SET_SUCCESSOR, member, HOSPITAL)
    (event,) = receipt.events.filter(registry.SuccessorSet)
    assert (event.institution, event.successor) == (member, HOSPITAL)
    assert registry.institution(member)[1].successor == HOSPITAL
    world.decide(Action.SET_SUCCESSOR, member, INSURER)
    assert registry.institution(member)[1].successor == INSURER


@pytest.mark.parametrize("standing", [A, S], ids=lambda each: each.name)
def test_who_has_not_left_has_no_successor(
    world: World, registry: Any, member: int, standing: Standing
) -> None:
    if standing is S:
        put(world, member, S)
    proposal = world.passed(Action.SET_SUCCESSOR, member, HOSPITAL)
    with ape.reverts(registry.WrongStanding, institution=member, found=standing):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_a_successor_is_somebody_else_and_active(world: World, registry: Any, member: int) -> None:
    put(world, member, R)
    itself = world.passed(Action.SET_SUCCESSOR, member, member)
    unknown = world.passed(Action.SET_SUCCESSOR, member, 99)
    with ape.reverts(registry.InstitutionNotActive, institution=member, found=R):
        registry.execute(itself, sender=world.admins[HOSPITAL])
    with ape.reverts(registry.UnknownInstitution, institution=99):
        registry.execute(unknown, sender=world.admins[HOSPITAL])
