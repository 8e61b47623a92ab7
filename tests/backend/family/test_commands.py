"""`python -m backend family …`, as the desk types it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from backend_world import World
from household import CHILD, Household
from visitor import Browser

from backend import cli
from backend.config import Settings
from backend.relay import service as relay
from backend.relay.client import Errand
from backend.relay.service import Known, PatientUnknown, RelayError, RelayUnavailable
from backend.services import Services

SHOWN = ("--paper", "family-certificate", "--paper", "actor-id")


class Hospital:
    """What the desk asks of the relay's client."""

    def __init__(self, answer: Known | RelayError) -> None:
        self.answer, self.asked = answer, list[str]()

    def patient(self, number: str, errand: Errand) -> Known:
        self.asked.append(number)
        if isinstance(self.answer, RelayError):
            raise self.answer
        return self.answer

    def close(self) -> None:
        return


@pytest.fixture
def desk(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command line on this backend's databases."""
    monkeypatch.setattr(Services, "build", lambda *_: world.services)
    monkeypatch.setattr(Settings, "read", lambda *_: world.settings)
    return lambda *words: cli.main(["family", *map(str, words)])


def test_the_desk_lists_confirms_adds_papers_and_settles(
    home: Household, guardian: Browser, desk: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    born = home.turns(15, 20)
    tie = home.ask(guardian, born)
    assert desk("list") == 0
    listed = capsys.readouterr().out
    assert str(tie) in listed
    assert "가상아이" not in listed
    assert born.isoformat() not in listed

    shown = (*SHOWN, "--issued", home.today, "--without-relay", "papers-seen")
    assert desk("confirm", tie, CHILD, "--born", "2001-01-01", *shown) == 1
    assert "birth-date-differs" in capsys.readouterr().err
    assert desk("confirm", tie, CHILD, "--born", born, *shown) == 0
    assert guardian.open(f"/me?person={tie}").status_code == 403
    assert desk("papers", tie, "--paper", "patient-consent") == 0
    assert guardian.open(f"/me?person={tie}").status_code == 200
    assert desk("settle") == 0
    output = capsys.readouterr()
    assert CHILD not in output.out + output.err


def test_a_refused_guardianship_is_gone_and_so_is_what_was_typed(
    world: World, home: Household, guardian: Browser, desk: Any
) -> None:
    tie = home.ask(guardian, home.turns(10, 20))
    assert desk("refuse", tie, "--reason", "papers-not-valid") == 0
    assert desk("refuse", tie, "--reason", "papers-not-valid") == 1
    assert "가상아이" not in guardian.open("/me/family").text
    with world.services.database.connect() as connection:
        row = connection.exec_driver_sql("SELECT subject, state FROM family_tie").one()
    assert (bytes(row[0]), row[1]) == (b"", "refused")


def noted(world: World) -> list[tuple[str, str]]:
    with world.services.database.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT outcome, reason FROM audit_event WHERE action = 'delegate' ORDER BY number"
        )
        return [(row[0], row[1]) for row in found]


@pytest.mark.parametrize(
    ("change", "said", "code"),
    [
        ({"name": "다른아이"}, "name", "name"),
        ({"birth_date": "2001-01-01"}, "birth_date", "birth-date"),
        ({"birth_date": None}, "birth_date", "birth-date"),
        ({"sex": "male"}, "sex", "sex"),
        ({"name": "다른아이", "birth_date": "1950-05-05", "sex": "male"}, "name, birth_date, sex", None),
    ],
)
def test_a_strangers_number_makes_nobody_a_guardian(
    world: World,
    home: Household,
    guardian: Browser,
    desk: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
    said: str,
    code: str | None,
) -> None:
    born = home.turns(10, 20)
    tie = home.ask(guardian, born)
    found = replace(Known("가상아이", born.isoformat(), "female"), **change)
    monkeypatch.setattr(relay, "relay_client", lambda settings, clock: Hospital(found))
    words = ("confirm", tie, CHILD, "--born", born, *SHOWN, "--issued", home.today, "--sex", "female")
    assert desk(*words) == 1
    printed = capsys.readouterr().err
    assert f"differs in: {said}\n" in printed
    assert not any(value in printed for value in ("가상아이", "다른아이", born.isoformat(), CHILD))
    assert noted(world) == [("refused", f"relay.differs-{code or 'name-birth-date-sex'}")]
    assert guardian.open(f"/me?person={tie}").status_code == 404


def test_without_the_hospitals_answer_a_reason_is_wanted_and_kept(
    world: World,
    home: Household,
    guardian: Browser,
    desk: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    born = home.turns(10, 20)
    tie = home.ask(guardian, born)
    words = ("confirm", tie, CHILD, "--born", born, *SHOWN, "--issued", home.today)
    assert desk(*words) == 1
    assert "--without-relay" in capsys.readouterr().err
    for answer, hint in ((PatientUnknown(), "number"), (RelayUnavailable("patient", "timeout"), "--without")):
        monkeypatch.setattr(relay, "relay_client", lambda *_, answer=answer: Hospital(answer))
        assert desk(*words) == 1
        assert hint in capsys.readouterr().err
    assert noted(world) == []
    assert desk(*words, "--without-relay", "relay-down") == 0
    assert noted(world) == [("allowed", "guardian.parent.without-relay.relay-down")]


def test_the_childs_own_number_is_confirmed(
    world: World, home: Household, guardian: Browser, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    born = home.turns(10, 20)
    tie = home.ask(guardian, born)
    hospital = Hospital(Known("가상 아이", born.isoformat(), "female"))
    monkeypatch.setattr(relay, "relay_client", lambda *_: hospital)
    assert desk("confirm", tie, CHILD, "--born", born, *SHOWN, "--issued", home.today) == 0
    assert hospital.asked == [CHILD]
    assert noted(world) == [("allowed", "guardian.parent.relay.same")]
