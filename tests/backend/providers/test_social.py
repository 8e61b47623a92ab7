"""Sign-in by OpenID Connect against the stand-ins over real HTTP: what holds, and everything that does not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI

from backend.config import Settings
from backend.providers.build import social_providers
from backend.providers.errors import (
    ProviderConfigInvalid,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUncertain,
)
from backend.providers.http import Limits
from backend.providers.social import (
    Attempt,
    IdTokenRefused,
    Notice,
    NoticeRefused,
    OidcConfig,
    OidcProvider,
    notices,
)
from chain.settings import Environment
from sandbox.faults import Fault
from sandbox.social import __main__ as social_main
from sandbox.social import service
from sandbox.social.notices import headers_and_fields, naver_fields
from sandbox.social.state import Wrong

BACK = "http://127.0.0.1:8000/social/kakao/callback"
ATTEMPT = Attempt("state-0123456789", "nonce-0123456789", "verifier-" + "v" * 34, BACK)
QUICK = Limits(connect=2.0, read=0.4, whole=5.0, attempts=2)
NAMES = ("kakao", "naver")


@dataclass
class Social:
    app: FastAPI
    address: str
    adapters: dict[str, OidcProvider]

    def provider(self, name: str):
        return self.app.state.providers[name]

    def code(self, name: str = "kakao", attempt: Attempt = ATTEMPT, account: int = 3, **more: str) -> str:
        """The person goes to the provider and agrees; what came back."""
        address = self.adapters[name].address(attempt)
        assert httpx.get(address).status_code == 200
        asked = {field: values[0] for field, values in parse_qs(urlsplit(address).query).items()}
        form = {"account": account, "answer": "agree", **asked, **more}
        back = httpx.post(f"{self.address}/{name}/agree", data=form).headers["location"]
        answer = parse_qs(urlsplit(back).query)
        assert answer["state"] == [attempt.state]
        return answer["code"][0]

    def close(self) -> None:
        for each in self.adapters.values():
            each.close()


def config(name: str, address: str, **changes: object) -> OidcConfig:
    client = service.KAKAO if name == "kakao" else service.NAVER
    read = (
        notices.kakao(client.admin_key, client.app_id)
        if name == "kakao"
        else notices.naver(client.client_id, client.client_secret)
    )
    made = OidcConfig(
        name=name,
        issuer=f"{address}/{name}",
        client_id=client.client_id,
        client_secret=client.client_secret,
        nonce_required=name == "kakao",
        state_with_code=name == "naver",
        read_notice=read,
        notice_status=200 if name == "kakao" else 204,
        limits=QUICK,
    )
    return replace(made, **changes)


@pytest.fixture
def social(time, stage) -> Iterator[Social]:
    app = stage[0].app = service.create_app(stage[1], clock=time.clock)
    made = {name: OidcProvider(config(name, stage[1]), time.clock, sleep=time.sleep) for name in NAMES}
    world = Social(app, stage[1], made)
    yield world
    world.close()


# --- ID tokens that do not hold


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (Wrong.NO_TOKEN, "missing"),
        (Wrong.RUBBISH, "malformed"),
        (Wrong.ALGORITHM_NONE, "algorithm"),
        (Wrong.ALGORITHM_HMAC, "algorithm"),
        (Wrong.FOREIGN_KEY, "signature"),
        (Wrong.UNKNOWN_KEY, "key-unknown"),
        (Wrong.ISSUER, "claim-iss"),
        (Wrong.AUDIENCE, "claim-aud"),
        (Wrong.NONCE, "claim-nonce"),
        (Wrong.NO_NONCE, "claim-nonce"),
        (Wrong.NO_SUBJECT, "claim-sub"),
        (Wrong.HASH, "claim-at-hash"),
        (Wrong.EXPIRED, "expired"),
        (Wrong.OLD, "too-old"),
        (Wrong.FUTURE, "claim-iat"),
    ],
)
def test_an_id_token_that_does_not_hold_says_who_nobody_is(social, wrong, reason):
    social.provider("kakao").wrong = wrong
    with pytest.raises(IdTokenRefused) as refused:
        social.adapters["kakao"].account(ATTEMPT, social.code())
    assert refused.value.reason == reason


def test_a_nonce_that_naver_does_not_bring_is_borne_and_a_wrong_one_is_not(social):
    naver = social.adapters["naver"]
    social.provider("naver").wrong = Wrong.NO_NONCE
    assert naver.account(ATTEMPT, social.code("naver")).issuer == f"{social.address}/naver"
    social.provider("naver").wrong = Wrong.NONCE
    with pytest.raises(IdTokenRefused, match="claim-nonce"):
        naver.account(ATTEMPT, social.code("naver"))


# --- codes


def test_a_code_counts_once(social):
    code = social.code()
    social.adapters["kakao"].account(ATTEMPT, code)
    with pytest.raises(ProviderRefused) as refused:
        social.adapters["kakao"].account(ATTEMPT, code)
    assert refused.value.code == "invalid_grant"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("code", ["made-up", "", "가나", "a b&grant_type=x", "../../x"])
def test_a_made_up_code_is_refused(social, name, code):
    with pytest.raises(ProviderRefused):
        social.adapters[name].account(ATTEMPT, code)


@pytest.mark.parametrize(
    "other", [{"verifier": "another-" + "v" * 35}, {"redirect_uri": BACK + "2"}, {"nonce": "other"}]
)
def test_a_code_is_worth_nothing_without_its_own_attempt(social, other):
    with pytest.raises((ProviderRefused, IdTokenRefused)):
        social.adapters["kakao"].account(replace(ATTEMPT, **other), social.code())


def test_naver_wants_the_state_with_the_code(social):
    code = social.code("naver")
    with pytest.raises(ProviderRefused, match="invalid_request"):
        social.adapters["naver"].account(replace(ATTEMPT, state="of-another"), code)


# --- the provider disturbed


@pytest.mark.parametrize("fault", [Fault.LOSE, Fault.DELAY, Fault.BROKEN, Fault.GARBAGE, Fault.HUGE])
def test_a_lost_answer_is_not_asked_for_again(social, fault):
    """The code is used; a second request with it would be taken for an attack."""
    code = social.code()
    social.app.state.faults["kakao"].add(fault, seconds=1.0)
    with pytest.raises(ProviderUncertain):
        social.adapters["kakao"].account(ATTEMPT, code)


def test_a_provider_that_is_down_is_said_so(social, time):
    with pytest.raises(ProviderUnavailable):
        OidcProvider(config("kakao", "http://127.0.0.1:9"), time.clock, sleep=time.sleep).address(ATTEMPT)


def test_keys_are_kept_and_fetched_anew_when_they_were_changed(social, time):
    kakao, provider = social.adapters["kakao"], social.provider("kakao")
    for _ in range(3):
        kakao.account(ATTEMPT, social.code())
    assert provider.keys_asked == 1
    provider.rotate()
    with pytest.raises(IdTokenRefused, match="key-unknown"):
        kakao.account(ATTEMPT, social.code())  # not asked for within a minute, however often
    assert provider.keys_asked == 1
    time.go(minutes=1)
    kakao.account(ATTEMPT, social.code())
    assert provider.keys_asked == 2
    time.go(days=1, seconds=1)
    kakao.account(ATTEMPT, social.code())
    assert provider.keys_asked == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://elsewhere.invalid"},
        {"token_endpoint": "https://elsewhere.invalid/token"},
        {"jwks_uri": "http://127.0.0.1:9/keys"},
        {"authorization_endpoint": "http://user@127.0.0.1/authorize"},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": None},
    ],
)
def test_a_discovery_document_leads_nowhere_else(time, changed):
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        document = {
            "issuer": "http://issuer.test",
            "authorization_endpoint": "http://issuer.test/a",
            "token_endpoint": "http://issuer.test/t",
            "jwks_uri": "http://issuer.test/k",
        }
        return httpx.Response(200, json={**document, **changed})

    made = replace(config("kakao", ""), issuer="http://issuer.test")
    adapter = OidcProvider(made, time.clock, transport=httpx.MockTransport(answer))
    with pytest.raises(ProviderUnavailable, match="discovery"):
        adapter.account(ATTEMPT, "code")
    assert asked == ["http://issuer.test/.well-known/openid-configuration"]


# --- what holds


@pytest.mark.parametrize("name", NAMES)
def test_an_account_is_issuer_and_subject(social, name):
    account = social.adapters[name].account(ATTEMPT, social.code(name))
    assert (account.issuer, account.subject) == (
        f"{social.address}/{name}",
        social.provider(name).subject(3),
    )
    assert social.adapters[name].account(ATTEMPT, social.code(name)) == account


def test_the_browser_carries_what_it_must_and_no_more(social):
    query = parse_qs(urlsplit(social.adapters["kakao"].address(ATTEMPT)).query)
    challenge = query.pop("code_challenge")
    assert challenge != [ATTEMPT.verifier]
    assert query == {
        "response_type": ["code"],
        "client_id": [service.KAKAO.client_id],
        "redirect_uri": [BACK],
        "scope": ["openid"],
        "state": [ATTEMPT.state],
        "nonce": [ATTEMPT.nonce],
        "code_challenge_method": ["S256"],
    }


def test_nothing_secret_is_logged_or_shown(social, caplog):
    code = social.code()
    caplog.set_level(logging.DEBUG)
    account = social.adapters["kakao"].account(ATTEMPT, code)
    said = [repr(account), repr(ATTEMPT), repr(config("kakao", social.address))]
    with pytest.raises(ProviderError) as error:
        social.adapters["kakao"].account(ATTEMPT, code)
    said.append(str(error.value))
    whole = caplog.text + "\n".join(said)
    assert "kakao" in whole
    secret = (service.KAKAO.client_secret, code, ATTEMPT.verifier, ATTEMPT.nonce, account.subject)
    assert [each for each in secret if each in whole] == []


# --- notices


def test_a_notice_that_is_not_the_providers_names_nobody(social, time):
    kakao, naver = social.adapters["kakao"], social.adapters["naver"]
    headers, fields = headers_and_fields(social.provider("kakao"), 3, time.now)
    for wrong in (
        Notice("", fields),
        Notice("KakaoAK guessed", fields),
        Notice(headers["authorization"], {**fields, "app_id": "2"}),
        Notice(headers["authorization"], {**fields, "referrer_type": "X"}),
        Notice(headers["authorization"], {**fields, "user_id": "'; drop table"}),
    ):
        with pytest.raises(NoticeRefused):
            kakao.disconnected(wrong)
    _, fields = headers_and_fields(social.provider("naver"), 3, time.now)
    late = naver_fields(service.NAVER, "x", int((time.now - timedelta(minutes=6)).timestamp()))
    foreign = naver_fields(replace(service.NAVER, client_secret="another"), "x", int(time.now.timestamp()))
    for each in (
        {**fields, "clientId": "another"},
        {**fields, "encryptUniqueId": fields["encryptUniqueId"][:-4] + "AAAA"},
        {**fields, "timestamp": "0"},
        {**fields, "signature": ""},
        {},
        late,
        foreign,
    ):
        with pytest.raises(NoticeRefused):
            naver.disconnected(Notice("", each))


@pytest.mark.parametrize("name", NAMES)
def test_a_notice_names_the_account_that_signs_in(social, time, name):
    headers, fields = headers_and_fields(social.provider(name), 3, time.now)
    told = social.adapters[name].disconnected(Notice(headers.get("authorization", ""), fields))
    assert told == social.adapters[name].account(ATTEMPT, social.code(name))


# --- settings

GIVEN = {name.lower(): value for name, value in social_main.settings("http://127.0.0.1:8096").items()}


def settings(**changes: object) -> Settings:
    return Settings(_env_file=None, **changes)  # type: ignore[arg-type, call-arg]


def test_nobody_is_asked_unless_the_settings_say_so(time, caplog):
    assert social_providers(settings(), time.clock) == {}
    assert "WARNING" not in caplog.text


def test_the_sandboxs_own_settings_build_both(time):
    built = social_providers(settings(**GIVEN), time.clock)
    assert [each.name for each in built.values()] == ["kakao", "naver"]
    for each in built.values():
        each.close()


@pytest.mark.parametrize(
    "name",
    ["kakao_client_id", "kakao_client_secret", "naver_client_id", "naver_client_secret", "kakao_app_id"],
)
def test_half_a_registration_is_refused_by_name(time, name):
    given = {key: value for key, value in GIVEN.items() if key != name}
    with pytest.raises(ProviderConfigInvalid, match=f"SAEGIM_BACKEND_{name.upper()}"):
        social_providers(settings(**given), time.clock)


def test_production_speaks_https_only(time):
    production = {"environment": Environment.PRODUCTION, "public_url": "https://hospital.invalid"}
    with pytest.raises(ProviderConfigInvalid, match="KAKAO_ISSUER"):
        social_providers(settings(**GIVEN, **production), time.clock)
