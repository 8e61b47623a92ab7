"""The session of a request (committed at the edge) and the migrations of the backend's two databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlmodel import Session

from chain import migrations
from chain.db import reading, writing

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.services.database
    return engine


def read_session(request: Request) -> Iterator[Session]:
    """For endpoints that change nothing: never waits for a writer."""
    with reading(_engine(request)) as session:
        yield session


def write_session(request: Request) -> Iterator[Session]:
    """One transaction a request: committed when the endpoint returns, rolled back when it raises."""
    with writing(_engine(request)) as session:
        yield session


# Scope "function": the transaction ends before the answer is sent. With FastAPI's default it would end after it, and
# a caller could be told of something that then was not committed, or ask again before it was.
ReadSession = Annotated[Session, Depends(read_session, scope="function")]
WriteSession = Annotated[Session, Depends(write_session, scope="function")]


def migrate(engine: Engine, history: str, revision: str = "head") -> None:
    """Bring a database to `revision`.

    Args:
        history: "main" for the documents' database, "keys" for the wrapped keys'.
    """
    migrations.migrate(engine, MIGRATIONS / history, revision)
