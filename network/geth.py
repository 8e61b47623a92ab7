"""Where geth comes from: found on the machine, or built from source with Go.

Geth 1.13 is the last line that seals Clique blocks; 1.13.15 is what everything here is tried with.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from network.errors import BuildFailed, GethMissing, GethUnfit

GETH_VERSION = "1.13.15"
GETH_LINE = "1.13."
PACKAGE = f"github.com/ethereum/go-ethereum/cmd/geth@v{GETH_VERSION}"
ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".tools" / "bin"

_MINIMUM_GO = (1, 21)
_LINKNAME_CHECK = (1, 23)
"""From this Go on, the linker refuses what geth 1.13's dependency does, unless told not to check."""


def find_geth() -> Path:
    """The geth to run: `.tools/bin` first, then PATH. Raises GethMissing or GethUnfit."""
    path = shutil.which("geth", path=f"{TOOLS}{os.pathsep}{os.environ.get('PATH', '')}")
    if path is None:
        raise GethMissing([".tools/bin", "PATH"])
    version = geth_version(Path(path))
    if not version.startswith(GETH_LINE):
        raise GethUnfit(Path(path), version)
    return Path(path)


def geth_version(path: Path) -> str:
    """The version that a geth program reports, such as "1.13.15-stable"; "unknown" if it reports none."""
    try:
        result = subprocess.run(
            [str(path), "version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    match = re.search(r"^Version:\s*(\S+)", result.stdout, re.MULTILINE)
    return match.group(1) if match else "unknown"


def build_geth(target: Path = TOOLS, *, say: Callable[[str], None] = print) -> Path:
    """Build geth 1.13.15 from source into the folder `target` and return its path. About 80 s on two cores.

    `say` gets progress for a person. Raises BuildFailed, whose reason says plainly what is missing.
    """
    version = _go_version()
    if version is None:
        raise BuildFailed("Go is not on PATH; install Go 1.21 or newer, or a ready geth 1.13.15")
    if version < _MINIMUM_GO:
        raise BuildFailed(f"Go {version[0]}.{version[1]} is too old; 1.21 or newer is needed")
    target.mkdir(parents=True, exist_ok=True)
    say(f"building geth {GETH_VERSION} with Go {version[0]}.{version[1]} (a minute or two, once)")
    command = ["go", "install", "-trimpath"]
    if version >= _LINKNAME_CHECK:
        command.append("-ldflags=-checklinkname=0")
    environment = {**os.environ, "GOBIN": str(target.resolve())}
    result = subprocess.run(
        [*command, PACKAGE], env=environment, capture_output=True, text=True, check=False, cwd=target
    )
    if result.returncode != 0:
        tail = "\n".join(result.stderr.strip().splitlines()[-12:])
        raise BuildFailed(f"`go install {PACKAGE}` ended with {result.returncode}", tail)
    say(f"geth is at {target / 'geth'}")
    return target / "geth"


def _go_version() -> tuple[int, int] | None:
    """Major and minor version of the Go on PATH, None if there is none that runs."""
    if shutil.which("go") is None:
        return None
    result = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=False)
    match = re.match(r"go(\d+)\.(\d+)", result.stdout.strip())
    return (int(match.group(1)), int(match.group(2))) if match else None


def main() -> int:
    """`python -m network.geth`: build geth unless it is there. Exit 1, with what is missing, where that fails."""
    try:
        find_geth()
    except (GethMissing, GethUnfit):
        try:
            build_geth()
        except BuildFailed as error:
            print(f"the validator network cannot run here: {error}")
            print("instead, `make demo` uses the development node")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
