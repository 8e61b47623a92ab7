"""The Solidity compiler as the project uses it: standard JSON through py-solc-x, settings of ape-config.yaml.

For the artifacts that the Python packages read, the contract tests (so that they run the exported bytecode, not
another) and the static analysis. The ape console compiles the same sources with the same settings by itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import solcx
import yaml

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
DOUBLES = CONTRACTS / "test"
LIBRARIES = {"@openzeppelin/": ROOT / "hardhat-node" / "node_modules" / "@openzeppelin"}
LAUNCHERS = ROOT / "hardhat-node" / "bin"
IMPORT = re.compile(r"""^\s*import\s+(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']\s*;""", re.MULTILINE)
OUTPUTS = ("abi", "evm.bytecode.object", "evm.deployedBytecode.object", "storageLayout")
CACHE = ROOT / ".build" / "solc"


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


def settings(outputs: Sequence[str] = OUTPUTS) -> dict[str, Any]:
    """The settings of a standard JSON input: optimiser and EVM version of ape-config.yaml."""
    config = _solidity_config()
    return {
        "optimizer": {"enabled": config["optimize"], "runs": config["optimization_runs"]},
        "viaIR": config["via_ir"],
        "evmVersion": config["evm_version"],
        # Without the hash of comments and file names the bytecode changes only when the code does.
        "metadata": {"bytecodeHash": "none"},
        "outputSelection": {"*": {"*": list(outputs)}},
    }


def own_sources() -> list[Path]:
    """The project's own Solidity files without the test doubles, sorted."""
    return sorted(path for path in CONTRACTS.rglob("*.sol") if DOUBLES not in path.parents)


def all_sources() -> list[Path]:
    """The project's own Solidity files and the test doubles, sorted."""
    return sorted(CONTRACTS.rglob("*.sol"))


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


def compile_standard(sources: dict[str, str], *, outputs: Sequence[str] = OUTPUTS) -> dict[str, Any]:
    """The compiler's standard JSON output, from `.build/solc` if these very sources were compiled before.

    Raises `CompilationError`.
    """
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": settings(outputs),
    }
    asked = json.dumps([compiler_version(), request]).encode()
    cached = CACHE / f"{hashlib.sha256(asked).hexdigest()}.json"
    if not cached.is_file():
        _write_whole(cached, json.dumps(_compile(request)))
        _keep_latest(CACHE, 8)
    answer: dict[str, Any] = json.loads(cached.read_text(encoding="utf-8"))
    return answer


def _compile(request: dict[str, Any]) -> dict[str, Any]:
    use_launcher()
    try:
        answer: dict[str, Any] = solcx.compile_standard(request, solc_version=compiler_version())
    except solcx.exceptions.SolcError as error:
        raise CompilationError(_messages(error)) from error
    return answer


def _write_whole(path: Path, text: str) -> None:
    """Write so that a reader of the same path sees all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    own = path.with_suffix(f".{os.getpid()}")
    own.write_text(text, encoding="utf-8")
    own.replace(path)


def _keep_latest(folder: Path, count: int) -> None:
    """Delete all but the files written last."""
    for old in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-count]:
        old.unlink(missing_ok=True)


def use_launcher() -> None:
    """Point py-solc-x at a compiler: SOLCX_BINARY_PATH, else the npm package's launcher, else a download."""
    if not os.environ.get("SOLCX_BINARY_PATH") and (LAUNCHERS / f"solc-v{compiler_version()}").is_file():
        os.environ["SOLCX_BINARY_PATH"] = str(LAUNCHERS)
    if compiler_version() not in {str(version) for version in solcx.get_installed_solc_versions()}:
        solcx.install_solc(compiler_version())


def compiler_path() -> Path:
    """The compiler's executable."""
    use_launcher()
    return Path(solcx.install.get_executable(compiler_version()))


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
