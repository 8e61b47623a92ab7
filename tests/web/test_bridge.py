"""The bridge (docs/native-bridge.md) in a real browser, with a shell that a test plays and without one."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
import qrcode
from backend_world import World

pytestmark = pytest.mark.web

Site = tuple[World, str]
Open = Callable[..., Any]

SHELL = """
class FakeShell extends EventTarget {
  heard = [];
  answers = { hello: { result: { version: 1, client: "shell/1.4", functions: FUNCTIONS } } };
  postMessage(text) {
    const message = JSON.parse(text);
    this.heard.push(message);
    const answer = this.answers[message.name];
    if (answer) this.say({ ...answer, kind: "response", id: message.id });
  }
  say(message, origin = location.origin) {
    const data = JSON.stringify({ saegim: 1, origin, ...message });
    queueMicrotask(() => this.dispatchEvent(new MessageEvent("message", { data })));
  }
}
window.saegimShell = new FakeShell();
"""
ALL = [
    "scan.qr",
    "health.read",
    "beacon.watch",
    "push.token",
    "key.create",
    "key.sign",
    "share",
    "print",
    "open",
]
LOAD = (
    "import('/static/js/bridge.js').then(async (all) => { Object.assign(window, all); await bridge.ready; })"
)


def with_shell(visitor: Open, functions: list[str] | None = None, script: str = "") -> Any:
    window = visitor("phone")
    offered = ALL if functions is None else functions
    window.page.add_init_script(SHELL.replace("FUNCTIONS", str(offered)) + script)
    window.go("/offline")
    window.page.evaluate(LOAD)
    return window


def touched(page: Any, name: str, parameters: dict[str, Any] | None = None) -> Any:
    """Call as after a tap: the answer, or the error's code."""
    page.evaluate(
        """([name, parameters]) => {
          window.answer = undefined;
          document.querySelector("h1").onclick = async () => {
            window.answer = await bridge.call(name, parameters).then(
              (result) => ({ result }), (error) => ({ code: error.code, instead: error.instead }));
          };
        }""",
        [name, parameters or {}],
    )
    page.click("h1")
    page.wait_for_function("() => window.answer !== undefined", timeout=5_000)
    return page.evaluate("window.answer")


def test_a_shell_is_met_and_says_what_it_can(visitor: Open) -> None:
    window = with_shell(visitor, ["scan.qr", "beacon.watch"])
    page = window.page
    assert page.evaluate("bridge.client") == "shell/1.4"
    can = {name: page.evaluate("(name) => bridge.can(name)", name) for name in ALL}
    assert can["scan.qr"] == can["beacon.watch"] == "shell"
    assert can["health.read"] == can["share"] == "browser"
    assert can["key.sign"] == "no"
    (hello,) = page.evaluate("saegimShell.heard")
    assert hello["origin"] == window.address
    assert hello["parameters"] == {"versions": [1]}
    assert window.complaints == []


def test_after_a_gesture_the_shell_is_asked_and_its_answer_comes_back(visitor: Open) -> None:
    page = with_shell(visitor).page
    page.evaluate("saegimShell.answers['scan.qr'] = { result: { text: '12345' } }")
    assert touched(page, "scan.qr") == {"result": {"text": "12345"}}


def test_nothing_of_the_person_is_asked_without_a_gesture(visitor: Open) -> None:
    window = visitor("phone")
    window.page.add_init_script(SHELL.replace("FUNCTIONS", str(ALL)))
    page = window.go("/offline")
    devtools = page.context.new_cdp_session(page)  # Playwright's own evaluate counts as a gesture

    def quietly(expression: str) -> Any:
        options = {"awaitPromise": True, "returnByValue": True, "userGesture": False}
        return devtools.send("Runtime.evaluate", {"expression": expression, **options})["result"].get("value")

    quietly(LOAD)
    for name in ALL:
        if name != "beacon.watch":
            call = f"bridge.call('{name}', {{ url: '/verify' }}).catch((error) => error.code)"
            assert quietly(call) == "gesture", name
    assert quietly("saegimShell.heard.map((message) => message.name).join()") == "hello"


def test_a_refusal_of_the_shell_keeps_its_word(visitor: Open) -> None:
    page = with_shell(visitor).page
    for code in ("denied", "cancelled", "unavailable", "failed", "something new"):
        page.evaluate("(code) => { saegimShell.answers['health.read'] = { error: { code } } }", code)
        wanted = "failed" if code == "something new" else code
        assert touched(page, "health.read")["code"] == wanted


@pytest.mark.parametrize(
    "said",
    [
        "saegimShell.say({ kind: 'response', id: 2, result: { text: 'forged' } }, 'https://elsewhere.test')",
        "saegimShell.say({ kind: 'response', id: 99, result: { text: 'forged' } })",
        "saegimShell.say({ saegim: 2, kind: 'response', id: 2, result: { text: 'forged' } })",
        "saegimShell.dispatchEvent(new MessageEvent('message', { data: 'not json' }))",
        "saegimShell.dispatchEvent(new MessageEvent('message', { data: { saegim: 1, kind: 'response', id: 2 } }))",
        "window.postMessage(JSON.stringify({ saegim: 1, origin: location.origin, kind: 'response', id: 2,"
        " result: { text: 'forged' } }), '*')",
    ],
)
def test_only_an_answer_of_the_shell_to_this_page_counts(visitor: Open, said: str) -> None:
    page = with_shell(visitor).page
    page.evaluate(
        """() => { document.querySelector("h1").onclick = async () => {
          window.answer = (await bridge.call("scan.qr")).text; }; }"""
    )
    page.click("h1")
    page.wait_for_function("() => saegimShell.heard.length === 2")
    page.evaluate(f"() => {{ {said}; }}")
    page.evaluate("saegimShell.say({ kind: 'response', id: 2, result: { text: 'true' } })")
    page.wait_for_function("() => window.answer !== undefined", timeout=5_000)
    assert page.evaluate("window.answer") == "true"


def test_a_silent_shell_or_one_of_another_version_is_as_none(visitor: Open) -> None:
    for script in (
        "delete saegimShell.answers.hello;",
        "saegimShell.answers.hello.result.version = 7;",
        "saegimShell.answers.hello = { error: { code: 'failed' } };",
        "saegimShell.answers.hello.result.functions = 'all';",
    ):
        page = with_shell(visitor, script=script).page
        assert page.evaluate("bridge.shell") is None
        assert page.evaluate("bridge.can('scan.qr')") == "browser"


def test_events_reach_who_listens_until_they_stop(visitor: Open) -> None:
    page = with_shell(visitor).page
    page.evaluate(
        "window.seen = []; window.stop = bridge.on('beacon.seen', (data) => window.seen.push(data.zone)); undefined"
    )
    page.evaluate("saegimShell.say({ kind: 'event', name: 'beacon.seen', data: { zone: 'A' } })")
    page.wait_for_function("() => window.seen.length === 1")
    page.evaluate(
        "saegimShell.say({ kind: 'event', name: 'beacon.seen', data: { zone: 'X' } }, 'https://x.test')"
    )
    page.evaluate("stop(); saegimShell.say({ kind: 'event', name: 'beacon.seen', data: { zone: 'B' } })")
    assert page.evaluate("window.seen") == ["A"]


def test_a_frame_inside_another_page_speaks_to_no_shell(visitor: Open) -> None:
    """No page of ours can be framed (frame-ancestors); and if one were, its bridge would not speak."""
    window = visitor("phone")
    window.page.add_init_script(SHELL.replace("FUNCTIONS", str(ALL)))
    script = "<script type=module>import '/static/js/bridge.js'</script>"
    headers = {"content-type": "text/html"}
    window.page.route("**/inner", lambda route: route.fulfill(body=script, headers=headers))
    outer = "<iframe src=/inner></iframe>"
    window.page.route("**/outer", lambda route: route.fulfill(body=outer, headers=headers))
    window.page.goto(f"{window.address}/outer")
    inner = window.page.frame(url="**/inner")
    inner.evaluate(LOAD)
    assert inner.evaluate("saegimShell.heard") == []
    assert inner.evaluate("bridge.shell") is None


def test_requests_say_what_they_come_from(visitor: Open) -> None:
    page = with_shell(visitor).page
    with page.expect_request("**/healthz") as asked:
        page.evaluate("bridge.fetch('/healthz').then((answer) => answer.status)")
    assert asked.value.headers["saegim-client"] == "shell/1.4"


# --- without a shell


@pytest.fixture
def plain(visitor: Open) -> Any:
    window = visitor("phone")
    window.go("/offline")
    window.page.evaluate(LOAD)
    return window.page


def test_what_no_browser_can_do_names_what_serves_instead(plain: Any) -> None:
    for name, instead in (("beacon.watch", "scan.qr"), ("key.create", "passkey"), ("key.sign", "passkey")):
        assert plain.evaluate("(name) => bridge.can(name)", name) == "no"
        assert plain.evaluate("(name) => bridge.instead(name)", name) == instead
        assert touched(plain, name) == {"code": "unavailable", "instead": instead}


def test_without_a_scanner_a_picture_is_read_by_the_server(plain: Any) -> None:
    plain.evaluate("delete window.BarcodeDetector")
    plain.evaluate(
        """() => { document.querySelector("h1").onclick = async () => {
          window.answer = await bridge.call("scan.qr").catch((error) => error.code); }; }"""
    )
    with plain.expect_file_chooser() as chooser, plain.expect_response("**/api/v1/codes"):
        plain.click("h1")
        chooser.value.set_files({"name": "qr.png", "mimeType": "image/png", "buffer": picture("SAEGIM 1")})
    plain.wait_for_function("() => window.answer !== undefined", timeout=5_000)
    assert plain.evaluate("window.answer") == {"text": "SAEGIM 1"}


def test_a_health_file_is_chosen_by_hand(plain: Any) -> None:
    plain.evaluate(
        """() => { document.querySelector("h1").onclick = async () => {
          window.answer = (await bridge.call("health.read")).file.name; }; }"""
    )
    with plain.expect_file_chooser() as chooser:
        plain.click("h1")
    chooser.value.set_files({"name": "export.xml", "mimeType": "text/xml", "buffer": b"<HealthData/>"})
    plain.wait_for_function("() => window.answer !== undefined", timeout=5_000)
    assert plain.evaluate("window.answer") == "export.xml"


def test_sharing_falls_back_to_a_link_in_the_clipboard(plain: Any, site: Site) -> None:
    plain.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site[1])
    plain.evaluate("Object.defineProperty(navigator, 'share', { value: undefined })")
    address = f"{site[1]}/verify"
    assert touched(plain, "share", {"url": address}) == {"result": {"how": "copied"}}
    assert plain.evaluate("navigator.clipboard.readText()") == address


def test_only_addresses_of_this_hospital_are_shared_or_opened(plain: Any) -> None:
    for name in ("share", "open"):
        for url in ("https://elsewhere.test/", "javascript:alert(1)", "//elsewhere.test", "http://[", None):
            assert touched(plain, name, {"url": url} if url else {})["code"] == "invalid", f"{name} {url}"


def test_the_outer_browser_gets_the_page_without_a_way_back_into_this_one(plain: Any) -> None:
    with plain.context.expect_page() as opened:
        touched(plain, "open", {"url": "/verify"})
    opened.value.wait_for_load_state()
    assert opened.value.evaluate("window.opener") is None


def test_push_without_a_key_of_the_server_is_refused(plain: Any) -> None:
    assert touched(plain, "push.token")["code"] == "invalid"


# --- the page that uses it


def picture(text: str) -> bytes:
    buffer = BytesIO()
    qrcode.make(text).save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_picture_of_a_code_opens_its_page(visitor: Open, site: Site, scripts: bool) -> None:
    window = visitor("phone", scripts=scripts)
    page = window.go("/scan")
    window.picture("scan")
    data = picture(f"{site[1]}/verify?reader=claim")
    page.set_input_files("#picture", {"name": "qr.png", "mimeType": "image/png", "buffer": data})
    page.click("main button[type=submit]")
    page.wait_for_url("**/verify?reader=claim")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_foreign_code_is_refused_in_words(visitor: Open, scripts: bool) -> None:
    window = visitor("phone", scripts=scripts)
    page = window.go("/scan")
    data = picture("https://elsewhere.test/verify")
    page.set_input_files("#picture", {"name": "qr.png", "mimeType": "image/png", "buffer": data})
    page.click("main button[type=submit]")
    page.wait_for_selector("[role=alert]:not(:empty)")
    assert "이 병원의 QR 코드가 아닙니다" in page.inner_text("main")
    assert window.foreign == []
