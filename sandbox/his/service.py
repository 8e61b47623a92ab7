"""The hospital's web service, as vendors sell it beside the database: JSON over HTTP on loopback, with an API key.

Two lists that are followed by change stamp and key, single rows, and a patient look-up without resident number.
Field names are the vendor's. Rows come as the views have them; the details of a row are nested in it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Header, HTTPException, Query
from sqlalchemy import Connection, Engine, text

MOST_ROWS: Final = 500

_LISTS: Final[Mapping[str, tuple[str, str, dict[str, str]]]] = {
    "receipts": ("V_SGM_SUNAP", "SUNAP_NO", {"HANG": "V_SGM_SUNAP_HANG", "SEBU": "V_SGM_SUNAP_SEBU"}),
    "visits": ("V_SGM_NAEWON", "VST_NO", {"SANGBYEONG": "V_SGM_SANGBYEONG"}),
}
"""Name in the address: view, key, and the detail views nested in each row."""

_ORDER: Final = {"V_SGM_SUNAP_HANG": "HANG_CD", "V_SGM_SUNAP_SEBU": "SEQ", "V_SGM_SANGBYEONG": "SEQ"}


def create_app(engine: Engine, api_key: str) -> FastAPI:
    """The service for this database. Every request but /health needs the header ``X-API-KEY``."""
    app = FastAPI(title="Sample HIS web service", version="1.0", docs_url=None, redoc_url=None)
    guarded = [Depends(_key_check(api_key))]

    @app.get("/his/v1/health")
    def health() -> dict[str, str]:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return {"status": "ok"}

    @app.get("/his/v1/patients/{number}", dependencies=guarded)
    def patient(number: str) -> dict[str, Any]:
        query = 'SELECT "PT_NO", "PT_NM", "BRTH_YMD", "SEX_GB" FROM "PPTNTM" WHERE "PT_NO" = :number'
        with engine.connect() as connection:
            row = connection.execute(text(query), {"number": number}).mappings().one_or_none()
        if row is None:
            raise _not_found()
        return _plain(row)

    for name in _LISTS:
        app.get(f"/his/v1/{name}", dependencies=guarded)(_list_of(engine, name))
        app.get(f"/his/v1/{name}/{{number}}", dependencies=guarded)(_one_of(engine, name))
    return app


def _list_of(engine: Engine, name: str) -> Callable[..., dict[str, Any]]:
    view, key, details = _LISTS[name]
    query = text(
        f'SELECT * FROM "{view}" WHERE "CHG_DT" > :since OR ("CHG_DT" = :since AND "{key}" > :after)'  # noqa: S608
        f' ORDER BY "CHG_DT", "{key}" LIMIT :limit'
    )

    def rows(
        since: datetime = datetime(1970, 1, 1),
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 100,
    ) -> dict[str, Any]:
        """Rows changed since a stamp, in its order. To go on, send the answer's `next` back."""
        stamp: Any = since.replace(tzinfo=None)
        if engine.dialect.name == "sqlite":
            stamp = stamp.isoformat(sep=" ", timespec="microseconds")
        with engine.connect() as connection:
            values = {"since": stamp, "after": after, "limit": limit}
            found = [_plain(row) for row in connection.execute(query, values).mappings()]
            _nest(connection, found, key, details)
        last = found[-1] if found else {"CHG_DT": since.isoformat(), key: after}
        return {
            "rows": found,
            "next": {"since": last["CHG_DT"], "after": last[key]},
            "more": len(found) == limit,
        }

    return rows


def _one_of(engine: Engine, name: str) -> Callable[[str], dict[str, Any]]:
    view, key, details = _LISTS[name]
    query = text(f'SELECT * FROM "{view}" WHERE "{key}" = :number')  # noqa: S608

    def row(number: str) -> dict[str, Any]:
        """One row with its details."""
        with engine.connect() as connection:
            found = connection.execute(query, {"number": number}).mappings().one_or_none()
            if found is None:
                raise _not_found()
            rows = [_plain(found)]
            _nest(connection, rows, key, details)
        return rows[0]

    return row


def _nest(connection: Connection, rows: list[dict[str, Any]], key: str, details: Mapping[str, str]) -> None:
    """Put the detail rows into their heads, one query for each view."""
    by_key = {row[key]: row for row in rows}
    names = {f"k{number}": value for number, value in enumerate(by_key)}
    for name, view in details.items():
        for row in rows:
            row[name] = []
        if not names:
            continue
        marks = ", ".join(f":{mark}" for mark in names)
        query = f'SELECT * FROM "{view}" WHERE "{key}" IN ({marks}) ORDER BY "{key}", "{_ORDER[view]}"'  # noqa: S608
        for detail in connection.execute(text(query), names).mappings():
            plain = _plain(detail)
            by_key[plain.pop(key)][name].append(plain)


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Values as JSON has them: numbers, text, stamps as ISO text; bytes as far as they are text."""
    return {str(name): _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and value == value and abs(value) < 10**15 and value == int(value):
        return int(value)
    return str(value) if isinstance(value, float) else value


def _key_check(api_key: str) -> Callable[..., None]:
    def check(x_api_key: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(x_api_key.encode(), api_key.encode()):
            raise HTTPException(
                401, detail={"error": "unauthorized", "message": "X-API-KEY is missing or wrong"}
            )

    return check


def _not_found() -> HTTPException:
    return HTTPException(404, detail={"error": "not_found", "message": "there is no such row"})
