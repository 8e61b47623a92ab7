"""Adapter and stand-in each agree with what PortOne publishes, not only with each other."""

from __future__ import annotations

import copy
import json
from datetime import UTC, date, datetime

import httpx
import portone_published as published
import pytest

from backend.providers.errors import ProviderRefused, ProviderUnavailable
from backend.providers.identity import (
    Customer,
    Failed,
    FailureReason,
    Gender,
    Method,
    Operator,
    Pending,
    PortOneConfig,
    PortOneIdentity,
    Purpose,
    Verified,
)
from backend.providers.identity import portone as portone_module
from sandbox.identity.state import Mode
from sandbox.people import person

WHO = person(7)
EXAMPLE = published.EXAMPLE
NAME = EXAMPLE["id"]


class Recorded:
    """An agency that gives one recorded answer and keeps what it was sent."""

    def __init__(self, answer: object, status: int = 200) -> None:
        self.answer, self.status = answer, status
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return httpx.Response(self.status, json=self.answer)


@pytest.fixture
def adapter_to(time, monkeypatch):
    def make(party: Recorded, *, live_only: bool = True) -> PortOneIdentity:
        real = portone_module.ProviderHttp
        monkeypatch.setattr(
            portone_module,
            "ProviderHttp",
            lambda *args, **given: real(*args, **given, transport=httpx.MockTransport(party)),
        )
        config = PortOneConfig(
            "https://api.portone.invalid", "s3cret", "store-1", "channel-key-1", live_only=live_only
        )
        return PortOneIdentity(config, time.clock, sleep=time.sleep)

    return make


def changed(path: str, value: object) -> dict[str, object]:
    """The example with one field changed, or left out (`...`)."""
    whole = copy.deepcopy(EXAMPLE)
    *parents, last = path.split(".")
    place = whole
    for name in parents:
        place = place[name]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return whole


def test_the_recorded_example_is_as_published():
    assert published.faults(EXAMPLE, "VERIFIED") == []
    assert published.faults(changed("version", "V3"), "VERIFIED")
    assert published.faults(changed("verifiedAt", "2026-11-24"), "VERIFIED")
    assert published.faults(changed("pgTxId", ...), "VERIFIED")
    assert published.faults({**EXAMPLE, "customer": {}}, "VERIFIED")


def test_the_adapter_reads_the_recorded_example(adapter_to):
    assert adapter_to(Recorded(EXAMPLE)).result(NAME) == Verified(
        verification_id=NAME,
        verified_at=datetime(2026, 11, 24, 3, 0, 0, 123456, tzinfo=UTC),
        ci="A" * 86 + "==",
        name="가상환자01",
        birth_date=date(1999, 2, 28),
        gender=Gender.OTHER,
        is_foreigner=True,
        phone="01000000000",
        operator=Operator.LGU_MVNO,
    )


@pytest.mark.parametrize("name", ["operator", "phoneNumber", "gender", "isForeigner", "di", "id"])
def test_what_some_agencies_leave_out_may_be_left_out(adapter_to, name):
    found = adapter_to(Recorded(changed(f"verifiedCustomer.{name}", ...))).result(NAME)
    assert isinstance(found, Verified)


def test_without_ci_nobody_is_verified(adapter_to):
    found = adapter_to(Recorded(changed("verifiedCustomer.ci", ...))).result(NAME)
    assert found == Failed(NAME, FailureReason.NO_CI)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("channel.type", "TEST"),
        ("channel.key", "channel-key-of-another"),
        ("channel", ...),
        ("channel", "LIVE"),
    ],
)
def test_another_or_a_test_channel_vouches_for_nobody(adapter_to, path, value):
    assert adapter_to(Recorded(changed(path, value))).result(NAME) == Failed(NAME, FailureReason.NOT_OURS)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", "identity-verification-other"),
        ("id", ...),
        ("status", "verified"),
        ("status", "DONE"),
        ("status", ...),
        ("verifiedCustomer", ...),
        ("verifiedCustomer", []),
        ("verifiedCustomer.ci", "A" * 88),
        ("verifiedCustomer.ci", "A" * 85 + "=="),
        ("verifiedCustomer.ci", 7),
        ("verifiedCustomer.name", ""),
        ("verifiedCustomer.name", "  "),
        ("verifiedCustomer.name", "가" * 101),
        ("verifiedCustomer.name", ...),
        ("verifiedCustomer.birthDate", ...),
        ("verifiedCustomer.birthDate", "19990228x"),
        ("verifiedCustomer.birthDate", "1999-02-30"),
        ("verifiedCustomer.gender", "male"),
        ("verifiedCustomer.operator", "SKT2"),
        ("verifiedCustomer.isForeigner", "false"),
        ("verifiedCustomer.phoneNumber", "010-0000-0000"),
        ("verifiedAt", ...),
        ("verifiedAt", "2026-11-24T12:00:00"),
        ("verifiedAt", 1764000000),
    ],
)
def test_an_answer_that_is_not_as_published_verifies_nobody(adapter_to, path, value):
    with pytest.raises(ProviderUnavailable) as refused:
        adapter_to(Recorded(changed(path, value))).result(NAME)
    assert path.split(".")[-1] in str(refused.value)
    assert "가" not in str(refused.value) and "1999" not in str(refused.value)


@pytest.mark.parametrize(("code", "status"), list(published.ERRORS.items()))
def test_each_published_error_is_a_refusal_with_its_code(adapter_to, code, status):
    party = Recorded({"type": code, "message": "…", "pgCode": "1", "pgMessage": "…"}, status)
    adapter = adapter_to(party)
    if code == "IDENTITY_VERIFICATION_NOT_FOUND":
        assert adapter.result(NAME) == Pending(NAME)
        return
    with pytest.raises(ProviderRefused) as refused:
        adapter.result(NAME)
    assert (refused.value.code, refused.value.status, len(party.seen)) == (code, status, 1)


def test_the_adapter_asks_as_published(adapter_to):
    party = Recorded({})
    adapter = adapter_to(party)
    customer = Customer(WHO.name, WHO.phone, "192.0.2.1", WHO.resident[:7])
    adapter.send(NAME, customer, Operator.KT_MVNO, Method.SMS)
    adapter.resend(NAME)
    party.answer = {"identityVerification": EXAMPLE}
    adapter.confirm(NAME, "123456")
    party.answer = EXAMPLE
    adapter.result(NAME)
    send, resend, confirm, get = party.seen
    base = f"/identity-verifications/{NAME}"
    assert [(each.method, each.url.path) for each in party.seen] == [
        ("POST", f"{base}/send"),
        ("POST", f"{base}/resend"),
        ("POST", f"{base}/confirm"),
        ("GET", base),
    ]
    assert published.faults(json.loads(send.content), "Send") == []
    assert published.faults(json.loads(confirm.content), "Confirm") == []
    assert dict(resend.url.params) == dict(get.url.params) == {"storeId": "store-1"}
    assert {each.headers["authorization"] for each in party.seen} == {"PortOne s3cret"}


def test_the_window_gets_the_librarys_parameters(adapter_to):
    begun = adapter_to(Recorded({})).begin(Purpose.STEP_UP, "https://hospital.invalid/back")
    assert set(begun.parameters) == {"storeId", "identityVerificationId", "channelKey", "redirectUrl"}
    assert begun.window_url is None


class TestStandIn:
    @pytest.fixture
    def ask(self, identity):
        headers = {"authorization": f"PortOne {identity.shop.secret}"}
        with httpx.Client(base_url=identity.address, headers=headers) as client:
            yield client

    def begun(self, identity) -> str:
        begun = identity.adapter.begin(Purpose.SIGN_UP, "http://127.0.0.1/back")
        httpx.get(begun.window_url)
        return begun.verification_id

    @pytest.mark.parametrize(
        ("mode", "status"),
        [
            (Mode.MANUAL, "READY"),
            (Mode.CONFIRM, "VERIFIED"),
            (Mode.FAIL, "FAILED"),
            (Mode.EXPIRE, "FAILED"),
        ],
    )
    def test_answers_as_published(self, identity, ask, mode, status):
        identity.app.state.agency.mode = mode
        answer = ask.get(f"/identity-verifications/{self.begun(identity)}").json()
        assert published.faults(answer, status) == []

    def test_answers_confirmations_as_published(self, identity, ask):
        identity.app.state.agency.mode = Mode.CONFIRM
        identity.adapter.send(NAME, Customer(WHO.name, WHO.phone, "::1"), Operator.KT, Method.APP)
        answer = ask.post(f"/identity-verifications/{NAME}/confirm", json={})
        assert set(answer.json()) == {"identityVerification"}
        assert published.faults(answer.json()["identityVerification"], "VERIFIED") == []

    def test_refuses_as_published(self, identity, ask):
        name = self.begun(identity)
        good = {
            "channelKey": identity.shop.channel_key,
            "customer": {"name": WHO.name, "phoneNumber": WHO.phone, "ipAddress": "::1"},
            "operator": "KT",
            "method": "APP",
        }
        stranger = {**good, "customer": {**good["customer"], "name": "환자9999"}}
        send = f"/identity-verifications/{name}/send"
        answers = [
            httpx.get(f"{identity.address}/identity-verifications/{name}"),
            ask.get("/identity-verifications/nobody", params={"storeId": "another"}),
            ask.get("/identity-verifications/nobody"),
            ask.post(f"/identity-verifications/{name}/confirm", json={}),
            ask.post(send, json={**good, "extra": 1}),
            ask.post(send, json={**good, "channelKey": "x"}),
            ask.post(send, json=stranger),
            ask.post(send, json=good),
            ask.post(send, json=good),
        ]
        assert answers[7].status_code == 200
        refused = [answer for answer in answers if answer.status_code != 200]
        assert len(refused) == 8
        for answer in refused:
            body = answer.json()
            assert published.ERRORS[body["type"]] == answer.status_code
            assert published.faults(body, "PgError" if answer.status_code == 502 else "Error") == []
