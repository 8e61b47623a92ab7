"""Every answer: in the reader's language, with the security headers, within its size, and without a trace."""

from __future__ import annotations

import logging
import re

import pytest
from backend_world import World

from backend.config import Settings
from backend.documents import repository
from backend.web.i18n import set_language, translate
from backend.web.templating import STATIC, environment, static_url
from chain.settings import Environment
from scripts import messages

PAGES = ("/", "/verify", "/verify/offline", "/no-such-page", "/d/no-such-token")


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(
    world: World, address: str, language: str
) -> None:
    page = world.client.get(address, params={"lang": language})
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page.text)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page.text)
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("address", PAGES)
def test_everything_a_page_names_is_served(world: World, address: str) -> None:
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', world.client.get(address).text):
        assert world.client.get(path).status_code == 200, path


def test_everything_the_style_sheets_name_is_there() -> None:
    for sheet in STATIC.rglob("*.css"):
        for name in re.findall(r"""url\(["']?([^)"']+)""", sheet.read_text("utf-8")):
            assert name.startswith("data:") or (sheet.parent / name).exists(), f"{sheet.name}: {name}"


def test_the_language_follows_choice_then_cookie_then_browser(world: World) -> None:
    def language(**options: object) -> str:
        world.client.cookies.clear()
        return world.client.get("/", **options).headers["content-language"]  # type: ignore[arg-type]

    assert language() == "ko"
    assert language(headers={"accept-language": "fr, en;q=0.8, ko;q=0.5"}) == "en"
    assert language(headers={"accept-language": "ko-KR,ko;q=0.9,en;q=0.8"}) == "ko"
    assert language(headers={"accept-language": "en;q=x, ;;;"}) == "ko"
    assert language(headers={"accept-language": "en", "cookie": "lang=ko"}) == "ko"
    assert language(params={"lang": "en"}, headers={"cookie": "lang=ko"}) == "en"
    assert language(params={"lang": "xx"}) == "ko"


def test_a_chosen_language_is_kept_in_a_cookie_that_scripts_cannot_read(world: World) -> None:
    cookie = world.client.get("/?lang=en").headers["set-cookie"]
    assert cookie.startswith("lang=en")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_every_text_has_english() -> None:
    catalog = messages.english()
    catalog.update(messages.extracted(), no_fuzzy_matching=True)
    assert messages.untranslated(catalog) == []


def test_english_keeps_the_named_places_and_is_not_korean() -> None:
    for message in messages.english():
        text = str(message.string)
        if message.id:
            assert sorted(re.findall(r"%\(\w+\)s", str(message.id))) == sorted(re.findall(r"%\(\w+\)s", text))
            assert not re.search("[가-힣]", text), text


def test_korean_needs_no_catalogue() -> None:
    set_language("ko")
    assert translate("문서 확인") == "문서 확인"
    set_language("en")
    assert translate("문서 확인") != "문서 확인"
    set_language("ko")


def test_errors_of_the_api_are_json_and_of_pages_a_page(world: World) -> None:
    api = world.client.get("/api/v1/nothing").json()
    assert api["error"] == "NotFound"
    assert world.client.get("/nothing").headers["content-type"].startswith("text/html")
    assert world.client.delete("/api/v1/verifications").json()["error"] == "MethodNotAllowed"


def test_a_fault_tells_the_caller_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("MARKED-INTERNAL")

    monkeypatch.setattr(repository, "document", broken)
    answer = world.client.get("/api/v1/documents/00000000-0000-4000-8000-000000000000")
    assert (answer.status_code, answer.json()["error"]) == (500, "InternalError")
    assert "MARKED-INTERNAL" not in answer.text
    assert "MARKED-INTERNAL" in caplog.text


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_whether_or_not_it_says_so(world: World, chunked: bool) -> None:
    big = b"x" * (world.settings.request_size_limit + 1)
    content = iter([big[:1_000], big[1_000:]]) if chunked else big
    answer = world.client.post("/api/v1/verifications", content=content)
    assert (answer.status_code, answer.json()["error"]) == (413, "RequestTooLarge")


def test_logs_carry_routes_not_addresses(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="saegim.backend")
    link = world.link(world.delivered())
    world.client.get(link)
    world.client.post("/verify", data={"text": "MARKED-TEXT"})
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("saegim"))
    assert "/d/{token}" in ours
    for secret in (link.removeprefix("/d/"), "MARKED-TEXT", "MARKED-PATIENT-77"):
        assert secret not in ours


def test_health_and_metrics_answer(world: World) -> None:
    assert world.client.get("/healthz").json() == {"status": "ok"}
    assert world.client.get("/readyz").json()["node"] == "ok"
    world.node.down = True
    assert world.client.get("/readyz").json()["node"] == "unreachable"
    assert "saegim_backend_requests_total" in world.client.get("/metrics").text


def test_static_files_are_kept_by_browsers_and_pages_are_not(world: World) -> None:
    assert "immutable" in world.client.get(static_url("css/saegim.css")).headers["cache-control"]
    assert world.client.get("/verify").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "changes", [{"public_url": "http://x"}, {"keys_database_url": Settings().database_url}]
)
def test_production_refuses_unsafe_settings(changes: dict[str, str]) -> None:
    safe = {"environment": Environment.PRODUCTION, "public_url": "https://hospital.example"}
    Settings(_env_file=None, **safe)
    with pytest.raises(ValueError, match="SAEGIM_BACKEND_"):
        Settings(_env_file=None, **{**safe, **changes})


def test_templates_escape_by_default() -> None:
    assert environment().from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"
