"""The REST API, and the tester's switches under ``/sandbox/``."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from chain.clock import Clock, utc_now
from sandbox.faults import Fault, FaultQueue, Faulty
from sandbox.identity import wire
from sandbox.identity.hooks import HookMode, Hooks
from sandbox.identity.screen import install_screens
from sandbox.identity.state import Agency, Mode, Refusal, Verification

API = "/identity-verifications"
SECRET = "sandbox-secret"  # noqa: S105 - opens the sandbox only
STORE_ID = "store-00000000-0000-4000-8000-000000000000"
CHANNEL_KEY = "channel-key-00000000-0000-4000-8000-000000000000"
Operator = Literal["SKT", "KT", "LGU", "SKT_MVNO", "KT_MVNO", "LGU_MVNO"]


@dataclass(frozen=True, slots=True)
class Shop:
    """The contract with PortOne, all of it made up. live: answers say LIVE instead of TEST."""

    secret: str = SECRET
    store_id: str = STORE_ID
    channel_key: str = CHANNEL_KEY
    webhook_url: str | None = None
    webhook_secret: str = "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldA=="  # noqa: S105
    live: bool = False


class Closed(BaseModel):
    """A body without fields that are not published."""

    model_config = ConfigDict(extra="forbid")


class CustomerIn(Closed):
    """SendIdentityVerificationBodyCustomer."""

    id: str | None = None
    name: str
    phoneNumber: str = Field(pattern=r"^[0-9]{9,15}$")
    identityNumber: str | None = Field(default=None, pattern=r"^[0-9]{7}$")
    ipAddress: str


class SendIn(Closed):
    """SendIdentityVerificationBody."""

    storeId: str | None = None
    channelKey: str
    customer: CustomerIn
    customData: str | None = None
    bypass: dict[str, Any] | None = None
    operator: Operator
    method: Literal["SMS", "APP"]


class ConfirmIn(Closed):
    """ConfirmIdentityVerificationBody."""

    storeId: str | None = None
    otp: str | None = None


class SwitchIn(Closed):
    """What the telephone and the web-hooks do by themselves."""

    mode: Mode | None = None
    person: int | None = Field(default=None, ge=1, le=9999)
    hooks: HookMode | None = None


class FaultIn(Closed):
    """What happens to the next answers of the API."""

    fault: Fault
    times: int = Field(default=1, ge=1, le=1000)
    seconds: float = Field(default=30.0, gt=0, le=600)


def create_app(shop: Shop | None = None, *, clock: Clock = utc_now) -> FastAPI:
    """The stand-in, with its own memory: ``app.state.agency``, ``app.state.hooks``, ``app.state.faults``."""
    shop = shop or Shop()
    app = FastAPI(title="PortOne identity stand-in", docs_url=None, redoc_url=None)
    app.state.agency = Agency(clock)
    app.state.hooks = Hooks(shop.webhook_url, shop.webhook_secret, shop.store_id, clock)
    app.state.faults = FaultQueue()
    app.add_middleware(Faulty, queue=app.state.faults, prefix=API)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    _install_api(app, shop)
    _install_switches(app)
    install_screens(app, store_id=shop.store_id, channel_key=shop.channel_key)
    return app


def _install_api(app: FastAPI, shop: Shop) -> None:
    def authorized(
        authorization: Annotated[str, Header()] = "", storeId: Annotated[str | None, Query()] = None
    ) -> None:
        if not hmac.compare_digest(authorization.encode(), f"PortOne {shop.secret}".encode()):
            raise Refusal("UNAUTHORIZED", 401)
        _of_store(shop, storeId)

    router = APIRouter(prefix=API, dependencies=[Depends(authorized)])
    _add_reading(router, app.state.agency, shop)
    _add_sending(router, app.state.agency, app.state.hooks, shop)
    app.include_router(router)


def _add_reading(router: APIRouter, agency: Agency, shop: Shop) -> None:
    @router.get("/{identifier}")
    def get(identifier: str) -> dict[str, Any]:
        return _shown(shop, agency.find(identifier))

    @router.post("/{identifier}/resend")
    def resend(identifier: str) -> dict[str, Any]:
        agency.resend(identifier)
        return {}


def _add_sending(router: APIRouter, agency: Agency, hooks: Hooks, shop: Shop) -> None:
    @router.post("/{identifier}/send")
    def send(identifier: str, body: SendIn, background: BackgroundTasks) -> dict[str, Any]:
        _of_store(shop, body.storeId)
        if body.channelKey != shop.channel_key:
            raise Refusal("CHANNEL_NOT_FOUND", 404)
        customer = body.customer.model_dump(exclude_none=True)
        agency.send(identifier, customer, body.method, body.customData)
        background.add_task(hooks.tell, agency.find(identifier))
        return {}

    @router.post("/{identifier}/confirm")
    def confirm(identifier: str, body: ConfirmIn, background: BackgroundTasks) -> dict[str, Any]:
        _of_store(shop, body.storeId)
        found = agency.confirm(identifier, body.otp)
        background.add_task(hooks.tell, found)
        return {"identityVerification": _shown(shop, found)}


def _shown(shop: Shop, found: Verification) -> dict[str, Any]:
    return wire.verification(found, channel_key=shop.channel_key, live=shop.live)


def _of_store(shop: Shop, store_id: str | None) -> None:
    if store_id is not None and store_id != shop.store_id:
        raise Refusal("FORBIDDEN", 403)


def _install_switches(app: FastAPI) -> None:
    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/sandbox/mode")
    def switch(body: SwitchIn) -> dict[str, str | int]:
        agency: Agency = app.state.agency
        agency.mode = body.mode or agency.mode
        agency.automatic_person = body.person or agency.automatic_person
        app.state.hooks.mode = body.hooks or app.state.hooks.mode
        return {"mode": agency.mode, "person": agency.automatic_person, "hooks": app.state.hooks.mode}

    @app.post("/sandbox/faults")
    def fault(body: FaultIn) -> dict[str, str]:
        app.state.faults.add(body.fault, times=body.times, seconds=body.seconds)
        return {"next": body.fault}


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)
    return JSONResponse(wire.error(error), error.status)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"type": "INVALID_REQUEST", "message": "sandbox"}, 400)
