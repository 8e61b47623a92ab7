"""A delivery is taken once, only from the oracle, only when its parts belong together."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from backend_world import World
from case import issued


def refusal(world: World, **changes: Any) -> str:
    answer = world.post(world.delivery(**changes)).json()
    assert answer["accepted"] == answer["duplicates"] == []
    return str(answer["refused"][0]["error"])


def test_nobody_may_deliver_without_a_token(world: World) -> None:
    answer = world.client.post("/internal/v1/deliveries", json={"deliveries": [world.delivery()]})
    assert answer.status_code == 401
    assert answer.json()["error"] == "TokenRefused"


def test_a_token_for_another_body_is_refused(world: World) -> None:
    assert world.post(world.delivery(), token=world.tokens.token(b"{}")).status_code == 401


def test_a_token_is_checked_before_the_body_is_read_as_json(world: World) -> None:
    answer = world.client.post(
        "/internal/v1/deliveries",
        content=b"{",
        headers={"authorization": f"Bearer {world.tokens.token(b'')}"},
    )
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"deliveries": []}', b'{"deliveries": 7}', b"\xff"]
)
def test_a_body_that_is_no_list_of_deliveries_is_refused_whole(world: World, body: bytes) -> None:
    answer = world.client.post(
        "/internal/v1/deliveries",
        content=body,
        headers={"authorization": f"Bearer {world.tokens.token(body)}"},
    )
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"leaf": "00" * 32}, "LeafMismatch"),
        ({"root": "00" * 32}, "PathMismatch"),
        ({"path": []}, "PathMismatch"),
        ({"vct": "urn:saegim:bill:1"}, "KindMismatch"),
        ({"issuer": 2}, "IssuerMismatch"),
        ({"kid": "A" * 43}, "KeyMismatch"),
        ({"credential": "eyJhbGciOiJub25lIn0.e30.~"}, "CredentialInvalid"),
        ({"credential": ""}, "CredentialInvalid"),
        ({"credential": None}, "Malformed"),
        ({"path": None}, "Malformed"),
        ({"event": "issued?"}, "Malformed"),
        ({"leaf": "0x" + "00" * 31}, "Malformed"),
        ({"documentId": "17"}, "Malformed"),
        ({"deliveryId": "1" * 5_000}, "Malformed"),
        ({"block": -1}, "Malformed"),
        ({"path": ["00" * 32] * 25}, "Malformed"),
        ({"anchoredAt": "2026-11-24T09:00:00"}, "Malformed"),
        ({"patientNumber": ""}, "Malformed"),
        ({"extra": 1}, "Malformed"),
        ({"event": "withdrawn"}, "Malformed"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(
    world: World, changes: dict[str, Any], error: str
) -> None:
    assert refusal(world, **changes) == error


def test_a_credential_signed_by_an_unregistered_key_is_refused(world: World) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    foreign = issued(key=ec.generate_private_key(ec.SECP256R1()))
    assert refusal(world, credential=foreign.compact) == "CredentialInvalid"


def test_a_refusal_repeats_nothing_of_what_was_sent(world: World) -> None:
    answer = world.post(world.delivery(patientNumber="MARKED" * 20, leaf="MARKED"))
    assert "MARKED" not in answer.text


def test_a_bad_delivery_does_not_hurt_the_others(world: World) -> None:
    good, bad = world.delivery(), world.delivery(root="00" * 32)
    answer = world.post(bad, good).json()
    assert answer["accepted"] == [good["deliveryId"]]
    assert [refused["deliveryId"] for refused in answer["refused"]] == [bad["deliveryId"]]


def test_the_same_delivery_again_changes_nothing(world: World) -> None:
    delivery = world.delivery()
    assert world.post(delivery).json()["accepted"] == [delivery["deliveryId"]]
    for repeated in (world.post(delivery), world.post(delivery, delivery)):
        assert repeated.json()["accepted"] == []
        assert set(repeated.json()["duplicates"]) == {delivery["deliveryId"]}


def test_the_same_delivery_twice_in_one_request_is_taken_once(world: World) -> None:
    delivery = world.delivery()
    answer = world.post(delivery, delivery).json()
    assert (len(answer["accepted"]), len(answer["duplicates"])) == (1, 1)


def test_a_document_id_never_changes_its_document(world: World) -> None:
    document = world.delivered()
    assert refusal(world, documentId=document, leaf="00" * 32) == "DocumentExists"


def test_an_end_of_an_unknown_document_is_refused(world: World) -> None:
    answer = world.post(world.event("withdrawn", str(uuid4()))).json()
    assert answer["refused"][0]["error"] == "UnknownDocument"


def test_issue_and_end_may_come_in_one_request(world: World) -> None:
    issue = world.delivery()
    end = world.event("withdrawn", issue["documentId"], reason=1)
    assert len(world.post(issue, end).json()["accepted"]) == 2
    shown = world.client.get(f"/api/v1/documents/{issue['documentId']}").json()
    assert (shown["state"], shown["reason"]) == ("withdrawn", 1)


def test_a_withdrawn_document_is_not_made_superseded(world: World) -> None:
    document = world.delivered()
    world.post(world.event("withdrawn", document, reason=2))
    world.post(world.event("superseded", document, supersededBy=str(uuid4()), reason=1))
    assert world.client.get(f"/api/v1/documents/{document}").json()["state"] == "withdrawn"


def test_a_superseded_document_must_name_its_successor(world: World) -> None:
    document = world.delivered()
    assert world.post(world.event("superseded", document)).json()["refused"][0]["error"] == "Malformed"


def test_nothing_is_taken_while_the_node_cannot_say_whose_key_it_is(world: World) -> None:
    delivery = world.delivery()
    world.node.down = True
    assert world.post(delivery).status_code == 503
    world.node.down = False
    assert world.post(delivery).json()["accepted"] == [delivery["deliveryId"]]


def test_neither_content_nor_patient_number_is_stored_in_clear(world: World) -> None:
    world.delivered()
    stored = b"".join(path.read_bytes() for path in world.folder.glob("*.sqlite3*"))
    assert b"MARKED-PATIENT-77" not in stored
    assert world.case.document.jwt.encode()[:60] not in stored
