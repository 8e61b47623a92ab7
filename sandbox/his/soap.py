"""The same service as older vendors sell it: SOAP 1.1 and 1.2, one address, HTTP basic authentication.

Elements carry the view's column names; an empty column is left out. Details are nested in lists (HangList, SebuList,
SangbyeongList). What XML can not carry comes as U+FFFD. A wrong question is a Client (1.2: Sender) fault, a database
that fails a Server (Receiver) fault.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias
from xml.etree.ElementTree import Element, ParseError, SubElement, register_namespace, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from sandbox.his import reception
from sandbox.his import reception_lookup as lookup
from sandbox.his.lookup import (
    BEGINNING,
    MOST_NUMBERS,
    MOST_ROWS,
    RECEIPTS,
    VISITS,
    Listing,
    Row,
    changed,
    numbered,
)

ADDRESS: Final = "/his/soap"
NAMESPACE: Final = "urn:sample-his:sunap:v1"
USER: Final = "saegim"
_ENVELOPES: Final = {
    "http://schemas.xmlsoap.org/soap/envelope/": ("text/xml", "soap:Client", "soap:Server", 500),
    "http://www.w3.org/2003/05/soap-envelope": (
        "application/soap+xml",
        "soap12:Sender",
        "soap12:Receiver",
        400,
    ),
}
"""Namespace of the envelope: media type, the two fault codes, the status of a fault of the sender."""
for _prefix, _namespace in zip(("soap", "soap12"), _ENVELOPES, strict=True):
    register_namespace(_prefix, _namespace)  # a fault's code is a qualified name with the prefix in use
_OLDEST: Final = next(iter(_ENVELOPES))
_NESTED: Final = {"HANG": "Hang", "SEBU": "Sebu", "SANGBYEONG": "Sangbyeong", "SLOT": "Slot"}
_ILLEGAL: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Operation: TypeAlias = Callable[[Engine, Element], Element]


class _Refused(Exception):
    """A question that can not be answered; the reason is shown to who asked."""


def create_soap_app(engine: Engine, password: str) -> FastAPI:
    """The service for this database, for the user `USER` with this password."""
    app = FastAPI(title="Sample HIS SOAP service", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/his/soap/health")
    def health() -> dict[str, str]:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return {"status": "ok"}

    @app.post(ADDRESS)
    async def call(request: Request) -> Response:
        if not _knows(request.headers.get("authorization", ""), password):
            return Response(status_code=401, headers={"www-authenticate": 'Basic realm="HIS"'})
        return await run_in_threadpool(_answer, engine, await request.body())

    return app


def _knows(header: str, password: str) -> bool:
    scheme, _, encoded = header.partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    return scheme.lower() == "basic" and hmac.compare_digest(given, f"{USER}:{password}".encode())


def _answer(engine: Engine, body: bytes) -> Response:
    outer = _OLDEST
    try:
        envelope = fromstring(body, forbid_dtd=True)
        outer = envelope.tag.removeprefix("{").partition("}")[0]
        if outer not in _ENVELOPES:
            outer = _OLDEST
            raise _Refused("no envelope of SOAP 1.1 or 1.2")
        return _enveloped(outer, _run(engine, outer, envelope), 200)
    except (ParseError, DefusedXmlException, _Refused) as error:
        _, code, _, status = _ENVELOPES[outer]
        return _fault(outer, code, str(error) if isinstance(error, _Refused) else "no XML document", status)
    except SQLAlchemyError:
        return _fault(outer, _ENVELOPES[outer][2], "the database does not answer", 500)


def _run(engine: Engine, outer: str, envelope: Element) -> Element:
    """Do what the body asks for."""
    asked = next(iter(envelope.find(f"{{{outer}}}Body") or ()), None)
    operation = _OPERATIONS.get(asked.tag) if asked is not None else None
    if asked is None or operation is None:
        raise _Refused("there is no such operation")
    return operation(engine, asked)


def _list_of(listing: Listing, element: str) -> Operation:
    """Rows changed since a stamp; to go on, send NextSince and NextAfter back."""

    def operation(engine: Engine, asked: Element) -> Element:
        since, after = _moment(_parameter(asked, "Since")), _parameter(asked, "After") or ""
        count = _count(_parameter(asked, "Count"))
        rows = changed(engine, listing, since, after, count)
        answer = _listed(f"Get{element}ListResponse", element, rows)
        last = rows[-1] if rows else {"CHG_DT": since.isoformat(), listing.key: after}
        _add(answer, "NextSince", last["CHG_DT"])
        _add(answer, "NextAfter", last[listing.key])
        _add(answer, "HasMore", "Y" if len(rows) == count else "N")
        return answer

    return operation


def _numbered(listing: Listing, element: str, name: str, column: str) -> Operation:
    """Rows by the numbers of a NumberList."""

    def operation(engine: Engine, asked: Element) -> Element:
        numbers = [
            each.text or "" for each in asked.iterfind(f"{{{NAMESPACE}}}NumberList/{{{NAMESPACE}}}Number")
        ]
        if not 0 < len(numbers) <= MOST_NUMBERS:
            raise _Refused(f"NumberList must have 1 to {MOST_NUMBERS} numbers")
        return _listed(f"{name}Response", element, numbered(engine, listing, column, numbers))

    return operation


def _reception(
    name: str, element: str, find: Callable[[Engine, Callable[[str], str]], list[Row]]
) -> Operation:
    """What one of the reception's desks answers; its parameters are elements with text."""

    def operation(engine: Engine, asked: Element) -> Element:
        rows = find(engine, lambda parameter: _parameter(asked, parameter) or "")
        return _listed(f"{name}Response", element, rows)

    return operation


def _register(engine: Engine, of: Callable[[str], str]) -> list[Row]:
    asked = [of(name) for name in ("Request", "Name", "Birth", "Sex")]
    if not all(asked):
        raise _Refused("Request, Name, Birth and Sex are needed")
    return [reception.register(engine, *asked)]


_RECEPTION: Final = (
    ("GetPatient", "Patient", lambda engine, of: lookup.patients(engine, number=of("Number") or "-")),
    ("GetPatientsByBirth", "Patient", lambda engine, of: lookup.patients(engine, birth=of("Birth"))),
    ("RegisterPatient", "Patient", _register),
    ("GetMerged", "Merged", lambda engine, of: lookup.merges(engine, of("Number"))),
    (
        "GetSessions",
        "Session",
        lambda engine, of: lookup.sessions(engine, of("Department"), of("Doctor"), of("From"), of("Until")),
    ),
    (
        "GetAppointments",
        "Appointment",
        lambda engine, of: lookup.appointments(engine, of("Number"), of("From"), of("Until")),
    ),
    (
        "GetResults",
        "Result",
        lambda engine, of: lookup.results(engine, of("Number"), of("From"), of("Until")),
    ),
    ("GetBills", "Bill", lambda engine, of: lookup.bills(engine, of("Number"))),
)
"""Operation, element of its rows, and what is looked up by its parameters."""

_OPERATIONS: Final[Mapping[str, Operation]] = {
    f"{{{NAMESPACE}}}{name}": operation
    for name, operation in (
        ("GetVisitList", _list_of(VISITS, "Visit")),
        ("GetVisits", _numbered(VISITS, "Visit", "GetVisits", VISITS.key)),
        ("GetSunapList", _list_of(RECEIPTS, "Sunap")),
        ("GetSunaps", _numbered(RECEIPTS, "Sunap", "GetSunaps", RECEIPTS.key)),
        ("GetSunapsByOriginal", _numbered(RECEIPTS, "Sunap", "GetSunapsByOriginal", str(RECEIPTS.original))),
        *((name, _reception(name, element, find)) for name, element, find in _RECEPTION),
    )
}


def _parameter(asked: Element, name: str) -> str | None:
    return asked.findtext(f"{{{NAMESPACE}}}{name}")


def _moment(written: str | None) -> datetime:
    try:
        return datetime.fromisoformat(written) if written else BEGINNING
    except ValueError:
        raise _Refused("Since must be a date and time of ISO 8601") from None


def _count(written: str | None) -> int:
    if written is not None and not (written.isascii() and written.isdigit() and len(written) < 5):
        raise _Refused("Count must be a number")
    count = int(written) if written else 100
    if not 1 <= count <= MOST_ROWS:
        raise _Refused(f"Count must be 1 to {MOST_ROWS}")
    return count


def _listed(answer: str, element: str, rows: Sequence[Row]) -> Element:
    root = Element(f"{{{NAMESPACE}}}{answer}")
    _fill(SubElement(root, f"{{{NAMESPACE}}}{element}List"), element, rows)
    return root


def _fill(parent: Element, element: str, rows: Sequence[Row]) -> None:
    for row in rows:
        inner = SubElement(parent, f"{{{NAMESPACE}}}{element}")
        for name, value in row.items():
            if name in _NESTED:
                _fill(SubElement(inner, f"{{{NAMESPACE}}}{_NESTED[name]}List"), _NESTED[name], value)
            elif value is not None:
                _add(inner, name, value)


def _add(parent: Element, name: str, value: Any) -> None:
    SubElement(parent, f"{{{NAMESPACE}}}{name}").text = _ILLEGAL.sub("\ufffd", str(value))


def _fault(outer: str, code: str, reason: str, status: int) -> Response:
    fault = Element(f"{{{outer}}}Fault")
    if outer == _OLDEST:
        SubElement(fault, "faultcode").text = code  # unqualified in SOAP 1.1
        SubElement(fault, "faultstring").text = reason
    else:
        SubElement(SubElement(fault, f"{{{outer}}}Code"), f"{{{outer}}}Value").text = code
        SubElement(SubElement(fault, f"{{{outer}}}Reason"), f"{{{outer}}}Text").text = reason
    return _enveloped(outer, fault, status)


def _enveloped(outer: str, content: Element, status: int) -> Response:
    envelope = Element(f"{{{outer}}}Envelope")
    SubElement(envelope, f"{{{outer}}}Body").append(content)
    written = tostring(envelope, encoding="utf-8", xml_declaration=True)
    return Response(written, status, media_type=f"{_ENVELOPES[outer][0]}; charset=utf-8")
