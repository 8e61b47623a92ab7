"""Kakao's and Naver's stand-ins without a network, and what a person does at their pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from backend_world import World
from fastapi.testclient import TestClient
from sqlmodel import col, select
from visitor import Browser

from backend.app import create_app
from backend.audit.models import AuditEvent
from backend.identity.social_models import SocialLink
from backend.providers.social import OidcConfig, OidcProvider, notices
from chain.db import reading
from sandbox.social import service

PARTY = "http://social.test"
CLIENTS = {"kakao": service.KAKAO, "naver": service.NAVER}
WAITING = "/social/waiting/"


@contextmanager
def with_both(world: World) -> Iterator[SimpleNamespace]:
    """The world's backend with both providers, whose stand-ins answer without a network."""
    app = service.create_app(PARTY, clock=world.clock)
    party = TestClient(app, base_url=PARTY, follow_redirects=False)
    providers = {name: provider(name, world, party) for name in CLIENTS}
    world.services = replace(world.services, social=providers)
    world.app = create_app(world.services)
    yield SimpleNamespace(
        app=app,
        party=party,
        world=world,
        client=TestClient(world.app, raise_server_exceptions=False),
        kakao=app.state.providers["kakao"],
        naver=app.state.providers["naver"],
    )
    for each in providers.values():
        each.close()


def provider(name: str, world: World, party: TestClient) -> OidcProvider:
    client = CLIENTS[name]
    config = OidcConfig(
        name=name,
        issuer=f"{PARTY}/{name}",
        client_id=client.client_id,
        client_secret=client.client_secret,
        nonce_required=name == "kakao",
        state_with_code=name == "naver",
        read_notice=notices.kakao(client.admin_key, client.app_id)
        if name == "kakao"
        else notices.naver(client.client_id, client.client_secret),
        notice_status=200 if name == "kakao" else 204,
    )
    return OidcProvider(config, world.clock, sleep=lambda _: None, transport=party._transport)


def at_party(social: SimpleNamespace, address: str, account: int = 3, answer: str = "agree") -> str:
    """The person answers at the provider's; where it leads back to, without the host."""
    parts = urlsplit(address)
    name = parts.path.split("/")[1]
    assert social.party.get(address).status_code == 200
    asked = {field: values[0] for field, values in parse_qs(parts.query).items()}
    form = {"account": account, "answer": answer, **asked}
    location = social.party.post(f"{PARTY}/{name}/agree", data=form).headers["location"]
    assert location.startswith(f"http://testserver/social/{name}/callback?")
    return location.removeprefix("http://testserver")


def begun(browser: Browser, name: str = "kakao", next: str = "/me") -> str:
    """Press the button of the sign-in page; the address at the provider's."""
    page = browser.open(f"/sign-in?next={quote(next, safe='')}")
    assert f'href="/social/{name}/sign-in?next={quote(next)}"' in page.text
    return str(browser.open(f"/social/{name}/sign-in?next={quote(next)}").headers["location"])


def sign_in(social: SimpleNamespace, browser: Browser, name: str = "kakao", **how: Any) -> Any:
    next = how.pop("next", "/me")
    return browser.open(at_party(social, begun(browser, name, next), **how))


def link(social: SimpleNamespace, browser: Browser, name: str = "kakao", account: int = 3) -> Any:
    browser.open("/me/devices")
    page = browser.send(f"/me/social/{name}/link")
    assert page.status_code == 200, page.text
    address = page.text.split('content="0;url=')[1].split('"')[0].replace("&amp;", "&")
    return browser.open(at_party(social, address, account))


def lines(world: World, *actions: str) -> list[tuple[str, str, str | None]]:
    """Action, outcome and reason of the log's lines, oldest first."""
    with reading(world.services.database) as session:
        query = select(AuditEvent).order_by(col(AuditEvent.number))
        return [
            (str(each.action), str(each.outcome), each.reason)
            for each in session.exec(query).all()
            if each.action in actions
        ]


def links(world: World) -> list[SocialLink]:
    with reading(world.services.database) as session:
        return list(session.exec(select(SocialLink)).all())


def refused(answer: Any, reason: str, status: int = 403) -> None:
    assert answer.status_code == status, answer.text
    assert f"({reason})" in answer.text
    assert "set-cookie" not in answer.headers or "session=" not in answer.headers["set-cookie"]
