"""The vendor's web service: a key or nothing, lists that can be followed, no resident numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from sandbox.his.day import Day
from sandbox.his.service import create_app

KEY = {"X-API-KEY": "a key"}


@pytest.fixture
def client(hospital: Engine) -> TestClient:
    return TestClient(create_app(hospital, "a key"))


@pytest.mark.parametrize(
    "path",
    ["receipts", "receipts/1", "receipts/by-original?numbers=1", "visits", "visits/1", "patients/10000001"],
)
@pytest.mark.parametrize("headers", [{}, {"X-API-KEY": "another"}, {"X-API-KEY": ""}])
def test_without_the_key_there_is_nothing(client: TestClient, path: str, headers: dict[str, str]):
    assert client.get(f"/his/v1/{path}", headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["receipts/1", "visits/1", "patients/1", "patients/' OR 1=1 --"])
def test_what_is_not_there_is_not_found(client: TestClient, path: str):
    answer = client.get(f"/his/v1/{path}", headers=KEY)
    assert answer.status_code == 404
    assert answer.json()["detail"]["error"] == "not_found"


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "since=yesterday"])
def test_a_wrong_question_is_refused(client: TestClient, query: str):
    assert client.get(f"/his/v1/receipts?{query}", headers=KEY).status_code == 422


def test_an_empty_hospital_has_an_empty_list(client: TestClient):
    beginning = {"since": "1970-01-01T00:00:00", "after": ""}
    answer = client.get("/his/v1/receipts", headers=KEY).json()
    assert answer == {"rows": [], "next": beginning, "more": False}


@pytest.mark.parametrize(
    ("name", "key", "table"), [("receipts", "SUNAP_NO", "SRCPTM"), ("visits", "VST_NO", "OVSITM")]
)
def test_following_a_list_gives_every_row_once(
    client: TestClient, hospital: Engine, fill: Callable[..., Day], name: str, key: str, table: str
):
    fill(40)
    found: list[str] = []
    query: dict[str, Any] = {"limit": 7}
    more = True
    while more:
        answer = client.get(f"/his/v1/{name}", params=query, headers=KEY).json()
        found += [row[key] for row in answer["rows"]]
        query, more = {"limit": 7, **answer["next"]}, answer["more"]
    with hospital.connect() as connection:
        expected = set(connection.execute(text(f'SELECT "{key}" FROM "{table}"')).scalars())
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_a_receipt_carries_its_rows_and_lines(client: TestClient, fill: Callable[..., Day]):
    day = fill(10, plain=True)
    number = next(name for name in day.truth.documents if name.startswith("receipt:")).partition(":")[2]
    row = client.get(f"/his/v1/receipts/{number}", headers=KEY).json()
    facts = day.truth.documents[f"receipt:{number}"].facts
    assert row["TOT_AMT"] == facts["total"] == sum(line["AMT"] for line in row["SEBU"])
    assert row["HANG"] and all("SUNAP_NO" not in each for each in row["HANG"])
    assert row in client.get("/his/v1/receipts", params={"limit": 500}, headers=KEY).json()["rows"]


def test_what_refers_to_a_receipt_is_found(client: TestClient, hospital: Engine, fill: Callable[..., Day]):
    fill(60)
    query = 'SELECT "SUNAP_NO", "ORG_SUNAP_NO" FROM "SRCPTM" WHERE "ORG_SUNAP_NO" IS NOT NULL LIMIT 1'
    with hospital.connect() as connection:
        number, original = connection.execute(text(query)).one()
    answer = client.get("/his/v1/receipts/by-original", params={"numbers": f"{original},x"}, headers=KEY)
    rows = answer.json()["rows"]
    assert number in [row["SUNAP_NO"] for row in rows] and rows[0]["HANG"]
    assert {row["ORG_SUNAP_NO"] for row in rows} == {original}


def test_more_numbers_than_the_service_takes_are_refused(client: TestClient):
    many = {"numbers": ",".join(["1"] * 101)}
    assert client.get("/his/v1/receipts/by-original", params=many, headers=KEY).status_code == 422


def test_a_name_in_an_old_encoding_is_read(client: TestClient, hospital: Engine, fill: Callable[..., Day]):
    fill(10, plain=True)
    with hospital.begin() as connection:
        connection.execute(text('UPDATE "PPTNTM" SET "PT_NM" = :name'), {"name": "환자뷁".encode("cp949")})
    rows = client.get("/his/v1/visits", headers=KEY).json()["rows"]
    assert {row["PT_NM"] for row in rows} == {"환자뷁"}


def test_a_visit_carries_its_diagnoses(client: TestClient, fill: Callable[..., Day]):
    day = fill(10, plain=True)
    number = next(name for name in day.truth.documents if name.startswith("visit:")).partition(":")[2]
    row = client.get(f"/his/v1/visits/{number}", headers=KEY).json()
    codes = [each["KCD_CD"] for each in row["SANGBYEONG"]]
    assert codes == day.truth.documents[f"diagnosis:{number}"].facts["codes"]


def test_a_patient_is_found_without_the_resident_number(client: TestClient, fill: Callable[..., Day]):
    fill(10)
    found = client.get("/his/v1/patients/10000001", headers=KEY).json()
    assert found["PT_NM"] == "환자0001"
    assert set(found) == {"PT_NO", "PT_NM", "BRTH_YMD", "SEX_GB"}


def test_hostile_rows_still_come_as_json(client: TestClient, hospital: Engine, fill: Callable[..., Day]):
    fill(10, plain=True)
    with hospital.begin() as connection:
        connection.execute(text('UPDATE "PPTNTM" SET "PT_NM" = :name'), {"name": b"\xff\xfe"})
        connection.execute(text('UPDATE "SRCPTM" SET "TOT_AMT" = :inf'), {"inf": float("inf")})
    rows = client.get("/his/v1/receipts", headers=KEY).json()["rows"]
    assert {row["TOT_AMT"] for row in rows} == {"inf"}
    assert {row["PT_NM"] for row in rows} == {"��"}


def test_health_needs_no_key(client: TestClient):
    assert client.get("/his/v1/health").json() == {"status": "ok"}
