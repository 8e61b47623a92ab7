"""Anybody checks a document by file, paste or link; nothing else is opened, and what is typed is not lost."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
import pytest
from backend_world import World
from case import issued

from backend.verification import downloads
from chain.trust import TrustFile


def verify(world: World, *, file: bytes = b"", **fields: str) -> httpx.Response:
    files = {"file": ("receipt.saegim", file)} if file else None
    return world.client.post("/verify", data=fields, files=files)


def test_the_form_is_there(world: World) -> None:
    page = world.client.get("/verify")
    assert (page.status_code, "문서 확인" in page.text) == (200, True)


def test_a_file_is_checked(world: World) -> None:
    page = verify(world, file=world.bundle())
    assert "유효한 문서입니다" in page.text
    assert "서울시 샘플의료원" in page.text


def test_text_is_checked_as_base64_of_either_alphabet(world: World) -> None:
    for text in (base64.b64encode(world.bundle()), base64.urlsafe_b64encode(world.bundle()).rstrip(b"=")):
        assert "유효한 문서입니다" in verify(world, text=f"\n {text.decode()} \n").text


def test_our_own_link_is_followed(world: World) -> None:
    link = world.link(world.delivered())
    assert "유효한 문서입니다" in verify(world, link=f"http://testserver{link}").text


def test_a_bare_credential_of_ours_is_completed(world: World) -> None:
    world.delivered()
    assert "유효한 문서입니다" in verify(world, text=world.case.document.compact).text


def test_a_bare_credential_of_somebody_else_says_what_is_missing(world: World) -> None:
    page = verify(world, text=issued().compact)
    assert "bundle_bare_credential" in page.text


def test_a_changed_file_shows_no_content(world: World) -> None:
    changed = bytearray(world.bundle())
    position = changed.index(b"~") + 20
    changed[position] ^= 1
    page = verify(world, file=bytes(changed))
    assert "유효한 문서입니다" not in page.text
    assert "가나다" not in page.text


@pytest.mark.parametrize(
    "rubbish", [b"\x00", b"\xff" * 1_000, b"PK\x03\x04", b"\x9f" * 2_000, b"a" * 200_000]
)
def test_rubbish_is_answered_with_a_report(world: World, rubbish: bytes) -> None:
    page = verify(world, file=rubbish)
    assert page.status_code == 200
    assert "지금은 판단할 수 없습니다" in page.text


def test_nothing_or_two_things_are_sent_back_with_what_to_do(world: World) -> None:
    assert verify(world).status_code == 422
    page = verify(world, file=world.bundle(), text="typed text")
    assert page.status_code == 422
    assert "typed text" in page.text


def test_what_was_typed_is_shown_as_text_not_as_markup(world: World) -> None:
    page = verify(world, link="https://a.test/d/x?<script>", text="</textarea><script>alert(1)</script>")
    assert "<script>alert" not in page.text
    assert "?<script>" not in page.text


@pytest.mark.parametrize(
    "link",
    [
        "http://169.254.169.254/d/{token}",
        "http://127.0.0.1:8545/d/{token}",
        "http://testserver.evil.test/d/{token}",
        "http://testserver@evil.test/d/{token}",
        "http://partner.test@evil.test/d/{token}",
        "http://partner.test/d/../admin",
        "http://partner.test/d/{token}/../../admin",
        "http://partner.test/d/{token}?next=http://evil.test",
        "http://partner.test/d/{token}#x",
        "https://partner.test/d/{token}",
        "file:///etc/passwd",
        "http://[::1",
        "javascript:alert(1)",
        "{token}",
    ],
)
def test_no_other_address_is_ever_asked(world: World, link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: Any, **__: Any) -> None:
        raise AssertionError("an address was asked")

    monkeypatch.setattr(httpx, "stream", nobody)
    page = verify(world, link=link.format(token="A" * 32))
    assert page.status_code == 422
    assert "여기서 열 수 없습니다" in page.text


def partner(monkeypatch: pytest.MonkeyPatch, answer: httpx.Response) -> list[str]:
    """Lets the member's server answer so; returns the addresses asked."""
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return answer

    client = httpx.Client(transport=httpx.MockTransport(respond))
    monkeypatch.setattr(httpx, "stream", client.stream)
    return asked


def test_a_members_link_is_followed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = partner(monkeypatch, httpx.Response(200, content=world.bundle()))
    assert "유효한 문서입니다" in verify(world, link=f"http://partner.test/d/{'A' * 32}").text
    assert asked == [f"http://partner.test/d/{'A' * 32}/bundle"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404),
        httpx.Response(302, headers={"location": "http://evil.test"}),
        httpx.Response(200, content=b"\0" * 1_000_001),
    ],
)
def test_a_member_that_does_not_answer_well_is_named_as_the_reason(
    world: World, monkeypatch: pytest.MonkeyPatch, answer: httpx.Response
) -> None:
    partner(monkeypatch, answer)
    page = verify(world, link=f"http://partner.test/d/{'A' * 32}")
    assert (page.status_code, "서버가 문서를 주지 않았습니다" in page.text) == (503, True)


def test_the_reader_decides_how_fresh_the_proof_must_be(world: World) -> None:
    bundle = world.bundle()
    world.node.down = True
    world.case.chain.mine(3_600)
    assert "유효한 문서입니다" in verify(world, file=bundle, reader="certificate").text
    assert "유효한 문서입니다" not in verify(world, file=bundle, reader="prescription").text


def test_the_api_gives_the_same_report(world: World) -> None:
    answer = world.client.post(
        "/api/v1/verifications",
        content=world.bundle(),
        headers={"content-type": "application/vnd.saegim.bundle+cbor"},
    )
    assert answer.json()["verdict"] == "VALID"


@pytest.mark.parametrize("reader", ["x", "5", "prescription ", "-1d"])
def test_the_api_refuses_an_unknown_reader(world: World, reader: str) -> None:
    assert (
        world.client.post("/api/v1/verifications", params={"reader": reader}, content=b"x").status_code == 422
    )


def test_the_api_without_a_body_says_so(world: World) -> None:
    answer = world.client.post("/api/v1/verifications")
    assert answer.status_code == 422
    assert set(answer.json()) == {"error", "detail", "remedy"}


def test_what_is_needed_to_check_alone_is_given_with_what_to_compare(world: World) -> None:
    file = world.client.get("/verify/saegim-verify.html")
    trust = world.client.get("/verify/network.json")
    for answer in (file, trust):
        assert answer.headers["content-disposition"].startswith("attachment")
    page = world.client.get("/verify/offline").text
    assert hashlib.sha256(file.content).hexdigest() in page
    assert TrustFile.parse(trust.content).fingerprint in page


def test_where_the_checker_was_not_built_it_is_simply_not_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads.page_bytes.cache_clear()
    monkeypatch.setattr(downloads, "_BUILT", world.folder / "none.html")
    assert world.client.get("/verify/saegim-verify.html").status_code == 404
    downloads.page_bytes.cache_clear()
