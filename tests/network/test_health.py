"""The health file: what a person, a monitor and `network status` read from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from network.watch.health import Health, read_alarms, read_line, write_health

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
WELL = Health("validator-1", NOW.isoformat(), True, head=9, idle=1.0, peers=4, expected_peers=4, sealing=True)


def test_no_file_is_no_agent_but_no_report_either(tmp_path: Path) -> None:
    assert read_alarms(tmp_path / "x.json") == ()
    assert not read_line(tmp_path / "x.json").well


@pytest.mark.parametrize("text", ["", "{", "[]", '{"at": "yesterday", "alarms": []}', '{"alarms": []}'])
def test_a_damaged_file_is_an_alarm(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    assert read_alarms(path) == ("health-file-damaged",)
    assert not read_line(path).well


def test_an_agent_that_stopped_writing_is_an_alarm(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_health(path, WELL)
    assert read_alarms(path, now=lambda: NOW + timedelta(seconds=30)) == ()
    later = read_line(path, now=lambda: NOW + timedelta(seconds=31))
    assert not later.well
    assert "agent-silent" in later.text


def test_a_line_tells_what_matters(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_health(path, WELL)
    line = read_line(path, now=lambda: NOW)
    assert line.well
    assert line.text == "validator-1: block 9, 1 s ago, 4/4 peers, sealing: well"
    write_health(path, Health("validator-1", NOW.isoformat(), False, alarms=("node-silent",)))
    assert read_line(path, now=lambda: NOW).text == "validator-1: node does not answer"
