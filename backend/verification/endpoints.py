"""API of the verification domain."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query

from backend.db import ReadSession
from backend.errors import ErrorOut
from backend.limits.door import Limited
from backend.limits.rules import Limit
from backend.services import ServicesDep
from backend.verification import service
from backend.verification.service import Brought
from verifier.bundle import MEDIA_TYPE

router = APIRouter(tags=["verification"])

READER = "^(prescription|claim|certificate|[0-9]{1,6}[smhd])$"


@router.post(
    "/verifications",
    responses={413: {"model": ErrorOut}, 422: {"model": ErrorOut}},
    dependencies=[Limited(Limit.VERIFICATION)],
)
def verify(
    session: ReadSession,
    services: ServicesDep,
    body: Annotated[
        bytes, Body(media_type=MEDIA_TYPE, description="A proof bundle: CBOR or base64url text.")
    ],
    reader: Annotated[
        str | None,
        Query(
            pattern="^(prescription|claim|certificate|[0-9]{1,6}[smhd])$", description="For what it is read."
        ),
    ] = None,
) -> dict[str, Any]:
    """Check a bundle; the answer is the same report as `saegim-verify --json`."""
    return service.check(services, session, Brought(file=body), reader=reader).to_json()
