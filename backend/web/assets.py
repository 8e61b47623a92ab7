"""The pages' third-party files, out of the locked npm packages, and the icons: `python -m backend.web.assets`.

The pages load nothing from elsewhere, so design system (KRDS), fonts and htmx are served by the backend itself.
The result is build output (git ignores it); each package's licence goes with its files.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from backend.web import icons

ROOT = Path(__file__).resolve().parents[2]
NODE_MODULES = ROOT / "hardhat-node" / "node_modules"
VENDOR = Path(__file__).resolve().parent / "static" / "vendor"

# package -> (file or folder inside it, where it goes below vendor/)
COPIES: dict[str, tuple[tuple[str, str], ...]] = {
    "krds-uiux": (
        ("resources/css/token", "krds/css/token"),
        ("resources/css/common", "krds/css/common"),
        ("resources/css/component/component.css", "krds/css/component/component.css"),
        ("resources/img/component/icon", "krds/img/component/icon"),
        ("resources/fonts", "krds/fonts"),
        ("package.json", "krds/package.json"),
    ),
    "htmx.org": (("dist/htmx.min.js", "htmx/htmx.min.js"), ("LICENSE", "htmx/LICENSE")),
}
SKIPPED_SUFFIXES = {".map", ".woff", ".scss"}
_SOURCE_MAP = re.compile(r"/\*# sourceMappingURL=.*?\*/")
_REMOTE = re.compile(r"https?://www\.krds\.go\.kr/resources/")


class AssetsMissing(Exception):
    """A file expected in an npm package is not there: run `make setup`, or the package changed its layout."""


def _copy(source: Path, target: Path) -> None:
    if not source.exists():
        raise AssetsMissing(f"{source.relative_to(ROOT)} is not there; run `make setup`")
    if source.is_dir():
        for child in source.iterdir():
            if child.suffix not in SKIPPED_SUFFIXES:
                _copy(child, target / child.name)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".css":
        target.write_text(_own_urls(source.read_text("utf-8")), "utf-8")
    else:
        shutil.copyfile(source, target)


def _own_urls(css: str) -> str:
    """Strip source maps and point absolute addresses of the design system at our own copy."""
    own = _REMOTE.sub("/static/vendor/krds/", _SOURCE_MAP.sub("", css))
    return own.replace("../../img/img/", "../../img/")  # the package's own paths are doubled


def build() -> None:
    """Copy everything anew and draw the icons.

    Raises:
        AssetsMissing: a package is not installed or lacks an expected file.
    """
    shutil.rmtree(VENDOR, ignore_errors=True)
    versions = {}
    for package, copies in COPIES.items():
        base = NODE_MODULES / package
        for inside, below in copies:
            _copy(base / inside, VENDOR / below)
        versions[package] = json.loads((base / "package.json").read_text("utf-8"))["version"]
    icons.build(VENDOR / "icons")
    (VENDOR / "versions.json").write_text(json.dumps(versions, indent=2) + "\n")


if __name__ == "__main__":
    build()
