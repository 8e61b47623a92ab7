"""The stand-ins for Kakao and Naver keep to this machine, and are as strict as what they stand for."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient

from sandbox.social import __main__ as social_main
from sandbox.social.service import KAKAO, NAVER, create_app
from sandbox.social.state import challenge_of

BACK = "http://127.0.0.1:8000/back"
VERIFIER = "v" * 43
ASKED = {
    "client_id": KAKAO.client_id,
    "redirect_uri": BACK,
    "response_type": "code",
    "state": "s",
    "scope": "openid",
    "nonce": "n",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}


@pytest.fixture
def client() -> TestClient:
    return TestClient(create_app("http://testserver"), follow_redirects=False)


def test_it_does_not_start_in_production(monkeypatch, capsys):
    monkeypatch.setenv("SAEGIM_ENV", "production")
    assert social_main.main(["serve"]) == 1
    assert "refused, SAEGIM_ENV is production" in capsys.readouterr().err


def test_it_listens_on_loopback_only_and_says_its_settings(monkeypatch, capsys):
    seen: dict[str, object] = {}
    monkeypatch.delenv("SAEGIM_ENV", raising=False)
    monkeypatch.setattr("uvicorn.run", lambda app, **given: seen.update(given))
    assert social_main.main(["serve", "--port", "12345"]) == 0
    assert (seen["host"], seen["port"]) == ("127.0.0.1", 12345)
    assert "SAEGIM_BACKEND_KAKAO_ISSUER=http://127.0.0.1:12345/kakao" in capsys.readouterr().out


@pytest.mark.parametrize("url", ["https://elsewhere.invalid/", "javascript:alert(1)", "//x", ""])
def test_it_leads_back_to_this_machine_only(client, url):
    assert client.get("/kakao/oauth/authorize", params={**ASKED, "redirect_uri": url}).status_code == 400
    form = {**ASKED, "redirect_uri": url, "answer": "agree"}
    assert client.post("/kakao/agree", data=form).status_code in (400, 422)


def test_a_strangers_app_is_shown_nothing(client):
    assert client.get("/kakao/oauth/authorize", params={**ASKED, "client_id": "x"}).status_code == 400
    assert client.get("/naver/oauth2/authorize", params=ASKED).status_code == 400


def code(client: TestClient) -> str:
    answer = client.post("/kakao/agree", data={**ASKED, "answer": "agree"})
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


@pytest.mark.parametrize(
    ("wrong", "status", "error"),
    [
        ({"client_secret": "guessed"}, 401, "invalid_client"),
        ({"client_id": NAVER.client_id}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"redirect_uri": BACK + "2"}, 400, "invalid_grant"),
        ({"code_verifier": "w" * 43}, 400, "invalid_grant"),
        ({"code": "made-up"}, 400, "invalid_grant"),
        ({}, 200, None),
    ],
)
def test_tokens_are_given_for_the_whole_truth_only(client, wrong, status, error):
    form = {
        "grant_type": "authorization_code",
        "client_id": KAKAO.client_id,
        "client_secret": KAKAO.client_secret,
        "redirect_uri": BACK,
        "code": code(client),
        "code_verifier": VERIFIER,
    }
    answer = client.post("/kakao/oauth/token", data={**form, **wrong})
    assert (answer.status_code, answer.json().get("error")) == (status, error)


def test_declining_brings_no_code(client):
    location = client.post("/kakao/agree", data={**ASKED, "answer": "decline"}).headers["location"]
    assert parse_qs(urlsplit(location).query) == {
        "error": ["access_denied"],
        "error_description": ["User denied access"],
        "state": ["s"],
    }


def test_the_testers_switches(client):
    said = client.post("/sandbox/kakao/switch", json={"automatic": 2, "rotate": True}).json()
    kid = client.get("/kakao/.well-known/jwks.json").json()["keys"][0]["kid"]
    assert said["key"] == kid
    location = client.get("/kakao/oauth/authorize", params=ASKED).headers["location"]
    assert "code=" in location
    assert client.post("/sandbox/naver/faults", json={"fault": "down"}).status_code == 200
    assert client.post("/naver/oauth2/token").status_code == 503
    assert client.post("/sandbox/kakao/switch", json={"other": 1}).status_code == 422


def test_disconnecting_with_nobody_to_tell_says_so(client):
    assert "등록되어 있지 않습니다" in client.post("/kakao/services", data={"account": "3"}).text
