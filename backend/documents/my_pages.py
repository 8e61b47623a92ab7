"""A person's own documents: the list, one with its findings, and the bundle to keep."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import AwareDatetime

from backend.access import Function
from backend.db import ReadSession
from backend.documents import service
from backend.documents.models import Document, DocumentState
from backend.documents.pages import bundle_file
from backend.documents.schemas import DocumentOut
from backend.errors import ErrorOut
from backend.family.service import chooser
from backend.identity.notices import unread
from backend.identity.service import registrations
from backend.security import SignedInDep, form_page
from backend.services import Services, ServicesDep
from backend.verification.view import view
from backend.web.dates import day
from backend.web.i18n import N_, Message, current_language, translate
from records.kinds import KINDS
from verifier import verify

router = APIRouter(prefix="/me", include_in_schema=False)
api = APIRouter(prefix="/me", tags=["documents"], responses={401: {"model": ErrorOut}})

PAGE = 50

_STATES: dict[DocumentState, Message] = {
    DocumentState.ACTIVE: N_("블록체인에 기록된 원본입니다"),
    DocumentState.SUPERSEDED: N_("새 문서로 바뀌었습니다"),
    DocumentState.WITHDRAWN: N_("발급이 취소되었습니다"),
}


_FAMILY: dict[int | str, dict[str, Any]] = {403: {"model": ErrorOut}, 404: {"model": ErrorOut}}


@api.get("/documents", responses=_FAMILY)
def own_documents(
    who: SignedInDep,
    session: ReadSession,
    services: ServicesDep,
    before: AwareDatetime | None = None,
    limit: int = Query(default=PAGE, ge=1, le=200),
    person: UUID | None = None,
) -> list[DocumentOut]:
    """The signed-in person's documents from all their hospitals, newest first; go on with the last `anchoredAt`.

    `person`: the identifier of a guardianship or delegation, for that patient's documents.
    """
    found = service.of_person(services, session, who, before=before, count=limit, tie=person)
    return [DocumentOut.model_validate(document, from_attributes=True) for document in found]


@router.get("", response_class=HTMLResponse)
def documents(
    request: Request,
    who: SignedInDep,
    session: ReadSession,
    services: ServicesDep,
    before: AwareDatetime | None = None,
    person: UUID | None = None,
) -> HTMLResponse:
    """The list, newest first; `person`: of a family member, by the identifier of the guardianship or delegation."""
    found = service.of_person(services, session, who, before=before, count=PAGE + 1, tie=person)
    waiting = [
        services.institution_name(each.hospital)
        for each in registrations(session, who.person)
        if each.patient is None and person is None
    ]
    shown = found[:PAGE]
    return form_page(
        request,
        services,
        "me.html",
        documents=[_row(services, document) for document in shown],
        provisional=waiting,
        told=unread(session, who),
        family=chooser(services, session, who),
        person=person,
        older=shown[-1].anchored_at.isoformat() if len(found) > PAGE else "",
    )


@router.get("/documents/{document_id}", response_class=HTMLResponse)
def document(
    document_id: UUID, request: Request, who: SignedInDep, session: ReadSession, services: ServicesDep
) -> HTMLResponse:
    """One document, checked now as a stranger would check it."""
    found = service.for_person(services, session, who, document_id, Function.READ)
    proven = service.bundle(services, session, found)
    report = verify(proven.bundle, services.node.trust, now=services.clock(), node=services.node.client)
    return form_page(request, services, "my_document.html", view=view(report), document_id=document_id)


@router.get("/documents/{document_id}/bundle", response_class=Response)
def bundle(document_id: UUID, who: SignedInDep, session: ReadSession, services: ServicesDep) -> Response:
    """The document with its proof, as a file."""
    return bundle_file(
        services, session, service.for_person(services, session, who, document_id, Function.DOWNLOAD)
    )


def _row(services: Services, document: Document) -> dict[str, object]:
    kind = KINDS[document.vct]
    title = kind.title.en if current_language() == "en" else kind.title.ko
    anchored: datetime = document.anchored_at
    return {
        "id": document.id,
        "title": title,
        "day": day(anchored),
        "hospital": services.institution_name(document.issuer),
        "state": str(document.state),
        "said": translate(_STATES[DocumentState(document.state)]),
    }
