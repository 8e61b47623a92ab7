"""API of the documents domain: what is known by id, a fresh proof, and the oracle's deliveries."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import ValidationError

from backend.db import ReadSession, WriteSession
from backend.documents import deliveries, service
from backend.documents.schemas import DeliveriesIn, DeliveriesOut, DocumentOut
from backend.errors import ErrorOut, InvalidRequest
from backend.limits.door import Door, Guessed
from backend.oracle_door import oracle_body
from backend.services import ServicesDep
from verifier.bundle import MEDIA_TYPE

router = APIRouter(tags=["documents"])
internal = APIRouter(tags=["internal"])

GUESSED = Guessed(Door.DOCUMENT, wrong=frozenset({404}))


@router.get("/documents/{document_id}", responses={404: {"model": ErrorOut}}, dependencies=[GUESSED])
def document(document_id: UUID, session: ReadSession) -> DocumentOut:
    """What may be said of a document to someone who knows its id: nothing of its content."""
    return DocumentOut.model_validate(service.get(session, document_id), from_attributes=True)


@router.get(
    "/documents/{document_id}/proof",
    dependencies=[GUESSED],
    response_class=Response,
    responses={
        200: {"content": {MEDIA_TYPE: {}}, "description": "A proof bundle without its credential (CBOR)."},
        404: {"model": ErrorOut},
        503: {"model": ErrorOut},
    },
)
def proof(document_id: UUID, session: ReadSession, services: ServicesDep) -> Response:
    """A proof made now from this member's own node; `saegim-verify prove --proof` puts it into a bundle.

    The header `Saegim-Proof` says `fresh`, or `kept` when the node cannot be asked now and the last proof is sent.
    """
    proven = service.proof(services, session, service.get(session, document_id))
    return Response(
        proven.bundle.encode(),
        media_type=MEDIA_TYPE,
        headers={
            "saegim-proof": "fresh" if proven.fresh else "kept",
            "content-disposition": f'attachment; filename="{document_id}.saegim-proof"',
        },
    )


def _delivery_body(body: Annotated[bytes, Depends(oracle_body)]) -> DeliveriesIn:
    try:
        return DeliveriesIn.model_validate_json(body)
    except ValidationError as error:
        raise InvalidRequest(where="deliveries") from error


@internal.post(
    "/deliveries",
    responses={
        401: {"model": ErrorOut},
        413: {"model": ErrorOut},
        422: {"model": ErrorOut},
        503: {"model": ErrorOut},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": DeliveriesIn.model_json_schema()}},
        }
    },
)
def deliver(
    body: Annotated[DeliveriesIn, Depends(_delivery_body)], session: WriteSession, services: ServicesDep
) -> DeliveriesOut:
    """Take deliveries from the oracle. Each is taken once; sending the same again answers `duplicates`."""
    return deliveries.take(services, session, body.deliveries)
