"""Every answer: in the reader's language, with the security headers, within its size, and without a trace."""

from __future__ import annotations

import logging
import re
from urllib.parse import quote

import pytest
from backend_world import World

from backend.config import Settings
from backend.documents import repository
from backend.web.frame import MY_MENU, Audience, audience_of, serves
from backend.web.i18n import set_language, translate
from backend.web.static_files import STATIC, static_url
from backend.web.templating import environment
from chain.settings import Environment
from scripts import messages

PAGES = (
    "/",
    "/verify",
    "/verify/offline",
    "/offline",
    "/scan",
    "/sign-in",
    "/no-such-page",
    "/d/no-such-token",
)


@pytest.fixture
def world(file_world: World) -> World:
    """The file's backend, as if nobody had been there."""
    file_world.client.cookies.clear()
    file_world.node.down = False
    return file_world


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
    kept = world.client.get(static_url("css/saegim.css"))
    assert "immutable" in kept.headers["cache-control"]
    assert "Cookie" not in kept.headers["vary"], "a changed cookie would have everything fetched anew"
    assert world.client.get("/verify").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("query", ["", "?v=000000000000"])
def test_a_file_of_another_content_is_asked_for_each_time(world: World, query: str) -> None:
    first = world.client.get(f"/static/css/saegim.css{query}")
    assert first.headers["cache-control"] == "no-cache"
    again = world.client.get(
        f"/static/css/saegim.css{query}", headers={"if-none-match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_static_files_come_packed_to_who_can_unpack(world: World) -> None:
    packed = world.client.get("/static/css/saegim.css", headers={"accept-encoding": "gzip"})
    plain = world.client.get("/static/css/saegim.css", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) * 2 < len(plain.content)


@pytest.mark.parametrize(
    "name",
    ["none.css", "", "css", "../templating.py", "%2e%2e/templating.py", "..%2f..%2fconfig.py", "a%00b"],
)
def test_nothing_but_static_files_is_static(world: World, name: str) -> None:
    answer = world.client.get(f"/static/{name}")
    assert answer.status_code in (404, 422), name
    assert "import" not in answer.text


def test_static_files_cannot_be_written(world: World) -> None:
    assert world.client.post("/static/css/saegim.css").status_code == 405


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


# --- whom a page is for


@pytest.mark.parametrize(
    ("path", "audience"),
    [
        ("/", Audience.PATIENT),
        ("/me/devices", Audience.PATIENT),
        ("/verify/offline", Audience.CHECKER),
        ("/verified", Audience.PATIENT),
        ("/d/token", Audience.CHECKER),
        ("/staff", Audience.STAFF),
        ("/staffing", Audience.PATIENT),
        ("/kiosk/arrival", Audience.KIOSK),
    ],
)
def test_the_address_says_whom_a_page_is_for(path: str, audience: Audience) -> None:
    assert audience_of(path) is audience


def test_menus_lead_only_to_what_is_served(world: World) -> None:
    for path in ("/", "/verify", "/staff/sign-in"):
        menu = re.search(r'<nav class="sg-nav".*?</nav>', world.client.get(path).text, re.DOTALL)
        assert menu
        for href in re.findall(r'href="(/[^"]*)"', menu[0]):
            assert world.client.get(href).status_code < 400, f"{path} → {href}"


def test_an_entry_that_is_not_served_is_left_out(world: World) -> None:
    assert serves(world.app, "/verify")
    assert not serves(world.app, "/no-such-page")
    assert "/kiosk" not in re.findall(r'href="([^"]+)"', world.client.get("/").text)


@pytest.mark.parametrize(
    ("path", "active"),
    [("/me", "/me"), ("/me/documents/1", "/me"), ("/me/family/code", "/me/family"), ("/me/step-up", None)],
)
def test_one_entry_of_ones_own_menu_is_active(path: str, active: str | None) -> None:
    assert [entry.href for entry in MY_MENU if entry.holds(path)] == ([active] if active else [])


def test_a_kiosk_page_has_neither_footer_nor_installer(world: World) -> None:
    page = world.client.get("/kiosk/none").text
    assert 'data-audience="kiosk"' in page
    assert "<footer" not in page
    assert "manifest" not in page
    assert "installed.js" not in world.client.get("/staff/sign-in").text


# --- how a browser wants its pages


def test_the_size_of_the_text_is_kept_and_leads_back(world: World) -> None:
    answer = world.client.get("/view?text=150&back=/verify?x=1", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/verify?x=1")
    assert 'data-text="150"' in world.client.get("/verify").text
    assert 'data-text="100"' in world.client.get("/verify", headers={"cookie": "text=9000"}).text


@pytest.mark.parametrize(
    "back",
    ["https://elsewhere.test/", "//elsewhere.test", "/\\elsewhere.test", "javascript:alert(1)", "x" * 3000],
)
def test_the_size_of_the_text_leads_nowhere_else(world: World, back: str) -> None:
    answer = world.client.get("/view", params={"text": "150", "back": back}, follow_redirects=False)
    assert answer.headers.get("location", "/") == "/"


def test_an_unknown_size_changes_nothing(world: World) -> None:
    answer = world.client.get("/view?text=110&back=/", follow_redirects=False)
    assert "set-cookie" not in answer.headers


def test_language_and_size_keep_what_else_stands_in_the_address(world: World) -> None:
    page = world.client.get("/sign-in?next=/me/family&lang=ko").text
    assert 'href="/sign-in?next=/me/family&amp;lang=en"' in page
    assert f'href="/view?text=125&amp;back={quote("/sign-in?next=/me/family&lang=ko", safe="")}"' in page


def test_after_a_form_the_links_lead_to_a_page_that_can_be_opened(world: World) -> None:
    page = world.client.post("/me/data/erase", headers={"sec-fetch-site": "cross-site"}).text
    assert 'href="/?lang=en"' in page
