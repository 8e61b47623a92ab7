"""Web-hooks: the specification's own example, then everything that must not get through."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.providers.webhooks import (
    MEMORY,
    WebhookInbox,
    WebhookRefused,
    WebhookReplayed,
    WebhookSecretInvalid,
)

# The example of the Standard Webhooks specification (Svix publishes the same one).
SPEC_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SPEC_ID, SPEC_STAMP = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
SPEC_BODY = b'{"test": 2432232314}'
SPEC_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

# What PortOne publishes as an example of its own web-hooks (type, data.storeId, …).
BODY = json.dumps(
    {
        "type": "Transaction.Paid",
        "timestamp": "2024-04-25T10:00:00.000Z",
        "data": {
            "paymentId": "example-payment-id",
            "transactionId": "55451513-9763-4a7a-bb43-78a4c65be843",
            "storeId": "store-ae356798-3d20-4969-b739-14c6b0e1a667",
        },
    }
).encode()
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef").decode()
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def signed(
    body: bytes = BODY, *, hook_id: str = "hook-1", at: datetime = NOW, secret: str = SECRET
) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = hmac.digest(key, f"{hook_id}.{stamp}.".encode() + body, "sha256")
    return {
        "Webhook-Id": hook_id,
        "Webhook-Timestamp": stamp,
        "Webhook-Signature": f"v1,{base64.b64encode(signature).decode()}",
    }


@pytest.fixture
def inbox(time) -> WebhookInbox:
    return WebhookInbox((SECRET,), time.clock)


def test_the_signature_of_the_specifications_example_is_right():
    headers = {
        "webhook-id": SPEC_ID,
        "webhook-timestamp": str(SPEC_STAMP),
        "webhook-signature": SPEC_SIGNATURE,
    }
    then = WebhookInbox((SPEC_SECRET,), lambda: datetime.fromtimestamp(SPEC_STAMP, UTC))
    with pytest.raises(WebhookRefused) as refused:
        then.check(headers, SPEC_BODY)
    assert refused.value.reason == "body"  # rightly signed, but it is nothing of PortOne's
    with pytest.raises(WebhookRefused) as refused:
        then.check(headers, SPEC_BODY + b" ")
    assert refused.value.reason == "signature"


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_header_is_refused(inbox, name, value):
    headers = {key: text for key, text in signed().items() if key != name} | (
        {name: ""} if value == "" else {}
    )
    with pytest.raises(WebhookRefused) as refused:
        inbox.check(headers, BODY)
    assert refused.value.reason == "headers"


@pytest.mark.parametrize("signature", ["v1", "v1,", "v2,{}", "v1,!!!", "{}", "v1a,{}", "v1,{}A", " "])
def test_a_signature_of_another_form_is_refused(inbox, signature):
    right = signed()["Webhook-Signature"].removeprefix("v1,")
    with pytest.raises(WebhookRefused) as refused:
        inbox.check(signed() | {"Webhook-Signature": signature.format(right)}, BODY)
    assert refused.value.reason == "signature"


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (NOW - timedelta(minutes=5, seconds=1), "too-old"),
        (NOW + timedelta(minutes=5, seconds=1), "too-new"),
        (NOW - timedelta(days=365), "too-old"),
    ],
)
def test_a_web_hook_of_another_time_is_refused(inbox, at, reason):
    with pytest.raises(WebhookRefused) as refused:
        inbox.check(signed(at=at), BODY)
    assert refused.value.reason == reason


@pytest.mark.parametrize("stamp", ["now", "-1", "1e9", "٣", "9" * 12, "1.5"])
def test_a_time_that_is_none_is_refused(inbox, stamp):
    with pytest.raises(WebhookRefused) as refused:
        inbox.check(signed() | {"Webhook-Timestamp": stamp}, BODY)
    assert refused.value.reason == "timestamp"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type": 1, "data": {}}', b'{"type": "x"}', b"\xff"])
def test_a_signed_body_that_is_no_event_is_refused(inbox, body):
    with pytest.raises(WebhookRefused) as refused:
        inbox.check(signed(body), body)
    assert refused.value.reason == "body"


@given(place=st.integers(0, len(BODY) - 1), flip=st.integers(1, 255))
def test_any_changed_byte_is_refused(place, flip):
    changed = BODY[:place] + bytes([BODY[place] ^ flip]) + BODY[place + 1 :]
    with pytest.raises(WebhookRefused):
        WebhookInbox((SECRET,), lambda: NOW).check(signed(), changed)


def test_the_id_and_the_time_are_signed_too(inbox):
    for other in (signed(hook_id="hook-2"), signed(at=NOW - timedelta(seconds=1))):
        mixed = signed() | {"Webhook-Signature": other["Webhook-Signature"]}
        with pytest.raises(WebhookRefused, match="signature"):
            inbox.check(mixed, BODY)


def test_a_right_one_among_several_signatures_is_enough_and_two_secrets_may_be_in_force(time):
    other = "whsec_" + base64.b64encode(b"fedcba9876543210").decode()
    right = signed()["Webhook-Signature"]
    wrong = signed(secret=other)["Webhook-Signature"]
    headers = signed() | {"Webhook-Signature": f"v2,AAAA {wrong} {right}"}
    assert WebhookInbox((SECRET,), time.clock).check(headers, BODY).type == "Transaction.Paid"
    assert WebhookInbox((other, SECRET), time.clock).check(signed(), BODY).id == "hook-1"


def test_a_second_time_is_a_replay_however_it_is_dated(inbox, time):
    with inbox.receive(signed(), BODY) as event:
        assert event.data["paymentId"] == "example-payment-id"
    for minutes in (0, 4, 60, 600):
        time.now = NOW + timedelta(minutes=minutes)
        with pytest.raises(WebhookReplayed), inbox.receive(signed(at=time.now), BODY):
            raise AssertionError("handled twice")


def test_one_that_could_not_be_handled_may_come_again(inbox):
    with pytest.raises(KeyError), inbox.receive(signed(), BODY):
        raise KeyError
    with inbox.receive(signed(), BODY) as event:
        assert event.id == "hook-1"


def test_a_forged_one_does_not_use_up_the_id(inbox):
    with pytest.raises(WebhookRefused), inbox.receive(signed(), BODY + b" "):
        raise AssertionError("handled")
    with inbox.receive(signed(), BODY) as event:
        assert event.id == "hook-1"


def test_ids_are_forgotten_in_the_end(time):
    inbox = WebhookInbox((SECRET,), time.clock)
    with inbox.receive(signed(), BODY):
        pass
    time.now = NOW + MEMORY + timedelta(seconds=1)
    with inbox.receive(signed(at=time.now), BODY) as event:
        assert event.id == "hook-1"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!", "whsec_" + base64.b64encode(b"short").decode()])
def test_a_weak_secret_is_refused_at_once(time, secret):
    with pytest.raises(WebhookSecretInvalid):
        WebhookInbox((secret,), time.clock)


def test_what_an_event_carries_is_not_shown(inbox):
    assert "example-payment-id" not in repr(inbox.check(signed(), BODY))
