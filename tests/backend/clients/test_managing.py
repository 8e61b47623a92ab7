"""An institution's own administrator manages its clients: nobody else, no other institution's, nothing more."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from backend_world import World
from httpx import Response
from insurer import INSURER, RECEIPT, STATEMENT, Insurer, public
from joserfc.jwk import ECKey
from sqlalchemy import text

from backend.clients import administration
from backend.clients.errors import ManagerApart
from backend.clients.models import ClientState
from backend.clients.scope import MANAGE
from chain.db import reading, writing

ADDRESS = "/api/v1/institution/clients"


class Administrator(Insurer):
    """The insurer's administrator, with a client for data beside its own."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.data_client = self.id
        self.data_key = self.key
        self.key = ECKey.generate_key("P-256")
        self.id = self.own_id = self.register([MANAGE], public(self.key, self.kid))

    def call(self, method: str, path: str = "", body: Any = None, token: str | None = None) -> Response:
        """With a proof where one is wanted."""
        content = b"" if body is None else json.dumps(body).encode()
        proof = self.key_proof(method, f"{ADDRESS}{path}", content)
        return self.send(method, path, content, token or self.token(), proof)

    def send(self, method: str, path: str, content: bytes, token: str, proof: str | None) -> Response:
        given = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        if proof is not None:
            given["saegim-key-proof"] = proof
        return self.http.request(method, f"{ADDRESS}{path}", content=content, headers=given)

    def data_token(self) -> str:
        """Of the client that asks for data."""
        own = self.key, self.id
        self.key, self.id = self.data_key, self.data_client
        try:
            return self.token()
        finally:
            self.key, self.id = own

    def lines(self) -> list[tuple[str, str, str, str]]:
        query = (
            "SELECT action, actor_id, object_id, outcome FROM audit_event WHERE actor_kind = 'institution'"
            " AND action NOT LIKE 'sign-in%' ORDER BY number"
        )
        with reading(self.services.database) as session:
            return [(row[0], row[1], row[2], row[3]) for row in session.execute(text(query))]


@pytest.fixture
def administrator(world: World) -> Administrator:
    return Administrator(world)


def new_client(**changes: Any) -> dict[str, Any]:
    whole = {"name": "claims 2", "scopes": [RECEIPT], "jwks": keys()}
    return whole | changes


def keys(kid: str = "new") -> dict[str, Any]:
    return {"keys": [public(ECKey.generate_key("P-256"), kid)]}


def acts(client: str) -> list[tuple[str, str, Any]]:
    return [
        ("GET", "", None),
        ("POST", "", new_client()),
        ("PUT", f"/{client}/keys", {"jwks": keys()}),
        ("PUT", f"/{client}/scopes", {"scopes": [RECEIPT]}),
        ("POST", f"/{client}/suspend", None),
        ("POST", f"/{client}/resume", None),
        ("DELETE", f"/{client}", None),
    ]


def test_nobody_and_a_client_for_data_manage_nothing(administrator: Administrator) -> None:
    data = administrator.data_token()
    for method, path, body in acts(administrator.data_client):
        assert administrator.http.request(method, f"{ADDRESS}{path}", json=body).status_code == 401
        assert administrator.call(method, path, body, token="x" * 43).status_code == 401
        assert administrator.call(method, path, body, token=data).status_code == 403
    assert {(line[1], line[3]) for line in administrator.lines()} == {(administrator.data_client, "refused")}
    assert len(administrator.call("GET").json()) == 2


def test_another_institutions_client_does_not_exist(administrator: Administrator) -> None:
    with writing(administrator.services.database) as session:
        strange = administration.add(
            session, administrator.services.scopes, institution=INSURER + 1, name="other", scopes=[MANAGE],
            jwks=keys(), now=administrator.services.clock(),
        )  # fmt: skip
        other = str(strange.id)
    for client in (other, str(uuid4())):
        for method, path, body in acts(client)[2:]:
            answer = administrator.call(method, path, body)
            assert (answer.status_code, answer.json()["error"]) == (404, "ClientNotFound")
    assert other not in administrator.call("GET").text
    assert {line[2] for line in administrator.lines() if line[0] != "list"} == set()


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": [MANAGE]},
        {"scopes": [RECEIPT, MANAGE]},
        {"scopes": ["receipt:anything"]},
        {"scopes": []},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=True) | {"kid": "a"}]}},
        {"name": ""},
        {"institution": 1},
    ],
)
def test_what_is_not_right_adds_nothing(administrator: Administrator, wrong: dict[str, Any]) -> None:
    answer = administrator.call("POST", "", new_client(**wrong))
    assert answer.status_code == 422
    assert '"d"' not in answer.text
    assert len(administrator.call("GET").json()) == 2


def test_a_client_from_its_first_key_to_its_end(administrator: Administrator) -> None:
    made = administrator.call("POST", "", new_client(scopes=[STATEMENT, RECEIPT]))
    assert made.status_code == 201
    client = made.json()["id"]
    assert [each["kid"] for each in made.json()["keys"]] == ["new"]
    rotated = administrator.call("PUT", f"/{client}/keys", {"jwks": keys("next")})
    assert [each["kid"] for each in rotated.json()["keys"]] == ["next"]
    assert administrator.call("PUT", f"/{client}/scopes", {"scopes": [RECEIPT]}).json()["scopes"] == [RECEIPT]
    wider = administrator.call("PUT", f"/{client}/scopes", {"scopes": [RECEIPT, STATEMENT]})
    assert (wider.status_code, wider.json()["error"]) == (422, "ClientRefused")
    for act, state in (("suspend", "paused"), ("resume", "active")):
        assert administrator.call("POST", f"/{client}/{act}").json()["state"] == state
    assert administrator.call("DELETE", f"/{client}").status_code == 204
    assert administrator.call("DELETE", f"/{client}").status_code == 404
    assert client not in administrator.call("GET").text
    done = [line[0] for line in administrator.lines() if line[2] == client and line[3] == "allowed"]
    assert done == ["create", "change", "change", "change", "change", "erase"]
    assert {line[1] for line in administrator.lines()} == {administrator.own_id}


def test_what_is_taken_from_a_client_is_taken_from_its_tokens(administrator: Administrator) -> None:
    token, client = administrator.data_token(), administrator.data_client
    administrator.call("PUT", f"/{client}/scopes", {"scopes": [RECEIPT]})
    assert administrator.whoami(token).json()["scopes"] == [RECEIPT]
    administrator.call("POST", f"/{client}/suspend")
    assert administrator.whoami(token).status_code == 401


def test_an_administrator_neither_shuts_itself_out_nor_undoes_the_hospitals_word(
    administrator: Administrator,
) -> None:
    for method, path in (("POST", "/suspend"), ("DELETE", "")):
        answer = administrator.call(method, f"/{administrator.own_id}{path}")
        assert (answer.status_code, answer.json()["error"]) == (409, "OwnClient")
    client = administrator.data_client
    with writing(administrator.services.database) as session:
        now = administrator.services.clock()
        administration.set_state(session, UUID(client), ClientState.SUSPENDED, now)
    for act in ("resume", "suspend"):
        answer = administrator.call("POST", f"/{client}/{act}")
        assert (answer.status_code, answer.json()["error"]) == (409, "SuspendedByHospital")
    assert administrator.call("DELETE", f"/{client}").status_code == 204


def test_the_operator_gives_managing_alone(administrator: Administrator) -> None:
    with pytest.raises(ManagerApart):
        administrator.register([RECEIPT, MANAGE], public(administrator.key, "x"))
    assert administrator.whoami(administrator.token()).json()["releases"] == []
