"""The application: table of contents of every address, in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import FastAPI
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.middleware.gzip import GZipMiddleware

from backend import client_versions, describing, health, home, installed, rendering, scanning
from backend.audit import endpoints as audit
from backend.client_policy import ClientPolicy
from backend.clients import endpoints as clients
from backend.clients import managing_endpoints
from backend.config import Settings
from backend.devices import endpoints as devices
from backend.devices import pages as device_pages
from backend.documents import endpoints as documents
from backend.documents import my_pages
from backend.documents import pages as document_pages
from backend.eligibility import endpoints as eligibility
from backend.eligibility import pages as eligibility_pages
from backend.eligibility import staff_pages as eligibility_desk
from backend.family import endpoints as family
from backend.family import pages as family_pages
from backend.identity import (
    consent_pages,
    continuing_pages,
    foreign_pages,
    merge_pages,
    recovery_pages,
    sign_up_pages,
)
from backend.identity import endpoints as identity
from backend.identity import pages as identity_pages
from backend.identity.social_hooks import router as social_hooks
from backend.identity.social_pages import router as social_pages
from backend.limits.door import CountGuesses
from backend.middleware import BodyLimit, RequestLanguage, RequestLog, SecurityHeaders, taking_files
from backend.own_accesses import accesses
from backend.services import Services
from backend.staff import endpoints as staff
from backend.staff import pages as staff_pages
from backend.staff import registration_pages
from backend.verification import endpoints as verification
from backend.verification import pages as verification_pages
from backend.web.static_files import StaticFiles


def create_app(services: Services) -> FastAPI:
    """Build the application around `services`; starting it touches no network."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = services.settings.request_threads
        yield
        services.close()

    app = FastAPI(
        title="Saegim (새김)",
        version="0.1.0",
        summary="Documents of the hospital's patients, checkable by whoever receives them.",
        lifespan=lifespan,
        docs_url=None,  # its page would load scripts from elsewhere; /api/v1/openapi.json is the description
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.services = services
    app.state.client_policy = ClientPolicy.read(
        services.settings.client_least, services.settings.client_recommended
    )
    rendering.install(app)
    _middleware(app, services.settings)

    app.include_router(home.router)  # /, /view
    app.include_router(installed.router)  # /manifest.webmanifest, /service-worker.js, /offline
    app.include_router(scanning.router)  # /scan
    app.include_router(scanning.api, prefix="/api/v1")  # /api/v1/codes
    app.include_router(verification_pages.router)  # /verify
    app.include_router(document_pages.router)  # /d/{token}
    app.include_router(foreign_pages.router)  # /sign-up/foreign
    app.include_router(sign_up_pages.router)  # /sign-up
    app.include_router(continuing_pages.router)  # /continue
    app.include_router(recovery_pages.router)  # /sign-in/lost, /me/lost
    app.include_router(merge_pages.router)  # /me/merge, /me/notices
    app.include_router(social_pages)  # /social/…, /me/social/…
    app.include_router(social_hooks)  # /hooks/social/…
    app.include_router(consent_pages.router)  # /me/consents
    app.include_router(consent_pages.api, prefix="/api/v1")  # /api/v1/me/consents
    app.include_router(identity_pages.router)  # /sign-in, /sign-out, /me/step-up, /me/devices, /me/data
    app.include_router(my_pages.router)  # /me, /me/documents/{id}
    app.include_router(family_pages.router)  # /me/family
    app.include_router(eligibility_pages.router)  # /me/visit-check
    app.include_router(accesses.pages)  # /me/accesses
    app.include_router(accesses.api, prefix="/api/v1")  # /api/v1/me/accesses
    app.include_router(identity.router, prefix="/api/v1")  # /api/v1/sign-in, /api/v1/me/…
    app.include_router(family.router, prefix="/api/v1")  # /api/v1/me/family
    app.include_router(my_pages.api, prefix="/api/v1")  # /api/v1/me/documents
    app.include_router(documents.router, prefix="/api/v1")  # /api/v1/documents/{id}, …/proof
    app.include_router(verification.router, prefix="/api/v1")  # /api/v1/verifications
    app.include_router(device_pages.router)  # /staff/devices
    app.include_router(devices.router, prefix="/api/v1")  # /api/v1/devices/…
    app.include_router(eligibility.api, prefix="/api/v1")  # /api/v1/me/visit-check
    app.include_router(eligibility.router, prefix="/api/v1")  # /api/v1/staff/eligibility
    app.include_router(eligibility_desk.router)  # /staff/eligibility
    app.include_router(staff_pages.router)  # /staff/…
    app.include_router(registration_pages.router)  # /staff/registration, /staff/foreigners, …
    app.include_router(staff.router, prefix="/api/v1")  # /api/v1/staff/…
    app.include_router(clients.router, prefix="/api/v1")  # /api/v1/oauth/token, /api/v1/institution/…
    app.include_router(managing_endpoints.router, prefix="/api/v1")  # /api/v1/institution/clients
    app.include_router(documents.internal, prefix="/internal/v1")  # /internal/v1/deliveries
    app.include_router(audit.internal, prefix="/internal/v1")  # /internal/v1/audit-heads
    app.include_router(health.router)  # /healthz, /readyz, /metrics
    app.mount("/static", StaticFiles(), name="static")
    describing.describe(app)
    client_versions.describe(app)
    return app


def _middleware(app: FastAPI, settings: Settings) -> None:
    """Outermost last: the log sees every answer, the headers are on every answer."""
    https = settings.public_url.startswith("https://")

    takes_file = taking_files(app.routes)

    def limit_for(path: str) -> int:
        if path.startswith("/internal/"):
            return settings.delivery_size_limit
        if path in scanning.ADDRESSES:
            return scanning.MOST_BYTES
        return settings.request_size_limit if takes_file(path) else settings.form_size_limit

    # Starlette answers faults outside all middleware, where no header is set any more: ours stands inside.
    app.add_middleware(ServerErrorMiddleware, handler=rendering.fault)
    app.add_middleware(CountGuesses)
    app.add_middleware(BodyLimit, limit_for=limit_for, seconds=settings.body_timeout.total_seconds())
    app.add_middleware(client_versions.ClientVersions, policy=app.state.client_policy)
    app.add_middleware(RequestLanguage, https=https)
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    app.add_middleware(SecurityHeaders, https=https)
    app.add_middleware(RequestLog)
