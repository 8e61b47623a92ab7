"""Static analysis of the contracts: Slither's findings against the justified ones of contracts/slither.json.

`uv run python -m scripts.static_analysis` exits 1 if Slither finds what the file does not list, or if the file lists
what Slither no longer finds; each entry of the file has a reason. The OpenZeppelin library is not judged here.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crytic_compile import CryticCompile
from crytic_compile.platform.solc_standard_json import SolcStandardJson
from slither import Slither
from slither.detectors import all_detectors
from slither.detectors.abstract_detector import AbstractDetector

from scripts.solidity import CONTRACTS, LIBRARIES, ROOT, compiler_path, gather, own_sources, settings

JUSTIFIED = CONTRACTS / "slither.json"


@dataclass(frozen=True, order=True)
class Finding:
    """One finding: Slither's name of the check, and the function, variable or contract it is about."""

    check: str
    where: str


class UnreasonedEntry(Exception):
    """An entry of slither.json has no reason. `check`: which."""

    def __init__(self, check: str) -> None:
        self.check = check
        super().__init__(f"slither.json: say why `{check}` is acceptable, or fix it")


def analyse(sources: Mapping[str, str]) -> list[Finding]:
    """All that Slither finds in sources as `gather` gives them, the libraries' own findings left out."""
    vendored = {name: _vendored(name) for name in sources}
    chosen = settings()
    # The findings come from the syntax tree; the quickest code generation will do.
    chosen.update(viaIR=False, remappings=_remappings())
    del chosen["outputSelection"]
    request = {
        "language": "Solidity",
        "sources": {vendored[name]: {"content": text} for name, text in sources.items()},
        "settings": chosen,
    }
    compiled = CryticCompile(SolcStandardJson(request), solc=str(compiler_path()), solc_disable_warnings=True)
    slither = Slither(compiled, filter_paths=["node_modules"], exclude_dependencies=True)
    for detector in vars(all_detectors).values():
        if inspect.isclass(detector) and issubclass(detector, AbstractDetector):
            slither.register_detector(detector)
    return sorted({place(result) for results in slither.run_detectors() for result in results})


def place(result: Mapping[str, Any]) -> Finding:
    """What a finding is about: by name and expression, without line numbers, so that it moves with its lines."""
    first, *others = result["elements"]
    expressions = [element["name"] for element in others if element["type"] == "node"]
    where = ".".join([*_parents(first), first["name"]])
    return Finding(result["check"], f"{where}: {'; '.join(expressions)}" if expressions else where)


def _parents(element: Mapping[str, Any]) -> list[str]:
    """Names of the contract and function an element stands in."""
    parent = element.get("type_specific_fields", {}).get("parent")
    return [*_parents(parent), parent["name"]] if parent else []


def justified(path: Path = JUSTIFIED) -> set[Finding]:
    """The findings that the file lists. Raises `UnreasonedEntry`."""
    listed: set[Finding] = set()
    for entry in json.loads(path.read_text(encoding="utf-8")):
        if not entry["reason"].strip():
            raise UnreasonedEntry(entry["check"])
        listed.update(Finding(entry["check"], where) for where in entry["where"])
    return listed


def differences(found: Iterable[Finding], listed: Iterable[Finding]) -> list[str]:
    """A line for each finding without a justification and each justification without a finding."""
    actual, expected = set(found), set(listed)
    new = [f"unlisted: {finding.check} in {finding.where}" for finding in sorted(actual - expected)]
    gone = [f"no longer found: {finding.check} in {finding.where}" for finding in sorted(expected - actual)]
    return new + gone


def _vendored(name: str) -> str:
    """The path of a source, relative to the project: Slither reads the files itself."""
    for prefix, folder in LIBRARIES.items():
        if name.startswith(prefix):
            return (folder / name.removeprefix(prefix)).relative_to(ROOT).as_posix()
    return name


def _remappings() -> list[str]:
    return [f"{prefix}={folder.relative_to(ROOT).as_posix()}/" for prefix, folder in LIBRARIES.items()]


def main() -> int:
    lines = differences(analyse(gather(own_sources())), justified())
    for line in lines:
        print(line)
    if lines:
        print("fix what is unlisted, or list it with a reason in contracts/slither.json")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
