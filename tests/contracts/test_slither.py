"""Static analysis: every finding of Slither is fixed or justified, and the justifications are true to the code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.static_analysis import Finding, UnreasonedEntry, analyse, differences, justified
from tests.contracts.frame import ROOT

PLANTED = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;
contract Planted {
    function pay(address payable to) external {
        require(tx.origin == to);
        to.transfer(address(this).balance);
    }
}
"""


def test_a_planted_fault_is_found(tmp_path: Path) -> None:
    source = tmp_path / "Planted.sol"
    source.write_text(PLANTED, encoding="utf-8")
    found = analyse({str(source): PLANTED})
    assert Finding("tx-origin", "Planted.pay: require(bool)(tx.origin == to)") in found
    assert "unlisted: tx-origin in Planted.pay: require(bool)(tx.origin == to)" in differences(found, [])


def test_what_is_not_listed_and_what_is_no_longer_found_are_both_told() -> None:
    kept, new, gone = (Finding("timestamp", f"C.{name}") for name in ("kept", "new", "gone"))
    assert differences([kept, new], [kept, gone]) == [
        "unlisted: timestamp in C.new",
        "no longer found: timestamp in C.gone",
    ]
    assert differences([kept], [kept]) == []


def test_a_justification_without_a_reason_is_refused(tmp_path: Path) -> None:
    listed = tmp_path / "slither.json"
    listed.write_text(json.dumps([{"check": "timestamp", "reason": " ", "where": ["C.f"]}]), encoding="utf-8")
    with pytest.raises(UnreasonedEntry) as refused:
        justified(listed)
    assert refused.value.check == "timestamp"


@pytest.mark.slow
def test_every_finding_is_fixed_or_justified() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.static_analysis"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-2000:]}"
