"""Devices as the staff's pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from babel.dates import format_timedelta

from backend.client_policy import ClientPolicy, Standing, client_of
from backend.devices.health import lost_for
from backend.devices.kinds import (
    KIND_NAMES,
    REASON_NAMES,
    Condition,
    DeviceKind,
    DeviceState,
    Paper,
    RevokeReason,
)
from backend.devices.models import PairedDevice, PairingCode
from backend.web.dates import day, minute
from backend.web.i18n import current_language, translate


def device(row: PairedDevice, policy: ClientPolicy, now: datetime) -> dict[str, Any]:
    """One device: its words for the page, and whether somebody should look at it."""
    revoked = row.state == DeviceState.REVOKED
    return {
        "id": row.id,
        "name": row.name,
        "place": row.place,
        "kind": kind_name(row.kind),
        "paired": day(row.paired_at),
        "seen": minute(row.seen_at),
        "state": _state(row, now),
        "mark": "passed" if lost_for(row, now) is None else "failed",
        "revoked": revoked,
        "version": row.version,
        "warnings": [] if revoked else list(_warnings(row, policy)),
    }


def _state(row: PairedDevice, now: datetime) -> str:
    if row.state == DeviceState.REVOKED and row.revoked_for is not None and row.revoked_at is not None:
        reason = translate(REASON_NAMES[RevokeReason(row.revoked_for)])
        return translate("해지됨: %(reason)s (%(day)s)", {"reason": reason, "day": day(row.revoked_at)})
    silent = lost_for(row, now)
    if silent is not None:
        return translate("연결 끊김 %(time)s", {"time": length(silent)})
    return translate("연결됨")


def _warnings(row: PairedDevice, policy: ClientPolicy) -> Sequence[str]:
    found = []
    if row.paper == Paper.EMPTY:
        found.append(translate("용지 없음"))
    if row.paper == Paper.LOW:
        found.append(translate("용지 부족"))
    if row.condition == Condition.FAULT:
        found.append(translate("고장: 점검이 필요합니다"))
    if row.condition == Condition.CLOSED:
        found.append(translate("사용 중지 중"))
    if row.clock_offset:
        offset = length(timedelta(seconds=abs(row.clock_offset)))
        if row.clock_offset > 0:
            found.append(translate("시계가 %(time)s 빠름", {"time": offset}))
        else:
            found.append(translate("시계가 %(time)s 느림", {"time": offset}))
    client = client_of(f"{row.kind}/{row.version}") if row.version else None
    standing = policy.judge(client) if client is not None else Standing.CURRENT
    if standing is Standing.TOO_OLD:
        found.append(translate("프로그램이 너무 오래되어 쓸 수 없음"))
    if standing is Standing.OLD:
        found.append(translate("프로그램의 새 버전 있음"))
    return found


def code(row: PairingCode, now: datetime) -> dict[str, Any]:
    """One code that waits; the code itself is not known any more."""
    return {
        "id": row.id,
        "name": row.name,
        "place": row.place,
        "kind": kind_name(row.kind),
        "left": length(row.expires_at - now),
        "tries": row.wrong_tries,
    }


def kind_name(kind: str) -> str:
    return translate(KIND_NAMES[DeviceKind(kind)])


def kinds() -> list[tuple[str, str]]:
    """Choices of the form: value and name."""
    return [(str(each), translate(name)) for each, name in KIND_NAMES.items()]


def reasons() -> list[tuple[str, str]]:
    """Choices of the form: value and name."""
    return [(str(each), translate(name)) for each, name in REASON_NAMES.items()]


def length(time: timedelta) -> str:
    """ "12분", "3시간": in the largest unit, rounded down."""
    seconds = int(time.total_seconds())
    size = next((size for size in (86_400, 3_600, 60) if seconds >= size), 1)
    return format_timedelta(timedelta(seconds=seconds // size * size), threshold=1, locale=current_language())
