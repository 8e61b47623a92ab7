"""Export of the contracts for everything that runs: `chain/artifacts/<Name>.json`.

`uv run python -m scripts.export_abis` compiles `contracts/` and writes one file per deployable contract: ABI,
creation bytecode, size of the deployed bytecode (bytes) and storage layout. The files are committed, so that
nothing at run time needs ape or a compiler. `--check` writes nothing and exits 1 if a committed file is not
what the sources give.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from scripts.solidity import CONTRACTS, ROOT, compile_standard, gather, own_sources

ARTIFACTS = ROOT / "chain" / "artifacts"

# The compiler numbers its syntax tree, and the numbers leak into the names of types, as in
# t_struct(Batch)1234_storage. They change with every unrelated edit, so they are left out.
TREE_NUMBER = re.compile(r"(?<=\))\d+(?=_storage|,|\)|$)")


class AmbiguousType(Exception):
    """Two storage types of `contract` share `name` but for the compiler's numbering."""

    def __init__(self, contract: str, name: str) -> None:
        self.contract = contract
        self.name = name
        super().__init__(f"{contract}: two storage types are both called {name}; rename one of them")


def artifacts() -> dict[str, dict[str, Any]]:
    """Compile and return one artifact per deployable contract of `contracts/*.sol`, by contract name."""
    output = compile_standard(gather(own_sources()))["contracts"]
    found: dict[str, dict[str, Any]] = {}
    for source in sorted(CONTRACTS.glob("*.sol")):
        for name, contract in output[source.relative_to(ROOT).as_posix()].items():
            if contract["evm"]["bytecode"]["object"]:
                found[name] = artifact(name, contract)
    return found


def artifact(name: str, contract: dict[str, Any]) -> dict[str, Any]:
    """One contract of the compiler's output in the form that `chain/` reads."""
    return {
        "contractName": name,
        "abi": contract["abi"],
        "bytecode": "0x" + contract["evm"]["bytecode"]["object"],
        "deployedBytecodeSize": len(contract["evm"]["deployedBytecode"]["object"]) // 2,
        "storageLayout": stable_layout(name, contract["storageLayout"]),
    }


def stable_layout(contract: str, layout: dict[str, Any]) -> dict[str, Any]:
    """The storage layout without the compiler's tree numbers."""
    types: dict[str, Any] = {}
    for key, described in (layout["types"] or {}).items():
        name = TREE_NUMBER.sub("", key)
        if types.setdefault(name, _without_numbers(described)) != _without_numbers(described):
            raise AmbiguousType(contract, name)
    return {"storage": _without_numbers(layout["storage"]), "types": types}


def _without_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_numbers(item) for key, item in value.items() if key != "astId"}
    if isinstance(value, list):
        return [_without_numbers(item) for item in value]
    return TREE_NUMBER.sub("", value) if isinstance(value, str) else value


def render(content: dict[str, Any]) -> str:
    """The text of an artifact file."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def differing(fresh: dict[str, dict[str, Any]], folder: Path = ARTIFACTS) -> list[str]:
    """Names whose committed file is missing, differs, or belongs to no contract."""
    committed = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    expected = {name: render(content) for name, content in fresh.items()}
    names = expected.keys() | committed.keys()
    return sorted(name for name in names if expected.get(name) != committed.get(name))


def write(fresh: dict[str, dict[str, Any]], folder: Path = ARTIFACTS) -> list[str]:
    """Bring the folder up to date; returns the names that changed."""
    changed = differing(fresh, folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in changed:
        path = folder / f"{name}.json"
        if name in fresh:
            path.write_text(render(fresh[name]), encoding="utf-8")
        else:
            path.unlink()
    return changed


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.export_abis", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 if a file differs")
    options = parser.parse_args(arguments)
    fresh = artifacts()
    if not options.check:
        for name in write(fresh):
            print(f"chain/artifacts/{name}.json changed")
        return 0
    stale = differing(fresh)
    for name in stale:
        print(
            f"export_abis: chain/artifacts/{name}.json is stale; run `uv run python -m scripts.export_abis`"
        )
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
