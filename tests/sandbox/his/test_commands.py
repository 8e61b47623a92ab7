"""``python -m sandbox.his``: refused in production, and a demo's worth of commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from sandbox.his.__main__ import main
from sandbox.his.truth import Truth

COMMANDS = [["fill"], ["serve"], ["cancel", "1"], ["correct", "1"], ["close"], ["list"]]


@pytest.mark.parametrize("command", COMMANDS, ids=[each[0] for each in COMMANDS])
@pytest.mark.parametrize("value", ["production", " Production "])
def test_nothing_runs_in_production(
    command: list[str], value: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    monkeypatch.setenv("SAEGIM_ENV", value)
    assert main([*command, "--db", url]) == 1
    assert "refused" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options", [["--receipts", "0"], ["--receipts", "x"], ["--date", "20261124x"], ["--what"]]
)
def test_a_wrong_option_is_refused(options: list[str], url: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as raised:
        main(["fill", "--db", url, *options])
    assert raised.value.code == 2


def test_a_demo(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    manifest = tmp_path / "manifest.jsonl"
    shared = ["--db", url, "--manifest", str(manifest)]
    assert main(["fill", *shared, "--receipts", "12", "--plain", "--date", "2026-11-24"]) == 0
    assert capsys.readouterr().out.startswith("12 receipts, 48 documents expected")
    assert main(["list", "--db", url, "--last", "2"]) == 0
    first, second = (line.split("\t")[0] for line in capsys.readouterr().out.splitlines())
    assert main(["cancel", first, *shared]) == 0
    assert main(["correct", second, *shared, "--insurance", "22"]) == 0
    new = re.search(r"settled anew as (\d+)", capsys.readouterr().out)
    assert new is not None
    assert main(["cancel", first, *shared]) == 1
    assert "already followed by" in capsys.readouterr().err
    assert main(["close", "--db", url, "--date", "2026-11-24"]) == 0
    truth = Truth.read(manifest.read_text(encoding="utf-8").splitlines())
    assert truth.documents[f"receipt:{first}"].state == "withdrawn"
    assert truth.documents[f"statement:{second}"].superseded_by == f"statement:{new[1]}"


def test_dirt_is_sprinkled_and_listed(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    manifest = tmp_path / "manifest.jsonl"
    options = ["--receipts", "5", "--dirty", "30", "--manifest", str(manifest), "--date", "2026-11-24"]
    assert main(["fill", "--db", url, *options]) == 0
    truth = Truth.read(manifest.read_text(encoding="utf-8").splitlines())
    assert {dirt.dirt for dirt in truth.dirt} >= {
        "negative amount",
        "name with NUL",
        "mirror without original",
    }
    assert not {dirt.document for dirt in truth.dirt} & truth.documents.keys()
    with create_engine(url).connect() as connection:
        names = connection.execute(text('SELECT max(length(CAST("PT_NM" AS BLOB))) FROM "PPTNTM"')).scalar()
    assert names is not None and names > 1_000_000


def test_the_database_can_come_from_the_environment(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("SAEGIM_SANDBOX_HIS_DB", url)
    assert main(["fill", "--receipts", "1", "--date", "2026-11-24"]) == 0
    assert main(["list"]) == 0
    assert "20261124000001" in capsys.readouterr().out


def test_a_later_line_of_a_manifest_wins(tmp_path: Path):
    file, first, second = tmp_path / "deep" / "manifest.jsonl", Truth(), Truth()
    first.issue("receipt:1", "10", {"total": 1})
    second.issue("receipt:1", "10", {"total": 1})
    second.withdraw("receipt:1")
    first.append_to(file)
    second.append_to(file)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["state"] for line in lines] == ["issued", "withdrawn"]
    assert Truth.read(lines).documents["receipt:1"].state == "withdrawn"
