"""The hospital's FHIR R4 server: read-only search over its database, as an integration engine offers it.

Searches by `_id`, `_lastUpdated`, `patient` and (a search parameter of its own on Invoice) `original`; sorted by
`_lastUpdated`; paged by links; `_elements`; GET and POST; read, history, and delete, which leaves 410 Gone. Anything
else is an OperationOutcome. A bearer token or nothing, but for the capability statement.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Engine

from chain.clock import Clock, utc_now
from sandbox.his import fhir_reception as reception
from sandbox.his.fhir_resources import Resource, meta
from sandbox.his.fhir_store import MILLISECOND, TYPES, Entry, FhirStore, Question, to_local

BASE: Final = "/fhir"
MOST: Final = 1000
"""Entries of a page, whatever `_count` asks for."""
_FOLLOWED: Final = ("Encounter", "Condition", "Invoice")
_KNOWN: Final = {
    "_id",
    "_lastUpdated",
    "_sort",
    "_count",
    "_offset",
    "_elements",
    "_total",
    "patient",
    "original",
    "_format",
}


class Problem(Exception):
    """A request that is answered with an OperationOutcome. status: of HTTP; code: issue type of R4; what: why."""

    def __init__(self, status: int, code: str, what: str) -> None:
        self.status = status
        self.code = code
        self.what = what
        super().__init__(what)


def create_app(engine: Engine, token: str, clock: Clock = utc_now) -> FastAPI:
    """The server for this database. Every request but for ``/fhir/metadata`` needs ``Authorization: Bearer``."""
    app = FastAPI(title="Sample FHIR server", docs_url=None, redoc_url=None, openapi_url=None)
    server = _Server(engine, FhirStore(engine, clock), token)
    app.get(f"{BASE}/metadata")(server.capabilities)
    app.post(f"{BASE}/{{kind}}/_search")(server.search_by_form)
    app.get(f"{BASE}/{{kind}}/_history")(server.history)
    app.get(f"{BASE}/{{kind}}")(server.search)
    app.post(f"{BASE}/Patient")(server.register)
    app.get(f"{BASE}/{{kind}}/{{id_}}/_history")(server.instance_history)
    app.get(f"{BASE}/{{kind}}/{{id_}}")(server.read)
    app.delete(f"{BASE}/{{kind}}/{{id_}}")(server.delete)
    app.add_exception_handler(Problem, _outcome)
    return app


class _Server:
    def __init__(self, engine: Engine, store: FhirStore, token: str) -> None:
        self._engine = engine
        self._store = store
        self._token = token

    def capabilities(self, request: Request) -> Response:
        """What this server can do."""
        interactions = [
            {"code": code} for code in ("read", "search-type", "history-type", "history-instance")
        ]
        statement: Resource = {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": "2026-01-01",
            "kind": "instance",
            "implementation": {"description": "Sample hospital", "url": str(request.url).rpartition("/")[0]},
            "fhirVersion": "4.0.1",
            "format": ["json"],
            "rest": [
                {"mode": "server", "resource": [{"type": t, "interaction": interactions} for t in TYPES]}
            ],
        }
        return _json(statement)

    def search(self, request: Request, kind: str) -> Response:
        """GET [type]?…"""
        self._guard(request, kind)
        return self._search(request, kind, request.query_params.multi_items())

    async def search_by_form(self, request: Request, kind: str) -> Response:
        """POST [type]/_search: the same, with what is asked in the body, out of every log of addresses."""
        self._guard(request, kind)
        body = (await request.body()).decode("utf-8", "replace")
        asked = [*request.query_params.multi_items(), *parse_qsl(body, keep_blank_values=True)]
        return self._search(request, kind, asked)

    def read(self, request: Request, kind: str, id_: str) -> Response:
        """One resource."""
        self._guard(request, kind)
        found = self._store.read(kind, [id_]).get(id_) if kind not in reception.KINDS else None
        if found is not None:
            return _json(found)
        if kind == "Patient" and (merged := reception.ended(self._engine, [id_])):
            return _json(merged[0])
        if self._store.tombstone(kind, id_) is not None:
            raise Problem(410, "deleted", "this resource was deleted")
        raise Problem(404, "not-found", "there is no such resource")

    async def register(self, request: Request) -> Response:
        """Conditional create of a Patient: the hospital issues the registration number."""
        self._guard(request, "Patient")
        if reception.REQUEST not in request.headers.get("if-none-exist", ""):
            raise Problem(400, "business-rule", "patients are registered by If-None-Exist alone")
        try:
            asked = json.loads(await request.body())
            made = await run_in_threadpool(reception.register, self._engine, asked)
        except (ValueError, KeyError, IndexError, TypeError, StopIteration):
            raise Problem(400, "invalid", "this is no Patient with a name, birth date and gender") from None
        return _json(made, 201)

    def delete(self, request: Request, kind: str, id_: str) -> Response:
        """Delete a resource."""
        self._guard(request, kind)
        if not self._store.delete(kind, id_):
            raise Problem(404, "not-found", "there is no such resource")
        return Response(status_code=204)

    def history(self, request: Request, kind: str) -> Response:
        """Deleted resources since `_since`, and living ones in their present version (older ones are not kept)."""
        self._guard(request, kind, followed=True)
        asked = dict(request.query_params)
        since = to_local(_moment(asked["_since"])) if "_since" in asked else None
        count, offset = min(_number(asked, "_count", 100), MOST), _number(asked, "_offset", 0)
        deleted = self._store.deleted_since(kind, since)
        entries = [_deleted(kind, row) for row in deleted[offset : offset + count]]
        behind = Question(since=since, newest_first=True, offset=max(offset - len(deleted), 0), limit=count)
        found = self._store.find(kind, behind)
        living = self._resources(kind, found, slim="_elements" in asked)
        entries += [_version(kind, each) for each in living]
        return self._paged(request, entries, count, offset)

    def instance_history(self, request: Request, kind: str, id_: str) -> Response:
        """The versions of one resource: the present one, or the deletion and the one before."""
        self._guard(request, kind)
        buried = self._store.tombstone(kind, id_)
        if buried is not None:
            entries = [_deleted(kind, buried), _version(kind, json.loads(buried["LAST_JSON"]))]
        else:
            entries = [_version(kind, each) for each in self._store.read(kind, [id_]).values()]
        if not entries:
            raise Problem(404, "not-found", "there is no such resource")
        return _json({"resourceType": "Bundle", "type": "history", "total": len(entries), "entry": entries})

    def _search(self, request: Request, kind: str, asked: Sequence[tuple[str, str]]) -> Response:
        desks = reception.answers(kind, dict(asked))
        unknown = sorted({name for name, _ in asked} - _KNOWN - (reception.PARAMETERS if desks else set()))
        if unknown:
            raise Problem(400, "not-supported", f"unknown search parameter: {', '.join(unknown)}")
        values = dict(asked)
        count, offset = _number(values, "_count", 50), _number(values, "_offset", 0)
        if desks:
            page = reception.search(self._engine, kind, asked)[offset : offset + count + 1]
        elif "_id" in values:
            found = self._store.read(kind, values["_id"].split(","))
            page = list(found.values())[offset : offset + count + 1]
        else:
            entries = self._store.find(kind, self._question(kind, asked, count, offset))
            page = self._resources(kind, entries, "_elements" in values)
        resources = [_elements(each, values.get("_elements")) for each in page]
        entries_ = [self._entry(request, kind, each) for each in resources]
        links = [("self", offset), *([("next", offset + count)] if len(entries_) > count else [])]
        return _json(
            {
                "resourceType": "Bundle",
                "type": "searchset",
                "link": [_link(request, kind, asked, name, at) for name, at in links],
                "entry": entries_[:count],
            }
        )

    def _question(self, kind: str, asked: Sequence[tuple[str, str]], count: int, offset: int) -> Question:
        if kind not in _FOLLOWED:
            raise Problem(400, "not-supported", f"{kind} is searched by _id only")
        since, until = None, None
        for name, value in asked:
            if name == "_lastUpdated":
                prefix, moment = value[:2], to_local(_moment(value[2:]))
                if prefix == "ge":
                    since = moment
                elif prefix == "le":
                    until = moment + MILLISECOND
                else:
                    raise Problem(400, "not-supported", "_lastUpdated takes ge and le")
        values = dict(asked)
        return Question(
            since=since,
            until=until,
            patients=_references(values.get("patient"), "Patient"),
            originals=_references(values.get("original"), "Invoice"),
            newest_first=values.get("_sort") == "-_lastUpdated",
            offset=offset,
            limit=count,
        )

    def _resources(self, kind: str, entries: Sequence[Entry], slim: bool) -> list[Resource]:
        if slim:
            return [{"resourceType": kind, "id": each.id, "meta": meta(each.stamp)} for each in entries]
        found = self._store.read(kind, [each.id for each in entries])
        return [found[each.id] for each in entries if each.id in found]

    def _entry(self, request: Request, kind: str, resource: Resource) -> Resource:
        url = f"{_base(request)}/{kind}/{resource['id']}"
        return {"fullUrl": url, "resource": resource, "search": {"mode": "match"}}

    def _paged(self, request: Request, entries: list[Resource], count: int, offset: int) -> Response:
        bundle: Resource = {"resourceType": "Bundle", "type": "history", "entry": entries[:count]}
        if len(entries) > count:
            rest = [each for each in request.query_params.multi_items() if each[0] != "_offset"]
            query = urlencode([*rest, ("_offset", str(offset + count))])
            url = f"{str(request.url).partition('?')[0]}?{query}"
            bundle["link"] = [{"relation": "next", "url": url}]
        return _json(bundle)

    def _guard(self, request: Request, kind: str, *, followed: bool = False) -> None:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            raise Problem(401, "login", "a bearer token is needed")
        if kind not in (_FOLLOWED if followed else (*TYPES, *reception.KINDS)):
            raise Problem(404, "not-supported", "this server has no such resource type")


def _elements(resource: Resource, elements: str | None) -> Resource:
    if elements is None:
        return resource
    kept = {"resourceType", "id", "meta", *elements.split(",")}
    tag = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
    slim = {name: value for name, value in resource.items() if name in kept}
    return {**slim, "meta": {**slim.get("meta", {}), "tag": [tag]}}


def _deleted(kind: str, row: Mapping[Any, Any]) -> Resource:
    at = meta(row["DEL_DT"])["lastUpdated"]
    return {
        "fullUrl": f"urn:sample-his:{kind}:{row['ID']}",
        "request": {"method": "DELETE", "url": f"{kind}/{row['ID']}"},
        "response": {"status": "204", "lastModified": at},
    }


def _version(kind: str, resource: Resource) -> Resource:
    at = resource.get("meta", {}).get("lastUpdated")
    return {
        "fullUrl": f"urn:sample-his:{kind}:{resource['id']}",
        "resource": resource,
        "request": {"method": "PUT", "url": f"{kind}/{resource['id']}"},
        "response": {"status": "200", **({"lastModified": at} if at else {})},
    }


def _link(request: Request, kind: str, asked: Sequence[tuple[str, str]], name: str, offset: int) -> Resource:
    rest = [each for each in asked if each[0] != "_offset"]
    query = urlencode([*rest, ("_offset", str(offset))] if offset else rest)
    return {"relation": name, "url": f"{_base(request)}/{kind}?{query}"}


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/") + BASE


def _references(value: str | None, kind: str) -> list[str] | None:
    return None if value is None else [each.removeprefix(f"{kind}/") for each in value.split(",")]


def _moment(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise Problem(400, "value", "not an instant") from None


def _number(values: Mapping[str, str], name: str, otherwise: int) -> int:
    value = values.get(name, str(otherwise))
    if not value.isascii() or not value.isdigit():
        raise Problem(400, "value", f"{name} is a number")
    return min(int(value), MOST) if name == "_count" else int(value)


def _json(resource: Resource, status: int = 200) -> Response:
    # hostile rows hold infinite amounts and text in no encoding: they leave as they are, escaped to ASCII
    body = json.dumps(resource, ensure_ascii=True, default=_number_of, separators=(",", ":"))
    return Response(body, status, media_type="application/fhir+json; charset=utf-8")


def _number_of(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


async def _outcome(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    issue = {"severity": "error", "code": error.code, "diagnostics": error.what}
    return _json({"resourceType": "OperationOutcome", "issue": [issue]}, error.status)
