"""The HTTP side of delivery: one request, its answer checked, every failure one of two errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from oracle.audit_heads import AnchoredHead
from oracle.errors import DeliveryFailed, DeliveryRejected, DeliveryUnavailable
from oracle.service_token import ServiceTokens

DELIVERIES = "/internal/v1/deliveries"
AUDIT_HEADS = "/internal/v1/audit-heads"
_COMMITMENT = 32
_RETRY = {401, 403, 404, 408, 409, 425, 429}
"""4xx that say nothing about the deliveries: our token, the address or the moment is wrong. They are kept."""


@dataclass(frozen=True)
class Answer:
    """What the backend said of each delivery, by delivery id; ids we did not send are left out."""

    accepted: frozenset[str]
    """Taken now or earlier."""
    refused: dict[str, str]
    """Not taken, with the backend's error code."""


class Backend(Protocol):
    """Where deliveries go."""

    def deliver(self, body: bytes, ids: frozenset[str]) -> Answer:
        """Send one request body that holds the deliveries `ids`.

        Raises DeliveryUnavailable, DeliveryFailed, DeliveryRejected.
        """


class HttpBackend:
    """The backend over HTTP. Thread-safe; opens no connection until it is used."""

    def __init__(self, url: str, tokens: ServiceTokens, timeout: float) -> None:
        self._client = httpx.Client(base_url=url, timeout=timeout)
        self._tokens = tokens

    def deliver(self, body: bytes, ids: frozenset[str]) -> Answer:
        response = self._post(DELIVERIES, body)
        if response.status_code == 500:
            raise DeliveryFailed
        if response.status_code > 500 or response.status_code in _RETRY:
            raise DeliveryUnavailable(
                f"status {response.status_code}",
                status=response.status_code,
                retry_after=_seconds(response.headers.get("retry-after")),
            )
        if response.status_code != 200:
            raise DeliveryRejected(response.status_code)
        try:
            return read_answer(response.json(), ids)
        except ValueError as error:
            raise DeliveryUnavailable("the answer is not what was agreed", status=200) from error

    def exchange_heads(self, issuer: int, anchored: Sequence[AnchoredHead]) -> bytes:
        content = {"issuer": issuer, "anchored": [each.as_json() for each in anchored]}
        response = self._post(AUDIT_HEADS, json.dumps(content, separators=(",", ":")).encode())
        if response.status_code != 200:
            raise DeliveryUnavailable(f"status {response.status_code}", status=response.status_code)
        try:
            commitment = bytes.fromhex(response.json()["commitment"])
        except (ValueError, KeyError, TypeError) as error:
            raise DeliveryUnavailable("the answer is not what was agreed", status=200) from error
        if len(commitment) != _COMMITMENT:
            raise DeliveryUnavailable("the answer is not what was agreed", status=200)
        return commitment

    def _post(self, path: str, body: bytes) -> httpx.Response:
        """Raises DeliveryUnavailable."""
        headers = {
            "authorization": f"Bearer {self._tokens.token(body)}",
            "content-type": "application/json",
        }
        try:
            return self._client.post(path, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise DeliveryUnavailable(type(error).__name__) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def read_answer(answer: Any, ids: frozenset[str]) -> Answer:
    """The answer's three lists, kept to what was sent. Raises ValueError when it is not such an answer."""
    if not isinstance(answer, dict):
        raise ValueError("not an object")
    lists = [answer.get(name) for name in ("accepted", "duplicates", "refused")]
    if not all(isinstance(each, list) for each in lists):
        raise ValueError("accepted, duplicates and refused must be lists")
    taken = frozenset(str(each) for part in lists[:2] for each in part or ())
    refused = {}
    for item in lists[2] or ():
        if not isinstance(item, dict):
            raise ValueError("a refusal must be an object")
        refused[str(item.get("deliveryId"))] = str(item.get("error"))[:100]
    return Answer(taken & ids, {key: error for key, error in refused.items() if key in ids - taken})


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds (RFC 9110 10.2.3); the date form is not used between our services."""
    return float(text) if text is not None and text.isdigit() else None
