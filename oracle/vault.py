"""Encryption of what the oracle must keep for a while: credentials with their salts, and patient numbers.

AES-256-GCM under one key that stands in a file outside the database, so a copied database file, a backup or a
replica tells nothing of a patient. The row's own identity is bound in as associated data: a sealed value moved to
another row does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from oracle.errors import KeyFileInvalid, SealBroken

_NONCE = 12
_VERSION = b"\x01"


@dataclass(frozen=True)
class Vault:
    """Seals and opens bytes under one key. 96-bit random nonces: good for 2³² values, then change the key."""

    cipher: AESGCM
    names: bytes = b""
    """Key of `blind`."""

    @classmethod
    def from_key(cls, key: bytes) -> Vault:
        """`key`: 32 bytes."""
        return cls(AESGCM(key), hmac.digest(key, b"saegim names that can be looked up", hashlib.sha256))

    def seal(self, plain: bytes, owner: str) -> bytes:
        """`plain` encrypted, usable again only with the same `owner` (a row's own name)."""
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self.cipher.encrypt(nonce, plain, owner.encode())

    def open(self, sealed: bytes, owner: str) -> bytes:
        """What was sealed. Raises SealBroken if the key, the owner or a byte differs."""
        if sealed[:1] != _VERSION:
            raise SealBroken(owner)
        try:
            return self.cipher.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], owner.encode())
        except InvalidTag as error:
            raise SealBroken(owner) from error

    def blind(self, name: str) -> str:
        """A name by which rows can be looked up and which tells nothing without the key: HMAC-SHA-256, in hex."""
        assert self.names, "a vault that looks names up is made with from_key"
        return hmac.new(self.names, name.encode(), hashlib.sha256).hexdigest()


def load_store_key(path: Path, *, create: bool) -> bytes:
    """The 32-byte key in `path` (hexadecimal). A missing file is made when `create`. Raises KeyFileInvalid."""
    if create and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, os.urandom(32).hex().encode())
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise KeyFileInvalid(path, "the store key must be readable: 64 hexadecimal digits") from error
    if len(key) != 32:
        raise KeyFileInvalid(path, "the store key must have 32 bytes (64 hexadecimal digits)")
    return key


def write_private(path: Path, content: bytes) -> None:
    """A new file that only its owner can read; an existing one is left alone (another process made it first)."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "wb") as file:
        file.write(content)
