"""Pages behind a document's link: the document with its findings, and the bundle to keep."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from backend.db import ReadSession
from backend.documents import links, service
from backend.documents.models import Document
from backend.limits.door import Door, Guessed
from backend.services import Services, ServicesDep
from backend.verification.view import view
from backend.web.templating import page
from verifier import verify
from verifier.bundle import MEDIA_TYPE

router = APIRouter(
    prefix=links.PREFIX.rstrip("/"),
    include_in_schema=False,
    dependencies=[Guessed(Door.SHARE_LINK, wrong=frozenset({404}))],
)


@router.get("/{token}", response_class=HTMLResponse)
def document(token: str, request: Request, session: ReadSession, services: ServicesDep) -> HTMLResponse:
    """The document, checked now as a stranger would check it."""
    proven = service.bundle(services, session, links.follow(services, session, token))
    report = verify(proven.bundle, services.node.trust, now=services.clock(), node=services.node.client)
    return page(request, "document.html", view=view(report), bundle_url=f"{links.PREFIX}{token}/bundle")


@router.get("/{token}/bundle", response_class=Response)
def bundle(token: str, session: ReadSession, services: ServicesDep) -> Response:
    """The document with its proof, as a file."""
    return bundle_file(services, session, links.follow(services, session, token))


def bundle_file(services: Services, session: Session, found: Document) -> Response:
    """The document with its proof as a download. Raises DocumentErased, ProofUnavailable."""
    proven = service.bundle(services, session, found)
    name = f"saegim-{found.vct.split(':')[2]}-{found.leaf[:8]}.saegim"
    return Response(
        proven.bundle.encode(),
        media_type=MEDIA_TYPE,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )
