"""The public page on which anybody checks a document."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, Response

from backend.db import ReadSession
from backend.errors import SaegimError
from backend.limits.door import Limited
from backend.limits.rules import Limit
from backend.rendering import error_body
from backend.services import ServicesDep
from backend.verification import downloads, service
from backend.verification.service import Brought
from backend.verification.view import view
from backend.web.i18n import N_, translate
from backend.web.templating import page
from verifier import Reader

router = APIRouter(include_in_schema=False)

_READERS = (
    ("", N_("문서 종류에 맞게 (보통)")),
    (Reader.PRESCRIPTION.value, N_("약 조제: 10분 안의 증명")),
    (Reader.CLAIM.value, N_("보험 청구 심사: 24시간 안의 증명")),
    (Reader.CERTIFICATE.value, N_("증명서 제출: 7일 안의 증명")),
)


@router.get("/verify", response_class=HTMLResponse)
def form(request: Request) -> HTMLResponse:
    return _form(request, {"link": "", "text": "", "reader": ""})


@router.post("/verify", response_class=HTMLResponse, dependencies=[Limited(Limit.VERIFICATION)])
def verify(
    request: Request,
    session: ReadSession,
    services: ServicesDep,
    file: Annotated[UploadFile | None, File()] = None,
    link: Annotated[str, Form(max_length=2_000)] = "",
    text: Annotated[str, Form(max_length=1_500_000)] = "",
    reader: Annotated[str, Form(pattern="^(prescription|claim|certificate|)$")] = "",
) -> HTMLResponse:
    """The report, or the form again with what was typed and what to do."""
    brought = Brought(file.file.read() if file else b"", link, text)
    try:
        report = service.check(services, session, brought, reader=reader or None)
    except SaegimError as error:
        typed = {"link": link, "text": text, "reader": reader}
        return _form(request, typed, problem=error)
    return page(request, "verified.html", view=view(report))


@router.get("/verify/offline", response_class=HTMLResponse)
def offline(request: Request, services: ServicesDep) -> HTMLResponse:
    """What is needed to check documents without us, and how to know that it is the right thing."""
    return page(
        request,
        "offline.html",
        page_digest=downloads.page_digest(),
        fingerprint=services.node.trust.fingerprint,
        chain_id=services.node.trust.chain_id,
    )


@router.get("/verify/saegim-verify.html", response_class=Response)
def verifier_file() -> Response:
    """The verifier as one file, to be kept and opened from disk."""
    return downloads.attachment(downloads.page_bytes(), downloads.PAGE, "text/html; charset=utf-8")


@router.get("/verify/network.json", response_class=Response)
def trust_file(services: ServicesDep) -> Response:
    """The network's trust file, as its members signed it."""
    data = services.settings.trust_file.read_bytes()
    return downloads.attachment(data, "network.json", "application/json")


def _form(request: Request, typed: dict[str, str], problem: SaegimError | None = None) -> HTMLResponse:
    return page(
        request,
        "verify.html",
        status=problem.status if problem else 200,
        typed=typed,
        readers=[(value, translate(label)) for value, label in _READERS],
        problem=error_body(problem) if problem else None,
    )
