"""A stolen token adds no key: whoever adds a client or changes keys signs that very request with the present key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from backend_world import World
from insurer import ADDRESS as TOKEN_ADDRESS
from insurer import public
from joserfc.jwk import ECKey
from test_managing import ADDRESS, Administrator, keys, new_client

from backend.clients.proof import body_digest


@pytest.fixture
def administrator(world: World) -> Administrator:
    return Administrator(world)


def changes_of_keys(administrator: Administrator) -> list[tuple[str, str, bytes]]:
    bodies = json.dumps({"jwks": keys()}).encode()
    return [
        ("POST", "", json.dumps(new_client()).encode()),
        ("PUT", f"/{administrator.own_id}/keys", bodies),
        ("PUT", f"/{administrator.data_client}/keys", bodies),
    ]


def test_a_stolen_token_alone_changes_no_key(administrator: Administrator) -> None:
    token = administrator.token()
    before = administrator.call("GET").json()
    for method, path, body in changes_of_keys(administrator):
        answer = administrator.send(method, path, body, token, None)
        assert (answer.status_code, answer.json()["error"]) == (403, "KeyProofRefused")
    assert administrator.call("GET").json() == before
    refused = [line for line in administrator.lines() if line[3] == "refused"]
    assert refused == [("change", administrator.own_id, "", "refused")] * 3


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"aud": TOKEN_ADDRESS}, "audience"),
        ({"htm": "PUT"}, "htm-differs"),
        ({"htm": None}, "htm-differs"),
        ({"htu": f"{ADDRESS}/other/keys"}, "htu-differs"),
        ({"body": body_digest(b"other")}, "body-differs"),
        ({"body": None}, "body-differs"),
        ({"typ": "JWT"}, "proof-type"),
        ({"jti": None}, "jti"),
        ({"exp": 1}, "expired"),
        ({"iss": "0d6d5e20-0000-4000-8000-000000000000"}, "issuer-is-not-subject"),
    ],
)
def test_a_proof_for_something_else_is_none(
    administrator: Administrator, wrong: dict[str, Any], reason: str
) -> None:
    token, body = administrator.token(), json.dumps(new_client()).encode()
    proof = administrator.key_proof("POST", ADDRESS, body, **wrong)
    answer = administrator.send("POST", "", body, token, proof)
    assert answer.status_code == 403
    assert reason in answer.json()["detail"]
    assert len(administrator.call("GET").json()) == 2


def test_another_key_or_another_client_signs_for_no_administrator(administrator: Administrator) -> None:
    token, body, own = administrator.token(), json.dumps(new_client()).encode(), administrator.key
    for key, client in (
        (ECKey.generate_key("P-256"), administrator.own_id),
        (administrator.data_key, administrator.data_client),
    ):
        administrator.key, administrator.id = key, client
        proof = administrator.key_proof("POST", ADDRESS, body)
        assert administrator.send("POST", "", body, token, proof).status_code == 403
    administrator.key, administrator.id = own, administrator.own_id
    assert len(administrator.call("GET").json()) == 2


def test_a_proof_counts_once_and_for_its_body_alone(administrator: Administrator) -> None:
    token, body = administrator.token(), json.dumps(new_client()).encode()
    proof = administrator.key_proof("POST", ADDRESS, body)
    other = json.dumps(new_client(name="thief")).encode()
    assert "body-differs" in administrator.send("POST", "", other, token, proof).text
    assert administrator.send("POST", "", body, token, proof).status_code == 201
    assert "assertion-used" in administrator.send("POST", "", body, token, proof).text
    assert len(administrator.call("GET").json()) == 3


def test_a_proof_is_no_token_request_and_a_token_request_no_proof(administrator: Administrator) -> None:
    token, body = administrator.token(), json.dumps(new_client()).encode()
    assert administrator.ask(administrator.key_proof("POST", ADDRESS, body)).status_code == 401
    assert administrator.send("POST", "", body, token, administrator.assertion()).status_code == 403


def test_only_the_present_key_signs(administrator: Administrator) -> None:
    """The manager changes its own key; the former one signs nothing more, the new one does."""
    fresh = ECKey.generate_key("P-256")
    path = f"/{administrator.own_id}/keys"
    former = administrator.key_proof("POST", ADDRESS, json.dumps(new_client(name="a")).encode())
    new = {"jwks": {"keys": [public(fresh, "first")]}}
    assert administrator.call("PUT", path, new).status_code == 200
    administrator.key = fresh
    body = json.dumps(new_client(name="a")).encode()
    assert administrator.send("POST", "", body, administrator.token(), former).status_code == 403
    assert administrator.call("POST", "", new_client()).status_code == 201
