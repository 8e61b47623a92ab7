"""Health for supervisors and metrics for Prometheus. Says nothing about anybody."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from backend.metrics import BackendCollector, answers
from backend.services import ServicesDep

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def ready(services: ServicesDep) -> JSONResponse:
    """The databases answer; the node's state is told but does not take the pages down."""
    if not all(answers(engine) for engine in (services.database, services.keys_database)):
        return JSONResponse({"status": "unavailable", "database": "unreachable"}, status_code=503)
    return JSONResponse({"status": "ok", "database": "ok", "node": services.node.state()})


@router.get("/metrics")
def metrics(services: ServicesDep) -> Response:
    """The process's counters, then a look at its databases, nodes and files."""
    looked = CollectorRegistry()
    looked.register(BackendCollector(services))
    return Response(generate_latest() + generate_latest(looked), media_type=CONTENT_TYPE_LATEST)
