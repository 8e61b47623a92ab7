"""The device's own P-256 key: a port, and the adapter that keeps it in a file of mode 600.

A TPM or a platform keystore takes the file's place by the same two protocols: nothing else here ever sees a private
key.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from chain.p256 import coordinates, kid_to_text, sign_es256, thumbprint, to_jwk
from kiosk.errors import KeyUnusable

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class DeviceKey(Protocol):
    """One key pair whose private half may be out of reach."""

    @property
    def jwk(self) -> dict[str, str]:
        """The public key (RFC 7518 section 6.2), required members only."""

    @property
    def thumbprint(self) -> str:
        """RFC 7638, base64url: the key's name."""

    def sign(self, message: bytes) -> bytes:
        """ES256: r and s, 32 big-endian bytes each (RFC 7518 section 3.4)."""


class KeyStore(Protocol):
    """Where a device keeps its key, and the next one while the two change places.

    The next key is kept before the backend hears of it, so that a lost answer leaves both at hand.
    """

    def current(self) -> DeviceKey | None:
        """The key in use, if there is one. Raises KeyUnusable."""

    def create(self) -> DeviceKey:
        """A new key in use; one that was there is lost. Raises KeyUnusable."""

    def next(self) -> DeviceKey | None:
        """The key that waits to be used, if there is one. Raises KeyUnusable."""

    def create_next(self) -> DeviceKey:
        """A new key that waits. Raises KeyUnusable."""

    def promote(self) -> None:
        """The key that waits is in use from now on; the other is lost."""


class SoftwareKey:
    """A key in this process's memory."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self._point = coordinates(key.public_key())

    @property
    def jwk(self) -> dict[str, str]:
        return to_jwk(*self._point)

    @property
    def thumbprint(self) -> str:
        return kid_to_text(thumbprint(*self._point))

    def sign(self, message: bytes) -> bytes:
        r, s = sign_es256(self._key, message)
        return r + s


class FileKeys:
    """Keys as PKCS#8 PEM files that only their owner can read. A file that others can read is refused."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._current, self._next = folder / "device-key.pem", folder / "next-key.pem"

    def current(self) -> DeviceKey | None:
        return self._load(self._current)

    def create(self) -> DeviceKey:
        return self._create(self._current)

    def next(self) -> DeviceKey | None:
        return self._load(self._next)

    def create_next(self) -> DeviceKey:
        return self._create(self._next)

    def promote(self) -> None:
        try:
            self._next.replace(self._current)
            _sync(self._folder)
        except OSError as error:
            raise KeyUnusable(self._next, "cannot take the other key's place") from error

    def _load(self, path: Path) -> DeviceKey | None:
        try:
            if path.stat().st_mode & _OTHERS:
                raise KeyUnusable(path, "others can read it: `chmod 600`, and if they may have, pair anew")
            key = load_pem_private_key(path.read_bytes(), None)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyUnusable(path, "is no readable key") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise KeyUnusable(path, "is no P-256 key")
        return SoftwareKey(key)

    def _create(self, path: Path) -> DeviceKey:
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        except OSError as error:
            raise KeyUnusable(path, "cannot be written") from error
        return SoftwareKey(key)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that is mode 600 from its first moment and whole or not there, also through a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Keep a renamed file through a power cut: kiosks are switched off at the plug."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
