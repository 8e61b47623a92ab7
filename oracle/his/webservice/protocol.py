"""Calling an operation as the mapping writes it, over REST or SOAP, and what its answer holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, tostring

import httpx

from oracle.his.base import HisError, HisMalformed, HisUnavailable
from oracle.his.webservice.bodies import BadBody, read_json, read_xml
from oracle.his.webservice.client import Answer, AnswerTooLarge, Call, WebClient, refuse_status
from oracle.his.webservice.mapping import PLACEHOLDER, Operation, Placeholders, Soap

COMPARE: Final = (
    "Compare the operation in the mapping with the vendor's description, and with what it answers."
)
_ENVELOPE: Final = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
_ONE: Final = frozenset({"key", "number"})
"""Placeholders of one thing that may not be there."""
_XML_TYPES: Final = ("text/xml", "application/xml", "application/soap+xml")
_SENDER: Final = frozenset({"Client", "Sender", "MustUnderstand", "VersionMismatch"})
"""Faults of SOAP that lie with who asked (1.1 section 4.4.1, 1.2 part 1 section 5.4.6)."""
_RECEIVER: Final = frozenset({"Server", "Receiver"})


class Service(Protocol):
    """A vendor's service."""

    def call(self, operation: Operation, values: Placeholders, doing: str) -> Any:
        """The answer's content; None when what was asked for is not there.

        Raises HisUnavailable, HisMalformed, AnswerTooLarge.
        """

    def rows(self, operation: Operation, content: Any, doing: str) -> list[Any]:
        """The rows of an answer. Raises HisMalformed."""


@dataclass(frozen=True, slots=True)
class RestService:
    """JSON over HTTP, with GET, or POST of an object."""

    name: str
    base_url: str
    client: WebClient

    def call(self, operation: Operation, values: Placeholders, doing: str) -> Any:
        """See `Service`. A single row that is not there is answered with 404."""
        url = self.base_url + PLACEHOLDER.sub(lambda each: _in_path(values[each[1]]), operation.path or "")
        query = {name: _text(template, values) for name, template in operation.query.items()}
        given = {name: value for name, value in query.items() if value is not None}
        if given:
            url = f"{url}?{httpx.QueryParams(given)}"
        answer = self.client.send(self._call(operation, url, values, doing))
        if answer.status in (404, 410) and _ONE.intersection(PLACEHOLDER.findall(operation.path or "")):
            return None
        refuse_status(self.name, answer, doing)
        if answer.media_type not in ("application/json", "text/json") and not answer.media_type.endswith(
            "+json"
        ):
            raise _malformed(self.name, f"the answer is {answer.media_type}, not JSON, while {doing}")
        try:
            return read_json(answer.body, answer.charset)
        except BadBody as bad:
            raise _unreadable(self.name, bad, doing) from None

    def rows(self, operation: Operation, content: Any, doing: str) -> list[Any]:
        """See `Service`."""
        return _rows(self.name, content, operation.rows, doing, optional=False)

    def _call(self, operation: Operation, url: str, values: Placeholders, doing: str) -> Call:
        headers = {"accept": "application/json"}
        if operation.method == "GET":
            return Call("GET", url, doing, headers)
        body = {name: _text(template, values) for name, template in operation.body.items()}
        content = json.dumps({name: value for name, value in body.items() if value is not None})
        return Call("POST", url, doing, {**headers, "content-type": "application/json"}, content.encode())


@dataclass(frozen=True, slots=True)
class SoapService:
    """SOAP 1.1 or 1.2 over HTTP."""

    name: str
    base_url: str
    client: WebClient
    soap: Soap

    def call(self, operation: Operation, values: Placeholders, doing: str) -> Any:
        """See `Service`: the content of the envelope's body. What is not there is an answer without rows."""
        url = self.base_url + (operation.path or self.soap.path or "")
        answer = self.client.send(
            Call("POST", url, doing, self._headers(operation), self._envelope(operation, values))
        )
        if answer.media_type in _XML_TYPES and (answer.status < 300 or answer.status in (400, 500)):
            return self._content(answer, doing)
        refuse_status(self.name, answer, doing)
        raise _malformed(self.name, f"the answer is {answer.media_type}, not SOAP, while {doing}")

    def rows(self, operation: Operation, content: Any, doing: str) -> list[Any]:
        """See `Service`. An element that may repeat is not there when there is no row."""
        return _rows(self.name, content, operation.rows, doing, optional=True)

    def _headers(self, operation: Operation) -> dict[str, str]:
        if self.soap.version == "1.1":
            return {"content-type": "text/xml; charset=utf-8", "soapaction": f'"{operation.action or ""}"'}
        action = f'; action="{operation.action}"' if operation.action else ""
        return {"content-type": f"application/soap+xml; charset=utf-8{action}"}

    def _envelope(self, operation: Operation, values: Placeholders) -> bytes:
        outer, inner = _ENVELOPE[self.soap.version], f"{{{self.soap.namespace}}}"
        envelope = Element(f"{{{outer}}}Envelope")
        body = SubElement(envelope, f"{{{outer}}}Body")
        asked = SubElement(body, f"{inner}{operation.element}")
        inner = inner if self.soap.qualified else ""
        for name, template in operation.parameters.items():
            if isinstance(template, dict):
                group = SubElement(asked, f"{inner}{name}")
                for child, each in template.items():
                    _parameter(group, f"{inner}{child}", each, values)
            else:
                _parameter(asked, f"{inner}{name}", template, values)
        written: bytes = tostring(envelope, encoding="utf-8", xml_declaration=True)
        return written

    def _content(self, answer: Answer, doing: str) -> Any:
        try:
            root, envelope = read_xml(answer.body, answer.charset)
        except BadBody as bad:
            if answer.status >= 400:
                refuse_status(self.name, answer, doing)
            raise _unreadable(self.name, bad, doing) from None
        body = envelope.get("Body") if isinstance(envelope, dict) else None
        if root != "Envelope" or not isinstance(body, dict):
            refuse_status(self.name, answer, doing)
            raise _malformed(self.name, f"the answer is no SOAP envelope with a body while {doing}")
        if "Fault" in body:
            raise self._fault(body["Fault"], doing)
        refuse_status(self.name, answer, doing)
        return body

    def _fault(self, fault: Any, doing: str) -> HisError:
        """What a fault means: of the sender, that trying again does not help; any other may pass."""
        code = _fault_code(fault)
        if code in _SENDER:
            return _malformed(self.name, f"the service answers with the SOAP fault {code} while {doing}")
        return HisUnavailable(self.name, f"{doing} (SOAP fault {code})")


def reach(content: Any, path: str) -> Any:
    """What is at a path; None where nothing is."""
    for name in path.split("."):
        content = content.get(name) if isinstance(content, dict) else None
    return content


def _rows(name: str, content: Any, path: str | None, doing: str, *, optional: bool) -> list[Any]:
    """The list at a path. An element alone is a list of one. optional: the last element may be missing."""
    steps = path.split(".") if path else []
    for place, step in enumerate(steps, 1):
        if content is None:
            return []
        last = place == len(steps)
        if not isinstance(content, dict) or (step not in content and not (last and optional)):
            raise _malformed(name, f"the answer has nothing at {'.'.join(steps[:place])} while {doing}")
        content = content.get(step)
    if isinstance(content, list):
        return content
    if content is None or isinstance(content, dict):
        return [] if content is None else [content]
    raise _malformed(name, f"the answer has a single value where rows should be while {doing}")


def _text(template: str, values: Placeholders) -> str | None:
    """A template filled in; several keys are joined by commas. None when a value is left out."""
    names = PLACEHOLDER.findall(template)
    if any(values.get(name) is None for name in names):
        return None
    return PLACEHOLDER.sub(lambda each: _joined(values[each[1]]), template)


def _joined(value: str | list[str] | None) -> str:
    return ",".join(value) if isinstance(value, list) else value or ""


def _in_path(value: str | list[str] | None) -> str:
    return quote(_joined(value), safe="")


def _parameter(parent: Element, tag: str, template: str, values: Placeholders) -> None:
    """One element, or one for each key; none where a value is left out."""
    keys = values.get("keys") if template == "{keys}" else None
    for text in keys if isinstance(keys, list) else [_text(template, values)]:
        if text is not None:
            SubElement(parent, tag).text = text


def _fault_code(fault: Any) -> str:
    """The standard part of a fault's code (``soap:Client.Row`` is Client), or ``?``: vendors put values in the rest."""
    written = reach(fault, "faultcode") or reach(fault, "Code.Value")
    code = str(written).rpartition(":")[2].partition(".")[0] if isinstance(written, str) else "?"
    return code if code in _SENDER | _RECEIVER else "?"


def _unreadable(name: str, bad: BadBody, doing: str) -> HisMalformed:
    if bad.too_large:
        return AnswerTooLarge(name, doing)
    return _malformed(name, f"the answer can not be read while {doing}: {bad.what}")


def _malformed(name: str, what: str) -> HisMalformed:
    return HisMalformed(name, what, COMPARE)
