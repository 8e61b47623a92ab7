"""Pages of whoever keeps the hospital's devices: the list, a pairing code, one device.

What lets a machine in or shuts one out asks for a fresh proof of whoever sits there; looking at the list does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.db import ReadSession, WriteSession
from backend.devices import administration, view
from backend.devices.administration import By
from backend.devices.errors import DescriptionMissing
from backend.devices.health import policy
from backend.devices.kinds import DeviceKind, DeviceState, RevokeReason
from backend.errors import InvalidRequest, SaegimError
from backend.rendering import error_body
from backend.security import OwnForm, form_page
from backend.services import Services, ServicesDep
from backend.staff.door import DeviceKeeperDep, ProvenKeeperDep
from backend.staff.errors import StaffStepUpRequired
from backend.staff.sessions import StaffSignedIn, need_proof
from chain.db import reading, writing

HOME = "/staff/devices"
router = APIRouter(prefix=HOME, include_in_schema=False)

SEE_OTHER = 303
Text = Annotated[str, Form(max_length=400)]
_NOTHING_TYPED: Mapping[str, str] = {"name": "", "place": "", "kind": str(DeviceKind.KIOSK)}


def _by(who: StaffSignedIn) -> By:
    return By(who.staff, who.hospital, who.address)


@router.get("", response_class=HTMLResponse)
def overview(
    request: Request, who: DeviceKeeperDep, session: ReadSession, services: ServicesDep
) -> HTMLResponse:
    """The hospital's devices, and codes that wait."""
    now, rules = services.clock(), policy(services.settings)
    known = administration.devices(session, who.hospital)
    codes = administration.waiting_codes(session, who.hospital, now)
    return form_page(
        request,
        services,
        "staff_devices.html",
        devices=[view.device(each, rules, now) for each in known if each.state != DeviceState.REVOKED],
        revoked=[view.device(each, rules, now) for each in known if each.state == DeviceState.REVOKED],
        codes=[view.code(each, now) for each in codes],
    )


# --- a new one


@router.get("/new", response_class=HTMLResponse)
def new(request: Request, who: ProvenKeeperDep, services: ServicesDep) -> HTMLResponse:
    """Kind, name and place."""
    return _new(request, services, _NOTHING_TYPED)


def _new(
    request: Request, services: Services, typed: Mapping[str, str], error: SaegimError | None = None
) -> HTMLResponse:
    return form_page(
        request,
        services,
        "staff_device_new.html",
        status=200 if error is None else error.status,
        kinds=view.kinds(),
        typed=typed,
        error=error and error_body(error),
    )


@router.post("/new", dependencies=[OwnForm])
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
    typed = {"name": name, "place": place, "kind": kind}
    try:
        need_proof(who)
        with writing(services.database) as session:
            made = administration.make_code(
                session,
                services.vault,
                _by(who),
                hospital=who.hospital,
                kind=DeviceKind(kind),
                name=name,
                place=place,
                now=services.clock(),
            )
    except (DescriptionMissing, StaffStepUpRequired) as error:
        return _new(request, services, typed, error)
    shown = {**typed, "code": made.text, "kind": view.kind_name(kind)}
    server = services.settings.public_url.rstrip("/")
    return form_page(request, services, "staff_device_code.html", made=shown, server=server)


@router.post("/codes/{code_id}/withdraw", dependencies=[OwnForm])
def withdraw(code_id: UUID, who: DeviceKeeperDep, session: WriteSession, services: ServicesDep) -> Response:
    """End a code that waits."""
    administration.withdraw_code(session, _by(who), code_id, services.clock())
    return RedirectResponse(HOME, SEE_OTHER)


# --- one of them


@router.get("/{device_id}", response_class=HTMLResponse)
def one(device_id: UUID, request: Request, who: ProvenKeeperDep, services: ServicesDep) -> HTMLResponse:
    """One device: how it is, its name, its end."""
    return _one(request, services, who, device_id)


def _one(
    request: Request,
    services: Services,
    who: StaffSignedIn,
    device_id: UUID,
    typed: Mapping[str, str] | None = None,
    error: SaegimError | None = None,
) -> HTMLResponse:
    with reading(services.database) as session:
        row = administration.device(session, _by(who), device_id)
        shown = view.device(row, policy(services.settings), services.clock())
    return form_page(
        request,
        services,
        "staff_device.html",
        status=200 if error is None else error.status,
        device=shown,
        reasons=view.reasons(),
        typed={"name": shown["name"], "place": shown["place"], "reason": ""} | dict(typed or {}),
        error=error and error_body(error),
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
    try:
        need_proof(who)
        with writing(services.database) as session:
            administration.rename(session, _by(who), device_id, name, place, services.clock())
    except (DescriptionMissing, StaffStepUpRequired) as error:
        return _one(request, services, who, device_id, {"name": name, "place": place}, error)
    return RedirectResponse(f"{HOME}/{device_id}", SEE_OTHER)


@router.post("/{device_id}/revoke", dependencies=[OwnForm])
def revoke(
    device_id: UUID, request: Request, who: DeviceKeeperDep, services: ServicesDep, reason: Text = ""
) -> Response:
    """The device is refused from its next request on."""
    if reason not in set(RevokeReason):
        raise InvalidRequest(where="reason")
    try:
        need_proof(who)
        with writing(services.database) as session:
            administration.revoke(session, _by(who), device_id, RevokeReason(reason), services.clock())
    except StaffStepUpRequired as error:
        return _one(request, services, who, device_id, {"reason": reason}, error)
    return RedirectResponse(f"{HOME}/{device_id}", SEE_OTHER)
