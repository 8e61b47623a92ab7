"""Stored content opens only with its own key, and never again once that is destroyed."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from sqlmodel import Session, select

from backend.db import migrate
from backend.vault import KeyDestroyed, KeyEncryptionKeys, KeyRingInvalid, SealBroken, Sealed, Vault
from backend.vault.models import WrappedKey
from chain.db import make_engine


@pytest.fixture
def engine(tmp_path: Path):
    made = make_engine(f"sqlite:///{tmp_path}/keys.sqlite3")
    migrate(made, "keys")
    yield made
    made.dispose()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "kek.json"
    KeyEncryptionKeys.create(path)
    return path


@pytest.fixture
def vault(engine, key_file: Path) -> Vault:
    return Vault(engine, KeyEncryptionKeys.load(key_file, strict_mode=True))


def sealed_one(vault: Vault, content: bytes = b"credential") -> tuple[uuid.UUID, Sealed]:
    document = uuid.uuid4()
    return document, vault.seal_many({document: content})[document]


def test_a_destroyed_key_opens_nothing_any_more(vault: Vault) -> None:
    document, sealed = sealed_one(vault)
    assert vault.destroy([document]) == 1
    with pytest.raises(KeyDestroyed):
        vault.open(document, sealed)
    assert vault.destroy([document]) == 0


@pytest.mark.parametrize("part", ["nonce", "ciphertext"])
def test_any_changed_byte_is_refused(vault: Vault, part: str) -> None:
    document, sealed = sealed_one(vault)
    for position in range(len(getattr(sealed, part))):
        changed = bytearray(getattr(sealed, part))
        changed[position] ^= 1
        with pytest.raises(SealBroken):
            vault.open(
                document,
                Sealed(**{"nonce": sealed.nonce, "ciphertext": sealed.ciphertext, part: bytes(changed)}),
            )


def test_content_of_one_document_does_not_open_as_another(vault: Vault) -> None:
    (first, sealed), (second, _) = sealed_one(vault), sealed_one(vault)
    with pytest.raises(SealBroken):
        vault.open(second, sealed)
    assert vault.open(first, sealed) == b"credential"


def test_plaintext_stands_nowhere(vault: Vault, engine, tmp_path: Path) -> None:
    _, sealed = sealed_one(vault, b"MARKED-CONTENT")
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir()) + sealed.ciphertext
    assert b"MARKED-CONTENT" not in stored
    with Session(engine) as session:
        assert len(session.exec(select(WrappedKey)).one().wrapped) == 40


def test_sealing_again_keeps_the_key_and_takes_a_new_nonce(vault: Vault) -> None:
    document, before = sealed_one(vault)
    after = vault.seal_many({document: b"credential"})[document]
    assert before.nonce != after.nonce
    assert vault.open(document, before) == vault.open(document, after) == b"credential"


def test_rotation_wraps_everything_anew_and_the_old_key_is_not_needed(
    engine, key_file: Path, vault: Vault
) -> None:
    documents = dict(sealed_one(vault) for _ in range(7))
    rotated = KeyEncryptionKeys.load(key_file, strict_mode=True).rotate(key_file)
    assert Vault(engine, rotated).rewrap() == 7
    assert Vault(engine, rotated).rewrap() == 0
    content = json.loads(key_file.read_text())
    del content["keys"]["k1"]
    key_file.write_text(json.dumps(content))
    alone = Vault(engine, KeyEncryptionKeys.load(key_file, strict_mode=True))
    assert all(alone.open(document, sealed) == b"credential" for document, sealed in documents.items())


def test_a_missing_key_encryption_key_says_which(
    engine, key_file: Path, vault: Vault, tmp_path: Path
) -> None:
    document, sealed = sealed_one(vault)
    other = KeyEncryptionKeys("k9", {"k9": bytes(32)}, bytes(32))
    with pytest.raises(KeyRingInvalid, match="'k1' is missing"):
        Vault(engine, other).open(document, sealed)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "JSON"),
        ("[]", "must be"),
        ('{"current": "k1", "keys": {}}', "must be"),
        ('{"current": "k1", "keys": {"k1": "AAAA"}, "index": "AAAA"}', "32 bytes"),
        ('{"current": "k1", "keys": {"k1": "!"}, "index": "AAAA"}', "must be"),
        ('{"current": "k2", "keys": {"k1": "%s"}, "index": "%s"}' % (("A" * 43 + "=",) * 2), "current key"),
    ],
)
def test_a_wrong_key_file_is_refused_with_what_to_correct(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "kek.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyRingInvalid, match=said):
        KeyEncryptionKeys.load(path, strict_mode=True)


def test_a_key_file_that_others_can_read_is_refused_in_production_only(key_file: Path) -> None:
    key_file.chmod(0o644)
    with pytest.raises(KeyRingInvalid, match="chmod 600"):
        KeyEncryptionKeys.load(key_file, strict_mode=True)
    KeyEncryptionKeys.load(key_file, strict_mode=False)


def test_a_key_file_is_never_overwritten(key_file: Path) -> None:
    with pytest.raises(FileExistsError):
        KeyEncryptionKeys.create(key_file)


def test_keys_do_not_show_in_a_repr(key_file: Path) -> None:
    shown = repr(KeyEncryptionKeys.load(key_file, strict_mode=True))
    assert "keys" not in shown
    assert "index" not in shown
