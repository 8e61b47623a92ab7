"""Web-hooks by the Standard Webhooks specification, sent well or badly."""

from __future__ import annotations

import base64
import hmac
import json
import uuid
from enum import StrEnum
from typing import Any

import httpx

from chain.clock import Clock
from sandbox.identity.state import Verification
from sandbox.identity.wire import moment


class HookMode(StrEnum):
    """How web-hooks are sent."""

    ONCE = "once"
    TWICE = "twice"
    FORGED = "forged"
    NEVER = "never"


class Hooks:
    """Sends what changed to one address. secret: ``whsec_`` and Base64."""

    def __init__(self, url: str | None, secret: str, store_id: str, clock: Clock) -> None:
        self.mode = HookMode.ONCE
        self.answers: list[int] = []
        """Statuses that the receiver answered, 0 for none; for the tester."""
        self._url, self._store_id, self._clock = url, store_id, clock
        self._key = base64.b64decode(secret.removeprefix("whsec_"))

    def tell(self, found: Verification) -> None:
        """Say that this verification changed."""
        if self._url is None or self.mode is HookMode.NEVER or found.status == "READY":
            return
        payload = {
            "type": f"IdentityVerification.{found.status.capitalize()}",
            "timestamp": moment(found.changed_at),
            "data": {"storeId": self._store_id, "identityVerificationId": found.id},
        }
        hook_id = str(uuid.uuid4())
        for _ in range(2 if self.mode is HookMode.TWICE else 1):
            self._post(hook_id, payload)

    def _post(self, hook_id: str, payload: dict[str, Any]) -> None:
        body = json.dumps(payload).encode()
        stamp = str(int(self._clock().timestamp()))
        key = b"somebody else's" if self.mode is HookMode.FORGED else self._key
        signature = hmac.digest(key, f"{hook_id}.{stamp}.".encode() + body, "sha256")
        headers = {
            "content-type": "application/json",
            "webhook-id": hook_id,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
        }
        assert self._url is not None
        try:
            answer = httpx.post(self._url, content=body, headers=headers, timeout=5.0, trust_env=False)
        except httpx.HTTPError:
            self.answers.append(0)
        else:
            self.answers.append(answer.status_code)
