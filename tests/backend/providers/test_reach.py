"""Parties behind a proxy or with a certificate authority of their own, and parties that only pretend to be them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.responses import JSONResponse
from test_build import ELIGIBILITY, IDENTITY, settings

from backend.providers.build import eligibility_provider, identity_provider
from backend.providers.eligibility import GatewayConfig, GatewayEligibility, NotFound, Registration
from backend.providers.errors import ProviderConfigInvalid, ProviderUnavailable
from backend.providers.http import Ask, ProviderHttp, Reach
from sandbox.eligibility.service import INSTITUTION, TOKEN, create_app
from tests.fixtures.served import served

DAY = date(2026, 11, 24)
NOBODY = Registration("환자0001", resident_number="0000000000000")


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def test_a_gateway_is_believed_by_the_hospitals_own_certificate_and_by_no_other(tmp_path, time):
    own, other = certificate(tmp_path, "own"), certificate(tmp_path, "other")
    app = create_app()
    with served(app, certificate=own) as address:
        for ca_file in (other[0], None):
            config = GatewayConfig(address, TOKEN, INSTITUTION, reach=Reach(ca_file=ca_file))
            adapter = GatewayEligibility(config, time.clock, sleep=time.sleep)
            with pytest.raises(ProviderUnavailable):
                adapter.look_up(NOBODY, DAY)
            adapter.close()
        config = GatewayConfig(address, TOKEN, INSTITUTION, reach=Reach(ca_file=own[0]))
        adapter = GatewayEligibility(config, time.clock, sleep=time.sleep)
        assert adapter.look_up(NOBODY, DAY) == NotFound()
        adapter.close()


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_missing_or_empty_certificate_file_stops_the_process(tmp_path, time, content):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ProviderConfigInvalid, match="CA_FILE"):
        eligibility_provider(settings(**ELIGIBILITY, eligibility_ca_file=file), time.clock)


@pytest.mark.parametrize("proxy", ["proxy:3128", "socks5://proxy", "http://user:secret@proxy", "http://"])
def test_a_proxy_of_another_form_stops_the_process_without_being_repeated(time, proxy):
    with pytest.raises(ProviderConfigInvalid, match="IDENTITY_PROXY") as refused:
        identity_provider(settings(**IDENTITY, identity_proxy=proxy), time.clock)
    assert "secret" not in str(refused.value)


def test_a_proxy_is_asked_in_the_partys_stead(time):
    seen: list[str] = []

    async def proxy(scope, receive, send) -> None:
        seen.append(dict(scope["headers"])[b"host"].decode())
        await JSONResponse({"ok": True})(scope, receive, send)

    with served(proxy) as address:
        http = ProviderHttp(
            "party",
            "http://party.invalid",
            authorization=lambda: "Bearer t",
            clock=time.clock,
            reach=Reach(proxy=address),
            sleep=time.sleep,
        )
        assert http.ask(Ask("look", "GET", "/thing")) == {"ok": True}
        http.close()
    assert seen == ["party.invalid"]


def test_proxies_of_the_environment_are_not_followed(time, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async def party(scope, receive, send) -> None:
        await JSONResponse({"ok": True})(scope, receive, send)

    with served(party) as address:
        http = ProviderHttp(
            "party", address, authorization=lambda: "Bearer t", clock=time.clock, sleep=time.sleep
        )
        assert http.ask(Ask("look", "GET", "/thing")) == {"ok": True}
        http.close()
