"""Whoever makes an account in somebody else's name must not come in by it to the account that is theirs."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

from backend_world import World
from colleague import Colleague
from doors import account, foreign, lines, merge, see
from sqlmodel import select
from visitor import SITE, Browser

from backend.family.models import Tie, TieState
from backend.identity.social_models import SocialLink
from backend.staff.roles import Role
from chain.db import reading, writing
from sandbox.soft_key import SoftKey

Browsers = Callable[[], Browser]


def link(world: World, person: str, provider: str = "kakao") -> None:
    index = f"{person}-{provider}"
    with writing(world.services.database) as session:
        session.add(
            SocialLink(
                id=uuid4(),
                person_id=UUID(person),
                provider=provider,
                account_index=index,
                linked_at=world.clock(),
            )
        )


def links(world: World) -> list[UUID]:
    with reading(world.services.database) as session:
        return [each.person_id for each in session.exec(select(SocialLink)).all()]


def impostor(browser_of: Browsers) -> Browser:
    """Signed up with the guest's passport number and birth date; nobody has asked the guest."""
    thief = browser_of()
    thief.key = SoftKey(SITE, "testserver")
    assert foreign(thief).status_code == 303
    assert thief.add_passkey("남의 기기").status_code == 201
    return thief


# --- the desk merges an account that nobody has checked


def test_an_impostors_ways_in_end_with_the_desks_merge(
    guest: Browser, browser_of: Browsers, desk: Colleague, world: World
) -> None:
    thief = impostor(browser_of)
    kept, away = account(guest), account(thief)
    link(world, away)
    accomplice, tie = impostor(browser_of), uuid4()
    with writing(world.services.database) as session:
        session.add(
            Tie(
                id=tie,
                actor_id=UUID(account(accomplice)),
                grantor_id=UUID(away),
                relation="delegate",
                state=TieState.ACTIVE,
                created_at=world.clock(),
            )
        )
    assert away in see(desk, kept).text, "the page offers it as the same document's"
    assert merge(desk, kept, away).status_code == 200
    assert thief.ask("GET", "/me").status_code == 401
    assert thief.sign_in().status_code == 401
    assert links(world) == []
    assert guest.sign_in().status_code == 200, "the survivor's own passkey stays"
    assert [each["name"] for each in guest.ask("GET", "/me/passkeys").json()] == ["내 휴대전화"]
    with reading(world.services.database) as session:
        assert session.get_one(Tie, tie).state == TieState.ENDED
    assert lines(world, "erase") == [("staff", "allowed", "merged-unchecked")] * 2
    assert accomplice.sign_in().status_code == 200


def test_a_checked_accounts_ways_in_go_along(
    guest: Browser, owner: Browser, desk: Colleague, world: World
) -> None:
    kept, away = account(owner), account(guest)
    link(world, away)
    assert see(desk, away).status_code == 200
    assert merge(desk, kept, away).status_code == 200
    assert guest.sign_in().status_code == 200
    assert account(guest) == kept
    assert links(world) == [UUID(kept)]


# --- another hospital's desk


def test_another_hospitals_desk_neither_merges_nor_lets_in(
    guest: Browser, browser_of: Browsers, desk: Colleague, world: World
) -> None:
    assert see(desk, account(guest)).status_code == 200
    other = browser_of()
    assert foreign(other, number="Y7654321").status_code == 303
    stranger = Colleague(world, Role.REGISTRATION, hospital=2).come_in()
    answer = merge(stranger, account(guest), account(other))
    assert answer.status_code == 404
    stranger.open("/staff/entry-codes")
    answer = stranger.send("/staff/entry-codes", account=account(guest), document="X1234567")
    assert answer.status_code == 404
    assert [line for line in lines(world, "merge") if line[1] == "refused"][-1][2] == "account-unknown"
    assert lines(world, "change")[-1][1:] == ("refused", "account-unknown")
