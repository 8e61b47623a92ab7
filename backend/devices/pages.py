"""Pages of whoever keeps the hospital's devices: the list, a pairing code, one device."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.db import ReadSession, WriteSession
from backend.devices import administration, view
from backend.devices.administration import By
from backend.devices.errors import DescriptionMissing
from backend.devices.health import policy
from backend.devices.kinds import DeviceKind, RevokeReason
from backend.errors import InvalidRequest
from backend.rendering import error_body
from backend.security import OwnForm, form_page
from backend.services import Services, ServicesDep
from backend.staff.door import DeviceKeeperDep
from backend.staff.sessions import StaffSignedIn
from chain.db import reading, writing

HOME = "/staff/devices"
router = APIRouter(prefix=HOME, include_in_schema=False)

SEE_OTHER = 303
Text = Annotated[str, Form(max_length=400)]
_NOTHING_TYPED = {"name": "", "place": "", "kind": str(DeviceKind.KIOSK)}


def _by(who: StaffSignedIn) -> By:
    return By(who.staff, who.hospital, who.address)


@router.get("", response_class=HTMLResponse)
def overview(request: Request, who: DeviceKeeperDep, services: ServicesDep) -> HTMLResponse:
    """The hospital's devices, codes that wait, and the form for a new one."""
    return _overview(request, who, services, _NOTHING_TYPED)


def _overview(
    request: Request,
    who: StaffSignedIn,
    services: Services,
    typed: dict[str, str],
    error: dict[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    now, rules = services.clock(), policy(services.settings)
    with reading(services.database) as session:
        devices = [view.device(each, rules, now) for each in administration.devices(session, who.hospital)]
        codes = [view.code(each, now) for each in administration.waiting_codes(session, who.hospital, now)]
    return form_page(
        request,
        services,
        "staff_devices.html",
        status=status,
        devices=devices,
        codes=codes,
        kinds=view.kinds(),
        typed=typed,
        error=error,
    )


@router.post("/codes", dependencies=[OwnForm])
def make_code(
    request: Request,
    who: DeviceKeeperDep,
    services: ServicesDep,
    name: Text = "",
    place: Text = "",
    kind: Text = "",
) -> Response:
    """A code for one machine. It is on this page and nowhere else."""
    if kind not in set(DeviceKind):
        raise InvalidRequest(where="kind")
    now = services.clock()
    try:
        with writing(services.database) as session:
            made = administration.make_code(
                session,
                services.vault,
                _by(who),
                hospital=who.hospital,
                kind=DeviceKind(kind),
                name=name,
                place=place,
                now=now,
            )
    except DescriptionMissing as error:
        typed = {"name": name, "place": place, "kind": kind}
        return _overview(request, who, services, typed, error_body(error), error.status)
    shown = {"code": made.text, "name": name, "place": place, "kind": view.kind_name(kind)}
    server = services.settings.public_url.rstrip("/")
    return form_page(request, services, "staff_device_code.html", made=shown, server=server)


@router.post("/codes/{code_id}/withdraw", dependencies=[OwnForm])
def withdraw(code_id: UUID, who: DeviceKeeperDep, session: WriteSession, services: ServicesDep) -> Response:
    """End a code that waits."""
    administration.withdraw_code(session, _by(who), code_id, services.clock())
    return RedirectResponse(HOME, SEE_OTHER)


@router.get("/{device_id}", response_class=HTMLResponse)
def one(
    device_id: UUID, request: Request, who: DeviceKeeperDep, session: ReadSession, services: ServicesDep
) -> HTMLResponse:
    """One device: how it is, its name, its end."""
    row = administration.device(session, _by(who), device_id)
    shown = view.device(row, policy(services.settings), services.clock())
    return _one(request, services, shown, {"name": row.name, "place": row.place})


def _one(
    request: Request,
    services: Services,
    shown: dict[str, object],
    typed: dict[str, str],
    error: dict[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    return form_page(
        request,
        services,
        "staff_device.html",
        status=status,
        device=shown,
        reasons=view.reasons(),
        typed=typed,
        error=error,
    )


@router.post("/{device_id}/name", dependencies=[OwnForm])
def rename(
    device_id: UUID,
    request: Request,
    who: DeviceKeeperDep,
    services: ServicesDep,
    name: Text = "",
    place: Text = "",
) -> Response:
    """Another name or place."""
    now = services.clock()
    try:
        with writing(services.database) as session:
            administration.rename(session, _by(who), device_id, name, place, now)
    except DescriptionMissing as error:
        with reading(services.database) as session:
            row = administration.device(session, _by(who), device_id)
            shown = view.device(row, policy(services.settings), now)
        typed = {"name": name, "place": place}
        return _one(request, services, shown, typed, error_body(error), error.status)
    return RedirectResponse(f"{HOME}/{device_id}", SEE_OTHER)


@router.post("/{device_id}/revoke", dependencies=[OwnForm])
def revoke(
    device_id: UUID, who: DeviceKeeperDep, session: WriteSession, services: ServicesDep, reason: Text = ""
) -> Response:
    """The device is refused from its next request on."""
    if reason not in set(RevokeReason):
        raise InvalidRequest(where="reason")
    administration.revoke(session, _by(who), device_id, RevokeReason(reason), services.clock())
    return RedirectResponse(f"{HOME}/{device_id}", SEE_OTHER)
