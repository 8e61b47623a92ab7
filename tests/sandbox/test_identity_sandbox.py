"""The stand-ins keep to this machine and to synthetic people, and refuse to run in production."""

from __future__ import annotations

import base64

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from sandbox.eligibility import __main__ as eligibility_main
from sandbox.eligibility.register import find
from sandbox.eligibility.service import create_app as create_gateway
from sandbox.his.people import check_digit, patient
from sandbox.identity import __main__ as identity_main
from sandbox.identity.service import Shop, create_app
from sandbox.people import MOST, OPERATORS, person

SHOP = Shop()
WINDOW = {
    "storeId": SHOP.store_id,
    "identityVerificationId": "iv-000000001",
    "channelKey": SHOP.channel_key,
    "redirectUrl": "http://127.0.0.1:8000/back",
}


@pytest.fixture
def client() -> TestClient:
    return TestClient(create_app(SHOP), follow_redirects=False)


@pytest.mark.parametrize("main", [identity_main.main, eligibility_main.main])
@pytest.mark.parametrize("environment", ["production", " Production "])
def test_neither_starts_in_production(main, environment, monkeypatch, capsys):
    monkeypatch.setenv("SAEGIM_ENV", environment)
    assert main(["serve"]) == 1
    assert "refused, SAEGIM_ENV is production" in capsys.readouterr().err


@pytest.mark.parametrize("module", [identity_main, eligibility_main])
def test_both_listen_on_loopback_only(module, monkeypatch, capsys):
    seen: dict[str, object] = {}
    monkeypatch.delenv("SAEGIM_ENV", raising=False)
    monkeypatch.setattr("uvicorn.run", lambda app, **given: seen.update(given))
    assert module.main(["serve", "--port", "12345"]) == 0
    assert (seen["host"], seen["port"]) == ("127.0.0.1", 12345)
    assert "SAEGIM_BACKEND_" in capsys.readouterr().out


@given(st.integers(1, MOST))
def test_a_person_is_the_hospitals_patient_and_cannot_be_real(index):
    who, known = person(index), patient(index)
    assert (who.number, who.name, who.birth, who.sex, who.resident) == tuple(known)
    assert who.resident[12] != str(check_digit(who.resident[:12])) and who.resident[6] in "90"
    assert who.phone.startswith("0100000") and len(who.phone) == 11
    assert len(who.ci) == 88 and len(base64.b64decode(who.ci)) == 64
    assert who.operator in OPERATORS and who == person(index)
    assert find(who.name, who.resident, None) == who == find(who.name, None, who.insurance_number)


def test_no_two_people_share_a_ci_or_a_telephone():
    people = [person(index) for index in range(1, 500)]
    for name in ("ci", "di", "phone", "resident", "insurance_number"):
        assert len({getattr(each, name) for each in people}) == len(people)


@pytest.mark.parametrize("index", [0, -1, MOST + 1])
def test_there_is_nobody_else(index):
    with pytest.raises(ValueError):
        person(index)


@pytest.mark.parametrize(
    "back",
    ["https://evil.example/", "//evil.example", "javascript:alert(1)", "http://127.0.0.1.evil.example/"],
)
def test_the_window_leads_back_to_this_machine_only(client, back):
    assert client.get("/window", params={**WINDOW, "redirectUrl": back}).status_code == 400
    form = {"identifier": "iv-000000001", "back": back, "answer": "confirm"}
    assert client.post("/window", data=form).status_code == 400


def test_the_window_says_that_it_is_no_real_one_and_escapes_what_it_shows(client):
    hostile = '"><script>alert(1)</script>'
    page = client.get("/window", params={**WINDOW, "identityVerificationId": hostile}).text
    assert "실제 본인인증이 아닙니다" in page and "환자0001" in page
    assert hostile not in page and "<script>" not in page


@pytest.mark.parametrize(("name", "value"), [("storeId", "store-x"), ("channelKey", "channel-x")])
def test_the_window_of_another_shop_does_not_open(client, name, value):
    answer = client.get("/window", params={**WINDOW, name: value})
    assert answer.status_code == 303 and "code=INVALID_CHANNEL" in answer.headers["location"]


def test_the_switches_set_modes_and_faults(client):
    assert client.post("/sandbox/mode", json={"mode": "confirm", "person": 3, "hooks": "twice"}).json() == {
        "mode": "confirm",
        "person": 3,
        "hooks": "twice",
    }
    assert client.post("/sandbox/mode", json={"mode": "sideways"}).status_code == 400
    assert client.post("/sandbox/faults", json={"fault": "busy"}).json() == {"next": "busy"}
    assert client.get("/identity-verifications/x").status_code == 429
    assert client.get("/identity-verifications/x").status_code == 401
    gateway = TestClient(create_gateway())
    assert gateway.post("/sandbox/hold", json={"hold": True}).json() == {"hold": True}
    assert gateway.post("/sandbox/faults", json={"fault": "down"}).json() == {"next": "down"}
    assert gateway.post("/eligibility/v1/lookups", json={}).status_code == 503
    assert gateway.post("/eligibility/v1/lookups", json={}).status_code == 401
