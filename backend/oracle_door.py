"""The door of the hospital's own oracle: a request's body, once its service token holds."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from backend import service_token
from backend.documents.errors import TokenRefused
from backend.services import ServicesDep

_bearer = HTTPBearer(auto_error=False, description="Service token of the hospital's oracle")


async def oracle_body(
    request: Request,
    services: ServicesDep,
    token: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> bytes:
    """The raw body. The token is checked before a byte of it is parsed. Raises TokenRefused."""
    if token is None:
        raise TokenRefused(reason="missing")
    body = await request.body()
    service_token.verify(
        token.credentials, body, keys=services.oracle_keys, issuer="oracle", clock=services.clock
    )
    return body
