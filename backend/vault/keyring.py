"""Key-encryption keys from a file, mode 0600: `{"current": name, "keys": {name: base64 of 32 bytes}, "index": base64}`.

`index` keys the blind index by which a person's documents are found; it does not rotate with the others.

A KMS can take the file's place: whatever offers `wrap` and `unwrap` serves the vault.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from backend.vault.errors import KeyRingInvalid

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class KeyEncryptionKeys:
    """The keys by name; `current` wraps, any unwraps. Key bytes never appear in a repr."""

    current: str
    keys: dict[str, bytes] = field(repr=False)
    index: bytes = field(repr=False)

    @classmethod
    def load(cls, path: Path, *, strict_mode: bool) -> Self:
        """Read the file.

        Args:
            strict_mode: refuse a file that others than its owner can read (production).

        Raises:
            KeyRingInvalid: missing, readable by others, malformed, a key of another length, or no such current key.
        """
        try:
            content = json.loads(path.read_text("utf-8"))
            mode = path.stat().st_mode
        except FileNotFoundError as error:
            raise KeyRingInvalid(f"{path} is not there; `python -m backend keys init` makes one") from error
        except (OSError, ValueError) as error:
            raise KeyRingInvalid(f"{path} cannot be read as JSON") from error
        if strict_mode and mode & 0o077:
            raise KeyRingInvalid(f"{path} is readable by others; `chmod 600 {path}`")
        return cls._from(content, path)

    @classmethod
    def _from(cls, content: object, path: Path) -> Self:
        try:
            if not isinstance(content, dict):
                raise TypeError
            keys = {name: base64.b64decode(text, validate=True) for name, text in content["keys"].items()}
            current = content["current"]
            index = base64.b64decode(content["index"], validate=True)
        except (KeyError, TypeError, AttributeError, binascii.Error) as error:
            raise KeyRingInvalid(
                f'{path} must be {{"current": name, "keys": {{name: base64}}, "index": base64}}'
            ) from error
        if any(len(key) != KEY_BYTES for key in (*keys.values(), index)):
            raise KeyRingInvalid(f"{path}: every key must have {KEY_BYTES} bytes")
        if current not in keys:
            raise KeyRingInvalid(f"{path}: the current key {current!r} is not among the keys")
        return cls(current, keys, index)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Write a new file with one key; never over an existing one."""
        made = cls("k1", {"k1": secrets.token_bytes(KEY_BYTES)}, secrets.token_bytes(KEY_BYTES))
        made._write(path, os.O_EXCL)
        return made

    def rotate(self, path: Path) -> KeyEncryptionKeys:
        """Add a new current key to the file; old ones stay until everything is wrapped anew."""
        taken = [int(name[1:]) for name in self.keys if name[:1] == "k" and name[1:].isdigit()]
        name = f"k{max(taken, default=0) + 1}"
        made = KeyEncryptionKeys(name, {**self.keys, name: secrets.token_bytes(KEY_BYTES)}, self.index)
        made._write(path.with_suffix(".new"), os.O_TRUNC)
        path.with_suffix(".new").replace(path)
        return made

    def _write(self, path: Path, flag: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        keys = {name: base64.b64encode(key).decode() for name, key in self.keys.items()}
        text = json.dumps(
            {"current": self.current, "keys": keys, "index": base64.b64encode(self.index).decode()}
        )
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | flag, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    def blind_index(self, value: str) -> str:
        """HMAC-SHA-256 (hex) of a value by which rows are found without showing it."""
        return hmac.new(self.index, value.encode(), hashlib.sha256).hexdigest()

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        """Wrap with the current key (RFC 3394); returns (key name, wrapped)."""
        return self.current, aes_key_wrap(self.keys[self.current], data_key)

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Unwrap.

        Raises:
            KeyRingInvalid: the naming key is not in the file, or is not the one that wrapped.
        """
        if name not in self.keys:
            raise KeyRingInvalid(f"key-encryption key {name!r} is missing; restore it to the key file")
        try:
            return aes_key_unwrap(self.keys[name], wrapped)
        except InvalidUnwrap as error:
            raise KeyRingInvalid(f"key-encryption key {name!r} does not open a stored key") from error
