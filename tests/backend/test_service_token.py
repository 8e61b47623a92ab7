"""A service token is good for one body, one audience, one minute, and the keys that were exported."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from backend import service_token
from backend.documents.errors import TokenRefused
from backend.service_token import ServiceKeysInvalid

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BODY = b'{"deliveries":[]}'
KEY = ECKey.generate_key("P-256", {"kid": "oracle-1"})
KEYS = KeySet([ECKey.import_key(KEY.as_dict(private=False))])


def claims(**changes: object) -> dict[str, object]:
    digest = base64.urlsafe_b64encode(hashlib.sha256(BODY).digest()).rstrip(b"=").decode()
    issued = int(NOW.timestamp())
    whole = {"iss": "oracle", "aud": "backend", "iat": issued, "exp": issued + 60, "jti": "x", "body": digest}
    return {name: value for name, value in {**whole, **changes}.items() if value is not None}


def token(key: ECKey = KEY, **changes: object) -> str:
    return jwt.encode({"alg": "ES256", "kid": "oracle-1"}, claims(**changes), key)


def check(text: str, *, body: bytes = BODY, now: datetime = NOW) -> None:
    service_token.verify(text, body, keys=KEYS, issuer="oracle", clock=lambda: now)


def test_a_right_token_is_taken_for_its_minute() -> None:
    check(token())
    check(token(), now=NOW + timedelta(seconds=60))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "backend"}, "audience"),
        ({"iss": None}, "audience"),
        ({"aud": "oracle"}, "audience"),
        ({"exp": None}, "lifetime"),
        ({"iat": None}, "lifetime"),
        ({"iat": "soon"}, "lifetime"),
        ({"exp": 10**30}, "lifetime"),
        ({"exp": int(NOW.timestamp()) + 61}, "lifetime"),
        ({"body": None}, "body"),
        ({"body": 7}, "body"),
        ({"body": "A" * 43}, "body"),
    ],
)
def test_wrong_claims_are_refused_with_the_reason(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        check(token(**changes))
    assert refused.value.parameters == {"reason": reason}


@pytest.mark.parametrize("seconds", [-11, 70, 3600])
def test_too_early_or_too_late_is_refused(seconds: int) -> None:
    with pytest.raises(TokenRefused):
        check(token(), now=NOW + timedelta(seconds=seconds))


def test_a_token_for_another_body_is_refused() -> None:
    with pytest.raises(TokenRefused):
        check(token(), body=BODY + b" ")


def test_another_key_is_refused() -> None:
    with pytest.raises(TokenRefused):
        check(token(key=ECKey.generate_key("P-256", {"kid": "oracle-1"})))


def test_other_algorithms_are_refused() -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    unsigned = f"{part({'alg': 'none'})}.{part(claims())}."
    shared = jwt.encode({"alg": "HS256"}, claims(), OctKey.import_key(json.dumps(KEY.as_dict(private=False))))
    for text in (unsigned, shared, "", "a.b", "a.b.c", "ü.b.c"):
        with pytest.raises(TokenRefused):
            check(text)


@pytest.mark.parametrize("position", range(0, 300, 7))
def test_a_changed_character_is_refused(position: int) -> None:
    text = token()
    position %= len(text) - 1  # the last character carries bits that base64url ignores
    changed = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
    with pytest.raises(TokenRefused):
        check(changed)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        '{"keys": []}',
        '{"keys": [{"kty": "oct", "k": "AAAA"}]}',
        json.dumps({"keys": [KEY.as_dict(private=True)]}),
    ],
)
def test_a_wrong_key_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(ServiceKeysInvalid):
        service_token.load_keys(path)


def test_a_missing_key_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ServiceKeysInvalid, match="export the oracle's public key"):
        service_token.load_keys(tmp_path / "none.json")
