"""A request's transaction ends before its answer is sent: nobody is told of what was not kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event, text

from backend.audit import service as audit
from backend.audit.entries import Entry
from backend.audit.terms import Action, ActorKind, ObjectKind
from backend.config import Settings
from backend.db import ReadSession, WriteSession, migrate
from backend.services import databases
from chain.db import make_engine, reading
from chain.settings import Environment


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


def test_threads_that_all_read_and_note_at_once_get_their_second_connection(tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None,
        environment=Environment.TEST,
        database_url=f"sqlite:///{tmp_path}/main.sqlite3",
        request_threads=6,
    )
    database, keys = databases(settings)
    migrate(database, "main")
    threads = settings.request_threads
    everybody = Barrier(threads)

    def read_and_note(number: int) -> int:
        with reading(database) as session:
            session.execute(text("SELECT 1"))
            everybody.wait(timeout=60)
            at, who = datetime.now(UTC), f"thread-{number}"
            entry = Entry(at, ActorKind.SYSTEM, who, Action.READ, ObjectKind.RECORDS)
            return audit.record(database, [entry]).number

    with ThreadPoolExecutor(threads) as pool:
        assert sorted(pool.map(read_and_note, range(threads))) == list(range(1, threads + 1))
    assert database.pool.checkedout() == 0
    for engine in (database, keys):
        engine.dispose()
