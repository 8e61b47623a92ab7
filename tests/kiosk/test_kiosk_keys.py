"""The device's key in its file."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import ECKey

from kiosk.errors import KeyUnusable
from kiosk.keys import FileKeys, write_private
from kiosk.proofs import request_proof

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    FileKeys(tmp_path).create()
    (tmp_path / "device-key.pem").chmod(mode)
    with pytest.raises(KeyUnusable, match="others can read it"):
        FileKeys(tmp_path).current()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no key",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65537, 2048)),
    ],
)
def test_what_is_no_p256_key_is_refused(tmp_path: Path, content: bytes) -> None:
    write_private(tmp_path / "device-key.pem", content)
    with pytest.raises(KeyUnusable):
        FileKeys(tmp_path).current()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyUnusable, match="cannot be written"):
        FileKeys(tmp_path / "file").create()


def test_none_is_none(tmp_path: Path) -> None:
    assert FileKeys(tmp_path / "nowhere").current() is None


def test_a_new_key_is_its_owners_alone_and_comes_back(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        made = FileKeys(tmp_path / "kiosk").create()
    finally:
        os.umask(old)
    assert (tmp_path / "kiosk" / "device-key.pem").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "kiosk").stat().st_mode & 0o777 == 0o700
    assert [each.name for each in (tmp_path / "kiosk").iterdir()] == ["device-key.pem"]
    found = FileKeys(tmp_path / "kiosk").current()
    assert found is not None
    assert found.thumbprint == made.thumbprint == ECKey.import_key(dict(made.jwk)).thumbprint()
    assert set(made.jwk) == {"kty", "crv", "x", "y"}


def test_the_next_key_waits_until_it_is_promoted(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path)
    first, second = keys.create(), keys.create_next()
    assert keys.current().thumbprint == first.thumbprint  # type: ignore[union-attr]
    keys.promote()
    assert keys.current().thumbprint == second.thumbprint  # type: ignore[union-attr]
    assert keys.next() is None
    with pytest.raises(KeyUnusable):
        keys.promote()


def test_a_proof_is_a_jws_that_a_library_reads(tmp_path: Path) -> None:
    key = FileKeys(tmp_path).create()
    first, second = (request_proof(key, "GET", "https://a.test/x?y=1", b"", NOW) for _ in range(2))
    read = jws.deserialize_compact(first, ECKey.import_key(dict(key.jwk)), algorithms=["ES256"])
    assert read.headers()["kid"] == key.thumbprint
    assert first != second
