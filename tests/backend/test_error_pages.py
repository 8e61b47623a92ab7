"""Every error says what happened, what to do next, and gives back what was typed."""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from backend_world import World
from fastapi import HTTPException, Request
from fastapi.testclient import TestClient

from backend.app import create_app
from backend.client_versions import ClientTooOld
from backend.errors import InvalidRequest, RequestTooLarge, ServiceUnavailable, Unauthenticated
from backend.identity.errors import AlreadyBound, FormExpired
from backend.limits.errors import TooManyRequests


@pytest.fixture
def world(file_world: World) -> World:
    """The file's backend, as if nobody had been there."""
    file_world.client.cookies.clear()
    file_world.node.down = False
    return file_world


@pytest.fixture
def failing(world: World) -> TestClient:
    """The backend with addresses that answer with every error there is."""
    app = create_app(world.services)
    for status, raised in FAILURES.items():
        fail = _raiser(raised)
        app.add_api_route(f"/fail/{status}", fail, methods=["GET", "POST"], include_in_schema=False)
        app.add_api_route(f"/api/v1/fail/{status}", fail, include_in_schema=False)
    return TestClient(app, raise_server_exceptions=False)


def _raiser(raised: Callable[[], Exception]) -> Callable[[Request], Awaitable[None]]:
    async def fail(request: Request) -> None:
        if "form" in request.headers.get("content-type", ""):
            await request.form()
        raise raised()

    return fail


FAILURES: dict[int, Callable[[], Exception]] = {
    400: lambda: HTTPException(400),
    401: Unauthenticated,
    403: FormExpired,
    404: lambda: HTTPException(404),
    405: lambda: HTTPException(405),
    409: lambda: AlreadyBound(),
    413: lambda: RequestTooLarge(limit=10),
    422: lambda: InvalidRequest(where="name"),
    426: lambda: ClientTooOld(client="shell"),
    429: lambda: TooManyRequests("sign-in", timedelta(minutes=5)),
    500: lambda: RuntimeError("MARKED-INTERNAL"),
    503: ServiceUnavailable,
}


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("status", sorted(FAILURES))
def test_every_error_says_what_happened_and_what_to_do(
    failing: TestClient, status: int, language: str
) -> None:
    page = failing.get(f"/fail/{status}", params={"lang": language})
    api = failing.get(f"/api/v1/fail/{status}", headers={"accept-language": language})
    assert (page.status_code, api.status_code) == (status, status)
    body = api.json()
    text = html.unescape(page.text)
    assert body["detail"] in text
    assert body["remedy"] in text
    assert re.search(r'<main.*class="krds-btn primary large" href="/', page.text, re.DOTALL), "a way on"
    assert bool(re.search("[가-힣]", body["detail"] + body["remedy"])) == (language == "ko")
    assert "MARKED-INTERNAL" not in page.text + api.text


def test_whoever_must_sign_in_comes_back(failing: TestClient) -> None:
    page = failing.get("/fail/401?x=1").text
    assert f'href="/sign-in?next={quote("/fail/401?x=1", safe="")}"' in page


def test_too_often_says_when_to_come_back(failing: TestClient, world: World) -> None:
    page = failing.get("/fail/429")
    assert page.headers["retry-after"] == "300"
    again = (world.clock() + timedelta(seconds=300)).astimezone(ZoneInfo("Asia/Seoul"))
    assert f"{again:%M}" in re.search(r"<strong>(.*?) 이후", page.text)[1]  # type: ignore[index]


def test_a_fault_tells_its_number(failing: TestClient) -> None:
    page = failing.get("/fail/500")
    assert page.headers["x-request-id"] in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


TYPED = {
    "name": "가상 <b>환자</b>",
    "otp": "MARKED-OTP",
    "form_token": "MARKED-TOKEN",
    "birth": "MARKED-BIRTH",
}


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_refused_form_can_be_sent_again_as_it_was(failing: TestClient, status: int) -> None:
    page = failing.post(f"/fail/{status}", data=TYPED, headers={"sec-fetch-site": "same-origin"})
    assert page.status_code == status
    form = re.search(rf'<form method="post" action="/fail/{status}".*?</form>', page.text, re.DOTALL)
    assert form
    assert 'name="name" value="가상 &lt;b&gt;환자&lt;/b&gt;"' in form[0]
    assert re.search(r'name="form_token" value="[^"]{20,}"', form[0])
    assert "MARKED" not in page.text


def test_what_was_typed_wrongly_is_shown_to_be_corrected(failing: TestClient) -> None:
    page = failing.post("/fail/422", data=TYPED, headers={"sec-fetch-site": "same-origin"}).text
    assert "<li>가상 &lt;b&gt;환자&lt;/b&gt;</li>" in page
    assert "MARKED" not in page


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
def test_another_sites_form_is_never_put_before_the_reader(failing: TestClient, site: str | None) -> None:
    headers = {} if site is None else {"sec-fetch-site": site}
    for status in FAILURES:
        page = failing.post(f"/fail/{status}", data=TYPED, headers=headers).text
        assert "가상" not in page
        assert "<form" not in page


def test_back_leads_to_the_page_of_the_form_and_never_elsewhere(failing: TestClient) -> None:
    def back(referer: str) -> str:
        page = failing.post("/fail/409", headers={"referer": referer}).text
        return re.search(r'krds-btn primary large" href="([^"]+)"', page)[1]  # type: ignore[index]

    assert back("http://testserver/verify?x=1") == "/verify?x=1"
    assert back("http://elsewhere.test/verify") == "/fail/409"
    assert back("http://testserver/no-such-page") == "/fail/409"
