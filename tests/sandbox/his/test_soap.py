"""The vendor's SOAP service: a password or nothing, lists that can be followed, faults in the envelope that asked."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine, text

from sandbox.his.day import Day
from sandbox.his.soap import ADDRESS, NAMESPACE, USER, create_soap_app

OLD = "http://schemas.xmlsoap.org/soap/envelope/"
NEW = "http://www.w3.org/2003/05/soap-envelope"


@pytest.fixture
def client(hospital: Engine) -> TestClient:
    client = TestClient(create_soap_app(hospital, "a password"), raise_server_exceptions=False)
    client.auth = (USER, "a password")
    return client


def ask(client: TestClient, name: str, parameters: str = "", outer: str = OLD) -> Response:
    asked = f'<{name} xmlns="{NAMESPACE}">{parameters}</{name}>'
    return client.post(
        ADDRESS, content=f'<e:Envelope xmlns:e="{outer}"><e:Body>{asked}</e:Body></e:Envelope>'
    )


def body(answer: Response, outer: str = OLD) -> Element:
    (found,) = fromstring(answer.content)
    assert found.tag == f"{{{outer}}}Body"
    (content,) = found
    return content


def texts(content: Element, name: str) -> list[str | None]:
    return [each.text for each in content.iter(f"{{{NAMESPACE}}}{name}")]


@pytest.mark.parametrize("auth", [None, (USER, ""), (USER, "another"), ("root", "a password")])
def test_without_the_password_there_is_nothing(client: TestClient, auth: tuple[str, str] | None):
    client.auth = auth
    assert ask(client, "GetVisitList").status_code == 401


@pytest.mark.parametrize("header", ["Basic", "Basic ***", "Bearer YTpi", "Basic 가".encode()])
def test_a_header_that_is_none_is_refused(client: TestClient, header: str | bytes):
    client.auth = None
    assert client.post(ADDRESS, headers={"authorization": header}).status_code == 401


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("DropTable", ""),
        ("GetVisitList", "<Since>yesterday</Since>"),
        ("GetVisitList", "<Count>0</Count>"),
        ("GetVisitList", "<Count>501</Count>"),
        ("GetVisitList", "<Count>1e3</Count>"),
        ("GetVisits", ""),
        ("GetVisits", "<NumberList/>"),
        ("GetVisits", f"<NumberList>{'<Number>1</Number>' * 101}</NumberList>"),
    ],
)
@pytest.mark.parametrize(
    ("outer", "status", "code"), [(OLD, 500, "soap:Client"), (NEW, 400, "soap12:Sender")], ids=["1.1", "1.2"]
)
def test_a_wrong_question_is_a_fault_of_the_sender(
    client: TestClient, name: str, parameters: str, outer: str, status: int, code: str
):
    answer = ask(client, name, parameters, outer)
    assert answer.status_code == status
    assert body(answer, outer).tag == f"{{{outer}}}Fault"
    assert f">{code}<" in answer.text


@pytest.mark.parametrize("content", [b"", b"no xml", b"<a/>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_what_is_no_envelope_is_a_fault(client: TestClient, content: bytes):
    answer = client.post(ADDRESS, content=content)
    assert answer.status_code == 500
    assert "soap:Client" in answer.text


def test_a_database_that_fails_is_a_fault_of_the_server(client: TestClient, hospital: Engine):
    with hospital.begin() as connection:
        connection.execute(text('DROP VIEW "V_SGM_NAEWON"'))
    answer = ask(client, "GetVisitList")
    assert answer.status_code == 500
    assert "soap:Server" in answer.text and "V_SGM" not in answer.text


def test_an_empty_hospital_has_an_empty_list(client: TestClient):
    found = body(ask(client, "GetSunapList"))
    assert texts(found, "Sunap") == []
    assert texts(found, "HasMore") == ["N"]


@pytest.mark.parametrize("outer", [OLD, NEW], ids=["1.1", "1.2"])
def test_following_a_list_gives_every_row_once(
    client: TestClient, hospital: Engine, fill: Callable[..., Day], outer: str
):
    fill(40)
    numbers: list[str | None] = []
    parameters, more = "<Count>7</Count>", True
    while more:
        found = body(ask(client, "GetSunapList", parameters, outer), outer)
        numbers += texts(found, "SUNAP_NO")
        (since,), (after,) = texts(found, "NextSince"), texts(found, "NextAfter")
        parameters = f"<Since>{since}</Since><After>{after}</After><Count>7</Count>"
        more = texts(found, "HasMore") == ["Y"]
    with hospital.connect() as connection:
        expected = set(connection.execute(text('SELECT "SUNAP_NO" FROM "SRCPTM"')).scalars())
    assert len(numbers) == len(set(numbers))
    assert set(numbers) == expected


def test_a_receipt_carries_its_rows_and_lines(client: TestClient, fill: Callable[..., Day]):
    day = fill(10, plain=True)
    number = next(name for name in day.truth.documents if name.startswith("receipt:")).partition(":")[2]
    found = body(ask(client, "GetSunaps", f"<NumberList><Number>{number}</Number></NumberList>"))
    facts = day.truth.documents[f"receipt:{number}"].facts
    assert texts(found, "TOT_AMT") == [str(facts["total"])]
    assert sum(int(amount or 0) for amount in texts(found, "AMT")) == facts["total"]
    assert len(texts(found, "Sebu")) == day.truth.documents[f"statement:{number}"].facts["lines"]
    assert texts(found, "ORG_SUNAP_NO") == []  # an empty column is left out


def test_what_refers_to_a_receipt_is_found(client: TestClient, hospital: Engine, fill: Callable[..., Day]):
    fill(60)
    query = 'SELECT "SUNAP_NO", "ORG_SUNAP_NO" FROM "SRCPTM" WHERE "ORG_SUNAP_NO" IS NOT NULL LIMIT 1'
    with hospital.connect() as connection:
        number, original = connection.execute(text(query)).one()
    found = body(ask(client, "GetSunapsByOriginal", f"<NumberList><Number>{original}</Number></NumberList>"))
    assert number in texts(found, "SUNAP_NO")
    assert set(texts(found, "ORG_SUNAP_NO")) == {original}


def test_what_xml_can_not_carry_is_replaced(client: TestClient, hospital: Engine, fill: Callable[..., Day]):
    fill(10, plain=True)
    with hospital.begin() as connection:
        connection.execute(
            text('UPDATE "PPTNTM" SET "PT_NM" = :name'), {"name": "환자\x00\x01&<\ud7ff\ufffe"}
        )
    assert set(texts(body(ask(client, "GetVisitList")), "PT_NM")) == {"환자\ufffd\ufffd&<\ud7ff\ufffd"}


def test_health_needs_no_password(client: TestClient):
    client.auth = None
    assert client.get("/his/soap/health").json() == {"status": "ok"}
