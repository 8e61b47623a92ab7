"""Phone identity through PortOne V2 (포트원 본인인증), by its published REST API 1.16.

``POST /identity-verifications/{id}/send``, ``…/resend``, ``…/confirm`` and ``GET /identity-verifications/{id}`` with
``Authorization: PortOne {secret}``; states READY, VERIFIED, FAILED. The window is opened by PortOne's browser library
with the `Begun.parameters`, or at `window_url` where a page for it exists. PortOne's published web-hooks tell of
payments and billing keys; one that names a verification is taken as a hint to ask, no more.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from backend.providers.errors import ProviderRefused, ProviderUnavailable, ProviderUncertain
from backend.providers.http import Ask, Limits, ProviderHttp, Reach
from backend.providers.identity import portone_answers as answers
from backend.providers.identity.port import Begun, Customer, Method, Operator, Pending, Purpose, Result
from backend.providers.webhooks import WebhookEvent
from chain.clock import Clock

NAME: Final = "portone"
_REFUSALS: Final = frozenset(
    {
        "CHANNEL_NOT_FOUND",
        "FORBIDDEN",
        "IDENTITY_VERIFICATION_ALREADY_SENT",
        "IDENTITY_VERIFICATION_ALREADY_VERIFIED",
        "IDENTITY_VERIFICATION_NOT_FOUND",
        "IDENTITY_VERIFICATION_NOT_SENT",
        "INVALID_REQUEST",
        "MAX_TRANSACTION_COUNT_REACHED",
        "PG_PROVIDER",
        "UNAUTHORIZED",
    }
)
_NOT_FOUND: Final = "IDENTITY_VERIFICATION_NOT_FOUND"
_ALREADY: Final = "IDENTITY_VERIFICATION_ALREADY_VERIFIED"


@dataclass(frozen=True, slots=True)
class PortOneConfig:
    """live_only: refuse what was verified through a test channel (production). window_url: a page that opens the
    window with the parameters in its query, or None."""

    api_url: str
    secret: str = field(repr=False)
    store_id: str
    channel_key: str
    window_url: str | None = None
    live_only: bool = True
    limits: Limits = field(default_factory=Limits)
    reach: Reach = field(default_factory=Reach)


class PortOneIdentity:
    """`IdentityProvider` over PortOne. Thread-safe."""

    def __init__(
        self, config: PortOneConfig, clock: Clock, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._config = config
        self._http = ProviderHttp(
            NAME,
            config.api_url,
            authorization=lambda: f"PortOne {config.secret}",
            clock=clock,
            code_of="type",
            limits=config.limits,
            reach=config.reach,
            sleep=sleep,
        )

    def begin(self, purpose: Purpose, return_url: str) -> Begun:
        verification_id = f"iv-{secrets.token_urlsafe(24)}"
        parameters = {
            "storeId": self._config.store_id,
            "identityVerificationId": verification_id,
            "channelKey": self._config.channel_key,
            "redirectUrl": return_url,
        }
        page = self._config.window_url
        return Begun(verification_id, None if page is None else f"{page}?{urlencode(parameters)}", parameters)

    def send(self, verification_id: str, customer: Customer, operator: Operator, method: Method) -> None:
        person = {"name": customer.name, "phoneNumber": customer.phone, "ipAddress": customer.address}
        if customer.identity_front is not None:
            person["identityNumber"] = customer.identity_front
        body = {
            "storeId": self._config.store_id,
            "channelKey": self._config.channel_key,
            "customer": person,
            "operator": operator.value,
            "method": method.value,
        }
        self._change("send", f"{_path(verification_id)}/send", body=body)

    def resend(self, verification_id: str) -> None:
        self._change("resend", f"{_path(verification_id)}/resend", params={"storeId": self._config.store_id})

    def confirm(self, verification_id: str, otp: str | None = None) -> Result:
        body = {"storeId": self._config.store_id} | ({} if otp is None else {"otp": otp})
        try:
            answer = self._change("confirm", f"{_path(verification_id)}/confirm", body=body)
        except ProviderUncertain:
            return self.result(verification_id)
        except ProviderRefused as refusal:
            if refusal.code == _ALREADY:
                return self.result(verification_id)
            raise
        return self._read(verification_id, answer.get("identityVerification"), "confirm")

    def result(self, verification_id: str) -> Result:
        ask = Ask(
            "result",
            "GET",
            _path(verification_id),
            params={"storeId": self._config.store_id},
            refusals=_REFUSALS,
        )
        try:
            answer = self._http.ask(ask)
        except ProviderRefused as refusal:
            if refusal.code == _NOT_FOUND:
                return Pending(verification_id)  # the window was not opened yet
            raise
        return self._read(verification_id, answer, "result")

    def close(self) -> None:
        self._http.close()

    @property
    def circuit_open(self) -> bool:
        """For readiness and metrics."""
        return self._http.circuit.is_open

    def _change(
        self,
        operation: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """PortOne has no idempotency key here, so a change is sent once."""
        ask = Ask(operation, "POST", path, body, params or {}, False, True, refusals=_REFUSALS)
        return self._http.ask(ask)

    def _read(self, verification_id: str, answer: Any, operation: str) -> Result:
        expected = answers.Expected(verification_id, self._config.channel_key, self._config.live_only)
        try:
            return answers.read(answer, expected)
        except answers.AnswerUnusable as unusable:
            kind = ProviderUncertain if operation == "confirm" else ProviderUnavailable
            raise kind(NAME, operation, f"answer unusable: {unusable}") from None


def hinted_verification(event: WebhookEvent) -> str | None:
    """The verification a web-hook speaks of, if any: ask for its `result`; believe nothing else of the web-hook."""
    named = event.data.get("identityVerificationId")
    return named if isinstance(named, str) and answers.is_id(named) else None


def _path(verification_id: str) -> str:
    if not answers.is_id(verification_id):
        raise ProviderRefused(NAME, "verification id", "malformed", 400)
    return f"/identity-verifications/{verification_id}"
