"""What the backend is told."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from relay_world import ACTOR, FIRST, HEALTH, NUMBER, PERSON, RelayWorld

from oracle.his import asking
from oracle.his.base import HisMalformed, HisUnavailable
from oracle.his.desk import TooManyPatients, same_name


def register(relay: RelayWorld, number: str, name: object, born: str, sex: str) -> None:
    with sqlite3.connect(relay.hospital_url.removeprefix("sqlite:///")) as connection:
        connection.execute(
            'INSERT INTO "PPTNTM" ("PT_NO", "PT_NM", "BRTH_YMD", "SEX_GB") VALUES (?, ?, ?, ?)',
            (number, name, born, sex),
        )


def health(relay: RelayWorld) -> Any:
    return relay.ask(HEALTH, None, {"purpose": "health", "actor": ACTOR}, "GET").content


def test_a_patient_is_told_as_the_hospital_has_them(relay: RelayWorld) -> None:
    answer = relay.read()
    assert (answer.status, answer.content) == (200, PERSON)
    assert answer.headers["cache-control"] == "no-store"


def test_a_number_that_nobody_has_is_unknown(relay: RelayWorld) -> None:
    assert relay.read("99999999", patient="99999999").error == (404, "patient-unknown", "")


def test_a_search_finds_every_number_of_the_person_and_nobody_elses(relay: RelayWorld) -> None:
    born = f"{FIRST.birth:%Y%m%d}"
    register(relay, "20000001", f" {FIRST.name} ", born, "F")
    register(relay, "20000002", "다른이름", born, "F")
    register(relay, "20000003", FIRST.name, born, "M")
    register(relay, "20000004", FIRST.name, "19500101", "F")
    assert relay.search().content == {"numbers": [NUMBER, "20000001"]}


def test_a_search_passes_over_rows_that_can_not_be_read(relay: RelayWorld) -> None:
    register(relay, "20000005", b"\xff\xff\xff", f"{FIRST.birth:%Y%m%d}", "F")
    assert relay.search().content == {"numbers": [NUMBER]}


def test_a_patient_who_can_not_be_read_is_an_error_with_a_reason(relay: RelayWorld) -> None:
    register(relay, "20000006", b"\xff\xff\xff", "19500101", "F")
    assert relay.read("20000006", patient="20000006").error == (502, "record-unreadable", "text-encoding")


def test_names_in_the_hospitals_encoding_are_read(relay: RelayWorld) -> None:
    register(relay, "20000007", "홍길동".encode("cp949"), "19500101", "F")
    assert relay.read("20000007", patient="20000007").content["name"] == "홍길동"


def test_a_birth_date_of_too_many_is_not_gone_through(relay: RelayWorld, monkeypatch: Any) -> None:
    monkeypatch.setattr(asking, "MOST_OF_A_DAY", 1)
    register(relay, "20000008", "누군가", f"{FIRST.birth:%Y%m%d}", "F")
    assert relay.search().error == (502, "too-many-patients", "")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (HisUnavailable("sql:x", "reading"), (503, "hospital-unavailable", "")),
        (HisMalformed("sql:x", "a view is missing", "Mend it."), (502, "hospital-malformed", "")),
        (TooManyPatients(1), (502, "too-many-patients", "")),
    ],
)
def test_the_hospitals_trouble_is_told_by_kind(
    relay: RelayWorld, monkeypatch: Any, error: Exception, told: tuple[int, str, str]
) -> None:
    def fail(*_: object) -> None:
        raise error

    for name in ("patient", "born"):
        monkeypatch.setattr(type(relay.desk), name, fail)
    assert relay.read().error == told
    assert relay.search().error == told


def test_health_says_how_the_hospital_system_is(relay: RelayWorld) -> None:
    told = health(relay)
    assert (told["status"], told["hospital"]) == ("ok", "ok")
    assert "bills.of" in told["offers"]
    assert "registrations.create" not in told["offers"], "views issue no numbers"
    Path(relay.hospital_url.removeprefix("sqlite:///")).unlink()
    relay.desk.close()  # type: ignore[union-attr]
    assert health(relay)["hospital"] == "unavailable"
    assert relay.read().error == (503, "hospital-unavailable", "")


def test_a_hospital_without_a_desk_says_so(relay: RelayWorld, monkeypatch: Any) -> None:
    monkeypatch.setattr(relay.relay, "_desk", None)
    assert relay.read().error == (501, "not-offered", "")
    assert relay.search().error == (501, "not-offered", "")
    assert health(relay)["hospital"] == "not-offered"


def test_requests_are_counted_by_operation_and_outcome(relay: RelayWorld) -> None:
    relay.read()
    line = 'saegim_oracle_relay_requests_total{operation="patients.read",outcome="answered"} 1.0'
    assert line in relay.metrics()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("홍길동", "홍 길동 ", True),
        ("홍길동", "홍길동", True),
        ("KIM, Ann-Marie", "kim ann marie", True),
        ("홍길동", "홍길순", False),
        ("홍길동", "", False),
        (" ", "-", False),
    ],
)
def test_spellings_of_a_name(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same
