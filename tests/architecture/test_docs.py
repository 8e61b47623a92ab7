"""Pages that promise something name the place that keeps it and the test that tries it: both must be there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "docs/invariants.md",
    "docs/threat-model.md",
    "docs/compliance.md",
    "docs/architecture.md",
    "README.md",
)
ROOTS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
_NAME = re.compile(r"`([\w./*-]+/[\w./*-]*)`")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES)
def test_every_place_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    named = {name.rstrip("/") for name in _NAME.findall(text) if name.split("/")[0] in ROOTS}
    missing = [name for name in sorted(named) if not any(ROOT.glob(name))]
    assert missing == []


@pytest.mark.parametrize(
    "page", sorted(str(p.relative_to(ROOT)) for p in [*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")])
)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    links = [link for link in _LINK.findall(path.read_text("utf-8")) if not link.startswith("http")]
    assert [link for link in links if not (path.parent / link).exists()] == []
