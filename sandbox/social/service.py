"""The two providers' addresses, and the tester's switches under ``/sandbox/``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Form, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from chain.clock import Clock, utc_now
from sandbox.faults import Fault, FaultQueue, Faulty
from sandbox.social import notices, screen
from sandbox.social.state import MOST_ACCOUNTS, Asked, Client, Provider, Refusal, Wrong

KAKAO = Client("sandbox-kakao-rest-key", "sandbox-kakao-secret")
NAVER = Client("sandboxNaverClient", "sandboxNaverSecret")
ADDRESSES = {
    "kakao": ("/oauth/authorize", "/oauth/token", "/.well-known/jwks.json"),
    "naver": ("/oauth2/authorize", "/oauth2/token", "/oauth2/jwks"),
}
Text = Annotated[str, Form(max_length=500)]
Account = Annotated[int, Form(ge=1, le=MOST_ACCOUNTS)]


class Switch(BaseModel):
    """What a provider does by itself, or wrongly, from now on (`wrong`: once)."""

    model_config = ConfigDict(extra="forbid")

    wrong: Wrong | None = None
    automatic: int | None = Field(default=None, ge=0, le=MOST_ACCOUNTS)
    """0: a page asks again."""
    response_issuer: str | None = None
    rotate: bool = False


class FaultIn(BaseModel):
    """What happens to the next answers of the token address and of the keys."""

    model_config = ConfigDict(extra="forbid")

    fault: Fault
    times: int = Field(default=1, ge=1, le=1000)
    seconds: float = Field(default=30.0, gt=0, le=600)


def create_app(
    address: str, *, kakao: Client = KAKAO, naver: Client = NAVER, clock: Clock = utc_now
) -> FastAPI:
    """Both stand-ins with their own memory: ``app.state.providers``, ``app.state.faults``.

    address: where this answers, for the issuers; ``http://127.0.0.1:8096``.
    """
    app = FastAPI(title="Kakao and Naver stand-ins", docs_url=None, redoc_url=None)
    app.state.providers = {}
    app.state.faults = {}
    for name, client in (("kakao", kakao), ("naver", naver)):
        provider = Provider(name, client, clock, issuer=f"{address}/{name}")
        app.state.providers[name] = provider
        app.state.faults[name] = queue = FaultQueue()
        for path in ADDRESSES[name][1:]:
            app.add_middleware(Faulty, queue=queue, prefix=f"/{name}{path}")
        app.include_router(_protocol(provider))
        app.include_router(_pages(provider))
        app.include_router(_switches(provider, queue))
    app.add_exception_handler(Refusal, _refused)
    return app


def _protocol(provider: Provider) -> APIRouter:
    router = APIRouter(prefix=f"/{provider.name}")
    authorize, token, keys = ADDRESSES[provider.name]

    @router.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, Any]:
        return {
            "issuer": provider.issuer,
            "authorization_endpoint": provider.issuer + authorize,
            "token_endpoint": provider.issuer + token,
            "jwks_uri": provider.issuer + keys,
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "subject_types_supported": ["public" if provider.name == "kakao" else "pairwise"],
        }

    @router.get(keys)
    def jwks() -> dict[str, Any]:
        provider.keys_asked += 1
        public = provider.key.as_dict(private=False)
        return {"keys": [{**public, "kid": provider.key.kid, "alg": "RS256", "use": "sig"}]}

    @router.post(token)
    async def tokens(request: Request) -> dict[str, Any]:
        form = {name: str(value) for name, value in (await request.form()).items()}
        return provider.exchange(form)

    return router


def _pages(provider: Provider) -> APIRouter:
    router = APIRouter(prefix=f"/{provider.name}")

    @router.get(ADDRESSES[provider.name][0])
    def authorize(
        client_id: str = "",
        redirect_uri: str = "",
        response_type: str = "",
        state: str = "",
        scope: str = "",
        nonce: str | None = None,
        code_challenge: str | None = None,
        method: Annotated[str, Query(alias="code_challenge_method")] = "S256",
    ) -> Response:
        if client_id != provider.client.client_id:
            return screen.refused(provider, "KOE101 Not exist client_id")
        if not screen.is_ours(redirect_uri):
            return screen.refused(provider, "KOE006 redirect_uri")
        asked = Asked(redirect_uri, state, scope, nonce, code_challenge)
        if response_type != "code" or not state or method != "S256":
            return screen.back(provider, asked, error="invalid_request", error_description="KOE201")
        if provider.automatic is not None:
            return screen.back(provider, asked, code=provider.issue(asked, provider.automatic))
        return screen.asking(provider, asked)

    @router.post("/agree")
    def answered(
        redirect_uri: Text,
        state: Text,
        answer: Text,
        account: Account = 1,
        scope: Text = "",
        nonce: Annotated[str | None, Form()] = None,
        code_challenge: Annotated[str | None, Form()] = None,
    ) -> Response:
        if not screen.is_ours(redirect_uri):
            return screen.refused(provider, "KOE006 redirect_uri")
        asked = Asked(redirect_uri, state, scope, nonce, code_challenge)
        if answer != "agree":
            words = "User denied access" if provider.name == "kakao" else "Canceled By User"
            return screen.back(provider, asked, error="access_denied", error_description=words)
        return screen.back(provider, asked, code=provider.issue(asked, account))

    @router.get("/services", response_class=HTMLResponse)
    def services() -> HTMLResponse:
        return screen.services(provider, "")

    @router.post("/services", response_class=HTMLResponse)
    def disconnect(account: Account) -> HTMLResponse:
        return screen.services(provider, notices.tell(provider, account))

    return router


def _switches(provider: Provider, queue: FaultQueue) -> APIRouter:
    router = APIRouter(prefix=f"/sandbox/{provider.name}")

    @router.post("/switch")
    def switch(wanted: Switch) -> dict[str, Any]:
        if wanted.wrong is not None:
            provider.wrong = wanted.wrong
        if wanted.automatic is not None:
            provider.automatic = wanted.automatic or None
        if wanted.response_issuer is not None:
            provider.response_issuer = wanted.response_issuer or None
        if wanted.rotate:
            provider.rotate()
        return {"wrong": provider.wrong, "automatic": provider.automatic, "key": provider.key.kid}

    @router.post("/faults")
    def faults(wanted: FaultIn) -> dict[str, Any]:
        queue.add(wanted.fault, times=wanted.times, seconds=wanted.seconds)
        return {"fault": wanted.fault, "times": wanted.times}

    return router


def _refused(request: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, Refusal)
    body = {"error": refusal.error, "error_description": refusal.description}
    if request.url.path.startswith("/naver/"):
        return JSONResponse(body)  # Naver says no with a status of 200
    return JSONResponse({**body, "error_code": refusal.code}, status_code=refusal.status)
