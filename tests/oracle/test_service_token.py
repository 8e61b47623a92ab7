"""Tokens for the backend, read by another library."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import KeySet

from oracle.service_token import ServiceTokens

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOKENS = ServiceTokens(ec.generate_private_key(ec.SECP256R1()), lambda: NOW)


def test_it_is_bound_to_the_body_and_lives_less_than_a_minute() -> None:
    keys = KeySet.import_key_set({"keys": [TOKENS.public_jwk()]})
    token = jwt.decode(TOKENS.token(b"{}"), keys, algorithms=["ES256"])
    body = base64.urlsafe_b64encode(hashlib.sha256(b"{}").digest()).rstrip(b"=").decode()
    assert token.claims["body"] == body
    assert (token.claims["iss"], token.claims["aud"]) == ("oracle", "backend")
    assert 0 < token.claims["exp"] - token.claims["iat"] <= 60
    assert token.header["kid"] == TOKENS.public_jwk()["kid"]


def test_no_two_tokens_are_the_same() -> None:
    assert TOKENS.token(b"{}") != TOKENS.token(b"{}")


def test_the_public_key_is_public() -> None:
    assert "d" not in TOKENS.public_jwk()
