"""API for the devices themselves."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request

from backend.client_policy import written
from backend.db import ReadSession, WriteSession
from backend.devices import health, service
from backend.devices.door import REFUSALS, AskedDep, DeviceDep, ProofDep
from backend.devices.kinds import DeviceKind
from backend.devices.schemas import (
    HeartbeatIn,
    HeartbeatOut,
    HospitalOut,
    KeyIn,
    KeyOut,
    PairedOut,
    PairingIn,
    SelfOut,
    SettingsOut,
    TodoOut,
)
from backend.errors import ErrorOut
from backend.limits.door import Door, Guessed, Limited
from backend.limits.rules import Limit
from backend.security import address_of
from backend.services import Services, ServicesDep
from backend.web.i18n import translate

router = APIRouter(prefix="/devices", tags=["devices"], responses=REFUSALS)

_CONFLICT = {"model": ErrorOut}


@router.post(
    "/pairings",
    status_code=201,
    responses={409: _CONFLICT, 429: _CONFLICT},
    dependencies=[Limited(Limit.PAIRING), Guessed(Door.PAIRING, wrong=frozenset({401}))],
)
def pair(
    request: Request, body: PairingIn, asked: AskedDep, given: ProofDep, services: ServicesDep
) -> PairedOut:
    """Become a device: the code from the staff, and a proof signed with the machine's own key (in `jwk`)."""
    made = service.pair(services, given, asked, body.code, body.kind, address_of(request))
    return PairedOut(
        device=made.id, kind=DeviceKind(made.kind), hospital=made.hospital, name=made.name, place=made.place
    )


@router.get("/self")
def whoami(who: DeviceDep, session: ReadSession, services: ServicesDep) -> SelfOut:
    """Who the device is, where it belongs, and what it goes by."""
    own, now = service.own(session, who), services.clock()
    return SelfOut(
        device=own.id,
        kind=who.kind,
        name=own.name,
        place=own.place,
        paired_at=own.paired_at,
        key=who.key,
        hospital=HospitalOut(index=own.hospital, name=services.institution_name(own.hospital)),
        settings=_settings(services, who.kind),
        server_time=_whole(now),
    )


def _settings(services: Services, kind: DeviceKind) -> SettingsOut:
    rules = health.policy(services.settings)
    return SettingsOut(
        heartbeat_seconds=int(health.HEARTBEAT.total_seconds()),
        key_days=health.KEY_LASTS.days,
        least_version=written(rules.least.get(kind, ())),
        recommended_version=written(rules.recommended.get(kind, ())),
    )


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


@router.post("/self/heartbeat")
def heartbeat(
    who: DeviceDep, body: HeartbeatIn, session: WriteSession, services: ServicesDep
) -> HeartbeatOut:
    """The device is there and says how it is; what it has to do comes back."""
    now = services.clock()
    found = health.heard(session, who, body, services.settings, now)
    return HeartbeatOut(
        todo=[TodoOut(do=each, say=translate(health.SAY[each])) for each in found],
        next_in_seconds=int(health.HEARTBEAT.total_seconds()),
        server_time=_whole(now),
    )


@router.post("/self/key", responses={409: _CONFLICT})
def rotate(who: DeviceDep, body: KeyIn, services: ServicesDep) -> KeyOut:
    """A new key in place of the one that signs this request, which ends with it."""
    return KeyOut(key=service.rotate(services, who, body.possession))
