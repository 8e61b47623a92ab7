"""Vendors whose lists are not the sandbox's: numbered pages, and tokens for lists that only name what changed."""

from __future__ import annotations

import base64
import json
from typing import Any

from fastapi import FastAPI, Query
from sqlalchemy import Engine, text

from oracle.his.webservice import WebMapping
from sandbox.his.lookup import RECEIPTS, VISITS, Listing, Row, numbered
from sandbox.his.service import create_app

LISTS = {"visits": VISITS, "receipts": RECEIPTS}


def paged_app(engine: Engine, api_key: str) -> FastAPI:
    """Lists from a stamp on (compact, to the second), in numbered pages; the rest is the sandbox's."""
    app = FastAPI()

    @app.get("/his/v1/paged/{name}")
    def rows(name: str, size: int, no: int, start: str = "19700101000000") -> dict[str, Any]:
        since = f"{start[:4]}-{start[4:6]}-{start[6:8]} {start[8:10]}:{start[10:12]}:{start[12:14]}"
        keys = _keys(engine, LISTS[name], since, "", size, (no - 1) * size)
        return {"result": {"items": _whole(engine, LISTS[name], keys)}}

    app.mount("/", create_app(engine, api_key))
    return app


def token_app(engine: Engine, api_key: str) -> FastAPI:
    """Lists that give numbers and stamps only, and a token as long as there is more; the rest is the sandbox's."""
    app = FastAPI()

    @app.get("/his/v1/changed/{name}")
    def rows(
        name: str, size: int, since: str = "", token: str = Query(default="", max_length=500)
    ) -> dict[str, Any]:
        listing = LISTS[name]
        stamp, key = json.loads(base64.b64decode(token)) if token else (since.replace("T", " "), "")
        found = _keys(engine, listing, stamp, key, size + 1, 0)
        answer: dict[str, Any] = {
            "changed": [{listing.key: key, "CHG_DT": stamp} for stamp, key in found[:size]]
        }
        if len(found) > size:
            answer["token"] = base64.b64encode(json.dumps(found[size - 1]).encode()).decode()
        return answer

    app.mount("/", create_app(engine, api_key))
    return app


def paged(mapping: WebMapping) -> WebMapping:
    """The sandbox's mapping for `paged_app`."""
    return _with(
        mapping,
        lambda name: {"path": f"/paged/{name}", "rows": "result.items"},
        {"start": "{since}", "no": "{page}", "size": "{limit}"},
        {"style": "page", "stamp": "compact", "most_rows": 60},
    )


def tokens(mapping: WebMapping) -> WebMapping:
    """The sandbox's mapping for `token_app`."""
    return _with(
        mapping,
        lambda name: {"path": f"/changed/{name}", "rows": "changed", "whole": False},
        {"since": "{since}", "token": "{token}", "size": "{limit}"},
        {"style": "token", "next": {"token": "token"}, "most_rows": 60},
    )


def _with(mapping: WebMapping, changes: Any, query: dict[str, str], paging: dict[str, Any]) -> WebMapping:
    data = mapping.model_dump(mode="json", exclude_unset=True)
    for part, name in (("visits", "visits"), ("settlements", "receipts")):
        data[part]["changes"] = {**changes(name), "query": query}
        data[part]["paging"] = paging
    return WebMapping.model_validate(data)


def _keys(engine: Engine, listing: Listing, stamp: str, key: str, limit: int, skip: int) -> list[Any]:
    """Stamp and key of rows at or beyond a place, in order."""
    beyond = f'"CHG_DT" > :stamp OR ("CHG_DT" = :stamp AND "{listing.key}" > :key)'
    query = f'SELECT "CHG_DT", "{listing.key}" FROM "{listing.view}" WHERE {beyond}'
    query = f'{query} ORDER BY "CHG_DT", "{listing.key}" LIMIT :limit OFFSET :skip'
    values = {"stamp": stamp, "key": key, "limit": limit, "skip": skip}
    with engine.connect() as connection:
        return [list(row) for row in connection.execute(text(query), values)]


def _whole(engine: Engine, listing: Listing, keys: list[Any]) -> list[Row]:
    rows = {row[listing.key]: row for row in numbered(engine, listing, listing.key, [key for _, key in keys])}
    return [rows[key] for _, key in keys]
