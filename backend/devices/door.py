"""The devices' door in a request: the proof it carries, and the device whose it is.

`DeviceDep` looks the body up before anything of it is understood, uses the proof up in a transaction of its own, and
is therefore named before a `WriteSession` in an endpoint.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials
from fastapi.security.http import HTTPBase

from backend.devices import service
from backend.devices.proof import Asked
from backend.devices.service import Device, server_of
from backend.errors import ErrorOut
from backend.security import address_of
from backend.services import Services, ServicesDep

__all__ = ["REFUSALS", "AskedDep", "Device", "DeviceDep", "ProofDep"]

SCHEME = "Device"
REFUSALS: dict[int | str, dict[str, Any]] = {status: {"model": ErrorOut} for status in (401, 413, 422)}
"""For the `responses` of a device's address."""

_scheme = HTTPBase(
    scheme=SCHEME,
    scheme_name="Device",
    description="A proof for this one request, signed with the device's key: docs/devices.md",
    auto_error=False,
)


async def _asked(request: Request, services: ServicesDep) -> Asked:
    return Asked(request.method, _address(request, services), await request.body())


def _address(request: Request, services: Services) -> str:
    """As the device sent it, behind our public name: nothing is decoded or put in order."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope["query_string"]
    return server_of(services) + raw.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")


def _given(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)]) -> str | None:
    right = credentials is not None and credentials.scheme.lower() == SCHEME.lower()
    return credentials.credentials if credentials is not None and right else None


AskedDep = Annotated[Asked, Depends(_asked)]
ProofDep = Annotated[str | None, Depends(_given)]


def device(request: Request, asked: AskedDep, given: ProofDep, services: ServicesDep) -> Device:
    """The device whose request it is. Raises DeviceRefused."""
    return service.admit(services, given, asked, address_of(request))


DeviceDep = Annotated[Device, Depends(device)]
