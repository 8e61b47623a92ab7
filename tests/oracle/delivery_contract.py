"""The contract between oracle and backend: what a request of deliveries is, checked from both sides.

The oracle's tests pass every request it makes through `check_request`. The backend's tests run `exercise` against the
real endpoint with bodies and tokens that are made by the oracle's own code.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.jwk import KeySet

from chain.clock import Clock
from oracle.service_token import ServiceTokens

HEX32 = re.compile(r"[0-9a-f]{64}")
FIELDS = {
    "deliveryId", "event", "documentId", "vct", "issuer", "kid", "patientNumber", "leaf", "root", "transaction",
    "block", "anchoredAt", "supersedes", "supersededBy", "reason",
}  # fmt: skip
ISSUED_FIELDS = FIELDS | {"credential", "path"}
Post = Callable[[bytes, dict[str, str]], tuple[int, Any]]
"""Posts a body with headers to the deliveries' address; gives status and parsed answer."""


def check_request(
    body: bytes, authorization: str, jwks: dict[str, Any], now: datetime
) -> list[dict[str, Any]]:
    """The deliveries of a request, or AssertionError with what is wrong with it."""
    check_token(body, authorization, jwks, now)
    content = json.loads(body)
    assert set(content) == {"deliveries"}, "the body has one field"
    items: list[dict[str, Any]] = content["deliveries"]
    assert items, "a request carries at least one delivery"
    for item in items:
        check_item(item)
    return items


def check_token(body: bytes, authorization: str, jwks: dict[str, Any], now: datetime) -> None:
    """A bearer token by one of these keys, for exactly this body, living a minute at the most."""
    scheme, _, token = authorization.partition(" ")
    assert scheme == "Bearer", "a bearer token"
    claims = jwt.decode(token, KeySet.import_key_set(jwks), algorithms=["ES256"]).claims  # type: ignore[arg-type]
    expected = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
    assert claims["body"] == expected, "the token is for this body"
    assert (claims["iss"], claims["aud"]) == ("oracle", "backend")
    assert claims["exp"] - claims["iat"] <= 60
    assert claims["iat"] - 5 <= now.timestamp() < claims["exp"] + 5
    UUID(claims["jti"])


def check_item(item: dict[str, Any]) -> None:
    """One delivery has the fields and forms that were agreed."""
    issued = item["event"] == "issued"
    assert item["event"] in {"issued", "superseded", "withdrawn"}
    assert set(item) == (ISSUED_FIELDS if issued else FIELDS), set(item) ^ (
        ISSUED_FIELDS if issued else FIELDS
    )
    for name in ("deliveryId", "documentId"):
        assert UUID(item[name]).version == 4
    for name in ("leaf", "root", "transaction"):
        assert HEX32.fullmatch(item[name]), name
    assert re.fullmatch(r"urn:saegim:[a-z-]+:[0-9]+", item["vct"])
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", item["kid"])
    assert 1 <= len(item["patientNumber"]) <= 40
    assert item["issuer"] >= 1
    assert item["block"] >= 0
    assert datetime.fromisoformat(item["anchoredAt"]).tzinfo is not None
    if issued:
        assert all(HEX32.fullmatch(node) for node in item["path"])
        assert item["credential"].isascii()
        assert item["credential"].endswith("~")
        assert item["reason"] is None
    else:
        assert item["reason"] >= 1
    assert (item["supersededBy"] is not None) == (item["event"] == "superseded")


def exercise(post: Post, tokens: ServiceTokens, issued: dict[str, Any], clock: Clock) -> None:
    """Run the whole agreement against a backend.

    `issued`: a delivery that the backend can take (credential, leaf, path and key fit together) and has not seen.
    """
    check_item(issued)
    send = _sender(post, tokens)
    _refuses_what_it_cannot_trust(post, tokens, issued)
    first = issued["deliveryId"]
    assert send(issued) == (200, {"accepted": [first], "duplicates": [], "refused": []})
    assert send(issued) == (200, {"accepted": [], "duplicates": [first], "refused": []})
    withdrawn = ended(issued, clock, event="withdrawn", reason=1)
    broken = {**withdrawn, "deliveryId": str(uuid4()), "leaf": "00"}
    status, answer = send(broken, withdrawn)
    assert status == 200
    assert answer["accepted"] == [withdrawn["deliveryId"]], "one bad item does not hurt the others"
    assert [refusal["deliveryId"] for refusal in answer["refused"]] == [broken["deliveryId"]]
    assert all(set(refusal) == {"deliveryId", "error", "detail"} for refusal in answer["refused"])


def ended(
    issued: dict[str, Any], clock: Clock, *, event: str, reason: int, by: str | None = None
) -> dict[str, Any]:
    """What is told when the document of `issued` was superseded or withdrawn."""
    item = {name: value for name, value in issued.items() if name in FIELDS}
    return item | {
        "deliveryId": str(uuid4()),
        "event": event,
        "reason": reason,
        "supersedes": None,
        "supersededBy": by,
        "anchoredAt": clock().astimezone(UTC).isoformat(),
    }


def _refuses_what_it_cannot_trust(post: Post, tokens: ServiceTokens, issued: dict[str, Any]) -> None:
    body = encode(issued)
    assert post(body, {})[0] == 401
    assert post(body, {"authorization": "Bearer nonsense"})[0] == 401
    other = tokens.token(encode(issued, issued))
    assert post(body, {"authorization": f"Bearer {other}"})[0] == 401, "a token is for one body"


def encode(*items: dict[str, Any]) -> bytes:
    """A request body."""
    return json.dumps({"deliveries": items}, ensure_ascii=False, separators=(",", ":")).encode()


def _sender(post: Post, tokens: ServiceTokens) -> Callable[..., tuple[int, Any]]:
    def send(*items: dict[str, Any]) -> tuple[int, Any]:
        body = encode(*items)
        headers = {"authorization": f"Bearer {tokens.token(body)}", "content-type": "application/json"}
        return post(body, headers)

    return send
