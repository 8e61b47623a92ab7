"""Binding at the first visit: refused unless the hospital's record is the person's."""

from __future__ import annotations

import logging
from typing import Any
from uuid import uuid4

import pytest
from relay_world import RelayWorld

from backend.cli import parser
from backend.relay.client import Known
from backend.relay.service import differences, folded

NUMBER, NAME = "MARKED-77", "가상환자01"


def test_an_unknown_account_is_not_bound(desk: Any, hospital: Any) -> None:
    hospital.register(NUMBER, NAME)
    desk.person = uuid4()
    assert desk.bind() == (1, "not bound: no such account\n")
    assert hospital.log() == [], "nothing is asked for nobody"


@pytest.mark.parametrize(
    ("name", "born", "sex", "fields", "code"),
    [
        ("다른사람", "19900101", "F", "name", "name"),
        (NAME, "19900102", "F", "birth_date", "birth-date"),
        (NAME, "", "F", "birth_date", "birth-date"),
        (NAME, "19900101", "M", "sex", "sex"),
        (NAME, "19900101", "?", "sex", "sex"),
        ("다른사람", "19500505", "M", "name, birth_date, sex", "name-birth-date-sex"),
    ],
)
def test_another_persons_number_is_refused_by_field_and_never_by_value(
    desk: Any, hospital: Any, name: str, born: str, sex: str, fields: str, code: str
) -> None:
    hospital.register(NUMBER, name, born, sex)
    exit_code, printed = desk.bind()
    assert exit_code == 1
    assert f"differs in: {fields};" in printed
    assert not desk.bound()
    assert desk.noted() == [("refused", f"relay.differs-{code}")]
    for value in (name, born or "1990", NUMBER, NAME):
        assert value not in printed


def test_a_number_that_the_hospital_does_not_know_is_refused(desk: Any) -> None:
    code, printed = desk.bind()
    assert (code, desk.bound()) == (1, False)
    assert "knows no such registration number" in printed


def test_without_an_answer_nothing_is_bound(desk: Any, hospital: Any) -> None:
    hospital.register(NUMBER, NAME)
    hospital.server.close()
    code, printed = desk.bind()
    assert (code, desk.bound()) == (1, False)
    assert "ask again later" in printed
    assert "--without-relay" in printed


def test_a_hospital_without_a_desk_binds_nothing_by_itself(desk: Any, hospital: Any) -> None:
    hospital.relay._desk = None
    code, printed = desk.bind()
    assert (code, desk.bound()) == (1, False)
    assert "not-offered" in printed


def test_a_backend_whose_key_the_oracle_does_not_know_is_refused(desk: Any, tmp_path: Any) -> None:
    from backend.relay.tokens import ServiceKey

    ServiceKey.create(tmp_path / "other.pem")
    desk.settings = desk.settings.model_copy(update={"service_key_file": tmp_path / "other.pem"})
    code, printed = desk.bind()
    assert (code, desk.bound()) == (1, False)
    assert "token-refused (signature)" in printed


def test_the_same_person_is_bound_and_it_is_noted_how(
    desk: Any, hospital: RelayWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hospital.register(NUMBER, f" {NAME[:2]} {NAME[2:]} ")  # type: ignore[attr-defined]
    code, printed = desk.bind()
    assert (code, desk.bound()) == (0, True)
    assert "이중등록" not in printed
    assert desk.noted() == [("allowed", "relay.same")]
    assert [row.outcome for row in hospital.log()] == ["answered", "answered"]
    assert NUMBER not in caplog.text
    assert NAME not in caplog.text


def test_a_second_registration_is_pointed_out(desk: Any, hospital: Any) -> None:
    hospital.register(NUMBER, NAME)
    hospital.register("MARKED-78", NAME)
    code, printed = desk.bind()
    assert code == 0
    assert "1 more registration numbers" in printed
    assert "MARKED-78" not in printed


def test_without_the_relay_only_with_a_reason_that_is_noted(desk: Any, hospital: Any) -> None:
    hospital.server.close()
    code, _ = desk.bind(without="relay-down")
    assert (code, desk.bound()) == (0, True)
    assert desk.noted() == [("allowed", "without-relay.relay-down")]


@pytest.mark.parametrize("reason", [[], ["because"], ["홍길동 환자"]])
def test_the_reason_is_one_of_the_known(reason: list[str], capsys: Any) -> None:
    arguments = ["persons", "bind", str(uuid4()), "1", "--without-relay", *reason]
    with pytest.raises(SystemExit):
        parser().parse_args(arguments)


def test_with_no_relay_configured_that_is_noted_too(desk: Any) -> None:
    desk.settings = desk.settings.model_copy(update={"relay_url": ""})
    assert desk.bind()[0] == 0
    assert desk.noted() == [("allowed", "without-relay.not-configured")]


@pytest.mark.parametrize(
    ("one", "other", "fields"),
    [
        (Known("홍길동", "1990-01-01", "male"), Known("홍 길동", "1990-01-01", "male"), []),
        (Known("KIM, Ann", "1990-01-01", "female"), Known("kim ann", "1990-01-01", "female"), []),
        (Known("", "1990-01-01", "male"), Known("", "1990-01-01", "male"), ["name"]),
        (Known("홍길동", None, "male"), Known("홍길동", None, "male"), ["birth_date"]),
    ],
)
def test_what_counts_as_the_same(one: Known, other: Known, fields: list[str]) -> None:
    assert differences(one, other) == fields


def test_both_sides_fold_names_alike() -> None:
    from oracle.his import desk as oracle_side

    for name in ("홍길동", "홍길동", " KIM, Ann-Marie ", "ﾎﾝ", "ẞ", "-", ""):
        assert folded(name) == oracle_side.folded(name)


def test_a_relay_is_not_asked_about_another_hospitals_number(desk: Any, hospital: Any) -> None:
    hospital.register(NUMBER, NAME)
    code, printed = desk.bind(at=2)
    assert (code, desk.bound()) == (1, False)
    assert "another hospital's" in printed
    assert hospital.log() == []
    assert desk.bind(at=2, without="not-offered")[0] == 0
