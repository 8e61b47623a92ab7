"""The gateway's addresses, and the tester's switches under ``/sandbox/``."""

from __future__ import annotations

import hmac
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sandbox.eligibility import register
from sandbox.eligibility.ledger import Differs, Ledger, UnknownVisit
from sandbox.faults import Fault, FaultQueue, Faulty
from sandbox.people import Person

API = "/eligibility/v1"
TOKEN = "sandbox-token"  # noqa: S105 - opens the sandbox only
INSTITUTION = "99999999"


class Refused(Exception):
    """An error of the protocol."""

    def __init__(self, code: str, status: int) -> None:
        self.code, self.status = code, status
        super().__init__(code)


class Closed(BaseModel):
    """A body without unknown fields."""

    model_config = ConfigDict(extra="forbid")


class PersonIn(Closed):
    """A name and one of two numbers."""

    name: str = Field(min_length=1, max_length=100)
    residentNumber: str | None = Field(default=None, pattern=r"^[0-9]{13}$")
    insuranceNumber: str | None = Field(default=None, pattern=r"^[0-9]{8,13}$")

    @model_validator(mode="after")
    def _one_number(self) -> PersonIn:
        if (self.residentNumber is None) == (self.insuranceNumber is None):
            raise ValueError("one number")
        return self


class LookupIn(Closed):
    """Who is covered on a day."""

    institution: str
    date: date
    person: PersonIn


class VisitIn(LookupIn):
    """A visit to confirm."""

    visitId: str = Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")
    department: str = Field(min_length=1, max_length=20)
    deductWon: int = Field(ge=0, le=1_000_000)


class CancelIn(Closed):
    """Whose visit it is."""

    institution: str


class FaultIn(Closed):
    """What happens to the next answers."""

    fault: Fault
    times: int = Field(default=1, ge=1, le=1000)
    seconds: float = Field(default=30.0, gt=0, le=600)


class HoldIn(Closed):
    """Whether the insurer keeps new visits waiting."""

    hold: bool


def create_app(*, token: str = TOKEN, institution: str = INSTITUTION) -> FastAPI:
    """The stand-in, with its own memory: ``app.state.ledger``, ``app.state.faults``."""
    app = FastAPI(title="Eligibility gateway stand-in", docs_url=None, redoc_url=None)
    app.state.ledger = Ledger()
    app.state.faults = FaultQueue()
    app.add_middleware(Faulty, queue=app.state.faults, prefix=API)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    _install_api(app, token, institution)
    _install_switches(app)
    return app


def _install_api(app: FastAPI, token: str, institution: str) -> None:
    def authorized(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise Refused("unauthorized", 401)

    router = APIRouter(prefix=API, dependencies=[Depends(authorized)])
    _add_questions(router, app.state.ledger, institution)
    _add_changes(router, app.state.ledger, institution)
    app.include_router(router)


def _add_questions(router: APIRouter, ledger: Ledger, institution: str) -> None:
    @router.post("/lookups")
    def look_up(body: LookupIn) -> dict[str, Any]:
        _ours(institution, body.institution)
        who, reference = _found(body), {"reference": ledger.reference()}
        if who is None:
            return {"outcome": "not-found"} | reference
        answer = register.answer(who, body.date, ledger.balance(who))
        return answer if answer["outcome"] == "uncertain" else answer | reference

    @router.get("/visits/{visit_id}")
    def state(visit_id: str) -> dict[str, Any]:
        try:
            return ledger.state(visit_id)
        except UnknownVisit:
            raise Refused("unknown-visit", 404) from None


def _add_changes(router: APIRouter, ledger: Ledger, institution: str) -> None:
    @router.post("/visits")
    def confirm(body: VisitIn, idempotency_key: Annotated[str, Header()] = "") -> dict[str, Any]:
        _ours(institution, body.institution)
        _keyed(idempotency_key, body.visitId)
        who = _found(body)
        content = (body.date, body.department, body.deductWon, who and who.index)
        try:
            return ledger.confirm(body.visitId, content, who, body.date, body.deductWon)
        except Differs:
            raise Refused("visit-differs", 409) from None

    @router.post("/visits/{visit_id}/cancel")
    def cancel(
        visit_id: str, body: CancelIn, idempotency_key: Annotated[str, Header()] = ""
    ) -> dict[str, Any]:
        _ours(institution, body.institution)
        _keyed(idempotency_key, f"{visit_id}-cancel")
        try:
            return ledger.cancel(visit_id)
        except UnknownVisit:
            raise Refused("unknown-visit", 404) from None


def _found(body: LookupIn) -> Person | None:
    return register.find(body.person.name, body.person.residentNumber, body.person.insuranceNumber)


def _ours(institution: str, asked: str) -> None:
    if asked != institution:
        raise Refused("forbidden", 403)


def _keyed(key: str, expected: str) -> None:
    if key != expected:
        raise Refused("bad-request", 400)


def _install_switches(app: FastAPI) -> None:
    ledger: Ledger = app.state.ledger

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/sandbox/faults")
    def fault(body: FaultIn) -> dict[str, str]:
        app.state.faults.add(body.fault, times=body.times, seconds=body.seconds)
        return {"next": body.fault}

    @app.post("/sandbox/hold")
    def hold(body: HoldIn) -> dict[str, bool]:
        ledger.hold = body.hold
        return {"hold": ledger.hold}

    @app.post("/sandbox/settle")
    def settle() -> dict[str, int]:
        return {"settled": ledger.settle()}


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    return JSONResponse({"error": error.code}, error.status)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": "bad-request"}, 400)
