"""Key files: what is refused, then what is read."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from eth_account import Account

from chain.p256 import coordinates, thumbprint
from network.keys import KeyRefused, KeyRing

PRODUCTION = {"SAEGIM_ENV": "production"}
PASSWORD = "correct horse"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return path


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o600)


def pem(key: ec.EllipticCurvePrivateKey, password: str | None) -> bytes:
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def test_an_unknown_name_is_refused(folder: Path) -> None:
    with pytest.raises(KeyRefused, match="no key called 'hospital-oracle'"):
        KeyRing(folder).account("hospital-oracle")


def test_development_keys_are_refused_in_production(folder: Path) -> None:
    KeyRing(folder).create_account("a")
    KeyRing(folder).create_document_key("d")
    with pytest.raises(KeyRefused, match="refused in production"):
        KeyRing(folder, environ=PRODUCTION).account("a")
    with pytest.raises(KeyRefused, match="refused in production"):
        KeyRing(folder, environ=PRODUCTION).document_key("d")


def test_development_keys_are_not_made_in_production(folder: Path) -> None:
    with pytest.raises(KeyRefused, match="not made in production"):
        KeyRing(folder, environ=PRODUCTION).create_account("a")
    assert not folder.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o660])
def test_a_key_that_others_can_read_or_write_is_refused(folder: Path, mode: int) -> None:
    KeyRing(folder).create_account("a")
    (folder / "a.json").chmod(mode)
    with pytest.raises(KeyRefused, match="0600"):
        KeyRing(folder).account("a")


def test_an_address_that_is_not_the_keys_is_refused(folder: Path) -> None:
    KeyRing(folder).create_account("a")
    data = json.loads((folder / "a.json").read_text())
    put(folder / "a.json", json.dumps({**data, "address": Account.create().address}).encode())
    with pytest.raises(KeyRefused, match="not that of its key"):
        KeyRing(folder).account("a")


def test_a_clear_key_without_the_warning_is_refused(folder: Path) -> None:
    KeyRing(folder).create_account("a")
    data = json.loads((folder / "a.json").read_text())
    del data["warning"]
    put(folder / "a.json", json.dumps(data).encode())
    with pytest.raises(KeyRefused, match="neither an encrypted key nor"):
        KeyRing(folder).account("a")


def test_a_document_key_is_no_account(folder: Path) -> None:
    KeyRing(folder).create_document_key("d")
    with pytest.raises(KeyRefused):
        KeyRing(folder).account("d")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff"])
def test_damaged_files_are_refused(folder: Path, content: bytes) -> None:
    put(folder / "a.json", content)
    with pytest.raises(KeyRefused):
        KeyRing(folder).account("a")


def test_a_keystore_needs_the_right_password(folder: Path, password_file: Path, tmp_path: Path) -> None:
    account = Account.create()
    put(
        folder / "a.json",
        json.dumps(Account.encrypt(account.key, PASSWORD, kdf="pbkdf2", iterations=2)).encode(),
    )
    with pytest.raises(KeyRefused, match="name the file that holds its password"):
        KeyRing(folder, environ=PRODUCTION).account("a")
    wrong = tmp_path / "wrong"
    wrong.write_text("guess")
    with pytest.raises(KeyRefused, match="cannot be opened"):
        KeyRing(folder, password_file=wrong, environ=PRODUCTION).account("a")
    opened = KeyRing(folder, password_file=password_file, environ=PRODUCTION).account("a")
    assert opened.address == account.address


def test_an_encrypted_pem_is_a_document_key_in_production(folder: Path, password_file: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    put(folder / "d.pem", pem(key, PASSWORD))
    opened, kid = KeyRing(folder, password_file=password_file, environ=PRODUCTION).document_key("d")
    assert opened.private_numbers() == key.private_numbers()
    assert kid == thumbprint(*coordinates(key.public_key()))


def test_a_pem_in_clear_or_of_another_curve_is_refused(folder: Path, password_file: Path) -> None:
    put(folder / "clear.pem", pem(ec.generate_private_key(ec.SECP256R1()), None))
    put(folder / "curve.pem", pem(ec.generate_private_key(ec.SECP384R1()), PASSWORD))
    ring = KeyRing(folder, password_file=password_file)
    with pytest.raises(KeyRefused, match="encrypted"):
        ring.document_key("clear")
    with pytest.raises(KeyRefused, match="no P-256"):
        ring.document_key("curve")


def test_development_keys_are_marked_private_and_kept(folder: Path) -> None:
    ring = KeyRing(folder)
    account = ring.create_account("hospital-oracle")
    _, kid = ring.create_document_key("hospital-sign")
    assert ring.create_account("hospital-oracle").address == account.address
    assert KeyRing(folder).document_key("hospital-sign")[1] == kid
    assert ring.names() == ["hospital-oracle", "hospital-sign"]
    assert "hospital-oracle" in ring
    assert "city" not in ring
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "DEVELOPMENT ONLY" in path.read_text()
