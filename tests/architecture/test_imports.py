"""Imports go one way. The table is the architecture; docs/architecture.md explains it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# package -> own packages it may import
ALLOWED: dict[str, set[str]] = {
    "chain": set(),
    "records": set(),
    "verifier": {"chain", "records"},
    "network": {"chain"},
    "oracle": {"chain", "records"},
    "backend": {"chain", "records", "verifier"},
    "kiosk": {"chain", "records"},
    "sandbox": {"chain", "records"},
    "scripts": {"chain", "records", "network", "oracle", "backend", "verifier", "sandbox"},
    "bench": {"chain", "records", "network", "oracle", "backend", "verifier", "sandbox", "scripts"},
}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_what_the_table_allows(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(package)
        for name in imported(ast.parse(path.read_text("utf-8")))
        if (top := name.split(".")[0]) in ALLOWED and top != package and top not in ALLOWED[package]
    ]
    assert not wrong


def test_every_own_package_is_in_the_table() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == set(ALLOWED)


DOMAIN_INTERNALS = {"models", "repository", "schemas", "endpoints", "pages", "jobs"}
FRAME = {"web", "vault"}  # not domains: anyone in the backend may use them


def test_a_backend_domain_uses_another_domains_service_only() -> None:
    domains = {p.parent.name for p in (ROOT / "backend").glob("*/__init__.py")} - FRAME
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for domain in domains
        for path in (ROOT / "backend" / domain).rglob("*.py")
        for name in imported(ast.parse(path.read_text("utf-8")))
        if (parts := name.split("."))[0] == "backend"
        and len(parts) > 2
        and parts[1] in domains - {domain}
        and parts[2] in DOMAIN_INTERNALS
    ]
    assert not wrong


LINES = 450


def test_no_source_file_has_grown_out_of_one_room() -> None:
    suffixes = {".py", ".sol", ".js", ".html", ".css"}
    skipped = {"node_modules", ".venv", "vendor", ".build", ".tools", ".data", "migrations", ".cache"}
    long = [
        f"{path.relative_to(ROOT)}: {count} lines"
        for path in ROOT.rglob("*")
        if path.suffix in suffixes and not skipped.intersection(path.relative_to(ROOT).parts)
        if (count := len(path.read_text("utf-8").splitlines())) > LINES
    ]
    assert not long
