"""Sign-in with an account at Kakao or Naver: it lets in whom it was linked to, proves nothing, and nobody else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
from backend_world import World
from fastapi.testclient import TestClient
from social_party import (
    CLIENTS,
    PARTY,
    WAITING,
    at_party,
    begun,
    lines,
    link,
    links,
    provider,
    refused,
    sign_in,
    with_both,
)
from sqlmodel import select
from visitor import Browser

from backend.app import create_app
from backend.identity import social as service_of_social
from backend.identity import social_repository
from backend.identity.social_errors import SocialAlreadyLinked
from backend.identity.social_models import SocialAttempt
from chain.db import reading, writing
from sandbox.social import service
from sandbox.social.notices import headers_and_fields
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


# --- who may do what

OWN = ("/me/social/kakao/link", "/me/social/kakao/unlink", f"/me/social/waiting/{uuid4()}")


def test_nobody_links_anything(social: SimpleNamespace, browser_of: Callable[[], Browser]) -> None:
    browser = browser_of()
    browser.open("/sign-in")
    for path in OWN:
        answer = browser.send(path)
        assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/sign-in"), path


def test_a_change_of_keys_asks_for_a_fresh_proof(person: Browser, social: SimpleNamespace) -> None:
    social.world.late += timedelta(minutes=6)
    page = person.open("/me/devices")
    assert "/me/step-up" in page.text
    assert 'action="/me/social/' not in page.text
    for path in OWN:
        answer = person.send(path)
        assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/me/step-up"), path


def test_a_form_from_elsewhere_links_nothing(person: Browser) -> None:
    person.open("/me/devices")
    person.token = "made-up"
    assert [person.send(path).status_code for path in OWN] == [403, 403, 403]


def test_a_provider_that_is_not_set_up_is_not_there(
    social: SimpleNamespace, browser_of: Callable[[], Browser]
) -> None:
    for path in ("/social/other/sign-in", "/social/other/callback", "/hooks/social/other"):
        assert browser_of().open(path).status_code == 404, path


def test_without_settings_there_is_no_button(browser_of: Callable[[], Browser]) -> None:
    assert "/social/" not in browser_of().open("/sign-in").text


def test_a_strangers_waiting_account_is_not_there(
    social: SimpleNamespace, person: Browser, browser_of: Callable[[], Browser]
) -> None:
    waits = sign_in(social, browser_of()).headers["location"]
    assert waits.startswith(WAITING)
    identifier = waits.removeprefix(WAITING)
    assert browser_of().open(waits).status_code == 404
    person.open("/me/devices")
    assert person.open(f"/me/social/waiting/{identifier}").status_code == 404
    assert person.send(f"/me/social/waiting/{identifier}", answer="yes").status_code == 404
    assert links(social.world) == []


# --- the ordinary ways


@pytest.mark.parametrize("name", list(CLIENTS))
def test_an_account_lets_in_whom_it_was_linked_to_and_proves_nothing(
    social: SimpleNamespace, person: Browser, name: str
) -> None:
    assert link(social, person, name).headers["location"] == "/me/devices"
    who = person.ask("GET", "/me").json()["person"]
    person.sign_out()
    answer = sign_in(social, person, name, next="/me/data")
    assert answer.headers["location"] == "/me/data"
    assert person.ask("GET", "/me").json() == {"person": who, "proven": False}
    assert person.ask("GET", "/me/sessions").json()[0]["method"] == name
    assert person.open("/me").status_code == 200
    person.open("/me/devices")
    key = person.ask("POST", "/me/passkeys/options")
    assert (key.status_code, key.json()["error"]) == (403, "StepUpRequired")
    assert person.open("/me/data/export").headers["location"].startswith("/me/step-up")
    assert lines(social.world, "link", "sign-in") == [
        ("link", "allowed", name),
        ("sign-in", "allowed", name),
    ]


def test_a_step_up_proves_a_session_of_an_account_elsewhere(social: SimpleNamespace, person: Browser) -> None:
    person.add_passkey()
    link(social, person)
    person.sign_out()
    sign_in(social, person)
    person.open("/me/step-up")
    options = person.ask("POST", "/me/step-up/options").json()
    assert person.ask("POST", "/me/step-up", {"answer": person.key.get(options)}).json()["proven"] is True
    assert person.ask("POST", "/me/passkeys/options").status_code == 200
    social.world.late += timedelta(minutes=5, seconds=1)
    assert person.ask("GET", "/me").json()["proven"] is False


@pytest.mark.parametrize("agent", ["Mozilla/5.0", "Mozilla/5.0 (Linux; Android 14) KAKAOTALK 10.0"])
def test_an_unknown_account_is_linked_after_the_identity_check_and_the_way_goes_on(
    social: SimpleNamespace, browser_of: Callable[[], Browser], agent: str
) -> None:
    browser = browser_of()
    browser.client.headers["user-agent"] = agent
    page = browser.open("/sign-in")
    assert ("카카오톡 안에서는" in page.text) == ("KAKAOTALK" in agent)
    waits = sign_in(social, browser, next="/me/accesses").headers["location"]
    page = browser.open(waits)
    linking = f"/me/social/waiting/{waits.removeprefix(WAITING)}"
    assert f'href="/sign-up?next={linking}"' in page.text
    assert browser.ask("GET", "/me").status_code == 401, "an account elsewhere is no identity"
    assert browser.sign_up(next=linking).headers["location"] == linking
    assert "카카오 계정을 연결할까요" in browser.open(linking).text
    done = browser.send(linking, answer="yes")
    assert (done.status_code, done.headers["location"]) == (303, "/me/accesses")
    assert browser.send(linking, answer="yes").status_code == 404, "once"
    browser.sign_out()
    assert sign_in(social, browser).headers["location"] == "/me"


def test_who_says_no_links_nothing(social: SimpleNamespace, person: Browser) -> None:
    person.sign_out()
    waits = sign_in(social, person).headers["location"].removeprefix(WAITING)
    person.sign_up(next=f"/me/social/waiting/{waits}")
    person.open("/me/devices")
    assert person.send(f"/me/social/waiting/{waits}", answer="no").headers["location"] == "/me"
    assert links(social.world) == []
    assert person.open(f"/me/social/waiting/{waits}").status_code == 404


def test_what_waits_is_forgotten(social: SimpleNamespace, person: Browser) -> None:
    person.sign_out()
    waits = sign_in(social, person).headers["location"]
    social.world.late += timedelta(minutes=30, seconds=1)
    assert person.open(waits).status_code == 404
    social.world.late += timedelta(hours=1)
    begun(person)
    with reading(social.world.services.database) as session:
        assert len(session.exec(select(SocialAttempt)).all()) == 1


def test_one_account_is_one_persons_and_one_person_has_one(
    social: SimpleNamespace, person: Browser, browser_of: Callable[[], Browser]
) -> None:
    link(social, person)
    assert link(social, person).headers["location"] == "/me/devices", "the same again"
    other = link(social, person, account=4)
    assert (other.status_code, "이미 다른 카카오 계정" in other.text) == (409, True)
    second = browser_of()
    second.sign_up("01000000002")
    taken = link(social, second)
    assert (taken.status_code, "다른 분의 계정" in taken.text) == (409, True)
    assert link(social, person, "naver").headers["location"] == "/me/devices"
    assert len(links(social.world)) == 2
    page = person.open("/me/devices").text
    assert "카카오 연결 끊기" in page
    assert "네이버 연결 끊기" in page
    assert ("link", "refused", "kakao.social-account-taken") in lines(social.world, "link")


def test_of_two_links_at_the_same_moment_one_holds(
    social: SimpleNamespace, person: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    link(social, person)
    who, index = links(social.world)[0].person_id, links(social.world)[0].account_index
    monkeypatch.setattr(social_repository, "links", lambda *_: [])  # looked before the other was written
    now = social.world.clock()
    with writing(social.world.services.database) as session:
        with pytest.raises(SocialAlreadyLinked):
            service_of_social.link(session, "kakao", "b" * 64, who, now)
        monkeypatch.setattr(social_repository, "link_of_account", lambda *_: None)
        with pytest.raises(SocialAlreadyLinked):
            service_of_social.link(session, "kakao", index, who, now)
    assert len(links(social.world)) == 1


def test_unlinking_ends_what_it_let_in(
    social: SimpleNamespace, person: Browser, browser_of: Callable[[], Browser]
) -> None:
    link(social, person)
    second = browser_of()
    sign_in(social, second)
    assert second.ask("GET", "/me").status_code == 200
    person.open("/me/devices")
    assert person.send("/me/social/kakao/unlink").status_code == 303
    assert person.send("/me/social/kakao/unlink").status_code == 404
    assert second.ask("GET", "/me").status_code == 401
    assert sign_in(social, second).headers["location"].startswith(WAITING)
    assert ("erase", "allowed", "kakao") in lines(social.world, "erase")


def test_who_leaves_leaves_nothing(social: SimpleNamespace, person: Browser) -> None:
    link(social, person)
    person.open("/me/data")
    assert person.send("/me/data/erase", sure="yes").status_code == 303
    assert links(social.world) == []


# --- told by the provider


@pytest.mark.parametrize("name", list(CLIENTS))
def test_what_is_disconnected_there_is_disconnected_here(
    social: SimpleNamespace, person: Browser, browser_of: Callable[[], Browser], name: str
) -> None:
    link(social, person, name)
    second = browser_of()
    sign_in(social, second, name)
    party = getattr(social, name)
    headers, fields = headers_and_fields(party, 3, social.world.clock())
    address, client = f"/hooks/social/{name}", social.client
    right = 200 if name == "kakao" else 204

    forged = {**fields, "signature": "AAAA"}
    assert client.post(address, data=forged).status_code == 403
    assert client.post(address, data={}).status_code in (400, 403)
    assert client.post(address, data={str(n): "x" for n in range(30)}).status_code == 400
    assert len(links(social.world)) == 1

    _, unknown = headers_and_fields(party, 9, social.world.clock())
    assert client.post(address, data=unknown, headers=headers).status_code == right
    assert len(links(social.world)) == 1

    answer = client.post(address, data=fields, headers=headers)
    assert (answer.status_code, answer.text) == (right, "")
    assert links(social.world) == []
    assert second.ask("GET", "/me").status_code == 401
    assert person.ask("GET", "/me").status_code == 200, "the telephone let this one in"
    assert lines(social.world, "erase") == [("erase", "allowed", f"{name}.disconnected-there")]
    assert client.post(address, data=fields, headers=headers).status_code == right


def test_kakao_may_be_told_to_use_get(social: SimpleNamespace, person: Browser) -> None:
    link(social, person)
    headers, fields = headers_and_fields(social.kakao, 3, social.world.clock())
    assert social.client.get("/hooks/social/kakao", params=fields, headers=headers).status_code == 200
    assert links(social.world) == []


# --- what is kept


def test_nothing_of_the_account_is_kept_or_logged(
    social: SimpleNamespace, person: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    link(social, person)
    person.sign_out()
    social.kakao.wrong = Wrong.AUDIENCE
    sign_in(social, person)
    sign_in(social, person)
    files = [*social.world.folder.glob("main.sqlite3*")]
    stored = b"".join(path.read_bytes() for path in files)
    ours = "\n".join(each.getMessage() for each in caplog.records if each.name.startswith("saegim"))
    assert stored and ours
    secrets = [social.kakao.subject(3), service.KAKAO.client_secret, service.KAKAO.admin_key]
    secrets += [state for code in social.kakao.codes.items() for state in (code[0], code[1].asked.state)]
    secrets += [each.asked.nonce for each in social.kakao.codes.values() if each.asked.nonce]
    assert len(secrets) > 8
    assert [each for each in secrets if each.encode() in stored or each in ours] == []


@pytest.mark.postgres
def test_the_whole_way_on_postgresql(postgres_url: Callable[[], str], tmp_path: Path) -> None:
    with World(tmp_path, database_url=postgres_url(), keys_database_url=postgres_url()) as world:
        world.agency.knows("01000000001", name="가상환자01", number=1)
        app = service.create_app(PARTY, clock=world.clock)
        party = TestClient(app, base_url=PARTY, follow_redirects=False)
        world.services = replace(world.services, social={"kakao": provider("kakao", world, party)})
        world.app = create_app(world.services)
        social, browser = SimpleNamespace(app=app, party=party, world=world), Browser(world)
        waits = sign_in(social, browser).headers["location"].removeprefix(WAITING)
        browser.sign_up(next=f"/me/social/waiting/{waits}")
        browser.open("/me/devices")
        assert browser.send(f"/me/social/waiting/{waits}", answer="yes").status_code == 303
        browser.sign_out()
        back = at_party(social, begun(browser))
        assert browser.open(back).headers["location"] == "/me"
        assert browser.ask("GET", "/me").json()["proven"] is False
        refused(browser.open(back), "state-used")
