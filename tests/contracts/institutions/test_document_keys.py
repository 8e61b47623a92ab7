"""Document keys: registration with proof of possession, ends, compromises."""

from __future__ import annotations

from typing import Any

import ape
import pytest

from chain.p256 import GROUP_ORDER
from tests.contracts.institutions.keys import Purpose, TestKey, add_key, prove, test_key
from tests.contracts.institutions.world import (
    ADMIN,
    ANCHOR,
    CITY,
    DAY,
    HOSPITAL,
    Action,
    World,
)

KEY = test_key(1)
YEAR = 365 * DAY
WINDOW = 30 * DAY


def arguments(world: World, key: TestKey = KEY, **changes: Any) -> list[Any]:
    """Arguments of an addKey that succeeds for the hospital, but for the changes."""
    until = world.now + YEAR
    terms = {"institution": HOSPITAL, "purpose": Purpose.SIGN, "valid_from": 0, "valid_until": until}
    proof = prove(world, key, **terms)
    fields = {
        "kid": key.kid,
        "x": key.point[0],
        "y": key.point[1],
        "purpose": Purpose.SIGN,
        "valid_from": 0,
        "valid_until": until,
        "r": proof.r,
        "s": proof.s,
    }
    return list({**fields, **changes}.values())


def test_only_an_active_admin_registers_keys(world: World, registry: Any, free: Any, stranger: Any) -> None:
    world.add_operator(HOSPITAL, free(0), ANCHOR)
    for account in (stranger, free(0)):
        with ape.reverts(registry.NotAuthorized, account=account.address, role=ADMIN):
            registry.addKey(*arguments(world), sender=account)
    world.decide(Action.SET_STANDING, HOSPITAL, 2, 0)
    with ape.reverts(registry.InstitutionNotActive, institution=HOSPITAL, found=2):
        registry.addKey(*arguments(world), sender=world.admins[HOSPITAL])


@pytest.mark.parametrize("purpose", [Purpose.SIGN, Purpose.ENCRYPT])
def test_a_key_is_recorded_logged_and_listed(world: World, registry: Any, purpose: Purpose) -> None:
    until = world.now + YEAR
    receipt = add_key(world, KEY, purpose=purpose, valid_until=until)
    record = (HOSPITAL, purpose, receipt.timestamp, until, 0, 0)
    assert tuple(registry.key(KEY.kid)) == record
    (event,) = receipt.events.filter(registry.KeySet)
    assert (event.institution, event.kid, event.purpose) == (HOSPITAL, KEY.kid, purpose)
    assert (event.x, event.y) == KEY.point
    assert (event.validFrom, event.validUntil, event.compromisedSince) == record[2:5]
    assert tuple(registry.publicKey(KEY.kid)) == KEY.point
    assert list(registry.keysOf(HOSPITAL)) == [KEY.kid]


def test_what_was_never_registered_is_all_zero(registry: Any) -> None:
    assert tuple(registry.key(KEY.kid)) == (0, 0, 0, 0, 0, 0)
    assert tuple(registry.publicKey(KEY.kid)) == (b"\0" * 32, b"\0" * 32)
    assert list(registry.keysOf(HOSPITAL)) == []


def test_a_key_may_begin_later_but_never_earlier(world: World, registry: Any) -> None:
    later = world.now + DAY
    add_key(world, KEY, valid_from=later)
    assert registry.key(KEY.kid).validFrom == later
    receipt = add_key(world, test_key(2), valid_from=world.now - DAY)
    assert registry.key(test_key(2).kid).validFrom == receipt.timestamp


@pytest.mark.parametrize("offset", [0, -1, -YEAR])
def test_a_key_ends_after_it_begins(world: World, registry: Any, offset: int) -> None:
    begins = world.now + DAY
    with ape.reverts(registry.InvalidPeriod, validFrom=begins, validUntil=begins + offset):
        add_key(world, KEY, valid_from=begins, valid_until=begins + offset)
    add_key(world, KEY, valid_from=begins, valid_until=begins + 1)


def test_a_key_needs_a_purpose(world: World, registry: Any) -> None:
    with ape.reverts(registry.InvalidPurpose):
        add_key(world, KEY, purpose=Purpose.NONE)


@pytest.mark.parametrize("index", [HOSPITAL, CITY])
def test_a_key_is_registered_once_by_whomever(world: World, registry: Any, index: int) -> None:
    add_key(world, KEY)
    with ape.reverts(registry.KeyTaken, kid=KEY.kid, by=HOSPITAL):
        add_key(world, KEY, index=index)


@pytest.mark.parametrize(
    "point",
    [
        (b"\0" * 32, b"\0" * 32),
        (KEY.point[1], KEY.point[0]),
        (KEY.point[0], (int.from_bytes(KEY.point[1], "big") ^ 1).to_bytes(32, "big")),
        (b"\xff" * 32, b"\xff" * 32),
    ],
)
def test_a_point_off_the_curve_is_refused(world: World, registry: Any, point: tuple[bytes, bytes]) -> None:
    with ape.reverts(registry.NotOnCurve, x=point[0], y=point[1]):
        registry.addKey(*arguments(world, x=point[0], y=point[1]), sender=world.admins[HOSPITAL])


def test_a_kid_is_the_thumbprint_and_nothing_else(world: World, registry: Any) -> None:
    wrong = test_key(2).kid
    with ape.reverts(registry.WrongThumbprint, kid=wrong, computed=KEY.kid):
        registry.addKey(*arguments(world, kid=wrong), sender=world.admins[HOSPITAL])


def test_another_keys_proof_proves_nothing(world: World, registry: Any) -> None:
    other = arguments(world, test_key(2))
    with ape.reverts(registry.PossessionNotProven, kid=KEY.kid):
        registry.addKey(*arguments(world, r=other[6], s=other[7]), sender=world.admins[HOSPITAL])


def test_only_the_lower_of_the_two_signatures_counts(world: World, registry: Any) -> None:
    low = int.from_bytes(arguments(world)[7], "big")
    high = (GROUP_ORDER - low).to_bytes(32, "big")
    with ape.reverts(registry.PossessionNotProven, kid=KEY.kid):
        registry.addKey(*arguments(world, s=high), sender=world.admins[HOSPITAL])


@pytest.mark.parametrize("value", [b"\0" * 32, b"\xff" * 32, GROUP_ORDER.to_bytes(32, "big")])
@pytest.mark.parametrize("half", ["r", "s"])
def test_values_out_of_range_are_no_signature(world: World, registry: Any, half: str, value: bytes) -> None:
    with ape.reverts(registry.PossessionNotProven, kid=KEY.kid):
        registry.addKey(*arguments(world, **{half: value}), sender=world.admins[HOSPITAL])


def test_a_key_ends_earlier_never_later(world: World, registry: Any) -> None:
    until = registry.key(KEY.kid).validUntil or world.now + YEAR
    add_key(world, KEY, valid_until=until)
    admin = world.admins[HOSPITAL]
    for wrong in (until, until + 1):
        with ape.reverts(registry.InvalidPeriod, validUntil=wrong):
            registry.endKey(KEY.kid, wrong, sender=admin)
    world.pass_time(DAY)
    receipt = registry.endKey(KEY.kid, until - 1, sender=admin)
    assert receipt.events.filter(registry.KeySet)[0].validUntil == until - 1
    assert registry.key(KEY.kid).validUntil == until - 1


@pytest.mark.parametrize("back", [0, 1, 10 * DAY])
def test_an_end_in_the_past_counts_as_now(world: World, registry: Any, back: int) -> None:
    add_key(world, KEY)
    time = world.pass_time(20 * DAY) + 5
    world.at(time)
    registry.endKey(KEY.kid, time - back, sender=world.admins[HOSPITAL])
    assert registry.key(KEY.kid).validUntil == time


def test_a_key_counts_for_a_second_at_least(world: World, registry: Any) -> None:
    begins = world.now + DAY
    add_key(world, KEY, valid_from=begins)
    with ape.reverts(registry.InvalidPeriod, validFrom=begins, validUntil=begins):
        registry.endKey(KEY.kid, begins, sender=world.admins[HOSPITAL])
    registry.endKey(KEY.kid, begins + 1, sender=world.admins[HOSPITAL])


def test_a_key_that_has_ended_or_not_begun_is_not_ended(world: World, registry: Any) -> None:
    admin = world.admins[HOSPITAL]
    add_key(world, KEY, valid_from=world.now + DAY)
    with ape.reverts(registry.InvalidPeriod):
        registry.endKey(KEY.kid, 0, sender=admin)
    add_key(world, test_key(2))
    world.pass_time(10)
    registry.endKey(test_key(2).kid, 0, sender=admin)
    with ape.reverts(registry.InvalidPeriod):
        registry.endKey(test_key(2).kid, 0, sender=admin)


@pytest.mark.parametrize("call", ["endKey", "compromiseKey"])
def test_only_the_keys_own_admin_takes_it_away(world: World, registry: Any, stranger: Any, call: str) -> None:
    add_key(world, KEY)
    terms = (world.now, 1) if call == "compromiseKey" else (world.now + DAY,)
    with ape.reverts(registry.NotKeyOwner, kid=KEY.kid, owner=HOSPITAL, caller=CITY):
        getattr(registry, call)(KEY.kid, *terms, sender=world.admins[CITY])
    with ape.reverts(registry.NotAuthorized, account=stranger.address, role=ADMIN):
        getattr(registry, call)(KEY.kid, *terms, sender=stranger)
    unknown = test_key(2).kid
    with ape.reverts(registry.UnknownKey, kid=unknown):
        getattr(registry, call)(unknown, *terms, sender=world.admins[HOSPITAL])


def test_a_compromise_is_recorded_and_logged_once(world: World, registry: Any) -> None:
    add_key(world, KEY)
    world.pass_time(10 * DAY)
    since = world.now - 5 * DAY
    receipt = registry.compromiseKey(KEY.kid, since, 4, sender=world.admins[HOSPITAL])
    (event,) = receipt.events.filter(registry.KeyCompromised)
    assert (event.institution, event.kid, event.since, event.reason) == (HOSPITAL, KEY.kid, since, 4)
    assert receipt.events.filter(registry.KeySet)[0].compromisedSince == since
    record = registry.key(KEY.kid)
    assert (record.compromisedSince, record.declaredAt) == (since, receipt.timestamp)
    for again in (since - 1, since, since + 1):
        with ape.reverts(registry.CompromiseDeclared, since=since):
            registry.compromiseKey(KEY.kid, again, 4, sender=world.admins[HOSPITAL])


def test_a_compromise_begins_now_at_the_latest_and_30_days_ago_at_the_earliest(
    world: World, registry: Any
) -> None:
    add_key(world, KEY)
    time = world.now + 1000

    def declare(since: int) -> None:
        world.at(time)
        registry.compromiseKey(KEY.kid, since, 1, sender=world.admins[HOSPITAL])

    for allowed in (time, time - WINDOW):
        with world.aside():
            declare(allowed)
            assert registry.key(KEY.kid).compromisedSince == allowed
    with world.aside(), ape.reverts(registry.CompromiseInFuture, since=time + 1):
        declare(time + 1)
    for early in (time - WINDOW - 1, 0):
        with (
            world.aside(),
            ape.reverts(registry.CompromiseTooEarly, since=early, earliest=time - WINDOW),
        ):
            declare(early)


@pytest.mark.parametrize("standing", [2, 3, 4])
def test_who_may_not_act_may_still_take_its_keys_away(world: World, registry: Any, standing: int) -> None:
    add_key(world, KEY, index=CITY)
    add_key(world, test_key(2), index=CITY)
    world.pass_time(DAY)
    world.decide(Action.SET_STANDING, CITY, standing, world.now if standing == 4 else 0)
    registry.endKey(KEY.kid, 0, sender=world.admins[CITY])
    registry.compromiseKey(test_key(2).kid, world.now, 1, sender=world.admins[CITY])
