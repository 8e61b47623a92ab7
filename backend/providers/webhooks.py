"""Web-hooks of outside parties by the Standard Webhooks specification (PortOne, and others, sign this way).

Three headers: ``webhook-id``, ``webhook-timestamp`` (seconds), ``webhook-signature`` (space-separated ``v1,<base64>``
of HMAC-SHA256 over ``id.timestamp.body``). A web-hook is a hint that something changed: what changed is asked of the
party itself, so a forged one that got through would bring about a look-up and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from chain.clock import Clock

TOLERANCE: Final = timedelta(minutes=5)
MEMORY: Final = timedelta(days=1)
"""How long an id is remembered. Parties repeat what was not answered for hours, with the same id and a new time."""
PREFIX: Final = "whsec_"
_SHORTEST_KEY: Final = 16


class WebhookRefused(Exception):
    """Not a web-hook of this party. `reason`: headers, timestamp, too-old, too-new, signature or body."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"web-hook refused: {reason}")


class WebhookReplayed(Exception):
    """It was handled already: answer 200 and do nothing. `webhook_id`: its own id, nobody's personal data."""

    def __init__(self, webhook_id: str) -> None:
        self.webhook_id = webhook_id
        super().__init__("web-hook was handled before")


class WebhookSecretInvalid(Exception):
    """The secret is no Base64 (``whsec_…``) of at least 16 bytes."""


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A verified web-hook. `data` is the party's and may name a person, so it is not represented."""

    id: str
    sent_at: datetime
    type: str
    data: Mapping[str, Any] = field(repr=False)


class SeenWebhooks(Protocol):
    """Which web-hooks were handled. With several processes it must be shared (a table with a unique column)."""

    def claim(self, webhook_id: str, until: datetime) -> bool:
        """Remember this id until then; False when it is remembered already. Atomic."""

    def release(self, webhook_id: str) -> None:
        """Forget it: handling failed, and the party's next try must be taken."""


class RecentWebhooks:
    """`SeenWebhooks` of one process, in memory; forgets what is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[str, datetime] = {}

    def claim(self, webhook_id: str, until: datetime) -> bool:
        now = self._clock()
        with self._lock:
            self._until = {name: end for name, end in self._until.items() if end >= now}
            if webhook_id in self._until:
                return False
            self._until[webhook_id] = until
            return True

    def release(self, webhook_id: str) -> None:
        with self._lock:
            self._until.pop(webhook_id, None)


class WebhookInbox:
    """Web-hooks of one party. secrets: those in force (two while one is being replaced)."""

    def __init__(self, secrets: tuple[str, ...], clock: Clock, seen: SeenWebhooks | None = None) -> None:
        """Raises WebhookSecretInvalid."""
        self._keys = tuple(_key(secret) for secret in secrets)
        self._clock = clock
        self._seen = seen or RecentWebhooks(clock)

    @contextmanager
    def receive(self, headers: Mapping[str, str], body: bytes) -> Iterator[WebhookEvent]:
        """The event, for the time it is handled; if handling raises, the party may send it again.

        Raises WebhookRefused, WebhookReplayed.
        """
        event = self.check(headers, body)
        if not self._seen.claim(event.id, event.sent_at + MEMORY):
            raise WebhookReplayed(event.id)
        try:
            yield event
        except BaseException:
            self._seen.release(event.id)
            raise

    def check(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        """The event if signature and time are right; says nothing of replay. Raises WebhookRefused."""
        given = {name.lower(): value for name, value in headers.items()}
        webhook_id, stamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
        signatures = given.get("webhook-signature", "")
        if not webhook_id or len(webhook_id) > 200 or not stamp or not signatures:
            raise WebhookRefused("headers")
        sent_at = self._timely(stamp)
        content = b".".join((webhook_id.encode(), stamp.encode(), body))
        if not self._signed(content, signatures):
            raise WebhookRefused("signature")
        kind, data = _event(body)
        return WebhookEvent(webhook_id, sent_at, kind, data)

    def _timely(self, stamp: str) -> datetime:
        if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 11:
            raise WebhookRefused("timestamp")
        sent_at, now = datetime.fromtimestamp(int(stamp), UTC), self._clock()
        if sent_at < now - TOLERANCE:
            raise WebhookRefused("too-old")
        if sent_at > now + TOLERANCE:
            raise WebhookRefused("too-new")
        return sent_at

    def _signed(self, content: bytes, signatures: str) -> bool:
        expected = [hmac.digest(key, content, "sha256") for key in self._keys]
        given = [
            _decoded(text)
            for version, _, text in (part.partition(",") for part in signatures.split(" ")[:10])
            if version == "v1"
        ]
        return any(hmac.compare_digest(one, other) for one in expected for other in given)


def _event(body: bytes) -> tuple[str, Mapping[str, Any]]:
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        raise WebhookRefused("body") from None
    kind = whole.get("type") if isinstance(whole, dict) else None
    data = whole.get("data") if isinstance(whole, dict) else None
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise WebhookRefused("body")
    return kind, data


def _key(secret: str) -> bytes:
    key = _decoded(secret.removeprefix(PREFIX))
    if len(key) < _SHORTEST_KEY:
        raise WebhookSecretInvalid(
            f"a web-hook secret is {PREFIX} and the Base64 of at least {_SHORTEST_KEY} bytes"
        )
    return key


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
