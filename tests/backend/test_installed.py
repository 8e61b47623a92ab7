"""The pages as an installed application (manifest, icons, service worker, offline page), and codes in pictures."""

from __future__ import annotations

import json
import re
from io import BytesIO

import pytest
import qrcode
from backend_world import World
from PIL import Image

from backend import installed


@pytest.fixture
def world(file_world: World) -> World:
    """The file's backend, as if nobody had been there."""
    file_world.client.cookies.clear()
    file_world.node.down = False
    return file_world


def test_the_manifest_is_the_hospitals_and_speaks_both_languages(world: World) -> None:
    korean, english = (
        world.client.get(f"/manifest.webmanifest?lang={language}").json() for language in ("ko", "en")
    )
    assert (korean["name"], english["name"]) == ("서울시 샘플의료원", "Seoul Sample Medical Center")
    assert (korean["lang"], english["lang"]) == ("ko", "en")
    assert korean["id"] == english["id"] == "/"
    purposes = {(icon["sizes"], icon["purpose"]) for icon in korean["icons"]}
    assert {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")} <= purposes
    for shortcut in korean["shortcuts"]:
        assert world.client.get(shortcut["url"]).status_code == 200


def test_icons_have_the_size_that_they_say(world: World) -> None:
    for icon in world.client.get("/manifest.webmanifest").json()["icons"]:
        answer = world.client.get(icon["src"])
        assert answer.headers["content-type"] == icon["type"]
        if icon["type"] == "image/png":
            side = int(icon["sizes"].split("x")[0])
            image = Image.open(BytesIO(answer.content))
            assert image.size == (side, side)
            corner = image.convert("RGBA").getpixel((0, 0))
            assert (corner[3] == 255) == (icon["purpose"] == "maskable")  # type: ignore[index]


def test_the_service_worker_keeps_only_what_is_everybodys(world: World) -> None:
    script = world.client.get("/service-worker.js")
    assert script.headers["cache-control"] == "no-cache"
    files = json.loads(re.search(r"^const FILES = (.*);$", script.text, re.MULTILINE)[1])  # type: ignore[index]
    assert all(name.startswith("/static/") and "?v=" in name for name in files)
    pages = json.loads(re.search(r"^const OFFLINE = (.*);$", script.text, re.MULTILINE)[1])  # type: ignore[index]
    assert set(pages) == {"ko", "en"}
    page = world.client.get("/offline?lang=en").text
    for name in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        if "icons/" not in name:
            assert name in files, f"the offline page needs {name}"


def test_the_offline_page_is_the_same_for_everybody(world: World) -> None:
    world.client.cookies.set("session", "somebody")
    world.client.cookies.set("text", "150")
    mine = world.client.get("/offline?lang=ko").text
    world.client.cookies.clear()
    assert mine == world.client.get("/offline?lang=ko").text


def test_another_file_makes_another_service_worker(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def cache() -> str:
        return re.search(r'CACHE = "([^"]+)"', world.client.get("/service-worker.js").text)[1]  # type: ignore[index]

    before = cache()
    assert cache() == before
    monkeypatch.setattr(installed, "SHELL", installed.SHELL[1:])
    assert cache() != before


# --- codes in pictures


def picture(text: str) -> bytes:
    buffer = BytesIO()
    qrcode.make(text).save(buffer)
    return buffer.getvalue()


def test_a_picture_of_a_code_is_read(world: World) -> None:
    answer = world.client.post("/api/v1/codes", files={"picture": picture("SAEGIM 12345")})
    assert answer.json() == {"codes": ["SAEGIM 12345"]}


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "PictureUnreadable"),
        (b"not a picture", "PictureUnreadable"),
        (b"GIF89a" + bytes(40), "PictureUnreadable"),
        (picture("x")[:200], "PictureUnreadable"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "PictureUnreadable"),
    ],
)
def test_what_is_no_picture_is_refused(world: World, data: bytes, error: str) -> None:
    answer = world.client.post("/api/v1/codes", files={"picture": data})
    assert (answer.status_code, answer.json()["error"]) == (422, error)


def test_a_picture_without_a_code_and_one_too_large_are_refused(world: World) -> None:
    for size, error in (((60, 60), "NoCode"), ((9_000, 9_000), "PictureUnreadable")):
        buffer = BytesIO()
        Image.new("1", size, 1).save(buffer, "PNG")
        answer = world.client.post("/api/v1/codes", files={"picture": buffer.getvalue()})
        assert (answer.status_code, answer.json()["error"]) == (422, error)


@pytest.mark.parametrize(
    ("code", "target"),
    [
        ("http://testserver/verify", "/verify"),
        ("http://testserver/d/abc?x=1", "/d/abc?x=1"),
        ("https://testserver/verify", None),
        ("http://elsewhere.test/verify", None),
        ("http://testserver@elsewhere.test/", None),
        ("http://testserver//elsewhere.test/", None),
        ("http://testserver/\\elsewhere.test/", None),
        ("http://testserver", None),
        ("http://[::1", None),
        ("javascript:alert(1)", None),
        ("0123456789", None),
    ],
)
def test_only_codes_of_this_hospital_are_followed(world: World, code: str, target: str | None) -> None:
    answer = world.client.post("/scan", files={"picture": picture(code)}, follow_redirects=False)
    assert answer.headers.get("location") == target
    assert answer.status_code == (422 if target is None else 303)
    assert "elsewhere" not in answer.text
