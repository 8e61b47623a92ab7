"""Set-up: makes a fresh clone ready to run. Standard library only, because it runs before anything is installed.

Each step is skipped when what it would make is already there for the present lock files, so the second run takes
well under a second and needs no network. A step that cannot be done says plainly what was not found and what the
system does instead; only Python packages and Node packages are indispensable.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
STAMPS = TOOLS / "stamps"
VENV_BIN = ROOT / ".venv" / "bin"
NODE = ROOT / "hardhat-node"


class SetupError(Exception):
    """An indispensable step failed; the message says what to do."""


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def run(command: list[str | Path], *, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run quietly; on failure show the last lines of what the command printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        raise SetupError(f"`{' '.join(str(part) for part in command)}` failed:\n{tail}")


def digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def once(name: str, key: str, done: Callable[[], bool], step: Callable[[], None]) -> None:
    """Run `step` unless its stamp carries `key` and what it makes still exists."""
    stamp = STAMPS / name
    if stamp.is_file() and stamp.read_text() == key and done():
        return
    started = time.monotonic()
    say(f"{name} …")
    step()
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)
    say(f"{name}: done in {time.monotonic() - started:.0f} s")


def find_uv() -> Path:
    found = shutil.which("uv") or shutil.which("uv", path=str(TOOLS / "uv" / "bin"))
    if found:
        return Path(found)
    say("uv is not on PATH; installing it into .tools/uv")
    venv.create(TOOLS / "uv", with_pip=True)
    run([TOOLS / "uv" / "bin" / "python", "-m", "pip", "install", "--quiet", "uv"])
    return TOOLS / "uv" / "bin" / "uv"


def python_packages() -> None:
    once(
        "python packages",
        digest(ROOT / "uv.lock", ROOT / "pyproject.toml"),
        (VENV_BIN / "python").exists,
        lambda: run([find_uv(), "sync", "--locked", "--quiet"]),
    )


def node_packages() -> None:
    # Node itself comes as a Python package: an older system npm would leave out Hardhat's native part.
    # `install --no-save` keeps to the lock file like `ci`, but does not stop at other systems' optional binaries,
    # which some registries do not carry and a lock file made there does not list.
    path = f"{VENV_BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    once(
        "node packages",
        digest(NODE / "package-lock.json"),
        (NODE / "node_modules" / ".bin").exists,
        lambda: run(
            [VENV_BIN / "npm", "install", "--no-save", "--no-audit", "--no-fund"],
            cwd=NODE,
            env={"PATH": path},
        ),
    )


def page_assets() -> None:
    """Copy design system, fonts and htmx out of the locked npm packages (pages load nothing from elsewhere); icons."""
    once(
        "page assets",
        digest(
            NODE / "package-lock.json",
            *(ROOT / "backend" / "web" / name for name in ("assets.py", "icons.py")),
        ),
        (ROOT / "backend" / "web" / "static" / "vendor" / "icons").exists,
        lambda: run([VENV_BIN / "python", "-m", "backend.web.assets"]),
    )


def verifier_page() -> None:
    """The one file with which anybody checks a document from disk; made of the verifier's own tables."""
    page = ROOT / "verifier" / "page"
    sources = [
        *page.glob("*.*"),
        *page.glob("src/**/*.*"),
        *(ROOT / "verifier").glob("*.py"),
        *(ROOT / "records").glob("**/*.py"),
        *(ROOT / "chain" / "artifacts").glob("*.json"),
        ROOT / "backend" / "web" / "static" / "css" / "saegim.css",
        ROOT / "backend" / "web" / "static" / "img" / "saegim.svg",
        NODE / "package-lock.json",
    ]
    once(
        "verifier page",
        digest(*sorted(sources)),
        (page / "dist" / "saegim-verify.html").exists,
        lambda: run([VENV_BIN / "node", page / "build.mjs"]),
    )


def validators() -> None:
    """geth, built with Go where it is not installed; it says itself what is missing, and what happens instead."""
    subprocess.run([VENV_BIN / "python", "-m", "network.geth"], cwd=ROOT, check=False)


def optional_programs() -> None:
    """What only some tests need. In CI a missing one is a failure of the test that needs it."""
    wanted = {
        "chromium": ("chromium", "the pages' browser tests are left out"),
        "PostgreSQL": ("pg_ctl", "tests on PostgreSQL are left out; SQLite is used"),
    }
    for name, (program, instead) in wanted.items():
        if not shutil.which(program) and not list(Path("/usr/lib/postgresql").glob(f"*/bin/{program}")):
            say(f"{name} was not found: {instead}")


STEPS = (python_packages, node_packages, page_assets, verifier_page, validators, optional_programs)


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an old interpreter meets first
        say(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
        return 1
    os.environ["PATH"] = f"{TOOLS / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        for step in STEPS:
            step()
    except SetupError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
