"""How often somebody may try: nobody guesses on, nobody is kept out for ever, and the counts tell of nobody."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from backend_world import World
from fastapi.testclient import TestClient
from httpx import Response
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import event, text
from uvicorn import Config

TESTS = Path(__file__).parent
for folder in ("identity", "staff", "family"):
    sys.path.insert(0, str(TESTS / folder))

from colleague import Colleague  # noqa: E402 - they import the folders above
from visitor import PHONE, REQUIRED, Browser  # noqa: E402

from backend.cli import server_options  # noqa: E402
from backend.config import Settings  # noqa: E402
from backend.limits import service  # noqa: E402
from backend.limits.errors import TooManyRequests  # noqa: E402
from backend.limits.rules import DEFAULTS, FORGIVEN, Count, Limit, Rule, rules_of, step, wait_of  # noqa: E402
from backend.limits.service import Tried, block_of  # noqa: E402
from backend.staff.roles import Role  # noqa: E402
from chain.db import reading  # noqa: E402

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LOCKING = Rule(3, 10 * MINUTE, MINUTE, 5 * MINUTE)
HERE, THERE = "192.0.2.7", "198.51.100.9"
FIRST, SECOND = "01000000001", "01000000002"


# --- what one try does to a count


@given(st.lists(st.integers(0, 900), min_size=1, max_size=60))
def test_no_more_pass_in_a_window_than_the_rule_says(gaps: list[int]) -> None:
    rule, now, known, passed = Rule(4, 10 * MINUTE), NOON, None, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        made = step(known, rule, now)
        known = made.count
        if made.wait is None:
            passed.append(now)
        else:
            assert timedelta(0) < made.wait <= rule.window
            assert step(known, rule, now + made.wait).wait is None  # who comes back as told may go on
    for start in passed:  # two windows can touch: never more than twice the count in the length of one
        assert sum(start <= each < start + rule.window for each in passed) <= 2 * rule.count


@given(st.lists(st.integers(0, 400), min_size=1, max_size=80))
def test_a_lock_doubles_up_to_its_longest_and_is_never_for_ever(gaps: list[int]) -> None:
    now, known, lengths = NOON, None, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        made = step(known, LOCKING, now)
        if made.locked:
            assert made.wait is not None
            lengths.append(made.wait)
        known = made.count
    assert lengths == [MINUTE, 2 * MINUTE, 4 * MINUTE, *[5 * MINUTE] * len(lengths)][: len(lengths)]


def test_after_a_quiet_day_the_next_lock_is_a_first_one() -> None:
    known: Count | None = Count(3, NOON + MINUTE, NOON - FORGIVEN + MINUTE, locks=9)
    assert step(known, LOCKING, NOON).wait == LOCKING.longest
    known = Count(3, NOON + MINUTE, NOON - FORGIVEN - MINUTE, locks=9)
    assert step(known, LOCKING, NOON).wait == LOCKING.lock


def test_what_a_clock_that_ran_ahead_wrote_is_void() -> None:
    ahead = Count(3, NOON + timedelta(days=400), NOON + timedelta(days=400), locks=1)
    assert wait_of(ahead, LOCKING, NOON) is None
    assert step(ahead, LOCKING, NOON).count.window_ends == NOON + LOCKING.window


# --- settings


def test_a_setting_changes_one_limit_or_takes_it_away() -> None:
    found = rules_of("phone-number=3/1d, guess-pair=2/5m/30s/1h, sign-in=off")
    assert found[Limit.PHONE_NUMBER] == Rule(3, timedelta(days=1))
    assert found[Limit.GUESS_PAIR] == Rule(2, 5 * MINUTE, timedelta(seconds=30), timedelta(hours=1))
    assert found[Limit.SIGN_IN] is None
    assert found[Limit.VERIFICATION] == DEFAULTS[Limit.VERIFICATION]
    assert all(rules_of("").values()), "none is off unless somebody says so"


@pytest.mark.parametrize(
    "wrong", ["sms=3/1d", "sign-in", "sign-in=0/1m", "sign-in=3/1w", "guess-pair=5/10m", "sign-in=3/1m/1m/1h"]
)
def test_a_wrong_setting_is_refused_at_the_start(wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong.partition("=")[0]):
        Settings(_env_file=None, limits=wrong)


# --- addresses


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1%eth0", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_an_address_counts_as_its_block(address: str, block: str) -> None:
    assert block_of(address) == block


@pytest.mark.parametrize("wrong", ["*", "0.0.0.0/0", "::/0", "proxy.example", "10.0.0.0/33"])
def test_nobody_is_a_proxy_by_mistake(wrong: str) -> None:
    with pytest.raises(ValidationError, match="trusted_proxies"):
        Settings(_env_file=None, trusted_proxies=wrong)


@pytest.mark.parametrize(
    ("sender", "forwarded", "seen"),
    [
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),  # not a proxy of ours: what it says is nothing
        ("10.1.0.2", "198.51.100.1", "198.51.100.1"),
        ("10.1.0.2", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # only what our proxy wrote, the last
        ("10.1.0.2", "6.6.6.6, 198.51.100.1, 10.1.0.3", "198.51.100.1"),
    ],
)
def test_only_our_own_proxies_say_where_a_request_came_from(sender: str, forwarded: str, seen: str) -> None:
    told: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.append(scope["client"][0])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    settings = Settings(_env_file=None, trusted_proxies="10.1.0.0/29")
    config = Config(app, **server_options(settings))
    config.load()
    TestClient(config.loaded_app, client=(sender, 1)).get("/", headers={"x-forwarded-for": forwarded})
    assert told == [seen]


# --- the doors


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    urls = {}
    if request.param == "postgresql":
        fresh: Callable[[], str] = request.getfixturevalue("postgres_url")
        urls = {"database_url": fresh(), "keys_database_url": fresh()}
    with World(tmp_path, **urls) as made:
        yield made


def from_address(browser: Browser, address: str) -> Browser:
    browser.client = TestClient(
        browser.world.app,
        raise_server_exceptions=False,
        follow_redirects=False,
        client=(address, 50_000),
        cookies=browser.client.cookies,
    )
    return browser


def rows(world: World) -> list[dict[str, Any]]:
    with reading(world.services.database) as session:
        return [dict(row) for row in session.execute(text("SELECT * FROM limits_count")).mappings()]


def log_of_locks(world: World) -> list[tuple[str, str, str]]:
    query = "SELECT reason, actor_id, origin FROM audit_event WHERE action = 'lock-out' ORDER BY number"
    with reading(world.services.database) as session:
        return [(row[0], row[1], row[2]) for row in session.execute(text(query))]


def guess(staff: Colleague, code: str = "AAAA-BBBB-CCCC-DDDD") -> Response:
    return staff.enrol(code=code)


def test_wrong_codes_lock_account_and_address_out_and_no_other_address(either: World) -> None:
    staff = from_address(Colleague(either, Role.DOCTOR), THERE)
    assert [guess(staff).status_code for _ in range(6)] == [401] * 5 + [429]
    told = staff.enrol()
    assert told.status_code == 429, "the right code comes too late"
    assert told.headers["retry-after"] == "60"
    assert "1분 뒤에 다시 시도해 주세요" in told.text
    assert log_of_locks(either) == [("guess-pair.enrolment", "nobody", "198.51.100.0/24")]
    assert (
        'saegim_backend_lockouts_total{door="enrolment",limit="guess-pair"}'
        in either.client.get("/metrics").text
    )
    assert from_address(staff, HERE).enrol().status_code == 303, "the owner, from elsewhere, is let in"


def test_of_many_wrong_codes_at_the_same_moment_no_more_are_looked_at(either: World) -> None:
    staff = from_address(Colleague(either, Role.DOCTOR), THERE)
    staff.open("/staff/enrol")
    form = {"form_token": staff.token, "number": staff.number, "code": "AAAA-BBBB-CCCC-DDDD"}
    with ThreadPoolExecutor(12) as senders:
        answers = list(
            senders.map(lambda _: staff.client.post("/staff/enrol", data=form).status_code, range(24))
        )
    assert sorted(answers) == [401] * 5 + [429] * 19


def test_the_next_lock_is_twice_as_long_and_ends(world: World) -> None:
    staff = Colleague(world, Role.DOCTOR)
    waits = []
    for _ in range(3):
        while (answer := guess(staff)).status_code == 401:
            pass
        waits.append(int(answer.headers["retry-after"]))
        world.late += timedelta(seconds=waits[-1])
    assert waits == [60, 120, 240]
    assert staff.enrol().status_code == 303


def test_a_right_answer_clears_the_pair_and_is_no_try_of_the_address(world: World) -> None:
    world.settings.limits = "guess-address=5/10m/1m/10m"
    for _ in range(3):
        staff = Colleague(world, Role.DOCTOR)
        assert guess(staff).status_code == 401
        assert staff.enrol().status_code == 303
    assert max(row["count"] for row in rows(world)) == 3


def test_an_account_is_locked_for_everybody_only_much_later(world: World) -> None:
    world.settings.limits = "guess-account=8/1d/5m/1h"
    staff = Colleague(world, Role.DOCTOR)
    answers = [guess(from_address(staff, f"198.51.100.{number % 4}")).status_code for number in range(9)]
    assert answers == [401] * 8 + [429]
    assert from_address(staff, HERE).enrol().headers["retry-after"] == "300"
    world.late += timedelta(minutes=5)
    assert staff.enrol().status_code == 303, "nobody keeps the owner out for ever"


def test_one_address_that_tries_all_accounts_is_locked_out(world: World) -> None:
    world.settings.limits = "guess-address=10/10m/1m/15m"
    others = Colleague(world, Role.DOCTOR)
    others.open("/staff/enrol")
    answers = [
        others.send("/staff/enrol", number=f"STAFF-{number}", code="x").status_code for number in range(11)
    ]
    assert answers == [401] * 10 + [429]


def test_what_is_not_an_answer_counts_as_none(world: World) -> None:
    staff = Colleague(world, Role.DOCTOR)
    staff.open("/staff/enrol")
    for _ in range(8):
        stale = staff.client.post(
            "/staff/enrol", data={"form_token": "x", "number": staff.number, "code": "x"}
        )
        assert stale.status_code == 403
    assert rows(world) == []


def test_a_signed_in_person_who_guesses_family_codes_is_locked_out(world: World) -> None:
    world.agency.knows(FIRST)
    browser = Browser(world)
    browser.sign_up(FIRST)
    browser.open("/me/family/code")
    answers = [browser.send("/me/family/code", code=f"AAAAAAAA{n:02d}").status_code for n in range(6)]
    assert answers == [409] * 5 + [429]


def test_a_wrong_passkey_is_counted_for_its_account(world: World) -> None:
    world.agency.knows(FIRST)
    browser = Browser(world)
    browser.sign_up(FIRST)
    assert browser.add_passkey().status_code == 201
    browser.sign_out()
    answers = [browser.sign_in(flags=1) for _ in range(6)]
    assert [each.status_code for each in answers] == [401] * 5 + [429]
    body = answers[-1].json()
    assert body["error"] == "TooManyRequests"
    assert body["remedy"].startswith("1분 뒤에")
    assert answers[-1].headers["retry-after"] == "60"
    half = browser.client.post(
        "/api/v1/sign-in",
        content=rb'{"answer": {"id": "\ud800"}}',
        headers={"x-form-token": browser.token, "content-type": "application/json"},
    )
    assert half.status_code == 401, "another account, and half a character in its name"


# --- messages cost money


def asked(browser: Browser, phone: str) -> Response:
    browser.open("/sign-up")
    way = browser.send("/sign-up", consent=REQUIRED, hospital=["1"]).headers["location"]
    browser.open(way)
    return browser.send(way, phone=phone, **PHONE)


def test_one_number_gets_so_many_messages_a_day_and_no_more(world: World) -> None:
    world.settings.limits = "phone-number=2/1d"
    browsers = [from_address(Browser(world), f"198.51.100.{number}") for number in range(3)]
    assert [asked(browser, FIRST).status_code for browser in browsers] == [303, 303, 429]
    assert len(world.agency.sent) == 2
    refused = asked(browsers[0], FIRST)
    assert refused.headers["retry-after"] == str(24 * 3600)
    assert f'value="{FIRST}"' in refused.text and 'value="9001012"' in refused.text, "what was typed is kept"
    assert asked(browsers[0], SECOND).status_code == 303, "another number is nobody's but its own"
    world.late += timedelta(days=1)
    assert asked(browsers[1], FIRST).status_code == 303


def test_one_address_and_the_whole_day_have_their_limits_too(world: World) -> None:
    world.settings.limits = "phone-address=2/1h, phone-day=3/1d"
    one, other = from_address(Browser(world), HERE), from_address(Browser(world), THERE)
    numbers = [f"0100000{number:04d}" for number in range(9)]
    assert [asked(one, number).status_code for number in numbers[:4]] == [303, 303, 429, 429]
    # What the address was refused used nothing of the day up: one is left for somebody else.
    assert [asked(other, number).status_code for number in numbers[4:6]] == [303, 429]


def test_a_number_off_is_no_limit(world: World) -> None:
    world.settings.limits = "phone-number=off"
    assert {asked(Browser(world), FIRST).status_code for _ in range(7)} == {303}


# --- what is read


def test_links_are_not_guessed_on_and_a_right_one_costs_no_write(world: World) -> None:
    world.settings.limits = "guess-address=3/10m/1m/10m"
    link = world.link(world.delivered())
    assert [world.client.get(link).status_code for _ in range(5)] == [200] * 5
    assert rows(world) == []
    wrong = [world.client.get(f"/d/{'x' * 31}{n}").status_code for n in range(5)]
    assert wrong == [404] * 4 + [429]
    assert world.client.get(link).status_code == 429
    assert TestClient(world.app, client=(HERE, 1)).get(link).status_code == 200
    world.late += MINUTE
    assert world.client.get(link).status_code == 200


def test_documents_are_checked_so_often_from_one_address(world: World) -> None:
    world.settings.limits = "verification=2/1m"
    headers = {"content-type": "application/vnd.saegim.bundle+cbor"}

    def check() -> Response:
        return world.client.post("/api/v1/verifications", content=world.bundle(), headers=headers)

    assert [check().status_code for _ in range(3)] == [200, 200, 429]
    assert world.client.post("/verify", data={"link": "x"}).status_code == 429
    world.late += MINUTE
    assert check().status_code == 200


def test_a_page_that_a_signed_in_person_reads_writes_nothing(world: World) -> None:
    world.agency.knows(FIRST)
    browser = Browser(world)
    browser.sign_up(FIRST)
    written: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "BEGIN", "PRAGMA")):
            written.append(statement)

    event.listen(world.services.database, "before_cursor_execute", note)
    for path in ("/me/devices", "/me/data", "/me/family", "/api/v1/me"):
        assert browser.open(path).status_code == 200
    assert written == []


# --- what is kept


def test_the_counts_tell_of_no_address_number_or_account(world: World) -> None:
    staff = from_address(Colleague(world, Role.DOCTOR), HERE)
    guess(staff)
    asked(from_address(Browser(world), THERE), FIRST)
    kept = str(rows(world))
    assert len(rows(world)) > 4
    assert not [secret for secret in (HERE, THERE, FIRST, staff.number) if secret in kept]


def test_old_counts_are_forgotten(world: World) -> None:
    for number in range(20):
        service.spend(world.services, Tried(Limit.SIGN_IN, f"198.51.100.{number}"))
    assert len(rows(world)) == 20
    world.late += timedelta(days=2)
    service.spend(world.services, Tried(Limit.SIGN_IN, HERE))
    assert len(rows(world)) == 1


def test_what_is_refused_is_counted_by_its_limit(world: World) -> None:
    world.settings.limits = "sign-in=1/1m"
    service.spend(world.services, Tried(Limit.SIGN_IN, HERE))
    with pytest.raises(TooManyRequests) as refused:
        service.spend(world.services, Tried(Limit.SIGN_IN, HERE))
    assert refused.value.limit == "sign-in"
    assert refused.value.seconds == 60
    assert 'saegim_backend_limited_total{limit="sign-in"}' in world.client.get("/metrics").text
