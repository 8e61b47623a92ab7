"""Sponsored pharmacies: who admits them, how many, when they act, who stops them."""

from __future__ import annotations

from typing import Any

import ape
import pytest

from chain.signing import NO_ACCOUNT, institution_id
from tests.contracts.institutions.world import (
    ADMIN,
    ASSOCIATION,
    CITY,
    DAY,
    HOSPITAL,
    INSURER,
    KOREA,
    Action,
    Kind,
    Standing,
    World,
    fresh_account,
)

A, S = Standing.ACTIVE, Standing.SUSPENDED


@pytest.fixture
def pharmacy(world: World, free: Any) -> int:
    """A sponsored pharmacy that still waits."""
    return world.sponsor(free(0), "krnpi:31100001")


def test_only_an_association_sponsors(world: World, registry: Any, free: Any, stranger: Any) -> None:
    with ape.reverts(registry.NotSponsor, institution=0, caller=HOSPITAL):
        world.sponsor(free(0), "krnpi:31100001", by=HOSPITAL)
    with ape.reverts(registry.NotAuthorized, account=stranger.address, role=ADMIN):
        registry.admitSponsored(institution_id("krnpi:3"), free(0), False, b"\1" * 65, sender=stranger)


def test_a_sponsored_pharmacy_is_recorded_and_logged(world: World, registry: Any, free: Any) -> None:
    number = institution_id("krnpi:31100001")
    acceptance = world.accept_institution(free(0), "krnpi:31100001", Kind.PHARMACY, sponsor=ASSOCIATION)
    receipt = registry.admitSponsored(number, free(0), False, acceptance, sender=world.admins[ASSOCIATION])
    assert receipt.return_value == 6
    starts = receipt.timestamp + DAY
    (event,) = receipt.events.filter(registry.Admitted)
    assert (event.index, event.id, event.kind, event.voting) == (6, number, Kind.PHARMACY, False)
    assert (event.sponsor, event.admin, event.activeFrom) == (ASSOCIATION, free(0).address, starts)
    assert tuple(registry.institution(6)[1]) == (
        Kind.PHARMACY, A, False, ASSOCIATION, 0, receipt.timestamp, starts, 0,
    )  # fmt: skip
    assert receipt.events.filter(registry.OperatorSet)[0].custodian == 0


def test_it_acts_after_24_hours(world: World, registry: Any, free: Any, pharmacy: int) -> None:
    starts = registry.institution(pharmacy)[1].standingSince
    world.chain.mine(timestamp=starts - 1)
    with ape.reverts(registry.NotYetActive, institution=pharmacy, activeFrom=starts):
        registry.authorize(free(0), ADMIN)
    world.chain.mine(timestamp=starts)
    assert registry.authorize(free(0), ADMIN) == pharmacy


@pytest.mark.parametrize(
    ("number", "error"),
    [(b"\0" * 32, "EmptyId"), (institution_id("krnpi:11100001"), "IdTaken")],
)
def test_identifiers_are_checked_as_in_a_vote(
    world: World, registry: Any, free: Any, number: bytes, error: str
) -> None:
    message = world.domain.institution_acceptance(
        institution_id=number, kind=Kind.PHARMACY, admin=free(0).address, nonce=0, sponsor=ASSOCIATION
    )
    acceptance = bytes(world.signer(free(0)).sign_message(message).signature)
    with ape.reverts(getattr(registry, error)):
        registry.admitSponsored(number, free(0), False, acceptance, sender=world.admins[ASSOCIATION])


def test_the_pharmacys_admin_must_accept(world: World, registry: Any, free: Any) -> None:
    acceptance = world.accept_institution(free(0), "krnpi:3", Kind.PHARMACY, sponsor=ASSOCIATION)
    admin = world.admins[ASSOCIATION]
    for number, account, custodial in (
        ("krnpi:4", free(0), False),
        ("krnpi:3", free(1), False),
        ("krnpi:3", free(0), True),
    ):
        with ape.reverts(registry.BadSignature):
            registry.admitSponsored(institution_id(number), account, custodial, acceptance, sender=admin)
    registry.admitSponsored(institution_id("krnpi:3"), free(0), False, acceptance, sender=admin)


def test_an_account_in_use_is_no_pharmacys_admin(world: World, registry: Any) -> None:
    with ape.reverts(registry.AccountTaken, account=world.admins[CITY].address, by=CITY):
        world.sponsor(world.admins[CITY], "krnpi:31100001")


def test_fifty_a_korean_day_unless_voted_otherwise(world: World, registry: Any) -> None:
    assert tuple(registry.sponsorAllowance(ASSOCIATION)) == (50, 50)
    receipt = world.decide(Action.SET_SPONSOR_LIMIT, ASSOCIATION, 2)
    (event,) = receipt.events.filter(registry.SponsorLimitSet)
    assert (event.sponsor, event.perDay) == (ASSOCIATION, 2)
    midnight = (world.now + KOREA) // DAY * DAY + DAY - KOREA
    world.at(midnight - 10)
    world.sponsor(fresh_account(1), "krnpi:31100001")
    assert tuple(registry.sponsorAllowance(ASSOCIATION)) == (1, 2)
    world.sponsor(fresh_account(2), "krnpi:31100002")
    world.at(midnight - 1)
    with ape.reverts(registry.SponsorLimit, sponsor=ASSOCIATION):
        world.sponsor(fresh_account(3), "krnpi:31100003")
    world.at(midnight)
    world.sponsor(fresh_account(3), "krnpi:31100003")
    assert tuple(registry.sponsorAllowance(ASSOCIATION)) == (1, 2)


def test_a_limit_lowered_below_what_was_used_leaves_nothing(world: World, registry: Any) -> None:
    world.sponsor(fresh_account(1), "krnpi:31100001")
    world.sponsor(fresh_account(2), "krnpi:31100002")
    world.decide(Action.SET_SPONSOR_LIMIT, ASSOCIATION, 1)
    assert tuple(registry.sponsorAllowance(ASSOCIATION)) == (0, 1)
    world.decide(Action.SET_SPONSOR_LIMIT, ASSOCIATION, 0)
    world.pass_time(DAY)
    with ape.reverts(registry.SponsorLimit, sponsor=ASSOCIATION):
        world.sponsor(fresh_account(3), "krnpi:31100003")


def test_others_than_associations_have_no_limit_to_set(world: World, registry: Any) -> None:
    assert tuple(registry.sponsorAllowance(HOSPITAL)) == (0, 0)
    proposal = world.passed(Action.SET_SPONSOR_LIMIT, HOSPITAL, 5)
    with ape.reverts(registry.NotSponsor, institution=0, caller=HOSPITAL):
        registry.execute(proposal, sender=world.admins[HOSPITAL])
    with ape.reverts(registry.UnknownInstitution, institution=99):
        registry.sponsorAllowance(99)


def test_a_suspended_association_sponsors_nobody(world: World, registry: Any, free: Any) -> None:
    world.decide(Action.SET_STANDING, ASSOCIATION, S, 0)
    with ape.reverts(registry.InstitutionNotActive, institution=ASSOCIATION, found=S):
        world.sponsor(free(0), "krnpi:31100001")


def test_its_sponsor_suspends_it(world: World, registry: Any, pharmacy: int) -> None:
    receipt = registry.suspendSponsored(pharmacy, 3, sender=world.admins[ASSOCIATION])
    (event,) = receipt.events.filter(registry.SponsoredSuspended)
    assert (event.institution, event.by, event.reason) == (pharmacy, ASSOCIATION, 3)
    assert receipt.events.filter(registry.StandingChanged)[0].standing == S
    found = registry.institution(pharmacy)[1]
    assert (found.standing, found.standingSince) == (S, receipt.timestamp)


@pytest.mark.parametrize("caller", [HOSPITAL, CITY])
def test_nobody_else_suspends_it(world: World, registry: Any, pharmacy: int, caller: int) -> None:
    with ape.reverts(registry.NotSponsor, institution=pharmacy, caller=caller):
        registry.suspendSponsored(pharmacy, 1, sender=world.admins[caller])


def test_an_association_suspends_only_its_own(world: World, registry: Any, free: Any, pharmacy: int) -> None:
    other = world.admit(free(1), "krnpi:21100001", Kind.ASSOCIATION)
    for target in (pharmacy, HOSPITAL):
        with ape.reverts(registry.NotSponsor, institution=target, caller=other):
            registry.suspendSponsored(target, 1, sender=free(1))


@pytest.mark.parametrize("late", [False, True], ids=["in the waiting time", "later"])
@pytest.mark.parametrize("caller", [HOSPITAL, ASSOCIATION, INSURER])
def test_any_voting_member_contests_it(
    world: World, registry: Any, pharmacy: int, caller: int, late: bool
) -> None:
    if late:
        world.pass_time(10 * DAY)
    receipt = registry.contestSponsored(pharmacy, sender=world.admins[caller])
    (event,) = receipt.events.filter(registry.SponsoredContested)
    assert (event.institution, event.by) == (pharmacy, caller)
    assert world.standing(pharmacy) == S


def test_members_without_a_vote_contest_nothing(
    world: World, registry: Any, free: Any, pharmacy: int
) -> None:
    index = world.admit(free(1), "krnpi:21100001", Kind.HOSPITAL)
    with ape.reverts(registry.NotVoting, institution=index):
        registry.contestSponsored(pharmacy, sender=free(1))


def test_who_was_voted_in_is_not_contested(world: World, registry: Any) -> None:
    with ape.reverts(registry.NotSponsored, institution=CITY):
        registry.contestSponsored(CITY, sender=world.admins[HOSPITAL])


def test_what_is_suspended_is_not_suspended_again(world: World, registry: Any, pharmacy: int) -> None:
    registry.contestSponsored(pharmacy, sender=world.admins[CITY])
    for attempt in (
        lambda: registry.contestSponsored(pharmacy, sender=world.admins[HOSPITAL]),
        lambda: registry.suspendSponsored(pharmacy, 1, sender=world.admins[ASSOCIATION]),
    ):
        with ape.reverts(registry.WrongStanding, institution=pharmacy, found=S):
            attempt()


def test_only_a_vote_brings_it_back_and_then_at_once(
    world: World, registry: Any, free: Any, pharmacy: int
) -> None:
    registry.contestSponsored(pharmacy, sender=world.admins[CITY])
    world.decide(Action.SET_STANDING, pharmacy, A, 0)
    assert registry.authorize(free(0), ADMIN) == pharmacy


def test_a_pharmacy_goes_on_when_its_sponsor_is_suspended(
    world: World, registry: Any, free: Any, pharmacy: int
) -> None:
    world.pass_time(DAY)
    world.decide(Action.SET_STANDING, ASSOCIATION, S, 0)
    assert registry.authorize(free(0), ADMIN) == pharmacy
    with ape.reverts(registry.InstitutionNotActive, institution=ASSOCIATION, found=S):
        registry.suspendSponsored(pharmacy, 1, sender=world.admins[ASSOCIATION])
    assert registry.validatorOf(pharmacy) == NO_ACCOUNT


def test_an_index_never_given_is_unknown(world: World, registry: Any) -> None:
    for attempt in (
        lambda: registry.contestSponsored(99, sender=world.admins[HOSPITAL]),
        lambda: registry.suspendSponsored(99, 1, sender=world.admins[ASSOCIATION]),
    ):
        with ape.reverts(registry.UnknownInstitution, institution=99):
            attempt()
