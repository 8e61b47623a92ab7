"""The token address: who is refused and how it is said and noted, then who is let in and for how long."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from insurer import ADDRESS, RECEIPT, STATEMENT, Insurer, public
from joserfc.jwk import ECKey, RSAKey

from backend.clients import administration
from backend.clients.models import ClientState
from backend.limits.rules import DEFAULTS, Limit
from chain.db import writing

MOST_REFUSALS, MOST_TOKENS = DEFAULTS[Limit.TOKEN_REFUSED].count, DEFAULTS[Limit.TOKEN].count


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_assertion_type": "urn:other"}, 400, "invalid_request"),
        ({"client_assertion": None}, 400, "invalid_request"),
        ({"client_assertion": "x"}, 401, "invalid_client"),
        ({"client_assertion": "a" * 9_000}, 401, "invalid_client"),
        ({"client_assertion": "é.é.é"}, 401, "invalid_client"),
        ({"client_id": str(UUID(int=1))}, 401, "invalid_client"),
        ({"scope": "diagnosis:insurance-claim"}, 400, "invalid_scope"),
        ({"scope": f"{RECEIPT} receipt:research"}, 400, "invalid_scope"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, 400, "invalid_request"),
    ],
)
def test_a_wrong_request_is_refused_in_the_words_of_the_rfc(
    insurer: Insurer, changes: dict[str, Any], status: int, error: str
) -> None:
    answer = insurer.ask(**changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"error", "error_description"}


def test_a_body_that_is_no_form_is_refused(insurer: Insurer) -> None:
    answer = insurer.http.post("/api/v1/oauth/token", json={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


NOW = 0
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"aud": "http://other.test/api/v1/oauth/token"}, "audience"),
    ({"aud": [ADDRESS, "http://other.test"]}, "audience"),
    ({"aud": None}, "audience"),
    ({"iss": str(uuid4())}, "issuer-is-not-subject"),
    ({"iss": None}, "issuer-is-not-subject"),
    ({"sub": str(UUID(int=7)), "iss": str(UUID(int=7))}, "client-unknown"),
    ({"sub": "someone"}, "assertion-malformed"),
    ({"sub": ["a"]}, "assertion-malformed"),
    ({"jti": None}, "jti"),
    ({"jti": "short"}, "jti"),
    ({"jti": 12345678}, "jti"),
    ({"exp": None}, "lifetime"),
    ({"exp": "soon"}, "lifetime"),
    ({"exp": True}, "lifetime"),
    ({"exp": 1e300}, "lifetime"),
]


@pytest.mark.parametrize(("changes", "reason"), WRONG)
def test_an_assertion_whose_claims_do_not_hold_gets_no_token(
    insurer: Insurer, changes: dict[str, Any], reason: str
) -> None:
    answer = insurer.ask(insurer.assertion(**changes))
    assert answer.status_code == 401
    assert answer.json() == {"error": "invalid_client", "error_description": reason}
    assert insurer.refusals()[-1][:2] == (reason, "nobody")


@pytest.mark.parametrize(
    ("offsets", "reason"),
    [
        ({"exp": 311}, "lifetime"),
        ({"exp": -10}, "expired"),
        ({"exp": 200, "iat": 60}, "not-yet"),
        ({"exp": 200, "nbf": 60}, "not-yet"),
    ],
)
def test_an_assertion_is_good_from_its_time_for_five_minutes_at_most(
    insurer: Insurer, offsets: dict[str, int], reason: str
) -> None:
    now = int(insurer.services.clock().timestamp())
    answer = insurer.ask(insurer.assertion(**{name: now + value for name, value in offsets.items()}))
    assert answer.json()["error_description"] == reason


def test_another_key_another_kid_or_another_algorithm_proves_nothing(insurer: Insurer) -> None:
    right = insurer.assertion()
    head, body, seal = right.split(".")
    changed = body[:-2] + ("A" if body[-2] != "A" else "B") + body[-1]
    own = insurer.key
    insurer.key = ECKey.generate_key("P-256")
    forged = insurer.assertion()
    insurer.key = own
    unknown = insurer.assertion({"kid": "second"})
    for assertion in (forged, unknown, f"{head}.{body}.", f"{head}.{changed}.{seal}"):
        assert insurer.ask(assertion).status_code == 401
    assert {reason for reason, _, _ in insurer.refusals()} <= {
        "signature",
        "key-unknown",
        "assertion-malformed",
        "client-unknown",
    }
    assert insurer.ask(right).status_code == 200


def test_a_public_key_is_no_shared_secret_and_none_is_no_signature(insurer: Insurer) -> None:
    import base64
    import hashlib
    import hmac
    import json

    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    claims = part(json.dumps(insurer.claims()).encode())
    for algorithm in ("HS256", "none"):
        head = part(json.dumps({"alg": algorithm, "kid": insurer.kid}).encode())
        signed = f"{head}.{claims}"
        secret = insurer.key.as_pem(private=False)
        mac = hmac.digest(secret, signed.encode(), hashlib.sha256) if algorithm == "HS256" else b""
        assert insurer.ask(f"{signed}.{part(mac)}").json()["error_description"] == "algorithm"


def test_an_assertion_is_good_once(insurer: Insurer) -> None:
    assertion = insurer.assertion()
    assert insurer.ask(assertion).status_code == 200
    again = insurer.ask(assertion)
    assert (again.status_code, again.json()["error_description"]) == (401, "assertion-used")
    assert insurer.refusals() == [("assertion-used", "nobody", insurer.id)]


def test_a_suspended_client_gets_no_token_and_its_old_ones_end(insurer: Insurer) -> None:
    token = insurer.token()
    with writing(insurer.services.database) as session:
        administration.set_state(session, UUID(insurer.id), ClientState.SUSPENDED, insurer.services.clock())
    assert insurer.ask().json()["error_description"] == "client-suspended"
    assert insurer.whoami(token).status_code == 401
    with writing(insurer.services.database) as session:
        administration.set_state(session, UUID(insurer.id), ClientState.ACTIVE, insurer.services.clock())
    assert insurer.whoami(token).status_code == 401
    assert insurer.whoami(insurer.token()).status_code == 200


def test_rotated_keys_end_what_the_old_ones_were_given(insurer: Insurer) -> None:
    token = insurer.token()
    fresh = ECKey.generate_key("P-384")
    with writing(insurer.services.database) as session:
        keys = {"keys": [public(fresh, "second")]}
        administration.rotate(session, UUID(insurer.id), keys, insurer.services.clock())
    assert insurer.whoami(token).status_code == 401
    assert insurer.ask().json()["error_description"] == "key-unknown"
    insurer.key, insurer.kid, insurer.algorithm = fresh, "second", "ES384"
    assert insurer.ask().status_code == 200


def test_who_is_refused_often_is_not_looked_at_for_a_minute_and_fills_no_log(insurer: Insurer) -> None:
    for _ in range(MOST_REFUSALS):
        assert insurer.ask("x").status_code == 401
    limited = insurer.ask()
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "60")
    assert len(insurer.refusals()) == MOST_REFUSALS
    insurer.world.late += timedelta(seconds=61)
    assert insurer.ask().status_code == 200


def test_a_client_that_wants_a_token_for_every_request_is_told_to_wait(insurer: Insurer) -> None:
    for _ in range(MOST_TOKENS):
        assert insurer.ask().status_code == 200
    assert insurer.ask().status_code == 429
    assert insurer.refusals()[-1][0] == "too-many-tokens"
    insurer.world.late += timedelta(seconds=61)
    assert insurer.ask().status_code == 200


def test_nothing_of_an_assertion_or_a_token_is_kept(insurer: Insurer) -> None:
    right, wrong, jti = insurer.assertion(), insurer.assertion(aud="x"), secrets.token_hex(12)
    token = insurer.ask(right).json()["access_token"]
    insurer.ask(wrong)
    insurer.ask(insurer.assertion(jti=jti))
    kept = insurer.everything()
    for secret in (token, jti, *right.split(".")[1:], *wrong.split(".")[1:]):
        assert secret not in kept


@pytest.mark.parametrize("kind", ["ES256", "ES384", "RS384"])
def test_each_algorithm_lets_its_own_key_in(insurer: Insurer, kind: str) -> None:
    makers = {
        "ES256": lambda: ECKey.generate_key("P-256"),
        "ES384": lambda: ECKey.generate_key("P-384"),
        "RS384": lambda: RSAKey.generate_key(2048),
    }
    insurer.key, insurer.algorithm = makers[kind](), kind
    insurer.id = insurer.register([RECEIPT], public(insurer.key, insurer.kid))
    answer = insurer.ask()
    assert answer.status_code == 200
    assert answer.json()["scope"] == RECEIPT
    assert answer.json()["expires_in"] == 300


class TestWhoAmI:
    def test_nobody_a_wrong_token_and_an_old_one_are_unauthenticated(self, insurer: Insurer) -> None:
        assert insurer.whoami(None).status_code == 401
        assert insurer.whoami("").status_code == 401
        assert insurer.whoami("x" * 43).status_code == 401
        token = insurer.token()
        insurer.world.late += timedelta(minutes=5)
        assert insurer.whoami(token).status_code == 401

    def test_the_scopes_are_those_asked_for_and_the_fields_those_of_the_sheet(self, insurer: Insurer) -> None:
        found = insurer.whoami(insurer.token(scope=STATEMENT)).json()
        assert found["scopes"] == [STATEMENT]
        assert found["releases"] == [{"kind": "statement", "purpose": "insurance-claim", "fields": ["lines"]}]
        assert (found["institution"], found["client"]) == (3, insurer.id)
        assert len(insurer.whoami(insurer.token()).json()["releases"]) == 2
