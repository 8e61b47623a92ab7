"""Every operation: recorded requests are answered as recorded, to nobody else, about nobody else, and noted."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from care_world import ALL, CareWorld, Vector
from desk_hospital import ME, OTHER
from prometheus_client import CollectorRegistry
from relay_world import ACTOR, PERSON, Answer, RelayWorld
from sqlalchemy import text

from network.waiting import wait_for
from oracle.his import asking
from oracle.relay import patience
from oracle.relay import service as relay_service
from oracle.relay.errors import RelayProblem
from oracle.relay.operations import OPERATIONS, operation_at
from oracle.relay.patience import Patience
from oracle.relay.schemas import NumbersFound
from oracle.relay.service import Asked

ABOUT_SOMEBODY = [name for name in ALL if Vector.load(name).whom]
ABOUT_PATIENT = [name for name in ALL if "patient" in Vector.load(name).whom]


@pytest.fixture(scope="module")
def care(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CareWorld]:
    with CareWorld(tmp_path_factory.mktemp("care")) as made:
        yield made


def test_there_is_a_recorded_request_of_every_operation() -> None:
    assert sorted(each.name for each in OPERATIONS) == ALL


@pytest.mark.parametrize("name", ALL)
def test_nobody_is_answered(care: CareWorld, name: str) -> None:
    vector = Vector.load(name)
    body = b"" if vector.body is None else json.dumps(vector.body).encode()
    assert care.send(vector.method, vector.path, body, None).error == (401, "token-refused", "missing")


@pytest.mark.parametrize("name", ALL)
def test_another_purpose_opens_nothing(care: CareWorld, name: str) -> None:
    for purpose in ("curiosity", "health" if name != "health" else "records"):
        assert care.of(Vector.load(name), purpose=purpose).error == (403, "outside-scope", "purpose")


@pytest.mark.parametrize("name", ABOUT_SOMEBODY)
def test_a_scope_that_names_nobody_or_somebody_else_opens_nobody(care: CareWorld, name: str) -> None:
    vector = Vector.load(name)
    nobody = dict.fromkeys(vector.whom)
    for scope in (nobody, nobody | {"patient": OTHER.number}, nobody | {"person": PERSON}):
        answer = care.of(vector, **scope)
        assert answer.error == (403, "outside-scope", "person"), scope
        assert set(answer.content) == {"error", "reason"}


def test_a_schedule_is_about_nobody(care: CareWorld) -> None:
    answer = care.of(Vector.load("schedules.search"), patient=ME.number)
    assert answer.error == (403, "outside-scope", "person")


@pytest.mark.parametrize("name", ABOUT_PATIENT)
def test_a_scope_for_one_patient_does_not_open_anothers(care: CareWorld, name: str) -> None:
    vector = Vector.load(name)
    body = (vector.body or {}) | {"number": OTHER.number}
    whole = {"purpose": vector.purpose, "actor": ACTOR, **vector.whom}
    assert care.ask(vector.path, body, whole).error == (403, "outside-scope", "person")


@pytest.mark.parametrize("name", ALL)
def test_a_recorded_request_is_answered_as_recorded(care: CareWorld, name: str) -> None:
    vector = Vector.load(name)
    answer = care.of(vector)
    assert answer.status == 200
    assert answer.content == vector.recorded(answer.content).answer


def test_a_lost_answer_asked_for_again_gives_the_same_number(care: CareWorld) -> None:
    vector = Vector.load("registrations.create")
    assert care.of(vector).content == care.of(vector).content


def test_a_request_number_registers_one_person(care: CareWorld) -> None:
    vector = Vector.load("registrations.create")
    care.of(vector)
    other = vector.whom["person"] | {"name": "다른이"}
    body = (vector.body or {}) | {"person": other}
    whole = {"purpose": "first-visit", "actor": ACTOR, "person": other}
    assert care.ask(vector.path, body, whole).error == (409, "request-reused", "")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("results.of", {"from": "2026-12-31", "until": "2026-01-01"}),
        ("results.of", {"from": "2020-01-01"}),
        ("results.of", {"from": "2026-02-30"}),
        ("results.of", {"from": None}),
        ("schedules.search", {"until": "2026-12-26"}),
        ("schedules.search", {"department": ""}),
        ("schedules.search", {"doctor": 7}),
        ("bills.of", {"from": "2026-01-01"}),
        ("registrations.create", {"request": "1"}),
        ("registrations.create", {"person": PERSON | {"sex": "unknown"}}),
    ],
)
def test_a_body_of_another_form_is_refused(care: CareWorld, name: str, change: dict[str, Any]) -> None:
    vector = Vector.load(name)
    body = {key: value for key, value in ((vector.body or {}) | change).items() if value is not None}
    whole = {"purpose": vector.purpose, "actor": ACTOR, **vector.whom}
    assert care.ask(vector.path, body, whole).error[:2] == (422, "body-invalid")


def test_what_a_hospital_does_not_offer_is_said(relay: RelayWorld) -> None:
    vector = Vector.load("registrations.create")
    whole = {"purpose": vector.purpose, "actor": ACTOR, **vector.whom}
    assert relay.ask(vector.path, vector.body, whole).error == (501, "not-offered", "")


def test_more_than_an_answer_takes_is_not_cut_off(care: CareWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_ROWS", 1)
    assert care.of(Vector.load("bills.of")).error == (413, "too-many-rows", "")
    monkeypatch.undo()
    monkeypatch.setattr(relay_service, "MOST_ANSWERED", 100)
    assert care.of(Vector.load("bills.of")).error == (413, "too-many-rows", "")


def test_an_answer_outside_its_shape_is_not_passed_on(
    care: CareWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strange(*_: object) -> NumbersFound:
        return NumbersFound.model_validate({"numbers": ["MARKED %"]})

    operation = operation_at("POST", "/relay/v1/registrations/merged")
    monkeypatch.setattr(type(care.desk), "merged_into", strange)
    vector = Vector.load(operation.name)
    assert care.of(vector).error == (502, "record-unreadable", "")


def test_every_operation_is_noted_without_its_content(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpx")  # as oracle.logs.configure has it: it writes addresses down
    with CareWorld(tmp_path) as care:
        answers = [care.of(Vector.load(name)) for name in ALL]
        assert {each.status for each in answers} == {200}
        rows = care.log()
        begun = [row for row in rows if row.outcome == "begun"]
        assert [row.operation for row in begun] == ["registrations.create"]
        ended = [row for row in rows if row.outcome != "begun"]
        assert [(row.operation, row.outcome) for row in ended] == [(name, "answered") for name in ALL]
        for row, name in zip(ended, ALL, strict=True):
            vector = Vector.load(name)
            assert (row.purpose, row.actor) == (vector.purpose, ACTOR)
            assert (row.subject is not None) == bool(vector.whom), name
        kept = str([row.model_dump() for row in rows]) + care.metrics() + caplog.text
    marks = {ME.number, ME.name, "40000001", "새환자", "공복혈당", "128", "금식", "20000001", "DEPT"}
    assert [mark for mark in marks if mark in kept.replace("127.0.0.1", "")] == []


def registering(care: CareWorld, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The outcomes that are in the log whenever the hospital is asked to register somebody."""
    asked: list[list[str]] = []
    real = type(care.desk).register  # type: ignore[union-attr]

    def register(*given: Any) -> Any:
        asked.append([row.outcome for row in care.log()])
        return real(*given)

    monkeypatch.setattr(type(care.desk), "register", register)
    return asked


def test_what_writes_is_noted_before_the_hospital_is_asked(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with CareWorld(tmp_path) as care:
        asked = registering(care, monkeypatch)
        assert care.of(Vector.load("registrations.create")).status == 200
        assert asked == [["begun"]]
        first, second = care.log()
        assert (first.outcome, second.outcome) == ("begun", "answered")
        assert (first.subject, first.actor) == (second.subject, second.actor)


def test_what_can_not_be_noted_is_not_written(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with CareWorld(tmp_path) as care:
        asked = registering(care, monkeypatch)
        monkeypatch.setattr(care.relay, "_used", lambda jti: False)
        with care.database.begin() as connection:
            connection.execute(text("ALTER TABLE relay_request RENAME TO elsewhere"))
        assert care.of(Vector.load("registrations.create")).error == (503, "not-noted", "")
        assert asked == []


def test_two_of_one_token_at_the_same_moment_write_once(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with CareWorld(tmp_path) as care:
        asked = registering(care, monkeypatch)
        vector = Vector.load("registrations.create")
        body = json.dumps(vector.body).encode()
        whole = {"purpose": vector.purpose, "actor": ACTOR, **vector.whom}
        token = care.token("POST", vector.path, body, whole)
        assert care.send("POST", vector.path, body, token).status == 200
        real, looks = care.relay._used, iter([False])
        monkeypatch.setattr(care.relay, "_used", lambda jti: next(looks, None) is None and real(jti))
        assert care.send("POST", vector.path, body, token).error == (401, "token-refused", "replayed")
        assert len(asked) == 1
        assert [row.outcome for row in care.log()] == ["begun", "answered", "token-refused"]


def test_a_restart_forgets_no_token_that_was_used(care: CareWorld) -> None:
    vector = Vector.load("bills.of")
    body = json.dumps(vector.body).encode()
    whole = {"purpose": vector.purpose, "actor": ACTOR, **vector.whom}
    token = care.token("POST", vector.path, body, whole)
    assert care.send("POST", vector.path, body, token).status == 200
    again = care.make_relay(CollectorRegistry())
    reply = again.answer(Asked("POST", vector.path, f"Bearer {token}", body))
    assert (reply.status, reply.content["reason"]) == (401, "replayed")
    fresh = care.token("POST", vector.path, body, whole)
    assert again.answer(Asked("POST", vector.path, f"Bearer {fresh}", body)).status == 200


# --- a hospital that is slow


class Stuck:
    """Something in the hospital that answers when it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, world: RelayWorld, method: str) -> None:
        self.go, self.waiting = Event(), 0
        real = getattr(type(world.desk), method)

        def slow(*given: Any) -> Any:
            self.waiting += 1
            assert self.go.wait(20)
            return real(*given)

        monkeypatch.setattr(type(world.desk), method, slow)


def test_a_slow_hospital_is_told_in_time_and_others_go_on(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CareWorld, "PATIENCE", 1.0)
    with CareWorld(tmp_path) as care, ThreadPoolExecutor(patience.AT_ONCE) as others:
        stuck = Stuck(monkeypatch, care, "bills")
        slow = [others.submit(care.of, Vector.load("bills.of")) for _ in range(patience.AT_ONCE)]
        wait_for("all of them to wait", lambda: stuck.waiting == patience.AT_ONCE, every=0.005)
        assert care.of(Vector.load("results.of")).status == 200, "others go on"
        one_more = care.of(Vector.load("bills.of"))
        assert one_more.error == (503, "hospital-busy", "")
        assert one_more.headers["retry-after"] == "1"
        assert {each.result(10).error for each in slow} == {(504, "hospital-slow", "")}
        stuck.go.set()
        wait_for("the hospital to be asked again", lambda: care.of(Vector.load("bills.of")).status == 200)
        assert [row.outcome for row in care.log()].count("hospital-slow") == patience.AT_ONCE


def test_a_hospital_that_does_not_even_answer_the_check_is_unavailable(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CareWorld, "PATIENCE", 0.1)
    with CareWorld(tmp_path) as care:
        stuck = Stuck(monkeypatch, care, "check")
        answer: Answer = care.of(Vector.load("health"))
        stuck.go.set()
        assert (answer.status, answer.content["hospital"]) == (200, "unavailable")


def test_a_time_out_of_the_works_own_is_not_taken_for_slowness() -> None:
    waits = Patience(["one"], 5.0)

    def fails() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        waits.run("one", fails)
    waits.close()
    with pytest.raises(RelayProblem, match="hospital-busy"):
        waits.run("one", fails)
