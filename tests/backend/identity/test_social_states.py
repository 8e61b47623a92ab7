"""What comes back from Kakao or Naver counts once, in the browser that asked, in its time; or it says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from backend_world import World
from social_party import at_party, begun, lines, link, links, refused, sign_in, with_both
from visitor import Browser

from backend.providers.social import OidcConfig, OidcProvider
from sandbox.faults import Fault
from sandbox.social.state import Wrong


@pytest.fixture
def social(world: World) -> Iterator[SimpleNamespace]:
    with with_both(world) as made:
        yield made


@pytest.fixture
def person(social: SimpleNamespace, browser_of: Callable[[], Browser]) -> Browser:
    """Signed up by telephone a moment ago."""
    browser = browser_of()
    assert browser.sign_up().status_code == 303
    return browser


# --- states


def test_an_answer_counts_once(social: SimpleNamespace, person: Browser) -> None:
    link(social, person)
    person.sign_out()
    back = at_party(social, begun(person))
    assert person.open(back).headers["location"] == "/me"
    person.sign_out()
    refused(person.open(back), "state-used")
    assert ("sign-in-refused", "refused", "kakao.state-used") in lines(social.world, "sign-in-refused")


def test_a_late_answer_lets_nobody_in(social: SimpleNamespace, person: Browser) -> None:
    link(social, person)
    person.sign_out()
    back = at_party(social, begun(person))
    social.world.late += timedelta(minutes=10, seconds=1)
    refused(person.open(back), "state-expired")


def test_an_answer_is_another_browsers(
    social: SimpleNamespace, person: Browser, browser_of: Callable[[], Browser]
) -> None:
    """Somebody who sends their own answer to a victim signs nobody in (login CSRF), and burns nobody's state."""
    link(social, person)
    person.sign_out()
    victim, back = browser_of(), at_party(social, begun(person))
    victim.open("/sign-in")
    refused(victim.open(back), "state-of-another-browser")
    refused(browser_of().open(back), "state-of-another-browser")
    assert person.open(back).headers["location"] == "/me"


def test_a_made_up_state_is_refused(social: SimpleNamespace, browser_of: Callable[[], Browser]) -> None:
    browser = browser_of()
    browser.open("/sign-in")
    for state in ("", "made-up", "A" * 300, "가", "a&b"):
        answer = browser.open(f"/social/kakao/callback?{urlencode({'state': state, 'code': 'x'})}")
        refused(answer, "state-unknown")


def test_an_answer_of_one_provider_is_none_of_another(social: SimpleNamespace, person: Browser) -> None:
    person.sign_out()
    back = at_party(social, begun(person, "naver"))
    refused(person.open(back.replace("/naver/", "/kakao/")), "state-of-another-provider")


def test_an_answer_that_names_another_issuer_is_refused(social: SimpleNamespace, person: Browser) -> None:
    """RFC 9207: a mix-up of providers is seen by `iss`."""
    link(social, person)
    person.sign_out()
    social.kakao.response_issuer = social.naver.issuer
    refused(sign_in(social, person), "issuer-differs")
    social.kakao.response_issuer = social.kakao.issuer
    assert sign_in(social, person).headers["location"] == "/me"


def test_another_site_cannot_begin(social: SimpleNamespace, browser_of: Callable[[], Browser]) -> None:
    browser = browser_of()
    answer = browser.open("/social/kakao/sign-in", headers={"sec-fetch-site": "cross-site"})
    assert answer.headers["location"] == "/sign-in"


def test_a_link_is_the_persons_who_began_it(
    social: SimpleNamespace, person: Browser, browser_of: Callable[[], Browser]
) -> None:
    person.open("/me/devices")
    page = person.send("/me/social/kakao/link")
    address = page.text.split('content="0;url=')[1].split('"')[0].replace("&amp;", "&")
    back = at_party(social, address)
    person.sign_out()
    refused(person.open(back), "another-person")
    assert links(social.world) == []


def test_one_comes_back_to_this_server_only(social: SimpleNamespace, person: Browser) -> None:
    link(social, person)
    for next in ("https://evil.test", "//evil.test", "/\\evil.test", "javascript:alert(1)"):
        person.sign_out()
        person.open("/sign-in")
        address = person.open(f"/social/kakao/sign-in?{urlencode({'next': next})}").headers["location"]
        assert person.open(at_party(social, address)).headers["location"] == "/me", next


# --- the provider says no, or is not there


def test_who_declines_is_led_to_the_telephone(
    social: SimpleNamespace, browser_of: Callable[[], Browser]
) -> None:
    answer = sign_in(social, browser_of(), answer="decline", next="/me/data")
    assert answer.status_code == 403
    assert "카카오에서 로그인을 취소하셨습니다" in answer.text
    assert 'href="/sign-up?next=/me/data"' in answer.text


ERRORS = [
    ("invalid_scope", 409, "필요한 정보를 받지 못했습니다"),
    ("server_error", 503, "연결할 수 없습니다"),
    ("unauthorized_client", 409, "(unauthorized_client)"),
    ("<script>", 409, "(unreadable)"),
    ("", 409, "(code-missing)"),
]


def test_every_error_says_what_to_do(social: SimpleNamespace, browser_of: Callable[[], Browser]) -> None:
    browser = browser_of()
    for error, status, says in ERRORS:
        state = parse_qs(urlsplit(begun(browser)).query)["state"][0]
        answer = browser.client.get(f"/social/kakao/callback?{urlencode({'state': state, 'error': error})}")
        assert (answer.status_code, says in answer.text) == (status, True), error
        assert 'href="/sign-up?next=/me"' in answer.text


WRONG = [
    (Wrong.AUDIENCE, "token-claim-aud"),
    (Wrong.NONCE, "token-claim-nonce"),
    (Wrong.EXPIRED, "token-expired"),
    (Wrong.ALGORITHM_NONE, "token-algorithm"),
    (Wrong.NO_TOKEN, "동의 항목"),
]


def test_a_token_that_does_not_hold_lets_nobody_in(social: SimpleNamespace, person: Browser) -> None:
    link(social, person)
    person.sign_out()
    for wrong, says in WRONG:
        social.kakao.wrong = wrong
        answer = sign_in(social, person)
        assert (answer.status_code, says in answer.text) == (409, True), wrong
        assert person.ask("GET", "/me").status_code == 401


def test_a_lost_answer_leaves_the_telephone(social: SimpleNamespace, person: Browser) -> None:
    link(social, person)
    person.sign_out()
    back = at_party(social, begun(person))
    social.app.state.faults["kakao"].add(Fault.DOWN)
    answer = person.client.get(back)
    assert (answer.status_code, 'href="/sign-up?next=/me"' in answer.text) == (503, True)
    refused(person.open(back), "state-used")
    assert sign_in(social, person).headers["location"] == "/me"


def test_a_provider_that_cannot_be_reached_is_said_before_one_goes(
    social: SimpleNamespace, browser_of: Callable[[], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = OidcProvider(
        OidcConfig("kakao", "http://127.0.0.1:9", "id", "secret"), social.world.clock, sleep=lambda _: None
    )
    social.world.app.state.services = replace(social.world.services, social={"kakao": closed})
    browser = browser_of()
    browser.open("/sign-in")
    answer = browser.client.get("/social/kakao/sign-in?next=/me/data")
    assert (answer.status_code, 'href="/sign-up?next=/me/data"' in answer.text) == (503, True)
