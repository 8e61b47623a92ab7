"""The vectors of tests/vectors/bundles: `saegim-verify` gives each the verdict and the codes that are written there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from verifier import EXIT_CODES, Verdict
from verifier.cli import main

BUNDLES = Path(__file__).parents[1] / "vectors" / "bundles"
VECTORS = json.loads((BUNDLES / "index.json").read_text())["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["file"])
def test_the_command_says_what_the_index_says(vector, monkeypatch, capsys):
    monkeypatch.chdir(BUNDLES)
    exit_code = main([vector["file"], *vector["arguments"], "--json"])
    report = json.loads(capsys.readouterr().out)
    found = {question: finding["code"] for question, finding in report["findings"].items()}
    assert report["verdict"] == vector["verdict"]
    assert {question: found[question] for question in vector["codes"]} == vector["codes"]
    assert exit_code == EXIT_CODES[Verdict(vector["verdict"])]


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["file"])
def test_the_report_can_be_read(vector, language, monkeypatch, capsys):
    monkeypatch.chdir(BUNDLES)
    main([vector["file"], *vector["arguments"], "--lang", language])
    report = capsys.readouterr().out
    assert {"ko": "결론: ", "en": "Verdict: "}[language] in report
    assert "{" not in report


def test_there_is_one_for_each_verdict():
    assert {vector["verdict"] for vector in VECTORS} == {verdict.value for verdict in Verdict}


def test_every_file_is_in_the_index_and_the_other_way_round():
    listed = {vector["file"] for vector in VECTORS} | {"index.json"}
    trust_files = {vector["arguments"][1] for vector in VECTORS}
    assert {file.name for file in BUNDLES.iterdir()} == listed | trust_files


def test_every_bundle_is_small():
    sizes = {
        vector["file"]: (BUNDLES / vector["file"]).stat().st_size
        for vector in VECTORS
        if vector["verdict"] == "VALID"
    }
    assert max(sizes.values()) <= 30_000
