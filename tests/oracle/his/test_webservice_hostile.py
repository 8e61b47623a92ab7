"""A web service that is broken, slow or hostile on the way: typed errors, bounded time and size, no secret told."""

from __future__ import annotations

import base64
import gzip
import logging
import socket
import ssl
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from web_canned import (
    JSON,
    LIMITS,
    NOON,
    VISIT,
    Answer,
    Vendor,
    adapter_at,
    adapter_before,
    answering,
    mapping_of,
    raw_server,
    refused,
    rows_of,
)
from web_harness import SECRET, serving

from oracle.his.base import HisError, HisMalformed, HisUnavailable

# Status, type, size


@pytest.mark.parametrize("status", [400, 404, 405, 409, 418, 422])
def test_an_operation_that_is_refused_is_malformed(status: int):
    message = refused(answering((status, JSON, b'{"error": "\xed\x99\x98\xec\x9e\x90"}')), HisMalformed)
    assert f"status {status}" in message and "mapping" in message


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_credential_says_where_credentials_are_set(status: int):
    assert "credentials" in refused(answering((status, JSON, b"{}")), HisMalformed)


@pytest.mark.parametrize("status", [408, 500, 501, 507])
def test_a_service_that_fails_is_unavailable_and_not_asked_again(status: int):
    with adapter_before(answering((status, JSON, b"{}"))) as adapter:
        with pytest.raises(HisUnavailable):
            adapter.read(None, 50)
        assert len(adapter.vendor.asked) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_service_is_asked_again_with_longer_waits(status: int):
    with adapter_before(answering((status, [], b""), (status, [], b""), rows_of(VISIT))) as adapter:
        assert len(adapter.read(None, 50).documents) == 1
        assert adapter.waits == [0.4, 0.8]


def test_a_busy_service_is_not_asked_for_ever():
    with adapter_before(answering((503, [], b""))) as adapter:
        with pytest.raises(HisUnavailable):
            adapter.read(None, 50)
        assert len(adapter.vendor.asked) == LIMITS.tries


def test_retry_after_is_kept_to():
    with adapter_before(answering((429, [(b"retry-after", b"7")], b""), rows_of(VISIT))) as adapter:
        adapter.read(None, 50)
        assert adapter.waits == [7.0]


@pytest.mark.parametrize("after", [b"3600", b"21"])
def test_a_wait_that_is_too_long_is_left_to_the_next_read(after: bytes):
    with adapter_before(answering((503, [(b"retry-after", after)], b""))) as adapter:
        with pytest.raises(HisUnavailable):
            adapter.read(None, 50)
        assert adapter.waits == [] and len(adapter.vendor.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_the_key_stays_here(status: int):
    other = Vendor(answering(rows_of(VISIT)))
    with serving(other) as elsewhere:
        location = [(b"location", f"{elsewhere}/visits".encode())]
        assert "redirect" in refused(answering((status, location, b"")), HisMalformed)
    assert other.asked == []


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([(b"content-type", b"text/html")], b"<html>Please log in</html>"),
        ([(b"content-type", b"text/plain")], b'{"rows": []}'),
        ([], b'{"rows": []}'),
        (JSON, b"<html>"),
        (JSON, b""),
        (JSON, b'{"rows": [' + b"1," * 50),
        (JSON, b"[" * 100_000),
        (JSON, b'{"rows":' + b"[" * 40 + b"]" * 40 + b"}"),
        (JSON, b"[]"),
        (JSON, b'{"items": []}'),
        (JSON, b'{"rows": 7}'),
        (JSON, b'{"rows": "none"}'),
        ([(b"content-type", b"application/json; charset=klingon")], b"{}"),
        ([*JSON, (b"content-encoding", b"gzip")], gzip.compress(b'{"rows": []}' + b" " * 1_000_000)),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_an_answer_that_is_not_what_was_agreed_is_malformed(headers: Any, body: bytes):
    refused(answering((200, headers, body)), HisMalformed)


def test_an_error_page_of_a_proxy_is_unavailable():
    html = [(b"content-type", b"text/html")]
    refused(answering((502, html, b"<html>" * 100_000)), HisUnavailable)
    refused(answering((500, html, b"<html>" * 100_000)), HisUnavailable)


def test_more_values_than_any_page_has_are_refused_before_they_are_made():
    body = b'{"rows": [' + b"[]," * 2_100_000 + b"[]]}"
    limits = replace(LIMITS, most_bytes=10_000_000)
    assert "too large" in refused(answering((200, JSON, body)), HisMalformed, limits=limits)


def test_a_page_that_is_too_large_is_asked_for_in_parts():
    rows = [
        {**VISIT, "VST_NO": f"V{n}", "CHG_DT": f"2026-11-24T11:00:{n:02d}", "X": "x" * 9_000}
        for n in range(40)
    ]

    def respond(_: str, query: dict[str, str]) -> Answer:
        beyond = [
            row
            for row in rows
            if (row["CHG_DT"], row["VST_NO"]) > (query.get("since", ""), query.get("after", ""))
        ]
        page = beyond[: int(query["limit"])]
        after = {"since": page[-1]["CHG_DT"], "after": page[-1]["VST_NO"]} if page else {}
        return rows_of(*page, more=len(beyond) > len(page), **after)

    with adapter_before(respond) as adapter:
        cursor, found, more = None, [], True
        while more:
            page = adapter.read(cursor, 40)
            found += [document.source_key for document in page.documents]
            cursor, more = page.next_cursor, page.more
    assert found == [f"visit:V{n}" for n in range(40)]


def test_rows_by_key_that_are_too_large_together_are_asked_for_in_halves():
    def respond(_: str, query: dict[str, str]) -> Answer:
        return rows_of(*({**VISIT, "VST_NO": key, "X": "x" * 9_000} for key in query["numbers"].split(",")))

    by_numbers = {"path": "/visits/by-number", "query": {"numbers": "{keys}"}, "rows": "rows"}
    wanted = [f"visit:V{n}" for n in range(40)]
    with adapter_before(respond, mapping_of(row=by_numbers)) as adapter:
        page = adapter.reread(wanted)
        assert len(adapter.vendor.asked) == 3
    assert [document.source_key for document in page.documents] == wanted


def test_an_answer_without_end_is_cut_off():
    endless = raw_server(lambda: b"x" * 4096)
    with endless as url, adapter_at(url) as adapter, pytest.raises(HisMalformed, match="too large"):
        adapter.read(None, 50)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"


@pytest.mark.parametrize("head", [HEAD, b"HTTP/1.1 200 OK\r\nx-slow: "], ids=["body", "headers"])
def test_an_answer_that_trickles_ends_with_the_time_for_the_whole(head: bytes):
    """One second passes at each look at the clock; the server itself never pauses, so nothing waits."""
    ticks = count()
    trickle = raw_server(lambda: b" ", head)
    with trickle as url, adapter_at(url, monotonic=lambda: float(next(ticks))) as adapter:
        message = unavailable(adapter)
    assert "ReadTimeout" in message


def test_silence_is_a_time_out_and_is_not_repeated():
    with raw_server(None) as url, adapter_at(url, limits=replace(LIMITS, read=0.05)) as adapter:
        assert "ReadTimeout" in unavailable(adapter)
        assert adapter.waits == []


def test_nobody_at_the_port_is_tried_again_and_then_unavailable():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else can take it
        with adapter_at(f"http://127.0.0.1:{held.getsockname()[1]}") as adapter:
            assert "ConnectError" in unavailable(adapter)
            assert len(adapter.waits) == LIMITS.tries - 1


# Secrets and persons


def test_the_key_is_sent_and_never_logged(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    password = base64.b64encode(SECRET.encode()).decode()
    with adapter_before(answering(rows_of(VISIT))) as adapter:
        adapter.read(None, 50)
    for answer in ((401, JSON, SECRET.encode()), (500, JSON, b""), (302, [], b"")):
        with adapter_before(answering(answer)) as adapter, pytest.raises(HisError) as raised:
            adapter.read(None, 50)
        assert SECRET not in repr(raised.value) and raised.value.__cause__ is None
    assert SECRET not in caplog.text and password not in caplog.text and "환자" not in caplog.text


def test_check_names_the_operation_that_does_not_answer_as_mapped():
    def respond(path: str, _: dict[str, str]) -> Answer:
        return rows_of(VISIT) if path == "/visits" else (404, JSON, b"{}")

    with adapter_before(respond) as adapter, pytest.raises(HisMalformed, match="row of visits"):
        adapter.check()
    with adapter_before(answering(rows_of({"A": 1}))) as adapter, pytest.raises(HisMalformed, match="VST_NO"):
        adapter.check()


def test_a_certificate_that_nobody_signed_is_malformed_until_it_is_trusted(tmp_path: Path):
    certificate, key = self_signed(tmp_path)
    vendor = Vendor(answering(rows_of(VISIT)))
    with serving(vendor, ssl_certfile=str(certificate), ssl_keyfile=str(key)) as url:
        secure = url.replace("http://127.0.0.1", "https://localhost")
        with adapter_at(secure) as adapter, pytest.raises(HisMalformed, match="ca_file"):
            adapter.read(None, 50)
        trusting = ssl.create_default_context(cafile=certificate)
        with adapter_at(secure, context=trusting) as adapter:
            assert len(adapter.read(None, 50).documents) == 1
        elsewhere = adapter_at(secure.replace("localhost", "127.0.0.1"), context=trusting)
        with elsewhere as adapter, pytest.raises(HisMalformed, match="base_url"):
            adapter.read(None, 50)
    assert len(vendor.asked) == 1


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(NOON - timedelta(days=3650)).not_valid_after(
        NOON + timedelta(days=3650)
    )
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    pem = folder / "service.pem"
    pem.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    secret = folder / "service.key"
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return pem, secret


def unavailable(adapter: Any) -> str:
    """What the adapter says of a service that it can not reach."""
    with pytest.raises(HisUnavailable) as raised:
        adapter.read(None, 50)
    return str(raised.value)
