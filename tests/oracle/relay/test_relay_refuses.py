"""The relay answers nobody but the backend, and the backend only within what its token names."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from relay_world import ACTOR, ASKS, HEALTH, NUMBER, OTHER, PERSON, READ, SCOPE, SEARCH, RelayWorld
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.relay.tokens import ServiceKey
from oracle.relay.server import MOST_BYTES
from oracle.service_token import ServiceTokens


@pytest.mark.parametrize(("method", "path"), [("POST", READ), ("POST", SEARCH), ("GET", HEALTH)])
def test_nobody_is_answered(relay: RelayWorld, method: str, path: str) -> None:
    body = ASKS if method == "POST" else b""
    assert relay.send(method, path, body, None).error == (401, "token-refused", "missing")
    assert relay.send(method, path, body, "a.b.c").error == (401, "token-refused", "signature")


def test_a_stranger_does_not_learn_which_operations_there_are(relay: RelayWorld) -> None:
    assert relay.send("GET", "/relay/v1/bills", b"", None).error == (401, "token-refused", "missing")


def test_a_foreign_key_is_not_believed(relay: RelayWorld, tmp_path: Path) -> None:
    foreign = ServiceKey.create(tmp_path / "foreign.pem")
    assert relay.send("POST", READ, ASKS, relay.forged(foreign)).error[2] == "signature"


def test_the_oracles_own_tokens_and_those_for_its_deliveries_open_nothing(relay: RelayWorld) -> None:
    raw = relay.key.key.raw_value
    token = ServiceTokens(raw, lambda: relay.now).token(ASKS)  # type: ignore[arg-type]
    assert relay.send("POST", READ, ASKS, token).error[0] == 401


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "oracle"}, "audience"),
        ({"aud": "backend"}, "audience"),
        ({"aud": ["oracle-relay"]}, "audience"),
        ({"method": "GET"}, "request"),
        ({"path": SEARCH}, "request"),
        ({"path": READ + "?"}, "request"),
        ({"body": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}, "request"),
        ({"body": None}, "request"),
        ({"exp": None}, "lifetime"),
        ({"exp": "soon"}, "lifetime"),
        ({"exp": 1e300}, "lifetime"),
        ({"jti": None}, "scope"),
        ({"jti": "short"}, "scope"),
        ({"scope": None}, "scope"),
        ({"scope": {}}, "scope"),
        ({"scope": SCOPE | {"actor": "01012345678"}}, "scope"),
        ({"scope": SCOPE | {"actor": ""}}, "scope"),
        ({"scope": SCOPE | {"purpose": "Curiosity!"}}, "scope"),
        ({"scope": SCOPE | {"person": PERSON}}, "scope"),
        ({"scope": SCOPE | {"everybody": True}}, "scope"),
        ({"scope": SCOPE | {"patient": "%"}}, "scope"),
    ],
)
def test_a_token_for_anything_else_is_refused(relay: RelayWorld, claims: dict[str, Any], reason: str) -> None:
    token = relay.forged(**claims)
    assert relay.send("POST", READ, ASKS, token).error == (401, "token-refused", reason)
    assert [row.outcome for row in relay.log()] == ["token-refused"]


def test_a_token_lives_a_minute_at_the_most(relay: RelayWorld) -> None:
    issued = int(relay.now.timestamp())
    assert relay.send("POST", READ, ASKS, relay.forged(iat=issued, exp=issued + 61)).error[2] == "lifetime"
    old, early = relay.forged(), relay.forged(iat=issued + 60, exp=issued + 110)
    assert relay.send("POST", READ, ASKS, early).error[2] == "expired"
    relay.later(seconds=61)
    assert relay.send("POST", READ, ASKS, old).error[2] == "expired"


def test_another_body_is_not_what_was_signed(relay: RelayWorld) -> None:
    other = json.dumps({"number": OTHER}).encode()
    assert relay.send("POST", READ, other, relay.forged()).error == (401, "token-refused", "request")


def test_a_token_is_good_once(relay: RelayWorld) -> None:
    token = relay.forged()
    assert relay.send("POST", READ, ASKS, token).status == 200
    assert relay.send("POST", READ, ASKS, token).error == (401, "token-refused", "replayed")
    assert [row.outcome for row in relay.log()] == ["answered", "token-refused"]


def test_a_token_that_was_refused_is_used_up_as_well(relay: RelayWorld) -> None:
    token = relay.forged(scope=SCOPE | {"patient": OTHER})
    assert relay.send("POST", READ, ASKS, token).error == (403, "outside-scope", "person")
    assert relay.send("POST", READ, ASKS, token).error == (401, "token-refused", "replayed")


def test_two_of_one_token_at_the_same_moment_are_one(relay: RelayWorld, monkeypatch: Any) -> None:
    monkeypatch.setattr(relay.relay, "_used", lambda jti: False)  # as both see it before either is noted
    token = relay.forged()
    assert relay.send("POST", READ, ASKS, token).status == 200
    assert relay.send("POST", READ, ASKS, token).error == (401, "token-refused", "replayed")


def test_another_patient_than_the_scopes_is_not_shown(relay: RelayWorld) -> None:
    assert relay.read(OTHER).error == (403, "outside-scope", "person")
    assert relay.ask(READ, {"number": NUMBER}, {"purpose": "first-visit", "actor": ACTOR}).error[0] == 403
    whole = {"purpose": "first-visit", "actor": ACTOR, "person": PERSON}
    assert relay.ask(READ, {"number": NUMBER}, whole).error == (403, "outside-scope", "person")


@pytest.mark.parametrize("change", [{"name": "환자0002"}, {"birthDate": "1950-01-01"}, {"sex": "male"}])
def test_another_person_than_the_scopes_is_not_searched(relay: RelayWorld, change: dict[str, str]) -> None:
    assert relay.search(PERSON | change).error == (403, "outside-scope", "person")


@pytest.mark.parametrize(
    ("path", "content", "scope"),
    [
        (READ, {"number": NUMBER}, SCOPE | {"purpose": "double-registration"}),
        (READ, {"number": NUMBER}, SCOPE | {"purpose": "health"}),
        (READ, {"number": NUMBER}, SCOPE | {"purpose": "curiosity"}),
        (SEARCH, PERSON, {"purpose": "health", "actor": ACTOR, "person": PERSON}),
    ],
)
def test_a_purpose_opens_its_own_operations(relay: RelayWorld, path: str, content: Any, scope: Any) -> None:
    assert relay.ask(path, content, scope).error == (403, "outside-scope", "purpose")


def test_a_get_has_no_body(relay: RelayWorld) -> None:
    scope = {"purpose": "health", "actor": ACTOR}
    token = relay.token("GET", HEALTH, b"{}", scope)
    assert relay.send("GET", HEALTH, b"{}", token).error == (400, "body-unexpected", "")


@pytest.mark.parametrize(("method", "path"), [("GET", READ), ("POST", HEALTH), ("GET", "/relay/v1/bills")])
def test_what_is_not_offered_is_not_there(relay: RelayWorld, method: str, path: str) -> None:
    scope = {"purpose": "health", "actor": ACTOR}
    assert relay.ask(path, None, scope, method).error == (404, "no-such-operation", "")


@pytest.mark.parametrize(
    "content",
    [None, [], {}, {"number": 10000001}, {"number": "x" * 41}, {"number": NUMBER, "and": 1}, {"number": "_"}],
)
def test_a_body_of_another_form_is_refused_and_not_repeated(relay: RelayWorld, content: Any) -> None:
    answer = relay.ask(READ, content, SCOPE)
    assert answer.error[:2] == (422, "body-invalid")
    assert NUMBER not in str(answer.content)


@pytest.mark.parametrize(
    "request_text",
    [
        b"POST %s HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST %s HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"POST %s HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST %s HTTP/1.1\r\ncontent-length: 500\r\n\r\nshort",
        b"POST %s\r\n",
        b"POST %s HTTP/9.x\r\n\r\n",
        b"DELETE %s HTTP/1.1\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b"%s HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 200 + b"%s: 1\r\n\r\n",
        b"\x16\x03\x01\x02%s\r\n\r\n",
    ],
)
def test_what_is_no_request_of_ours_gets_a_typed_error(relay: RelayWorld, request_text: bytes) -> None:
    answer = relay.raw(request_text % READ.encode())
    error = json.loads(answer.split(b"\r\n\r\n")[-1])["error"]
    assert error in {"malformed", "no-such-operation"}
    assert relay.log() == []
    assert relay.read().status == 200


def test_a_large_request_is_not_read(relay: RelayWorld) -> None:
    head = f"POST {READ} HTTP/1.1\r\ncontent-length: {MOST_BYTES + 1}\r\n\r\n".encode()
    assert b"413" in relay.raw(head)
    assert b"413" in relay.raw(head.replace(str(MOST_BYTES + 1).encode(), b"9" * 400))


def test_two_tokens_are_none(relay: RelayWorld) -> None:
    token = relay.forged().encode()
    lines = b"authorization: Bearer " + token + b"\r\n"
    head = b"POST %s HTTP/1.1\r\ncontent-length: %d\r\n" % (READ.encode(), len(ASKS))
    assert b"missing" in relay.raw(head + lines + lines + b"\r\n" + ASKS)


def test_a_purpose_is_asked_for_so_often_and_no_oftener(relay: RelayWorld) -> None:
    answers = [relay.read() for _ in range(relay.PER_MINUTE + 1)]
    assert {each.status for each in answers[:-1]} == {200}
    assert answers[-1].error == (429, "too-many-requests", "")
    assert answers[-1].headers["retry-after"] == "2"
    assert relay.search(purpose="double-registration").status == 200, "another purpose has its own measure"
    relay.later(seconds=2)
    assert relay.read().status == 200
    assert relay.read().status == 429


def test_strangers_do_not_fill_the_log(relay: RelayWorld) -> None:
    for _ in range(relay.PER_MINUTE + 5):
        relay.send("POST", READ, ASKS, None)
    assert len(relay.log()) == relay.PER_MINUTE
    assert f'outcome="token-refused"}} {relay.PER_MINUTE + 5}.0' in relay.metrics()


def test_what_can_not_be_noted_is_not_answered(relay: RelayWorld) -> None:
    with relay.database.begin() as connection:
        connection.execute(text("ALTER TABLE relay_request RENAME TO elsewhere"))
    assert relay.read().error == (503, "not-noted", "")


def test_a_row_of_the_log_stays_as_it_is(relay: RelayWorld) -> None:
    relay.read()
    for statement in ("UPDATE relay_request SET actor = 'x'", "DELETE FROM relay_request"):
        with pytest.raises(DBAPIError, match="two years"), relay.database.begin() as connection:
            connection.execute(text(statement))
    with relay.database.begin() as connection:
        connection.execute(
            text("INSERT INTO relay_request VALUES (9, '2020-01-01', NULL, '', '', '', '', NULL)")
        )
        connection.execute(text("DELETE FROM relay_request WHERE id = 9"))
    assert len(relay.log()) == 1


@pytest.mark.postgres
def test_postgresql_keeps_the_rows_as_well(tmp_path: Path, postgres_url: Callable[[], str]) -> None:
    with RelayWorld(tmp_path, database_url=postgres_url()) as relay:
        token = relay.forged()
        assert relay.send("POST", READ, ASKS, token).status == 200
        assert relay.send("POST", READ, ASKS, token).error[2] == "replayed"
        for statement in (
            "UPDATE relay_request SET actor = 'x'",
            "DELETE FROM relay_request",
            "TRUNCATE relay_request",
        ):
            with pytest.raises(DBAPIError, match="two years"), relay.database.begin() as connection:
                connection.execute(text(statement))
        assert len(relay.log()) == 2


def test_the_log_says_who_asked_why_and_for_whom_without_a_name_or_number(
    relay: RelayWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    relay.read()
    relay.search()
    relay.read(OTHER)
    first, second, third = relay.log()
    assert (first.purpose, first.actor, first.operation) == ("first-visit", ACTOR, "patients.read")
    assert (first.outcome, second.outcome, third.outcome) == ("answered", "answered", "outside-scope")
    assert first.at == relay.now - timedelta(0)
    assert first.subject == third.subject != second.subject, "the scope's person, whoever was asked for"
    kept = str([row.model_dump() for row in relay.log()]) + relay.metrics() + caplog.text
    for personal in (NUMBER, OTHER, PERSON["name"], PERSON["birthDate"]):
        assert personal not in kept
