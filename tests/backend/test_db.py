"""A request's transaction ends before its answer is sent: nobody is told of what was not kept."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event, text

from backend.db import ReadSession, WriteSession
from chain.db import make_engine


class DiskFull(Exception):
    """What the database says when a commit does not go through."""


@pytest.fixture
def app() -> FastAPI:
    application = FastAPI()
    application.state.services = SimpleNamespace(database=make_engine("sqlite://"))

    @application.post("/write")
    def write(session: WriteSession) -> dict[str, str]:
        session.connection().execute(text("create table kept (line text)"))
        return {"kept": "yes"}

    @application.get("/read")
    def read(session: ReadSession) -> dict[str, int]:
        return {"one": session.connection().execute(text("select 1")).scalar_one()}

    return application


@pytest.mark.parametrize(("method", "path"), [("POST", "/write"), ("GET", "/read")])
def test_the_transaction_has_ended_when_the_answer_is_sent(app: FastAPI, method: str, path: str) -> None:
    order: list[str] = []
    engine = app.state.services.database
    event.listen(engine, "commit", lambda _: order.append("ended"))
    event.listen(engine, "rollback", lambda _: order.append("ended"))

    @app.middleware("http")
    async def see(request, call_next):  # type: ignore[no-untyped-def]
        answer = await call_next(request)
        order.append("answered")
        return answer

    assert TestClient(app).request(method, path).status_code == 200
    assert order == ["ended", "answered"]


def test_what_could_not_be_committed_is_not_answered_as_kept(app: FastAPI) -> None:
    def fail(_: object) -> None:
        raise DiskFull

    event.listen(app.state.services.database, "commit", fail)
    assert TestClient(app, raise_server_exceptions=False).post("/write").status_code == 500
