"""Eligibility through the hospital's gateway: docs/eligibility-gateway.md, version 1."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeVar

from backend.providers.eligibility import gateway_answers as answers
from backend.providers.eligibility.port import (
    Cancelled,
    Confirmed,
    NotConfirmed,
    Outcome,
    Registration,
    Uncertain,
    Visit,
)
from backend.providers.errors import ProviderRefused, ProviderUnavailable, ProviderUncertain
from backend.providers.http import Ask, Limits, ProviderHttp, Reach
from chain.clock import Clock

NAME: Final = "eligibility"
BASE: Final = "/eligibility/v1"
UNKNOWN_VISIT: Final = "unknown-visit"
_REFUSALS: Final = frozenset({"bad-request", "unauthorized", "forbidden", UNKNOWN_VISIT, "visit-differs"})
_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """institution: the hospital's 요양기관기호, eight digits."""

    url: str
    token: str = field(repr=False)
    institution: str
    limits: Limits = field(default_factory=lambda: Limits(read=10.0, whole=20.0))
    reach: Reach = field(default_factory=Reach)


class GatewayEligibility:
    """`EligibilityProvider` over the gateway. Thread-safe."""

    def __init__(
        self, config: GatewayConfig, clock: Clock, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._institution = config.institution
        self._http = ProviderHttp(
            NAME,
            config.url,
            authorization=lambda: f"Bearer {config.token}",
            clock=clock,
            limits=config.limits,
            reach=config.reach,
            sleep=sleep,
        )

    def look_up(self, registration: Registration, day: date) -> Outcome:
        body = {"institution": self._institution, "date": day.isoformat(), "person": _person(registration)}
        answer = self._http.ask(Ask("look-up", "POST", f"{BASE}/lookups", body, refusals=_REFUSALS))
        return _read("look-up", lambda: answers.outcome(answer, day), ProviderUnavailable)

    def confirm_visit(self, visit: Visit) -> Confirmed | NotConfirmed | Cancelled | Uncertain:
        body = {
            "institution": self._institution,
            "visitId": _checked(visit.visit_id),
            "date": visit.day.isoformat(),
            "department": visit.department,
            "deductWon": visit.deduct,
            "person": _person(visit.registration),
        }
        try:
            answer = self._change("confirm", f"{BASE}/visits", visit.visit_id, body)
        except ProviderUncertain as uncertain:
            return self._settled(visit.visit_id, uncertain)
        return _read("confirm", lambda: answers.visit(answer, visit.visit_id), ProviderUncertain)

    def visit_state(self, visit_id: str) -> Confirmed | NotConfirmed | Cancelled | Uncertain:
        ask = Ask("state", "GET", f"{BASE}/visits/{_checked(visit_id)}", refusals=_REFUSALS)
        try:
            answer = self._http.ask(ask)
        except ProviderRefused as refusal:
            if refusal.code == UNKNOWN_VISIT:
                return NotConfirmed(visit_id, UNKNOWN_VISIT)
            raise
        return _read("state", lambda: answers.visit(answer, visit_id), ProviderUnavailable)

    def cancel_visit(self, visit_id: str) -> Cancelled | NotConfirmed | Uncertain:
        path = f"{BASE}/visits/{_checked(visit_id)}/cancel"
        try:
            answer = self._change("cancel", path, f"{visit_id}-cancel", {"institution": self._institution})
        except ProviderUncertain as uncertain:
            state = self._settled(visit_id, uncertain)
            return Uncertain("not cancelled yet") if isinstance(state, Confirmed) else state
        except ProviderRefused as refusal:
            if refusal.code == UNKNOWN_VISIT:
                return NotConfirmed(visit_id, UNKNOWN_VISIT)
            raise
        state = _read("cancel", lambda: answers.visit(answer, visit_id), ProviderUncertain)
        return Uncertain("not cancelled yet") if isinstance(state, Confirmed) else state

    def close(self) -> None:
        self._http.close()

    @property
    def circuit_open(self) -> bool:
        """For readiness and metrics."""
        return self._http.circuit.is_open

    def _change(self, operation: str, path: str, key: str, body: dict[str, Any]) -> Any:
        """Under an idempotency key, so a lost answer is asked for again with the same request."""
        ask = Ask(operation, "POST", path, body, repeatable=True, changes=True, key=key, refusals=_REFUSALS)
        return self._http.ask(ask)

    def _settled(
        self, visit_id: str, uncertain: ProviderUncertain
    ) -> Confirmed | NotConfirmed | Cancelled | Uncertain:
        """What is true of a change whose answer was lost, or Uncertain where that cannot be learned now.

        "Never arrived" is not believed here: the request may still be on its way.
        """
        try:
            state = self.visit_state(visit_id)
        except ProviderUnavailable:
            return Uncertain(uncertain.cause)
        unknown = isinstance(state, NotConfirmed) and state.reason == UNKNOWN_VISIT
        return Uncertain(uncertain.cause) if unknown else state


def _read(
    operation: str, read: Callable[[], T], failure: type[ProviderUnavailable] | type[ProviderUncertain]
) -> T:
    try:
        return read()
    except answers.AnswerUnusable as unusable:
        raise failure(NAME, operation, f"answer unusable: {unusable}") from None


def _person(registration: Registration) -> dict[str, str]:
    person = {"name": registration.name}
    if registration.resident_number is not None:
        person["residentNumber"] = registration.resident_number
    if registration.insurance_number is not None:
        person["insuranceNumber"] = registration.insurance_number
    return person


def _checked(visit_id: str) -> str:
    """It goes into a path. Raises ValueError."""
    if _ID.fullmatch(visit_id) is None:
        raise ValueError("a visit id has 8 to 64 of A-Z a-z 0-9 _ -")
    return visit_id
