"""The interface is the manual: everything in it is explained, and everything in it is tested."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from scripts.solidity import ROOT, compile_standard, gather

INTERFACE = "contracts/interfaces/IInstitutionRegistry.sol"
LIBRARY_ERRORS = {
    "InsufficientBalance",
    "InvalidAccountNonce",
    "InvalidShortString",
    "StringTooLong",
}
"""OpenZeppelin's: declared by what we inherit, but never reached from the registry's functions."""
LIBRARY_EVENTS = {"EIP712DomainChanged"}


@pytest.fixture(scope="module")
def manual() -> dict[str, Any]:
    """ABI and user documentation of the whole interface."""
    output = compile_standard(gather([ROOT / INTERFACE]), outputs=["abi", "userdoc"])
    found: dict[str, Any] = output["contracts"][INTERFACE]["IInstitutionRegistry"]
    return found


@pytest.fixture(scope="module")
def tests() -> str:
    """The text of all tests of the registry but this one."""
    folder = Path(__file__).parent
    return "\n".join(
        path.read_text(encoding="utf-8") for path in folder.glob("test_*.py") if path.name != "test_manual.py"
    )


@pytest.mark.parametrize(
    ("kind", "chapter"), [("function", "methods"), ("error", "errors"), ("event", "events")]
)
def test_everything_is_explained(manual: dict[str, Any], kind: str, chapter: str) -> None:
    declared = {entry["name"] for entry in manual["abi"] if entry["type"] == kind}
    explained = {signature.split("(")[0] for signature in manual["userdoc"][chapter]}
    assert len(declared) > 10
    assert explained == declared


@pytest.mark.parametrize(("kind", "foreign"), [("error", LIBRARY_ERRORS), ("event", LIBRARY_EVENTS)])
def test_every_error_and_event_is_met_in_a_test(
    project: Any, tests: str, kind: str, foreign: set[str]
) -> None:
    abi = project.InstitutionRegistry.contract_type.model_dump()["abi"]
    names = {entry["name"] for entry in abi if entry["type"] == kind} - foreign
    met = set(re.findall(r"\b(?:registry|InstitutionRegistry)\.([A-Z]\w+)", tests)) | set(
        re.findall(r'"([A-Z]\w+)[("]', tests)
    )
    assert len(names) > 15
    assert names - met == set()


def test_every_function_is_called_in_a_test(project: Any, tests: str) -> None:
    kind = project.InstitutionRegistry.contract_type
    names = {method.name for method in [*kind.view_methods, *kind.mutable_methods]}
    helpers = (Path(__file__).parent / "world.py").read_text(encoding="utf-8")
    called = set(re.findall(r"\bregistry\.([a-z]\w+)", tests + helpers))
    assert len(names) > 40
    assert names - called == set()
