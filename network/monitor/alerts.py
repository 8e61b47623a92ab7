"""Alerts as they come in, from Alertmanager's webhook or from Prometheus itself, and the messages made of them.

Both are taken so that a small hospital needs no Alertmanager: Prometheus posts a list to `/api/v2/alerts` (endsAt in
the future: still firing), Alertmanager an object to the webhook (each alert with its status).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from network.monitor.errors import AlertsMalformed

LABELS = (
    *("institution", "instance", "job", "validator", "stage", "code", "state"),
    *("adapter", "database", "node", "channel"),
)
"""What may leave: nothing else an alert may carry goes into a message."""

MOST_ALERTS = 1_000
_LONGEST = 200


class Severity(StrEnum):
    """How bad. NONE is for the alert that only shows that alerts come through."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    NONE = "none"


class _Incoming(BaseModel):
    labels: dict[str, str]
    annotations: dict[str, str] = Field(default_factory=dict)
    startsAt: AwareDatetime
    endsAt: AwareDatetime | None = None
    status: Literal["firing", "resolved"] | None = None


class _Webhook(BaseModel):
    alerts: list[_Incoming]


_POSTS: TypeAdapter[_Webhook | list[_Incoming]] = TypeAdapter(_Webhook | list[_Incoming])


@dataclass(frozen=True)
class Alert:
    """One alert at one moment. `identity` is the same for all its posts."""

    identity: str
    name: str
    severity: Severity
    firing: bool
    labels: Mapping[str, str]
    summary_ko: str
    summary_en: str
    runbook: str
    since: datetime
    ends: datetime | None
    """When it counts as over unless it is said again; None: when that is said."""


@dataclass(frozen=True)
class Message:
    """What one channel is to tell: an alert's beginning, its going on, or its end."""

    identity: str
    name: str
    severity: str
    raised: bool
    source: str
    """The allowed labels as `name=value`, separated by blanks."""
    summary_ko: str
    summary_en: str
    runbook: str
    since: str
    """ISO 8601, UTC."""

    @classmethod
    def of(cls, alert: Alert) -> Self:
        """The message that tells this alert."""
        source = " ".join(f"{name}={alert.labels[name]}" for name in LABELS if name in alert.labels)
        return cls(
            alert.identity,
            alert.name,
            alert.severity.value,
            alert.firing,
            source,
            alert.summary_ko,
            alert.summary_en,
            alert.runbook,
            alert.since.isoformat(timespec="seconds"),
        )

    def to_json(self) -> str:
        """As it is kept in the queue."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What the queue kept."""
        return cls(**json.loads(text))


def parse(body: bytes, now: datetime) -> list[Alert]:
    """The alerts of one post, of either form. Raises AlertsMalformed."""
    try:
        found = _POSTS.validate_json(body)
    except ValidationError as error:
        where = sorted({".".join(map(str, problem["loc"])) for problem in error.errors()})
        raise AlertsMalformed(", ".join(where[:5])) from error
    incoming = found.alerts if isinstance(found, _Webhook) else found
    if len(incoming) > MOST_ALERTS:
        raise AlertsMalformed(f"more than {MOST_ALERTS} at once")
    return [_alert(each, now) for each in incoming]


def _alert(incoming: _Incoming, now: datetime) -> Alert:
    labels, notes = incoming.labels, incoming.annotations
    if not labels.get("alertname"):
        raise AlertsMalformed("labels.alertname is missing")
    said = incoming.status
    ends = incoming.endsAt if incoming.endsAt is not None and incoming.endsAt.year > 1 else None
    firing = said == "firing" if said else ends is None or ends > now
    return Alert(
        identity=_identity(labels),
        name=_plain(labels["alertname"]),
        severity=_severity(labels.get("severity", "")),
        firing=firing,
        labels={name: _plain(labels[name]) for name in LABELS if labels.get(name)},
        summary_ko=_plain(notes.get("summary_ko", notes.get("summary", ""))),
        summary_en=_plain(notes.get("summary_en", notes.get("summary", ""))),
        runbook=_plain(notes.get("runbook", notes.get("runbook_url", ""))),
        since=incoming.startsAt,
        ends=ends if said is None else None,
    )


def _identity(labels: Mapping[str, str]) -> str:
    canonical: Any = sorted(labels.items())
    return hashlib.sha256(json.dumps(canonical).encode()).hexdigest()[:16]


def _severity(text: str) -> Severity:
    """What a rule without a severity says is not passed over: it counts as a warning."""
    return Severity(text) if text in set(Severity) else Severity.WARNING


def _plain(text: str) -> str:
    """One line of bounded length."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST]
