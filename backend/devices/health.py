"""How devices are: what one tells of itself, what it is told to do, what the metrics say of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from backend.client_policy import ClientPolicy, Standing, client_of
from backend.config import Settings
from backend.devices import repository
from backend.devices.kinds import Condition, DeviceState, Paper
from backend.devices.models import DeviceKey, PairedDevice
from backend.devices.schemas import HeartbeatIn, Todo
from backend.devices.service import NOTED_EVERY, Device
from backend.services import Services
from backend.web.i18n import N_, Message
from chain.db import reading

HEARTBEAT = timedelta(seconds=60)
LOST_AFTER = timedelta(minutes=3)
"""Three heartbeats missed: somebody should look."""
KEY_LASTS = timedelta(days=365)
CLOCK_OFF = 30
"""Seconds; half of what a proof may be off."""

SAY: dict[Todo, Message] = {
    Todo.UPDATE: N_("기기 프로그램의 새 버전이 있습니다. 쉬는 시간에 업데이트해 주세요."),
    Todo.UPDATE_NOW: N_(
        "기기 프로그램이 너무 오래되어 쓸 수 없습니다. 정보 부서에 업데이트를 요청해 주세요."
    ),
    Todo.SET_CLOCK: N_("기기의 시계가 맞지 않습니다. 시계를 맞춰 주세요."),
    Todo.ROTATE_KEY: N_("기기의 키를 만든 지 오래되었습니다. 새 키로 바꿔 주세요."),
}


def heard(session: Session, who: Device, told: HeartbeatIn, settings: Settings, now: datetime) -> list[Todo]:
    """Keep what a device tells, if it is new, and say what it has to do."""
    known = repository.of_key(session, who.key)
    assert known is not None, "a device came in with a key that is not there"
    key, device = known
    news = {
        "version": told.version,
        "paper": told.paper,
        "condition": told.condition,
        "clock_offset": told.clock_offset if abs(told.clock_offset) > CLOCK_OFF else 0,
    }
    if any(getattr(device, name) != value for name, value in news.items()):
        repository.told(session, device.id, news)
    return todo(key, device, told, settings, now)


def todo(
    key: DeviceKey, device: PairedDevice, told: HeartbeatIn, settings: Settings, now: datetime
) -> list[Todo]:
    """In the order of urgency."""
    found = []
    client = client_of(f"{device.kind}/{told.version}")
    standing = policy(settings).judge(client) if client is not None else Standing.CURRENT
    if standing is Standing.TOO_OLD:
        found.append(Todo.UPDATE_NOW)
    if abs(told.clock_offset) > CLOCK_OFF:
        found.append(Todo.SET_CLOCK)
    if standing is Standing.OLD:
        found.append(Todo.UPDATE)
    if now - key.added_at > KEY_LASTS:
        found.append(Todo.ROTATE_KEY)
    return found


def policy(settings: Settings) -> ClientPolicy:
    """Least and recommended versions, as for every installed client."""
    return ClientPolicy.read(settings.client_least, settings.client_recommended)


# --- for the staff


def lost_for(device: PairedDevice, now: datetime) -> timedelta | None:
    """How long nothing was heard of it; None while it is connected or when it was revoked."""
    silent = now - device.seen_at
    return silent if device.state == DeviceState.PAIRED and silent > LOST_AFTER else None


def needs_hands(device: PairedDevice) -> bool:
    """Whether somebody has to go there."""
    return device.paper in (Paper.LOW, Paper.EMPTY) or device.condition == Condition.FAULT


# --- metrics


def metrics(services: Services) -> Iterator[Metric]:
    """Devices by kind and state, and how long each that is paired has been silent; nothing without the database."""
    try:
        with reading(services.database) as session:
            found = repository.devices(session)
    except SQLAlchemyError:
        return
    yield _by_state(found, services.clock())
    yield _silence(found, services.clock())


def _by_state(devices: Sequence[PairedDevice], now: datetime) -> Metric:
    family = GaugeMetricFamily(
        "saegim_backend_devices",
        "Paired machines; lost: nothing heard for three minutes",
        labels=["kind", "state"],
    )
    for (kind, state), count in sorted(
        Counter((str(each.kind), _state(each, now)) for each in devices).items()
    ):
        family.add_metric([kind, state], count)
    return family


def _state(device: PairedDevice, now: datetime) -> str:
    if device.state == DeviceState.REVOKED:
        return "revoked"
    if lost_for(device, now) is not None:
        return "lost"
    return "needs-hands" if needs_hands(device) else "connected"


def _silence(devices: Sequence[PairedDevice], now: datetime) -> Metric:
    family = GaugeMetricFamily(
        "saegim_backend_device_silent_seconds",
        f"Since the last request of a paired device; {int(NOTED_EVERY.total_seconds())} s are normal",
        labels=["device", "kind"],
    )
    for each in devices:
        if each.state == DeviceState.PAIRED:
            family.add_metric([str(each.id), str(each.kind)], (now - each.seen_at).total_seconds())
    return family
