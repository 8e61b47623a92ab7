"""The Solidity compiler as the project uses it: standard JSON through py-solc-x, settings of ape-config.yaml.

ape compiles the same sources with the same settings for the tests and the console; this module is for what
must not need ape: the artifacts that the Python packages read, and the static analysis.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import solcx
import yaml

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
LIBRARIES = {"@openzeppelin/": ROOT / "hardhat-node" / "node_modules" / "@openzeppelin"}
LAUNCHERS = ROOT / "hardhat-node" / "bin"
IMPORT = re.compile(r"""^\s*import\s+(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']\s*;""", re.MULTILINE)
OUTPUTS = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "storageLayout"]


class CompilationError(Exception):
    """The sources do not compile. `messages`: the compiler's own, each with file and line."""

    def __init__(self, messages: list[str]) -> None:
        self.messages = messages
        super().__init__("the contracts do not compile:\n" + "\n".join(messages))


class SourceMissing(Exception):
    """An imported file is not there. `name`: as imported; `path`: where it was looked for."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        super().__init__(f"import {name} not found at {path}; run `make setup` if it is a library's")


def compiler_version() -> str:
    """The compiler's version, e.g. "0.8.37", as ape-config.yaml has it."""
    return str(_solidity_config()["version"])


def settings(outputs: Iterable[str] = OUTPUTS) -> dict[str, Any]:
    """The settings of a standard JSON input: optimiser and EVM version of ape-config.yaml."""
    config = _solidity_config()
    return {
        "optimizer": {"enabled": config["optimize"], "runs": config["optimization_runs"]},
        "viaIR": config["via_ir"],
        "evmVersion": config["evm_version"],
        # Without the hash of comments and file names the bytecode changes only when the code does.
        "metadata": {"bytecodeHash": "none"},
        "outputSelection": {"*": {"*": list(outputs), "": ["ast"] if "ast" in outputs else []}},
    }


def own_sources() -> list[Path]:
    """The project's own Solidity files without the test doubles, sorted."""
    doubles = CONTRACTS / "test"
    return sorted(path for path in CONTRACTS.rglob("*.sol") if doubles not in path.parents)


def gather(paths: Iterable[Path]) -> dict[str, str]:
    """Text of the files and of all they import, by the name the compiler knows them under."""
    found: dict[str, str] = {}
    waiting = [path.relative_to(ROOT).as_posix() for path in paths]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        path = _locate(name)
        if not path.is_file():
            raise SourceMissing(name, path)
        found[name] = path.read_text(encoding="utf-8")
        waiting += [_resolve(name, imported) for imported in IMPORT.findall(found[name])]
    return dict(sorted(found.items()))


def compile_standard(sources: dict[str, str], *, outputs: Iterable[str] = OUTPUTS) -> dict[str, Any]:
    """The compiler's standard JSON output. Raises `CompilationError`."""
    use_launcher()
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": settings(outputs),
    }
    try:
        answer: dict[str, Any] = solcx.compile_standard(request, solc_version=compiler_version())
    except solcx.exceptions.SolcError as error:
        raise CompilationError(_messages(error)) from error
    return answer


def use_launcher() -> None:
    """Point py-solc-x at a compiler: SOLCX_BINARY_PATH, else the npm package's launcher, else a download."""
    if not os.environ.get("SOLCX_BINARY_PATH") and (LAUNCHERS / f"solc-v{compiler_version()}").is_file():
        os.environ["SOLCX_BINARY_PATH"] = str(LAUNCHERS)
    if compiler_version() not in {str(version) for version in solcx.get_installed_solc_versions()}:
        solcx.install_solc(compiler_version())


def _messages(error: solcx.exceptions.SolcError) -> list[str]:
    """The compiler's errors without its warnings; all it said if its answer was no JSON."""
    try:
        found = json.loads(error.stdout_data)["errors"]
    except (TypeError, ValueError, KeyError):
        return str(error).splitlines()
    return [entry["formattedMessage"] for entry in found if entry["severity"] == "error"]


def _solidity_config() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / "ape-config.yaml").read_text(encoding="utf-8"))[
        "solidity"
    ]
    return config


def _locate(name: str) -> Path:
    for prefix, folder in LIBRARIES.items():
        if name.startswith(prefix):
            return folder / name.removeprefix(prefix)
    return ROOT / name


def _resolve(importer: str, imported: str) -> str:
    """The name of an imported file: relative to the importer as the compiler does it, else as written."""
    if not imported.startswith("."):
        return imported
    return os.path.normpath(os.path.join(os.path.dirname(importer), imported))
