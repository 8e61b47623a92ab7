"""The hospital's web service, as vendors sell it beside the database: JSON over HTTP on loopback, with an API key.

Two lists that are followed by change stamp and key, single rows, receipts by what they refer to, and a patient
look-up without resident number. Field names are the vendor's. Rows come as the views have them; the details of a row
are nested in it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Header, HTTPException, Query
from sqlalchemy import Engine, text

from sandbox.his.lookup import (
    BEGINNING,
    MOST_NUMBERS,
    MOST_ROWS,
    RECEIPTS,
    VISITS,
    Listing,
    changed,
    numbered,
    plain,
)
from sandbox.his.reception_service import add_reception

_LISTS: Final[Mapping[str, Listing]] = {"receipts": RECEIPTS, "visits": VISITS}
"""By the name in the address."""


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
        return plain(row)

    add_reception(app, engine, guarded)
    app.get("/his/v1/receipts/by-original", dependencies=guarded)(_referring(engine))
    for name, listing in _LISTS.items():
        app.get(f"/his/v1/{name}", dependencies=guarded)(_list_of(engine, listing))
        app.get(f"/his/v1/{name}/{{number}}", dependencies=guarded)(_one_of(engine, listing))
    return app


def _list_of(engine: Engine, listing: Listing) -> Callable[..., dict[str, Any]]:
    def rows(
        since: datetime = BEGINNING,
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 100,
    ) -> dict[str, Any]:
        """Rows changed since a stamp, in its order. To go on, send the answer's `next` back."""
        found = changed(engine, listing, since, after, limit)
        last = found[-1] if found else {"CHG_DT": since.isoformat(), listing.key: after}
        return {
            "rows": found,
            "next": {"since": last["CHG_DT"], "after": last[listing.key]},
            "more": len(found) == limit,
        }

    return rows


def _one_of(engine: Engine, listing: Listing) -> Callable[[str], dict[str, Any]]:
    def row(number: str) -> dict[str, Any]:
        """One row with its details."""
        found = numbered(engine, listing, listing.key, [number])
        if len(found) != 1:
            raise _not_found()
        return found[0]

    return row


def _referring(engine: Engine) -> Callable[[str], dict[str, Any]]:
    def rows(numbers: str) -> dict[str, Any]:
        """The cashier's rows that cancel, settle or correct one of these, joined by commas (원수납번호)."""
        wanted = numbers.split(",")
        if len(wanted) > MOST_NUMBERS:
            raise HTTPException(
                422, detail={"error": "too_many", "message": f"at most {MOST_NUMBERS} numbers"}
            )
        return {"rows": numbered(engine, RECEIPTS, "ORG_SUNAP_NO", wanted)}

    return rows


def _key_check(api_key: str) -> Callable[..., None]:
    def check(x_api_key: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(x_api_key.encode(), api_key.encode()):
            raise HTTPException(
                401, detail={"error": "unauthorized", "message": "X-API-KEY is missing or wrong"}
            )

    return check


def _not_found() -> HTTPException:
    return HTTPException(404, detail={"error": "not_found", "message": "there is no such row"})
