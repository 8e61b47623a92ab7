"""Answers that are no answers, and access tokens."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import contract
import httpx
import pytest
from fhir_servers import Answer, Resource, adapter_of, ok
from fhir_world import World, good_resources
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from oracle.his.base import HisMalformed, HisUnavailable
from oracle.his.fhir.config import FhirConfig, make_fhir
from oracle.his.fhir.http import Limits
from oracle.his.fhir.tokens import BackendServices, FileToken

NO_BUNDLE: dict[str, tuple[int, bytes]] = {
    "a page of HTML": (200, b"<!DOCTYPE html><html><body>Maintenance</body></html>"),
    "NDJSON": (200, b'{"resourceType":"Encounter"}\n{"resourceType":"Encounter"}\n'),
    "nothing": (200, b""),
    "half a bundle": (200, b'{"resourceType":"Bundle","type":"searchset","entry":[{"res'),
    "text in no encoding": (200, b'{"resourceType":"\xff\xfe"}'),
    "null": (200, b"null"),
    "a list": (200, b"[]"),
    "another resource": (200, b'{"resourceType":"Patient"}'),
    "a bundle of another type": (200, b'{"resourceType":"Bundle","type":"batch-response"}'),
    "entries that are no list": (200, b'{"resourceType":"Bundle","type":"searchset","entry":{}}'),
    "an outcome": (200, b'{"resourceType":"OperationOutcome","issue":[{"code":"exception"}]}'),
    "forbidden": (403, b"{}"),
    "not found": (404, b"{}"),
    "a search that is not known": (400, b'{"resourceType":"OperationOutcome","issue":[{"code":"invalid"}]}'),
    "elsewhere": (302, b""),
    "far too deep": (200, b"[" * 100_000),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    return good_resources(tmp_path_factory.mktemp("good"))


@pytest.fixture
def world(good: list[Resource]) -> Iterator[World]:
    world = World(good)
    yield world
    world.close()


def answers(world: World, *wanted: Answer) -> list[Answer]:
    """Give these answers, one to each request, and be honest then."""
    left = list(wanted)
    world.shelf.intercept = lambda method, path, asked: left.pop(0) if left else None
    return left


@pytest.mark.parametrize(("status", "body"), NO_BUNDLE.values(), ids=NO_BUNDLE.keys())
def test_what_is_no_bundle_is_told_with_a_remedy_and_nothing_is_lost(world: World, status: int, body: bytes):
    world.shelf.intercept = lambda method, path, asked: (status, {"location": "http://x.test/"}, body)
    adapter = world.adapter()
    with pytest.raises(HisMalformed) as raised:
        adapter.read(None, 40)
    assert raised.value.remedy
    with pytest.raises(HisMalformed):
        adapter.check()
    world.shelf.intercept = lambda method, path, asked: None
    reader = contract.Reader()
    contract.read_all(adapter, reader)
    assert f"receipt:{world.receipt}" in reader.records


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_server_in_trouble_is_unavailable(world: World, status: int):
    world.shelf.intercept = lambda method, path, asked: (status, {}, b"down")
    with pytest.raises(HisUnavailable):
        world.adapter().read(None, 40)
    assert len(world.shelf.asked) == (3 if status in (502, 503, 504) else 1)
    assert len(world.slept) == (2 if status in (502, 503, 504) else 0)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_moment_of_trouble_passes_unseen(world: World, status: int):
    answers(world, (status, {}, b""), (status, {}, b""))
    assert f"visit:{world.visit}" in world.read().records
    assert len(world.slept) == 2 and all(0 < each < 1 for each in world.slept)


def test_a_server_that_asks_to_wait_is_waited_for(world: World):
    answers(world, (429, {"retry-after": "2"}, b""))
    world.read()
    (slept,) = world.slept
    assert 2 < slept < 3


@pytest.mark.parametrize("asked", ["3600", "999999999999999999999"])
def test_nobody_waits_for_an_hour(world: World, asked: str):
    answers(world, (429, {"retry-after": asked}, b""))
    with pytest.raises(HisUnavailable, match="asks to wait"):
        world.adapter().read(None, 40)
    assert world.slept == []


@pytest.mark.parametrize("asked", ["Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1e9", "soon"])
def test_a_wait_in_other_words_is_a_short_one(world: World, asked: str):
    answers(world, (503, {"retry-after": asked}, b""))
    world.read()
    assert all(each < 1 for each in world.slept)


def test_an_answer_without_end_is_cut_off(world: World):
    world.shelf.intercept = lambda method, path, asked: (200, {}, b" " * 3_000_000)
    with pytest.raises(HisMalformed, match="too large"):
        world.adapter(limits=Limits(most_bytes=1_000_000)).read(None, 40)


def test_an_answer_that_drips_is_given_up(world: World):
    ticks = iter(range(10_000))
    adapter = adapter_of(
        world.server.base,
        lambda: contract.NOON + timedelta(seconds=40 * next(ticks)),
        limits=Limits(whole=30),
    )
    with pytest.raises(HisUnavailable):
        adapter.read(None, 40)
    adapter.close()


def broken_server(answer: bytes) -> tuple[str, Callable[[], None]]:
    """A server of one raw answer to each connection, which it then closes."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    # closing alone does not wake a thread that waits in accept
    return f"http://127.0.0.1:{listening.getsockname()[1]}/fhir", lambda: listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50_000,
    ],
    ids=["hangs up", "truncated", "chunk cut", "no HTTP", "endless headers"],
)
def test_a_broken_connection_is_an_outage(answer: bytes):
    base, close = broken_server(answer)
    slept: list[float] = []
    adapter = adapter_of(base, lambda: contract.NOON, sleep=slept.append)
    with pytest.raises(HisUnavailable):
        adapter.read(None, 40)
    assert len(slept) == 2
    adapter.close()
    close()


def test_a_token_that_was_exchanged_is_renewed_once(world: World):
    answers(world, (401, {}, b""))
    assert f"visit:{world.visit}" in world.read().records
    assert world.token.renewed == 1


def test_a_token_that_is_refused_is_told(world: World):
    world.shelf.intercept = lambda method, path, asked: (401, {}, b'{"token": "secret"}')
    with pytest.raises(HisMalformed, match="401") as raised:
        world.adapter().read(None, 40)
    assert "token" in raised.value.remedy and "secret" not in str(raised.value)


def test_only_r4_is_read(world: World):
    statement = {"resourceType": "CapabilityStatement", "fhirVersion": "5.0.0"}
    world.shelf.intercept = lambda method, path, asked: ok(statement) if path == "metadata" else None
    with pytest.raises(HisMalformed, match="no FHIR R4 server"):
        world.adapter().check()


@pytest.mark.parametrize("status", [404, 501])
def test_a_server_without_history_is_told_by_the_check(world: World, status: int):
    refused = (status, {}, b"{}")
    world.shelf.intercept = lambda method, path, asked: refused if path.endswith("_history") else None
    with pytest.raises((HisMalformed, HisUnavailable), match=r"deleted|history"):
        world.adapter().check()
    world.adapter(deletions="none").check()
    assert f"visit:{world.visit}" in world.read(deletions="none").records


def test_a_token_file_is_read_anew_when_the_server_refuses(tmp_path: Path):
    file = tmp_path / "token"
    file.write_text("first\n")
    token = FileToken("fhir:x", file)
    assert token.header(renew=False) == "Bearer first"
    file.write_text("second")
    assert token.header(renew=False) == "Bearer first"
    assert token.header(renew=True) == "Bearer second"


@pytest.mark.parametrize("content", [None, b"", b"two words", b"\xff", b"a\r\nx: y"])
def test_a_file_without_a_token_is_told(tmp_path: Path, content: bytes | None):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(HisMalformed, match="access token"):
        FileToken("fhir:x", file).header(renew=False)


class Issuer:
    """An authorization server behind a transport."""

    def __init__(self) -> None:
        self.answer = httpx.Response(200, json={"access_token": "abc", "expires_in": 300})
        self.asked: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(dict(httpx.QueryParams(request.content.decode())))
        return self.answer


def smart(issuer: Issuer, key_file: Path, clock: Callable[[], Any]) -> BackendServices:
    return BackendServices(
        "fhir:x",
        token_url="https://auth.test/token",
        client_id="saegim-oracle",
        key_file=key_file,
        kid="key-1",
        scope="system/Encounter.rs",
        clock=clock,
        client=httpx.Client(transport=httpx.MockTransport(issuer)),
    )


@pytest.mark.parametrize("kind", ["EC", "RSA", "JWK"])
def test_a_backend_service_proves_itself_by_its_key(tmp_path: Path, kind: str):
    key: Any = RSAKey.generate_key(2048) if kind == "RSA" else ECKey.generate_key("P-384")
    file, issuer, now = tmp_path / "key", Issuer(), contract.NOON
    file.write_bytes(key.as_pem(private=True) if kind != "JWK" else _jwk(key))
    token = smart(issuer, file, lambda: now)
    assert token.header(renew=False) == "Bearer abc"
    (asked,) = issuer.asked
    found = jwt.decode(
        asked["client_assertion"], key, [{"EC": "ES384", "JWK": "ES384", "RSA": "RS384"}[kind]]
    )
    assert found.header["kid"] == "key-1"
    assert (found.claims["iss"], found.claims["sub"]) == ("saegim-oracle", "saegim-oracle")
    assert found.claims["aud"] == "https://auth.test/token"
    assert 0 < found.claims["exp"] - now.timestamp() <= 300  # SMART: five minutes at the most
    assert asked["grant_type"] == "client_credentials"
    assert asked["client_assertion_type"].endswith("jwt-bearer")


def _jwk(key: Any) -> bytes:
    return json.dumps(key.as_dict(private=True)).encode()


def test_a_token_is_asked_for_anew_when_it_ends_or_is_refused(tmp_path: Path):
    file, issuer, now = tmp_path / "key", Issuer(), [contract.NOON]
    file.write_bytes(ECKey.generate_key("P-384").as_pem(private=True))
    token = smart(issuer, file, lambda: now[0])
    for seconds, renew, asked in ((0, False, 1), (200, False, 1), (80, False, 2), (1, True, 3)):
        now[0] += timedelta(seconds=seconds)
        token.header(renew=renew)
        assert len(issuer.asked) == asked
    assert len({each["client_assertion"] for each in issuer.asked}) == 3


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(401, json={"error": "invalid_client"}), HisMalformed),
        (httpx.Response(200, json={"access_token": "two words"}), HisMalformed),
        (httpx.Response(200, json=[]), HisMalformed),
        (httpx.Response(200, content=b"<html>"), HisMalformed),
        (httpx.Response(503), HisUnavailable),
        (httpx.Response(429), HisUnavailable),
    ],
)
def test_no_token_is_told(tmp_path: Path, answer: httpx.Response, error: type[Exception]):
    file, issuer = tmp_path / "key", Issuer()
    file.write_bytes(ECKey.generate_key("P-384").as_pem(private=True))
    issuer.answer = answer
    with pytest.raises(error):
        smart(issuer, file, lambda: contract.NOON).header(renew=False)


@pytest.mark.parametrize("content", [None, b"", b"no key", b"{}", b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_file_without_a_key_is_told(tmp_path: Path, content: bytes | None):
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(HisMalformed, match="client's key"):
        smart(Issuer(), file, lambda: contract.NOON).header(renew=False)


GOOD: dict[str, Any] = {"base": "https://his.test/fhir", "token_file": "t"}


@pytest.mark.parametrize(
    "settings",
    [
        {"base": "http://his.test/fhir", "token_file": "t"},
        {"base": "http://127.0.0.1.evil.test/fhir", "token_file": "t"},
        {"base": "https://user:pass@his.test/fhir", "token_file": "t"},
        {"base": "ftp://his.test", "token_file": "t"},
        {"base": "https://his.test/fhir?x=1", "token_file": "t"},
        {"base": "https://his.test/fhir"},
        {**GOOD, "smart": {"token_url": "https://a.test", "client_id": "c", "key_file": "k", "kid": "1"}},
        {
            "base": "https://his.test/fhir",
            "smart": {"token_url": "http://a.test", "client_id": "c", "key_file": "k", "kid": "1"},
        },
        {**GOOD, "token": "secret"},
    ],
)
def test_unsafe_or_unclear_settings_are_refused(settings: dict[str, Any]):
    with pytest.raises(ValueError):
        FhirConfig.model_validate(settings)


def test_settings_make_an_adapter_that_reads(world: World, tmp_path: Path):
    (tmp_path / "token").write_text("the-sandbox-token")
    config = FhirConfig.model_validate({"base": world.server.base, "token_file": tmp_path / "token"})
    adapter = make_fhir(config, None, world.clock)  # type: ignore[arg-type]
    adapter.check()
    reader = contract.Reader()
    contract.read_all(adapter, reader)
    adapter.close()
    assert f"visit:{world.visit}" in reader.records
