"""`python -m backend family …`, as the desk types it."""

from __future__ import annotations

from typing import Any

import pytest
from backend_world import World
from household import CHILD, Household
from visitor import Browser

from backend import cli
from backend.config import Settings
from backend.services import Services


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

    shown = ("--paper", "family-certificate", "--paper", "actor-id", "--issued", home.today)
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
