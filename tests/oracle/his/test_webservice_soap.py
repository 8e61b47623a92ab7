"""What a SOAP service answers: faults by their code, documents that are bombs, and Korean in any encoding."""

from __future__ import annotations

from dataclasses import replace

import pytest
from defusedxml.ElementTree import fromstring
from web_canned import LIMITS, VISIT, XML, adapter_before, answering, mapping_of, refused

from oracle.his.base import HisError, HisMalformed, HisUnavailable

# SOAP


def envelope(inner: str, outer: str = "http://schemas.xmlsoap.org/soap/envelope/") -> bytes:
    return f'<s:Envelope xmlns:s="{outer}"><s:Body>{inner}</s:Body></s:Envelope>'.encode()


def soap_rows(*rows: str) -> bytes:
    """An answer that is one of a list and one of numbers at once."""
    listed = "".join(f"<Visit>{row}</Visit>" for row in rows)
    return envelope(
        f"<GetVisitListResponse><VisitList>{listed}</VisitList><HasMore>N</HasMore></GetVisitListResponse>"
        "<GetVisitsResponse><VisitList/></GetVisitsResponse>"
    )


def soap_visit(**changes: str) -> str:
    values = {name: value for name, value in VISIT.items() if isinstance(value, str)} | changes
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())


def fault(code: str, version: str = "1.1") -> bytes:
    if version == "1.1":
        return envelope(
            f"<s:Fault><faultcode>{code}</faultcode><faultstring>환자0001</faultstring></s:Fault>"
        )
    inner = f"<s:Code><s:Value>{code}</s:Value></s:Code><s:Reason><s:Text>환자0001</s:Text></s:Reason>"
    return envelope(f"<s:Fault>{inner}</s:Fault>", "http://www.w3.org/2003/05/soap-envelope")


@pytest.mark.parametrize(
    ("status", "body", "kind", "shown"),
    [
        (500, fault("s:Client"), HisMalformed, "fault Client"),
        (200, fault("s:Client.Row7"), HisMalformed, "fault Client "),
        (500, fault("s:MustUnderstand"), HisMalformed, "MustUnderstand"),
        (400, fault("s:Sender", "1.2"), HisMalformed, "fault Sender"),
        (500, fault("s:Server"), HisUnavailable, "fault Server"),
        (500, fault("s:Receiver", "1.2"), HisUnavailable, "fault Receiver"),
        (500, fault("ora:환자0001"), HisUnavailable, "fault ?"),
        (500, envelope("<s:Fault/>"), HisUnavailable, "fault ?"),
        (500, b"no xml", HisUnavailable, "status 500"),
        (400, b"no xml", HisMalformed, "status 400"),
    ],
)
def test_a_fault_is_typed_and_shows_its_code_alone(
    status: int, body: bytes, kind: type[HisError], shown: str
):
    assert shown in refused(answering((status, XML, body)), kind, mapping_of("soap"))


@pytest.mark.parametrize("qualified", [True, False])
def test_parameters_are_in_the_namespace_if_the_schema_says_so(qualified: bool):
    mapping = mapping_of("soap")
    assert mapping.soap is not None
    mapping = mapping.model_copy(update={"soap": mapping.soap.model_copy(update={"qualified": qualified})})
    with adapter_before(answering((200, XML, soap_rows())), mapping) as adapter:
        adapter.reread(["visit:V1"])
        sent = fromstring(adapter.vendor.bodies[0])
    names = [element.tag for element in sent.iter()][2:]
    inner = f"{{{mapping.soap.namespace}}}"
    assert names[0] == f"{inner}GetVisits"
    assert names[1:] == ([f"{inner}NumberList", f"{inner}Number"] if qualified else ["NumberList", "Number"])


BILLION = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "body",
    [
        f"{BILLION}]><x>&i;</x>".encode(),
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>',
        b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]><x/>',
        b"<!DOCTYPE x><x/>",
        b"<x>" * 30_000,
        b"<x>" * 100 + b"</x>" * 100,
        b"<x>&unknown;</x>",
        b'<?xml version="1.0" encoding="klingon"?><x/>',
        b'<?xml version="1.0" encoding="utf-16"?><x/>',
        b'<?xml version="1.0" encoding="idna"?><x/>',
        b"<x",
        b"",
        b"<x/><y/>",
        b"<x/>",
        envelope(""),
        envelope("<Other/>"),
        envelope("<GetVisitListResponse><Lists/></GetVisitListResponse>"),
        envelope("<GetVisitListResponse><VisitList><Visit>text</Visit></VisitList></GetVisitListResponse>")[
            :-20
        ],
    ],
    ids=lambda body: repr(body)[:40],
)
def test_a_document_that_is_none_or_a_bomb_is_malformed(body: bytes):
    refused(answering((200, XML, body)), HisMalformed, mapping_of("soap"))


def test_more_elements_than_any_page_has_are_refused_before_they_are_made():
    body = envelope("<x/>" * 2_100_000)
    limits = replace(LIMITS, most_bytes=10_000_000)
    refused(answering((200, XML, body)), HisMalformed, mapping_of("soap"), limits=limits)


@pytest.mark.parametrize("kind", [b"text/html", b"application/json", b"text/plain"])
def test_an_answer_of_another_type_is_no_soap(kind: bytes):
    body = soap_rows(soap_visit())
    assert kind.decode() in refused(
        answering((200, [(b"content-type", kind)], body)), HisMalformed, mapping_of("soap")
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("", "not-a-row"),
        ("text", "not-a-row"),
        (soap_visit(PT_NM=""), "missing"),
        (soap_visit(PT_NM="환자&#0;"), "text-encoding"),
        (soap_visit(PT_NM="환자\x01"), "text-encoding"),
        (soap_visit(PT_NM="<b>환자</b>"), "not-text"),
        (soap_visit() + "<PT_NM>다른 환자</PT_NM>", "not-text"),
        (soap_visit(VST_NO="", STAT_GB="F"), "key-invalid"),
    ],
    ids=lambda value: repr(value)[-30:],
)
def test_a_bad_element_is_one_bad_row(row: str, reason: str):
    body = soap_rows(row, soap_visit(VST_NO="V9"))
    with adapter_before(answering((200, XML, body)), mapping_of("soap")) as adapter:
        page = adapter.read(None, 50)
    assert [document.source_key for document in page.documents] == ["visit:V9"]
    assert [reject.reason_code for reject in page.rejects] == [reason]


@pytest.mark.parametrize("encoding", ["euc-kr", "utf-8", "utf-16"])
@pytest.mark.parametrize("said", ["header", "declaration"])
def test_korean_comes_in_the_encoding_that_is_said(encoding: str, said: str):
    text = soap_rows(soap_visit()).decode()
    declared = (
        f'<?xml version="1.0" encoding="{encoding}"?>'
        if said == "declaration" and encoding != "utf-16"
        else ""
    )
    kind = f"text/xml; charset={encoding}" if said == "header" else "text/xml"
    answer = (200, [(b"content-type", kind.encode())], (declared + text).encode(encoding))
    with adapter_before(answering(answer), mapping_of("soap")) as adapter:
        (document,) = adapter.read(None, 50).documents
    assert document.payload["patient"]["name"] == "환자0001"


def test_bytes_of_another_encoding_than_said_spoil_the_rows_alone():
    body = soap_rows(soap_visit()).decode().encode("euc-kr")
    with adapter_before(answering((200, XML, body)), mapping_of("soap")) as adapter:
        page = adapter.read(None, 50)
    assert [reject.reason_code for reject in page.rejects] == ["text-encoding"]
