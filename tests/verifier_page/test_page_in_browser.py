"""The built file in a real browser: opened from disk, offline, given a document and a trust file."""

from __future__ import annotations

import json
import re
import threading
from datetime import timedelta
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler

import pytest
from case import Case
from playwright.sync_api import Error, expect
from signing import issued, job, signed, taken_apart
from vector_jobs import BUNDLES, VECTORS, vector_job

from chain.trust import TrustFile

pytestmark = pytest.mark.web

HEADLINES = {
    "VALID": ("유효한 문서입니다", "This document is valid"),
    "SUPERSEDED": ("새 문서로 바뀐 문서입니다", "This document was replaced by a newer one"),
    "WITHDRAWN": ("발급이 취소된 문서입니다", "This document was withdrawn"),
    "TAMPERED": ("내용이 바뀐 문서입니다", "This document was altered"),
    "NOT_ISSUED": ("발급된 적이 없는 문서입니다", "This document was never issued"),
    "ISSUER_NOT_TRUSTED": ("믿을 수 없는 기관의 문서입니다", "The issuer of this document is not trusted"),
    "UNKNOWN": ("지금은 판단할 수 없습니다", "No answer is possible now"),
}
FILES = {
    "VALID": "valid.saegim",
    "SUPERSEDED": "superseded.saegim",
    "WITHDRAWN": "withdrawn.saegim",
    "TAMPERED": "flipped-payload.saegim",
    "NOT_ISSUED": "not-issued.saegim",
    "ISSUER_NOT_TRUSTED": "issuer-not-trusted.saegim",
    "UNKNOWN": "cut-short.saegim",
}


def codes_of(file: str) -> dict[str, str]:
    return next(vector for vector in VECTORS if vector["file"] == file)["codes"]


# ---- what must not happen


def test_nothing_is_said_about_a_document_without_a_trust_file(window):
    opened = window()
    opened.document("valid.saegim")
    expect(opened.page.locator("#result")).to_contain_text("신뢰 파일(network.json)을 고르면 확인합니다")
    assert opened.page.locator("#verdict").count() == 0
    opened.picture("needs-trust")


def test_what_is_no_trust_file_is_not_taken_for_one(window):
    opened = window()
    opened.trust(b'{"version": 1}')
    expect(opened.page.locator("#problem")).to_contain_text("신뢰 파일의 형식이 잘못되었습니다")
    assert opened.page.locator("#fingerprint").count() == 0


@pytest.mark.parametrize(
    ("trust", "says"),
    [("made-weak.json", "회원 과반의 서명이 없습니다"), ("made-network.json", "400일보다 오래되었습니다")],
)
def test_a_trust_file_that_is_refused_proves_nothing_and_is_not_remembered(window, trust, says):
    opened = window()
    if trust == "made-weak.json":
        opened.set_time(vector_job("made-suspended.saegim").now)
    opened.trust(trust)
    opened.document("made-suspended.saegim")
    expect(opened.page.locator("#trust")).to_contain_text(says)
    assert opened.verdict == "UNKNOWN"
    assert opened.page.locator("#remember").count() == 0


def test_the_content_of_an_altered_document_is_not_shown(window):
    opened = window()
    opened.trust()
    opened.document("flipped-payload.saegim")
    assert "홍길동" not in opened.page.content()
    expect(opened.page.locator("#result")).to_contain_text("보여 드리지 않습니다")


def test_markup_in_a_document_or_a_trust_file_is_only_text(window):
    markup = "<img src=x onerror=alert(1)><b>굵게</b>"
    payload, _ = taken_apart(issued("receipt"))
    payload["patient"]["_sd"] = payload["_sd"] = []
    payload["institution"]["representative"] = markup
    case = Case()
    names = [{**entry, "nameKo": markup, "nameEn": markup} for entry in case.trust.to_json()["institutions"]]
    trust = case.chain.trust(institutions=names)
    opened = window()
    opened.set_time(case.now)
    opened.trust(json.dumps(trust.to_json()).encode())
    opened.document(job("markup", signed(payload, [])).bundle)
    assert opened.codes[0] == "intact_partly"
    assert opened.page.locator("#result dd", has_text=markup).count() == 2
    assert opened.page.locator("#result img, #result b").count() == 0


def test_the_page_cannot_be_made_to_run_or_load_anything_else(window):
    opened = window()
    policy = opened.page.locator("meta[http-equiv]").get_attribute("content") or ""
    assert re.fullmatch(
        r"default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; base-uri 'none'; "
        r"form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        policy,
    )
    with pytest.raises(Error, match="TrustedHTML"):
        opened.page.evaluate("document.body.innerHTML = '<p>x</p>'")
    with pytest.raises(Error, match=r"Failed to fetch|Refused|violates"):
        opened.page.evaluate("fetch('https://example.invalid/')")
    opened.complaints.clear()  # the browser's own words about what this test tried
    opened.requests[:] = [each for each in opened.requests if "example.invalid" not in each]


def test_nothing_is_kept_unless_asked(window):
    opened = window()
    opened.trust()
    opened.document("valid.saegim")
    assert opened.verdict == "VALID"
    assert opened.stored() == {}
    assert opened.context.cookies() == []
    opened.page.reload()
    expect(opened.page.locator("#trust")).to_contain_text("한 번 필요합니다")


# ---- what must happen


@pytest.mark.parametrize("verdict", HEADLINES)
def test_each_verdict_in_both_languages(window, verdict):
    opened = window()
    opened.trust()
    opened.document(FILES[verdict])
    assert (opened.verdict, opened.headline) == (verdict, HEADLINES[verdict][0])
    assert set(codes_of(FILES[verdict]).values()) <= set(opened.codes)
    expect(opened.page.locator("#announcement")).to_contain_text(HEADLINES[verdict][0])
    opened.picture(f"{verdict.lower()}-ko")
    opened.page.click("#language")
    assert opened.headline == HEADLINES[verdict][1]
    assert opened.page.locator("html").get_attribute("lang") == "en"
    assert not re.search("[가-힣]", opened.page.locator("#verdict, .sg-findings").first.inner_text())
    opened.picture(f"{verdict.lower()}-en")


def test_the_fingerprint_is_that_of_the_command_and_asks_to_be_compared(window):
    opened = window()
    opened.trust()
    shown = " ".join(opened.page.locator("#fingerprint span").all_inner_texts())
    assert shown == TrustFile.load(BUNDLES / "network.json").fingerprint
    expect(opened.page.locator("#trust")).to_contain_text("회원 기관이 공개한 지문과 비교하세요")


def test_a_remembered_trust_file_is_there_next_time_until_it_is_forgotten(window):
    opened = window()
    opened.trust()
    opened.page.get_by_label("이 기기에 신뢰 파일 기억하기").check()
    assert list(opened.stored()) == ["saegim.network"]
    opened.page.reload()
    expect(opened.page.locator("#trust")).to_contain_text("기억해 둔 신뢰 파일을 쓰고 있습니다")
    opened.document("valid.saegim")
    assert opened.verdict == "VALID"
    opened.page.get_by_label("이 기기에 신뢰 파일 기억하기").uncheck()
    assert opened.stored() == {}


def test_a_newer_trust_file_is_told_apart_from_a_strangers(window):
    case = Case()
    case.chain.mine(3)
    first, newer = case.chain.trust(), case.chain.trust(at=3)
    strangers = Case(seed="strangers").trust
    opened = window()
    opened.set_time(case.now)
    for trust, says in (
        (first, ""),
        (newer, "과반이 서명한 새 파일입니다"),
        (strangers, "이어지지 않습니다"),
    ):
        opened.trust(json.dumps(trust.to_json()).encode())
        fingerprint = opened.page.locator("#fingerprint", has_text=trust.fingerprint.replace(" ", ""))
        expect(fingerprint).to_have_count(1)
        expect(opened.page.locator("#trust")).to_contain_text(says or "비교하세요")


def test_the_reader_decides_how_fresh_a_proof_must_be(window):
    opened = window()
    opened.set_time(vector_job("valid.saegim").now + timedelta(minutes=11))
    opened.trust()
    opened.document("valid.saegim")
    assert opened.verdict == "VALID"
    opened.page.get_by_label("어디에 쓰시나요?").select_option("prescription")
    assert (opened.verdict, opened.codes[2]) == ("UNKNOWN", "stale")
    opened.page.get_by_label("어디에 쓰시나요?").select_option("claim")
    assert opened.verdict == "VALID"


def test_files_can_be_dropped_and_text_pasted(window):
    opened = window()
    files = {name: list((BUNDLES / name).read_bytes()) for name in ("valid.saegim", "network.json")}
    opened.page.evaluate(
        """files => {
            const dataTransfer = new DataTransfer();
            for (const [name, bytes] of Object.entries(files)) {
                dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
            }
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
        }""",
        files,
    )
    expect(opened.page.locator("#verdict")).to_contain_text("유효한 문서입니다")
    opened.page.get_by_text("다른 문서 확인하기").click()
    assert opened.page.locator("#verdict").count() == 0
    opened.page.get_by_text("글자로 된 문서 붙여넣기").click()
    opened.page.get_by_label("문서 글자 (base64)").fill((BUNDLES / "pasted.txt").read_text())
    opened.page.get_by_text("확인하기", exact=True).click()
    expect(opened.page.locator("#verdict")).to_contain_text("유효한 문서입니다")


def test_it_works_with_the_keyboard_alone(window):
    opened = window()
    found = []
    for _ in range(6):
        opened.page.keyboard.press("Tab")
        found.append(opened.page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert found == ["A", "language", "trust-file", "document-file", "SUMMARY", "reader"]
    opened.page.locator("#document-file").focus()
    outline = "getComputedStyle(document.querySelector('#document-file + label')).outlineStyle"
    assert opened.page.evaluate(outline) == "solid"


@pytest.mark.parametrize("size", ["narrow", "phone", "desk"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_axe_finds_nothing_and_nothing_runs_off_the_side(window, size, language):
    opened = window(size, bypass_policy=True)
    if language == "en":
        opened.page.click("#language")
    states = {
        "empty": None,
        "valid": "valid.saegim",
        "partly": "valid-partly-shown.saegim",
        "bad": "cut-short.saegim",
    }
    for name, file in states.items():
        if file:
            opened.trust()
            opened.document(file)
        assert not opened.violations(), name
        width = "[document.scrollingElement.scrollWidth, window.innerWidth]"
        assert len(set(opened.page.evaluate(width))) == 1, name
        opened.picture(f"{name}-{language}")


def test_what_is_printed_is_the_result(window):
    opened = window()
    opened.trust()
    opened.document("valid.saegim")
    opened.page.emulate_media(media="print")
    for hidden in ("#drop", "#language", "#trust-file", ".sp-end"):
        expect(opened.page.locator(hidden)).to_be_hidden()
    for shown in ("#verdict", ".sg-findings", ".sg-table", ".sp-details"):
        expect(opened.page.locator(shown).first).to_be_visible()
    opened.picture("print")


def test_it_works_from_a_web_server_too(window, dist):
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            asked.append(self.path)

    with HTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(dist))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        opened = window(address=f"http://127.0.0.1:{server.server_port}/saegim-verify.html")
        opened.trust()
        opened.document("valid.saegim")
        assert opened.verdict == "VALID"
        server.shutdown()
        thread.join()
    assert asked == ["/saegim-verify.html"]
