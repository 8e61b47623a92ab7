"""The built file: one file, the same from the same sources, with nothing in it that fetches or parses markup."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from base64 import b64encode

import pytest
from node_verifier import NODE, PAGE, ROOT

SOURCES = sorted((PAGE / "src").rglob("*.js"))


@pytest.fixture(scope="module")
def html(dist):
    return (dist / "saegim-verify.html").read_text("utf-8")


def test_two_builds_are_the_same_bytes(dist, html):
    said = subprocess.run([NODE, PAGE / "build.mjs"], check=True, capture_output=True, text=True).stdout
    assert (dist / "saegim-verify.html").read_text("utf-8") == html
    assert hashlib.sha256(html.encode()).hexdigest() in said


def test_nothing_in_it_is_loaded_from_elsewhere(html):
    assert not re.search(r"<(?:link|img|iframe|object|embed|source|base)\b", html)
    assert not re.search(r"\b(?:src|srcset|poster|action)\s*=|@import|url\(", html.partition("<script>")[0])
    assert not re.search(r"\son[a-z]+\s*=|\sstyle\s*=", html.partition("<script>")[0])
    named = set(re.findall(r"https?://[^\s\"'`)]+", html))
    assert named <= {
        "http://www.w3.org/2000/svg",
        "https://paulmillr.com",
    }  # the logo's name space, a licence


@pytest.mark.parametrize("tag", ["script", "style"])
def test_the_policy_names_the_hash_of_its_one_script_and_one_style(html, tag):
    (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    digest = b64encode(hashlib.sha256(content.encode()).digest()).decode()
    assert f"{tag}-src 'sha256-{digest}'" in html


def test_the_libraries_licence_goes_with_it(html):
    package = json.loads((ROOT / "hardhat-node" / "package.json").read_text())["devDependencies"]
    for name in ("@noble/curves", "@noble/hashes"):
        assert f"{name} {package[name]}" in html
        licence = ROOT / "hardhat-node" / "node_modules" / name / "LICENSE"
        body = licence.read_text("utf-8").partition("Permission is hereby granted")[2].strip()
        assert body in html


def test_it_is_small_enough_to_send_by_mail(html):
    assert len(html.encode()) < 300_000


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PAGE)))
def test_no_source_parses_markup_fetches_or_is_long(source):
    text = source.read_text("utf-8")
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    wrong = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|fetch\(|XMLHttp"
    assert not re.search(rf"{wrong}|WebSocket|sendBeacon|import\(|\.cookie|sessionStorage|indexedDB", code)
    assert len(text.splitlines()) <= 300
    assert max(map(len, text.splitlines())) <= 120


def test_types_hold():
    tsc = ROOT / "hardhat-node" / "node_modules" / "typescript" / "bin" / "tsc"
    done = subprocess.run([NODE, tsc, "-p", PAGE / "jsconfig.json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
