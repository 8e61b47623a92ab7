"""The sandbox's FHIR server: a token or nothing, valid R4, searches that can be followed, deletion that is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from fhir.resources.R4B import get_fhir_model_class
from sqlalchemy import Engine, text

from sandbox.his import schema
from sandbox.his.__main__ import main
from sandbox.his.day import Day
from sandbox.his.dirty import Sprinkler
from sandbox.his.events import Insert, Numbers, Step, Update
from sandbox.his.fhir import create_app
from sandbox.his.fhir_store import FhirStore, Question
from sandbox.his.store import Writer

TOKEN = {"authorization": "Bearer a token"}
NOON = datetime.fromisoformat("2026-11-24T03:00:00+00:00")
FOLLOWED = ("Encounter", "Condition", "Invoice")


@pytest.fixture
def client(hospital: Engine) -> TestClient:
    return TestClient(create_app(hospital, "a token", lambda: NOON), headers=TOKEN)


def pages_of(client: TestClient, kind: str, **asked: Any) -> Iterator[dict[str, Any]]:
    """The bundles of a search, by POST, then by next links."""
    answer = client.post(f"/fhir/{kind}/_search", data=asked).json()
    for _ in range(1000):
        yield answer
        links = {link["relation"]: link["url"] for link in answer["link"]}
        if "next" not in links:
            return
        parts = urlsplit(links["next"])
        answer = client.get(f"{parts.path}?{parts.query}").json()
    raise AssertionError("the pages do not come to an end")


def resources_of(client: TestClient, kind: str, **asked: Any) -> list[dict[str, Any]]:
    return [entry["resource"] for page in pages_of(client, kind, **asked) for entry in page["entry"]]


def outcome_of(answer: Any) -> str:
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    code: str = body["issue"][0]["code"]
    return code


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer another"}, {"authorization": "Basic a token"}]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "Encounter"),
        ("POST", "Patient/_search"),
        ("GET", "Patient/10000001"),
        ("GET", "Invoice/_history"),
        ("GET", "Invoice/1/_history"),
        ("DELETE", "Encounter/1"),
    ],
)
def test_without_the_token_there_is_nothing(
    hospital: Engine, headers: dict[str, str], method: str, path: str
):
    answer = TestClient(create_app(hospital, "a token")).request(method, f"/fhir/{path}", headers=headers)
    assert answer.status_code == 401
    assert outcome_of(answer) == "login"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Patient/1", 404),
        ("Patient/' OR 1=1 --", 404),
        ("Medication", 404),
        ("Medication/1", 404),
        ("Patient/_history", 404),
        ("Encounter/1/_history", 404),
        ("Encounter?name=x", 400),
        ("Encounter?_lastUpdated=ge", 400),
        ("Encounter?_lastUpdated=eq2026-11-24", 400),
        ("Encounter?_count=many", 400),
        ("Patient?_count=3", 400),
    ],
)
def test_a_wrong_question_is_answered_with_an_outcome(client: TestClient, path: str, status: int):
    answer = client.get(f"/fhir/{path}")
    assert answer.status_code == status
    assert outcome_of(answer)


def test_every_bundle_is_valid_r4(client: TestClient, fill: Callable[..., Day]):
    fill(25)
    bundle = get_fhir_model_class("Bundle")
    seen = {}
    for kind in FOLLOWED:
        for page in pages_of(client, kind, _count=100, _sort="_lastUpdated"):
            bundle.model_validate_json(json.dumps(page))
            seen.update({(kind, entry["resource"]["id"]): entry["resource"] for entry in page["entry"]})
        bundle.model_validate_json(client.get(f"/fhir/{kind}/_history").text)
    for kind, element in (("Patient", "subject"), ("ChargeItem", None)):
        ids = [
            each["subject"]["reference"].partition("/")[2]
            if element
            else line["chargeItemReference"]["reference"].partition("/")[2]
            for (type_, _), each in seen.items()
            if type_ == "Invoice"
            for line in each.get("lineItem", [{}])
            if element or "chargeItemReference" in line
        ]
        found = resources_of(client, kind, _id=",".join(sorted(set(ids))))
        assert {each["id"] for each in found} == set(ids)
        for page in pages_of(client, kind, _id=",".join(sorted(set(ids)))):
            bundle.model_validate_json(json.dumps(page))
    statement = client.get("/fhir/metadata").text
    assert get_fhir_model_class("CapabilityStatement").model_validate_json(statement)


@pytest.mark.parametrize("count", [1, 7, 500])
def test_following_a_search_gives_every_resource_once_in_order(
    client: TestClient, hospital: Engine, fill: Callable[..., Day], count: int
):
    fill(15)
    for kind, table in (("Encounter", "OVSITM"), ("Condition", "OCDIAG")):
        found = resources_of(client, kind, _count=count, _sort="_lastUpdated", _elements="id,meta")
        with hospital.connect() as connection:
            expected = connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar()
        assert len({each["id"] for each in found}) == len(found) == expected
        stamps = [each["meta"]["lastUpdated"] for each in found]
        assert stamps == sorted(stamps)


def test_a_search_keeps_to_its_bounds_though_it_shows_fewer_digits(client: TestClient, hospital: Engine):
    for number, micros in enumerate((0, 123_400, 123_900, 500_000)):
        at = NOON + timedelta(microseconds=micros)
        row = (f"V2026112400000{number}", "10000001", "O", "20261124", "090000", None, "IM", "D0001", "10")
        values = (*row, None, None, "F", None)
        Writer(hospital, clock=lambda at=at: at).step(Step(datetime.now(), [Insert(schema.VISITS, values)]))
    found = resources_of(client, "Encounter", _lastUpdated="ge2026-11-24T03:00:00.123Z")
    assert [each["id"][-1] for each in found] == ["1", "2", "3"]
    both = {"_lastUpdated": ["ge2026-11-24T03:00:00.123Z", "le2026-11-24T03:00:00.123Z"]}
    assert [each["id"][-1] for each in resources_of(client, "Encounter", **both)] == ["1", "2"]
    assert found[0]["meta"]["lastUpdated"] == "2026-11-24T03:00:00.123Z"


def test_a_receipt_names_its_statement_and_back(client: TestClient, fill: Callable[..., Day]):
    day = fill(10, plain=True)
    number = next(name for name in day.truth.documents if name.startswith("receipt:")).partition(":")[2]
    receipt, statement = (
        client.get(f"/fhir/Invoice/{number}").json(),
        client.get(f"/fhir/Invoice/{number}-S").json(),
    )
    links = {
        each["url"]: each["valueReference"]["reference"]
        for each in receipt["extension"]
        if "valueReference" in each
    }
    assert links["urn:saegim:fhir:statement"] == f"Invoice/{number}-S"
    assert statement["extension"][0]["valueReference"]["reference"] == f"Invoice/{number}"
    (sums,) = [
        each["amount"]["value"]
        for each in receipt["totalPriceComponent"]
        if each["code"]["coding"][0]["code"] == "total"
    ]
    assert sums == day.truth.documents[f"receipt:{number}"].facts["total"]
    assert len(statement["lineItem"]) == day.truth.documents[f"statement:{number}"].facts["lines"]


def test_originals_and_patients_can_be_searched_for(
    client: TestClient, hospital: Engine, fill: Callable[..., Day]
):
    fill(60)
    with hospital.connect() as connection:
        query = 'SELECT "SUNAP_NO", "ORG_SUNAP_NO", "PT_NO" FROM "SRCPTM" WHERE "ORG_SUNAP_NO" IS NOT NULL'
        key, original, patient = connection.execute(text(query)).first()  # type: ignore[misc]
    assert key in {each["id"] for each in resources_of(client, "Invoice", original=f"Invoice/{original}")}
    found = resources_of(client, "Invoice", patient=f"Patient/{patient}", _count=3)
    assert {key, original} <= {each["id"] for each in found}
    assert {each["subject"]["reference"] for each in found} == {f"Patient/{patient}"}


def test_a_change_moves_the_version(client: TestClient, hospital: Engine, fill: Callable[..., Day]):
    day = fill(5)
    number = next(name for name in day.truth.documents if name.startswith("visit:")).partition(":")[2]
    before = client.get(f"/fhir/Encounter/{number}").json()["meta"]
    update = Update(schema.VISITS, number, {"INSU_GB": "50"})
    Writer(hospital, clock=lambda: NOON + timedelta(seconds=9)).step(Step(datetime.now(), [update]))
    after = client.get(f"/fhir/Encounter/{number}").json()["meta"]
    assert after["lastUpdated"] > before["lastUpdated"] and after["versionId"] != before["versionId"]


def test_what_is_deleted_is_gone_and_its_history_stays(client: TestClient, fill: Callable[..., Day]):
    day = fill(5)
    number = next(name for name in day.truth.documents if name.startswith("visit:")).partition(":")[2]
    assert client.delete(f"/fhir/Encounter/{number}").status_code == 204
    assert client.delete(f"/fhir/Encounter/{number}").status_code == 404
    gone = client.get(f"/fhir/Encounter/{number}")
    assert (gone.status_code, outcome_of(gone)) == (410, "deleted")
    assert number not in {each["id"] for each in resources_of(client, "Encounter")}
    assert resources_of(client, "Encounter", _id=number) == []
    since = "2026-11-24T02:59:59Z"
    listed = client.get("/fhir/Encounter/_history", params={"_since": since}).json()["entry"]
    assert [each["request"]["url"] for each in listed if each["request"]["method"] == "DELETE"] == [
        f"Encounter/{number}"
    ]
    deleted, before = client.get(f"/fhir/Encounter/{number}/_history").json()["entry"]
    assert deleted["request"]["method"] == "DELETE"
    assert before["resource"]["id"] == number
    later = client.get("/fhir/Encounter/_history", params={"_since": "2026-11-24T03:00:01Z"}).json()["entry"]
    assert later == []


def test_hostile_rows_leave_as_hostile_json(client: TestClient, hospital: Engine):
    sprinkler = Sprinkler(date(2026, 11, 24), Numbers("20261124"), 1, sqlite=True)
    Writer(hospital, clock=lambda: NOON).write(sprinkler.steps(24))
    store = FhirStore(hospital)
    for kind in FOLLOWED:
        names = [each.id for each in store.find(kind, Question(limit=1000))]
        body = client.post(f"/fhir/{kind}/_search", data={"_id": ",".join(names), "_count": 1000})
        assert body.status_code == 200 and body.content.isascii()
        assert len(json.loads(body.content)["entry"]) == len(names)
    values = json.dumps(resources_of(client, "Invoice", _count=1000))
    for hostile in ("2026-13-32", "2026-02-30", "Infinity", '"12,000"', "\\u0000"):
        assert hostile in values


def test_it_does_not_serve_in_production(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("SAEGIM_ENV", "production")
    assert main(["serve-fhir"]) == 1
    assert "refused" in capsys.readouterr().err
