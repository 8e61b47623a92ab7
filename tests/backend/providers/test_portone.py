"""PortOne's adapter against the stand-in over real HTTP: each way a verification goes, and each way it is disturbed."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from backend.providers.errors import (
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUncertain,
)
from backend.providers.identity import (
    Customer,
    Failed,
    FailureReason,
    Gender,
    Method,
    NullIdentity,
    Operator,
    Pending,
    Purpose,
    Verified,
    hinted_verification,
)
from backend.providers.webhooks import WebhookInbox, WebhookRefused, WebhookReplayed
from sandbox.faults import Fault
from sandbox.identity.hooks import HookMode, Hooks
from sandbox.identity.state import LIFETIME, Mode
from sandbox.people import person
from tests.fixtures.served import served

BACK = "http://127.0.0.1:8000/identity/return?keep=1"
WHO = person(7)
CUSTOMER = Customer(WHO.name, WHO.phone, "192.0.2.1", WHO.resident[:7])


def begin(world):
    return world.adapter.begin(Purpose.SIGN_UP, BACK)


def sent(world, method: Method = Method.APP, customer: Customer = CUSTOMER) -> str:
    begun = begin(world)
    world.adapter.send(begun.verification_id, customer, Operator(WHO.operator), method)
    return begun.verification_id


def in_window(world, answer: str, who: int = 7) -> tuple[str, dict[str, list[str]]]:
    """The person goes to the window and answers; gives the id and what came back in the address."""
    begun = begin(world)
    assert begun.window_url is not None
    assert httpx.get(begun.window_url).status_code == 200
    form = {"identifier": begun.verification_id, "back": BACK, "answer": answer, "who": who}
    back = httpx.post(f"{world.address}/window", data=form)
    return begun.verification_id, parse_qs(urlsplit(back.headers["location"]).query)


class TestNotVerified:
    def test_a_window_that_was_not_opened_is_pending(self, identity):
        begun = begin(identity)
        assert identity.adapter.result(begun.verification_id) == Pending(begun.verification_id)

    def test_an_open_window_is_pending(self, identity):
        begun = begin(identity)
        httpx.get(begun.window_url)
        assert identity.adapter.result(begun.verification_id) == Pending(begun.verification_id)

    @pytest.mark.parametrize(("answer", "code"), [("fail", "M040"), ("cancel", "CANCELED")])
    def test_who_says_no_in_the_window_is_nobody(self, identity, answer, code):
        name, back = in_window(identity, answer)
        assert identity.adapter.result(name) == Failed(name, FailureReason.DECLINED, code)
        assert back["code"] == ["FAILURE"] and back["identityVerificationId"] == [name]

    def test_who_does_not_finish_in_time_is_nobody(self, identity):
        begun = begin(identity)
        httpx.get(begun.window_url)
        identity.time.now += LIFETIME + timedelta(seconds=1)
        assert identity.adapter.result(begun.verification_id).agency_code == "EXPIRED"

    @pytest.mark.parametrize("mode", [Mode.FAIL, Mode.EXPIRE])
    def test_a_telephone_that_fails_by_itself(self, identity, mode):
        identity.app.state.agency.mode = mode
        name = sent(identity)
        assert isinstance(identity.adapter.result(name), Failed)
        with pytest.raises(ProviderRefused) as refused:
            identity.adapter.confirm(name)
        assert refused.value.code == "PG_PROVIDER"

    def test_a_push_not_yet_accepted_is_refused_and_may_be_asked_again(self, identity):
        name = sent(identity)
        with pytest.raises(ProviderRefused) as refused:
            identity.adapter.confirm(name)
        assert refused.value.code == "PG_PROVIDER"
        assert identity.adapter.result(name) == Pending(name)

    def test_a_wrong_number_is_refused_and_five_are_the_end(self, identity):
        name = sent(identity, Method.SMS)
        right = identity.app.state.agency.find(name).otp
        wrong = "000000" if right != "000000" else "000001"
        for _ in range(5):
            with pytest.raises(ProviderRefused):
                identity.adapter.confirm(name, wrong)
        with pytest.raises(ProviderRefused):
            identity.adapter.confirm(name, right)
        assert isinstance(identity.adapter.result(name), Failed)

    @pytest.mark.parametrize(
        "customer",
        [
            Customer("환자0008", WHO.phone, "192.0.2.1", WHO.resident[:7]),
            Customer(WHO.name, "01000000008", "192.0.2.1", WHO.resident[:7]),
            Customer(WHO.name, "01099999999", "192.0.2.1", WHO.resident[:7]),
            Customer(WHO.name, WHO.phone, "192.0.2.1", "0000000"),
        ],
    )
    def test_a_person_whom_the_agency_does_not_know_so_is_refused(self, identity, customer):
        with pytest.raises(ProviderRefused) as refused:
            sent(identity, Method.SMS, customer)
        assert refused.value.code == "PG_PROVIDER"

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"secret": "another"}, "UNAUTHORIZED"),
            ({"store_id": "another"}, "FORBIDDEN"),
            ({"channel_key": "another"}, "CHANNEL_NOT_FOUND"),
        ],
    )
    def test_a_wrong_contract_is_refused_with_its_code(self, identity, changes, code):
        adapter = identity.adapter_with(**changes)
        with pytest.raises(ProviderRefused) as refused:
            adapter.send("iv-000000001", CUSTOMER, Operator.KT, Method.APP)
        assert refused.value.code == code
        adapter.close()

    def test_sent_twice_or_confirmed_unsent_is_refused(self, identity):
        name = sent(identity)
        with pytest.raises(ProviderRefused, match="ALREADY_SENT"):
            identity.adapter.send(name, CUSTOMER, Operator.KT, Method.APP)
        begun = begin(identity)
        httpx.get(begun.window_url)
        with pytest.raises(ProviderRefused, match="NOT_SENT"):
            identity.adapter.confirm(begun.verification_id)
        with pytest.raises(ProviderRefused, match="NOT_FOUND"):
            identity.adapter.confirm("iv-nobody-began-this")

    @pytest.mark.parametrize("name", ["../payments", "a b", "", "x" * 65, "iv-1?storeId=2", "환자"])
    def test_what_is_no_verification_id_never_gets_into_an_address(self, identity, name):
        with pytest.raises(ProviderRefused, match="malformed"):
            identity.adapter.result(name)

    def test_a_test_channel_vouches_for_nobody_in_production(self, identity):
        name, _ = in_window(identity, "confirm")
        strict = identity.adapter_with(live_only=True)
        assert strict.result(name) == Failed(name, FailureReason.NOT_OURS)
        other = identity.adapter_with(channel_key="channel-key-of-another-shop")
        assert other.result(name) == Failed(name, FailureReason.NOT_OURS)
        strict.close()
        other.close()


class TestVerified:
    def test_in_the_window(self, identity):
        name, back = in_window(identity, "confirm")
        assert back["identityVerificationId"] == [name] and "code" not in back and back["keep"] == ["1"]
        found = identity.adapter.result(name)
        assert found == Verified(
            verification_id=name,
            verified_at=identity.time.now,
            ci=WHO.ci,
            name="환자0007",
            birth_date=WHO.birth,
            gender=Gender.FEMALE,
            is_foreigner=False,
            phone="01000000007",
            operator=Operator(WHO.operator),
        )

    def test_by_push(self, identity):
        name = sent(identity)
        page = httpx.get(f"{identity.address}/phone").text
        assert WHO.name in page and name in page
        httpx.post(f"{identity.address}/phone", data={"identifier": name, "answer": "confirm"})
        found = identity.adapter.confirm(name)
        assert isinstance(found, Verified) and found.ci == WHO.ci

    def test_by_text_message_that_was_sent_again(self, identity):
        name = sent(identity, Method.SMS)
        identity.adapter.resend(name)
        otp = identity.app.state.agency.find(name).otp
        assert otp in httpx.get(f"{identity.address}/phone").text
        assert isinstance(identity.adapter.confirm(name, otp), Verified)

    def test_a_second_confirmation_tells_the_same(self, identity):
        identity.app.state.agency.mode = Mode.CONFIRM
        name = sent(identity)
        assert identity.adapter.confirm(name) == identity.adapter.confirm(name)

    def test_a_verified_id_cannot_be_used_for_another_person(self, identity):
        name, _ = in_window(identity, "confirm")
        with pytest.raises(ProviderRefused, match="ALREADY_VERIFIED"):
            identity.adapter.send(name, CUSTOMER, Operator.KT, Method.APP)
        reopened = httpx.get(f"{identity.address}/window", params=begin(identity).parameters | {
            "identityVerificationId": name
        })  # fmt: skip
        assert "ALREADY_VERIFIED" in reopened.headers["location"]
        assert identity.adapter.result(name).name == WHO.name

    def test_by_itself(self, identity):
        identity.app.state.agency.mode = Mode.CONFIRM
        identity.app.state.agency.automatic_person = 40
        begun = begin(identity)
        assert httpx.get(begun.window_url).status_code == 303
        found = identity.adapter.result(begun.verification_id)
        assert isinstance(found, Verified) and found.is_foreigner is True and found.name == "환자0040"

    def test_who_began_is_told_apart_by_ids_that_cannot_be_guessed(self, identity):
        names = {begin(identity).verification_id for _ in range(50)}
        assert len(names) == 50 and all(len(name) >= 32 for name in names)


class TestDisturbed:
    @pytest.mark.parametrize("fault", [Fault.LOSE, Fault.DELAY, Fault.BROKEN, Fault.DOWN, Fault.BUSY])
    def test_a_look_up_that_failed_once_is_repeated(self, identity, fault):
        name, _ = in_window(identity, "confirm")
        identity.app.state.faults.add(fault)
        assert isinstance(identity.adapter.result(name), Verified)
        assert len(identity.time.slept) == 1

    @pytest.mark.parametrize("fault", [Fault.GARBAGE, Fault.HUGE])
    def test_an_unreadable_answer_is_unavailable(self, identity, fault):
        name, _ = in_window(identity, "confirm")
        identity.app.state.faults.add(fault)
        with pytest.raises(ProviderUnavailable):
            identity.adapter.result(name)

    @pytest.mark.parametrize("fault", [Fault.LOSE, Fault.DELAY, Fault.BROKEN, Fault.GARBAGE])
    def test_a_push_whose_answer_was_lost_is_uncertain_and_sent_once(self, identity, fault):
        identity.app.state.faults.add(fault)
        begun = begin(identity)
        with pytest.raises(ProviderUncertain):
            identity.adapter.send(begun.verification_id, CUSTOMER, Operator(WHO.operator), Method.APP)
        assert identity.adapter.result(begun.verification_id) == Pending(begun.verification_id)
        assert identity.app.state.agency.find(begun.verification_id).method == "APP"
        assert identity.time.slept == []

    @pytest.mark.parametrize("fault", [Fault.LOSE, Fault.DELAY, Fault.BROKEN, Fault.GARBAGE])
    def test_a_confirmation_whose_answer_was_lost_ends_in_what_is_true(self, identity, fault):
        identity.app.state.agency.mode = Mode.CONFIRM
        name = sent(identity)
        identity.app.state.faults.add(fault)
        assert isinstance(identity.adapter.confirm(name), Verified)

    def test_a_confirmation_that_never_arrived_is_pending(self, identity):
        identity.app.state.agency.mode = Mode.CONFIRM
        name = sent(identity)
        identity.app.state.faults.add(Fault.DOWN)
        assert identity.adapter.confirm(name) == Pending(name)

    def test_a_party_that_is_away_is_left_alone_after_a_while(self, identity):
        away = identity.adapter_with(api_url="http://127.0.0.1:9")
        for _ in range(5):
            with pytest.raises(ProviderUnavailable):
                away.result("iv-000000001")
        assert away.circuit_open
        away.close()

    def test_nothing_personal_is_logged_or_told(self, identity, caplog):
        caplog.set_level("DEBUG")
        told = []
        for fault in Fault:
            name = sent(identity, Method.SMS)
            otp = identity.app.state.agency.find(name).otp
            identity.app.state.faults.add(fault)
            try:
                told.append(repr(identity.adapter.confirm(name, otp)))
                told.append(repr(identity.adapter.confirm(name, "000000")))
            except ProviderError as error:
                told.append(str(error) + repr(error))
            identity.app.state.faults.clear()
        assert len(told) >= len(Fault)
        found = identity.adapter.result(in_window(identity, "confirm")[0])
        assert isinstance(found, Verified)
        text = caplog.text + "".join(told) + repr(found) + repr(CUSTOMER)
        personal = (WHO.name, WHO.phone, WHO.ci, WHO.ci[:20], WHO.resident[:7], WHO.birth.isoformat())
        assert not [value for value in personal if value in text]
        assert identity.shop.secret not in text


class Receiver:
    """An endpoint as the backend has one: verifies, asks, and counts."""

    def __init__(self, world) -> None:
        self.app = FastAPI()
        self.inbox = WebhookInbox((world.shop.webhook_secret,), world.time.clock)
        self.found: list[object] = []

        @self.app.post("/hook")
        async def hook(request: Request) -> Response:
            try:
                with self.inbox.receive(request.headers, await request.body()) as event:
                    name = hinted_verification(event)
                    assert name is not None
                    self.found.append(name)
            except WebhookReplayed:
                return Response(status_code=200)
            except WebhookRefused:
                return Response(status_code=401)
            return Response(status_code=204)


class TestWebhooks:
    @pytest.mark.parametrize(
        ("mode", "answers", "handled"),
        [
            (HookMode.ONCE, [204], 1),
            (HookMode.TWICE, [204, 200], 1),
            (HookMode.FORGED, [401], 0),
            (HookMode.NEVER, [], 0),
        ],
    )
    def test_a_hint_is_taken_once_if_it_is_signed(self, identity, mode, answers, handled):
        receiver = Receiver(identity)
        with served(receiver.app) as address:
            hooks: Hooks = identity.app.state.hooks
            hooks._url, hooks.mode = f"{address}/hook", mode
            name, _ = in_window(identity, "confirm")
            identity.adapter.result(name)
            for _ in range(200):  # the hint goes out after the answer
                if len(hooks.answers) == len(answers):
                    break
                httpx.get(f"{identity.address}/healthz")
            assert hooks.answers == answers
        assert receiver.found == [name] * handled
        assert isinstance(identity.adapter.result(name), Verified)  # with or without a hint


def test_the_null_provider_warns_when_built_and_says_so_to_everybody(caplog):
    null = NullIdentity()
    assert "no identity provider" in caplog.text
    for call in (
        lambda: null.begin(Purpose.SIGN_UP, BACK),
        lambda: null.send("x", CUSTOMER, Operator.KT, Method.APP),
        lambda: null.resend("x"),
        lambda: null.confirm("x"),
        lambda: null.result("x"),
    ):
        with pytest.raises(ProviderUnavailable):
            call()
