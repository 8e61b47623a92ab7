"""The oracle's side door to the log: heads to take to the chain, and where they came to stand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import ValidationError

from backend.audit import service
from backend.audit.errors import AnchorUnknown, AnchorUnproven
from backend.audit.schemas import HeadsIn, HeadsOut
from backend.db import WriteSession
from backend.errors import ErrorOut, InvalidRequest
from backend.oracle_door import oracle_body
from backend.services import ServicesDep

internal = APIRouter(tags=["internal"])


def _heads(body: Annotated[bytes, Depends(oracle_body)]) -> HeadsIn:
    try:
        return HeadsIn.model_validate_json(body)
    except ValidationError as error:
        raise InvalidRequest(where="anchored") from error


@internal.post(
    "/audit-heads",
    responses={401: {"model": ErrorOut}, 413: {"model": ErrorOut}, 422: {"model": ErrorOut}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": HeadsIn.model_json_schema()}},
        }
    },
)
def exchange(
    body: Annotated[HeadsIn, Depends(_heads)], session: WriteSession, services: ServicesDep
) -> HeadsOut:
    """Note which heads are on chain, and give a commitment to the present one. The same again changes nothing.

    A head that this log did not give, or whose path leads elsewhere, is left out and named.
    """
    refused = []
    for each in body.anchored:
        try:
            service.note_anchored(
                session,
                bytes.fromhex(each.commitment),
                issuer=body.issuer,
                root=bytes.fromhex(each.root),
                path=[bytes.fromhex(node) for node in each.path],
                block=each.block,
            )
        except (AnchorUnknown, AnchorUnproven):
            refused.append(each.commitment)
    made = service.make_anchor(session, services.clock())
    return HeadsOut(commitment=made.commitment.hex(), refused=refused)
