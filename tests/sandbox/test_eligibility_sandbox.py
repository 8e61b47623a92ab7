"""The gateway's stand-in as a tester uses it; its protocol is tried in tests/backend/providers."""

from __future__ import annotations

import pytest

from sandbox.eligibility.__main__ import main
from sandbox.people import person


def test_people_are_listed_by_what_covers_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["people"]) == 0
    said = capsys.readouterr().out
    for word in (
        "national-health",
        "medical-aid-1",
        "medical-aid-2",
        "suspended",
        "lost",
        "uncertain",
        "veterans",
    ):
        assert word in said
    assert person(2).number in said
    assert "선택의료급여기관 91111111" in said


def test_it_stays_in_the_sandbox(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SAEGIM_ENV", "production")
    assert main(["people"]) == 1
    assert "SAEGIM_BACKEND_ELIGIBILITY_URL" in capsys.readouterr().err
