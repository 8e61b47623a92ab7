"""The part of the hospital's web service that the reception's desks answer: JSON, about one patient or one schedule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, StringConstraints
from sqlalchemy import Engine

from sandbox.his import reception
from sandbox.his import reception_lookup as lookup
from sandbox.his.lookup import Row

_Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")]
_EVER = ("00000000", "99999999")


class Born(BaseModel):
    """Body of a search by birth date (YYYYMMDD)."""

    birth: _Day


class Registering(BaseModel):
    """Body of 신규등록. request: the caller's own number of this request; sex: M or F."""

    request: Annotated[str, StringConstraints(min_length=8, max_length=36)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    birth: _Day
    sex: Annotated[str, StringConstraints(pattern=r"^[MF]$")]


def add_reception(app: FastAPI, engine: Engine, guarded: Sequence[Any]) -> None:
    """Everything under /his/v1/patients and /his/v1/sessions but who a patient is."""
    patients = "/his/v1/patients"

    @app.post(patients, dependencies=guarded)
    def register(asked: Registering) -> Row:
        return reception.register(engine, asked.request, asked.name, asked.birth, asked.sex)

    @app.post(f"{patients}/search", dependencies=guarded)
    def born(asked: Born) -> dict[str, Any]:
        return {"rows": lookup.patients(engine, birth=asked.birth)}

    @app.get(f"{patients}/{{number}}/merged", dependencies=guarded)
    def merged(number: str) -> Row:
        found = lookup.merges(engine, number)
        if not found:
            raise HTTPException(404, detail={"error": "not_found", "message": "not merged"})
        return found[0]

    @app.get("/his/v1/sessions", dependencies=guarded)
    def sessions(department: str, first: _Day, last: _Day, doctor: str = "") -> dict[str, Any]:
        return {"rows": lookup.sessions(engine, department, doctor, first, last)}

    for name, find in (("appointments", lookup.appointments), ("results", lookup.results)):
        app.get(f"{patients}/{{number}}/{name}", dependencies=guarded)(_by_period(engine, find))

    @app.get(f"{patients}/{{number}}/bills", dependencies=guarded)
    def bills(number: str) -> dict[str, Any]:
        return {"rows": lookup.bills(engine, number)}


def _by_period(
    engine: Engine, find: Callable[[Engine, str, str, str], list[Row]]
) -> Callable[..., dict[str, Any]]:
    def rows(number: str, first: _Day = _EVER[0], last: _Day = _EVER[1]) -> dict[str, Any]:
        """A patient's rows between two days."""
        return {"rows": find(engine, number, first, last)}

    return rows
