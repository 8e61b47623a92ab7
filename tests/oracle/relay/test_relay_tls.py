"""Off loopback the relay speaks TLS with clients that its authority signed, and with no others."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client import CollectorRegistry
from pydantic import ValidationError
from relay_world import NUMBER, PERSON, RelayWorld

from backend.relay.client import Errand, RelayClient
from backend.relay.errors import RelayUnavailable
from backend.relay.tokens import RelayTokens
from oracle.config import OracleSettings
from oracle.errors import KeyFileInvalid
from oracle.relay.build import relay_server
from oracle.relay.server import TlsFiles
from oracle.relay.tokens import load_keys


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        built = self._built(self.name, self.key.public_key())
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.file.write_bytes(built.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _built(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return x509.CertificateBuilder(
            issuer_name=self.name,
            subject_name=subject,
            public_key=key,
            serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(days=1),
            not_valid_after=now + timedelta(days=1),
        )

    def signed(self, name: str) -> tuple[Path, Path]:
        """Certificate and key for 127.0.0.1, as files."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
        made = self._built(subject, key.public_key()).add_extension(address, critical=False)
        files = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        files[0].write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files


def client_of(
    world: RelayWorld, trusted: Path, certificate: tuple[Path, Path] | None, scheme: str = "https"
) -> RelayClient:
    context = ssl.create_default_context(cafile=str(trusted))
    if certificate is not None:
        context.load_cert_chain(*certificate)
    host, port = world.server.address
    tokens = RelayTokens(world.key, lambda: world.now)
    return RelayClient(f"{scheme}://{host}:{port}", tokens, context=context)


def test_only_a_client_of_our_authority_is_spoken_with(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    tls = TlsFiles(*ours.signed("relay"), ours.file)
    with RelayWorld(tmp_path, tls) as world:
        errand = Errand("first-visit", "desk")
        refused = [
            client_of(world, ours.file, None),
            client_of(world, ours.file, theirs.signed("stranger")),
            client_of(world, theirs.file, ours.signed("deceived")),
            client_of(world, ours.file, None, "http"),
        ]
        for client in refused:
            with pytest.raises(RelayUnavailable):
                client.patient(NUMBER, errand)
            client.close()
        assert world.log() == []
        right = client_of(world, ours.file, ours.signed("backend"))
        assert right.patient(NUMBER, errand).name == PERSON["name"]
        right.close()


def test_old_tls_is_not_spoken(tmp_path: Path) -> None:
    ours = Authority(tmp_path, "ours")
    with RelayWorld(tmp_path, TlsFiles(*ours.signed("relay"), ours.file)) as world:
        context = ssl.create_default_context(cafile=str(ours.file))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*ours.signed("backend"))
        host, port = world.server.address
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"https://{host}:{port}/relay/v1/health", verify=context)


FILES = {
    "relay_certificate_file": Path("a"),
    "relay_certificate_key_file": Path("b"),
    "relay_client_ca_file": Path("c"),
}


@pytest.mark.parametrize("missing", [*FILES, "all"])
def test_off_loopback_without_tls_it_does_not_start(missing: str) -> None:
    files = {} if missing == "all" else {name: path for name, path in FILES.items() if name != missing}
    with pytest.raises(ValidationError, match="RELAY"):
        OracleSettings(_env_file=None, relay_host="10.0.0.5", **files)


def test_off_loopback_with_tls_it_does() -> None:
    assert OracleSettings(_env_file=None, relay_host="10.0.0.5", **FILES).relay_host == "10.0.0.5"


def test_without_the_backends_keys_there_is_no_relay(tmp_path: Path) -> None:
    settings = OracleSettings(_env_file=None, adapter_config={"url": "sqlite://"})
    registry: Any = CollectorRegistry()
    assert relay_server(settings, None, None, registry) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "[]",
        '{"keys": []}',
        '{"keys": [1]}',
        '{"keys": [{"kty": "RSA"}]}',
        json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"}]}),
    ],
)
def test_a_file_of_keys_that_holds_none_stops_the_process(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "keys.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(KeyFileInvalid):
        load_keys(file)
