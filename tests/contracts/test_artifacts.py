"""The exported artifacts: what they hold, that they are up to date, and that nothing unstable leaks into them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chain.layout import layout_of
from scripts.export_abis import (
    ARTIFACTS,
    AmbiguousType,
    artifacts,
    differing,
    main,
    render,
    stable_layout,
    write,
)
from scripts.solidity import CompilationError, SourceMissing, compile_standard, gather

HEAD = "// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.37;\n"
NAMES = {"DocumentRegistry", "InstitutionRegistry", "TransferLedger"}


def test_committed_artifacts_are_what_the_sources_give() -> None:
    assert differing(artifacts()) == []
    assert {path.stem for path in ARTIFACTS.glob("*.json")} >= NAMES


def test_a_stale_missing_or_orphaned_file_is_named_and_mended(tmp_path: Path) -> None:
    fresh = {"A": {"abi": [1]}, "B": {"abi": [2]}, "C": {"abi": [3]}}
    (tmp_path / "A.json").write_text(render(fresh["A"]), encoding="utf-8")
    (tmp_path / "B.json").write_text("{}", encoding="utf-8")
    (tmp_path / "Old.json").write_text("{}", encoding="utf-8")
    assert differing(fresh, tmp_path) == ["B", "C", "Old"]
    assert write(fresh, tmp_path) == ["B", "C", "Old"]
    assert differing(fresh, tmp_path) == []
    assert not (tmp_path / "Old.json").exists()


def test_the_check_exits_with_an_error_and_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("scripts.export_abis.differing", lambda fresh: ["DocumentRegistry"])
    assert main(["--check"]) == 1
    assert "DocumentRegistry.json is stale; run" in capsys.readouterr().out


def test_slots_of_what_light_proofs_prove_stay_where_they_are() -> None:
    layout = layout_of("DocumentRegistry")
    assert [layout.storage[name]["slot"] for name in ("_batches", "_marks", "_successors")] == ["0", "1", "2"]
    assert [member.name for member in layout.members("_batches")] == ["time", "depth", "reaffirmedAt"]
    assert [member.name for member in layout.members("_marks")] == ["state", "reason", "time", "by"]


def test_tree_numbers_are_left_out_of_layouts() -> None:
    text = (ARTIFACTS / "DocumentRegistry.json").read_text(encoding="utf-8")
    assert "astId" not in text
    assert "t_struct(Batch)_storage" in json.loads(text)["storageLayout"]["types"]


def test_two_types_that_differ_in_their_number_alone_are_refused() -> None:
    one = {"encoding": "inplace", "label": "struct A.S", "numberOfBytes": "32"}
    other = {"encoding": "inplace", "label": "struct B.S", "numberOfBytes": "64"}
    layout = {"storage": [], "types": {"t_struct(S)1_storage": one, "t_struct(S)2_storage": other}}
    with pytest.raises(AmbiguousType) as refused:
        stable_layout("C", layout)
    assert (refused.value.contract, refused.value.name) == ("C", "t_struct(S)_storage")


def test_comments_do_not_change_the_bytecode() -> None:
    codes = set()
    for comment in ("one comment", "another"):
        text = f"{HEAD}// {comment}\ncontract C {{ uint256 public x; }}\n"
        output = compile_standard({"C.sol": text})
        codes.add(output["contracts"]["C.sol"]["C"]["evm"]["bytecode"]["object"])
    assert len(codes) == 1


def test_sources_that_do_not_compile_give_the_compilers_words() -> None:
    with pytest.raises(CompilationError) as refused:
        compile_standard({"C.sol": f"{HEAD}contract C {{ uint256 x = 'text'; }}\n"})
    (message,) = refused.value.messages
    assert "TypeError" in message
    assert "C.sol:3" in message


def test_a_missing_import_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.solidity.ROOT", tmp_path)
    source = tmp_path / "C.sol"
    source.write_text(f'{HEAD}import {{D}} from "./lost/D.sol";\n', encoding="utf-8")
    with pytest.raises(SourceMissing) as refused:
        gather([source])
    assert refused.value.name == "lost/D.sol"
