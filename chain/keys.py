"""Private keys, loaded by name: one face over development files and encrypted keystores.

A folder holds `<name>.json` for each account and `<name>.json` or `<name>.pem` for each document key.
*Development files* carry the key in clear and say so; they are refused when `SAEGIM_ENV=production`.
*Production files* are Ethereum keystores (version 3) and encrypted PKCS#8 PEM, opened with a password file.
Any file that others can read is refused.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from eth_account import Account
from eth_account.signers.local import LocalAccount

from chain.errors import ChainError
from chain.p256 import coordinates, thumbprint

DEVELOPMENT = "DEVELOPMENT ONLY: this file holds a private key in clear. Never use it on a real network."


class KeyRefused(ChainError):
    """A key file that must not or cannot be used. `path` is the file, `reason` why."""

    code = "key_refused"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class KeyRing:
    """The keys in `folder`. `password_file` opens encrypted ones; `environ` says whether this is production."""

    def __init__(
        self, folder: Path, *, password_file: Path | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.password_file = password_file
        environment = os.environ if environ is None else environ
        self.production = environment.get("SAEGIM_ENV", "").lower() == "production"

    def names(self) -> list[str]:
        """Names of all keys in the folder, sorted."""
        return sorted({path.stem for path in self.folder.glob("*") if path.suffix in (".json", ".pem")})

    def __contains__(self, name: str) -> bool:
        return self._path(name) is not None

    def account(self, name: str) -> LocalAccount:
        """The account called `name`. Raises KeyRefused."""
        path = self._required(name)
        data = self._json(path)
        if "crypto" in data:
            return self._from_keystore(path, data)
        secret = self._development_secret(path, data, "account")
        account: LocalAccount = Account.from_key(secret)
        if account.address != data.get("address"):
            raise KeyRefused(path, "the address in the file is not that of its key; restore the file")
        return account

    def document_key(self, name: str) -> tuple[ec.EllipticCurvePrivateKey, bytes]:
        """The P-256 key called `name` and its `kid`: the raw 32-byte RFC 7638 thumbprint. Raises KeyRefused."""
        path = self._required(name)
        if path.suffix == ".pem":
            key = self._from_pem(path)
        else:
            secret = self._development_secret(path, self._json(path), "document-key")
            key = ec.derive_private_key(int(secret, 16), ec.SECP256R1())
        return key, thumbprint(*coordinates(key.public_key()))

    def create_account(self, name: str) -> LocalAccount:
        """The account called `name`, made and written as a development file if there is none."""
        if name not in self:
            account: LocalAccount = Account.create()
            self._write(name, "account", f"0x{bytes(account.key).hex()}", address=account.address)
        return self.account(name)

    def create_document_key(self, name: str) -> tuple[ec.EllipticCurvePrivateKey, bytes]:
        """The P-256 key called `name`, made and written as a development file if there is none."""
        if name not in self:
            secret = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
            self._write(name, "document-key", f"0x{secret:064x}", curve="P-256")
        return self.document_key(name)

    def _path(self, name: str) -> Path | None:
        candidates = (self.folder / f"{name}.json", self.folder / f"{name}.pem")
        return next((path for path in candidates if path.is_file()), None)

    def _required(self, name: str) -> Path:
        path = self._path(name)
        if path is None:
            raise KeyRefused(self.folder / f"{name}.json", f"there is no key called {name!r} here")
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise KeyRefused(path, "other users can read this key; set its mode to 0600")
        return path

    def _json(self, path: Path) -> dict[str, Any]:
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise KeyRefused(path, "is no JSON key file") from error
        if not isinstance(data, dict):
            raise KeyRefused(path, "is no JSON key file")
        return data

    def _development_secret(self, path: Path, data: Mapping[str, Any], kind: str) -> str:
        """The key in clear of a development file, in hex. Refused in production and for another kind."""
        if data.get("warning") != DEVELOPMENT or data.get("kind") != kind:
            raise KeyRefused(path, f"is neither an encrypted key nor a development {kind} file")
        if self.production:
            raise KeyRefused(path, "is a development key, refused in production: use an encrypted keystore")
        return str(data["privateKey"])

    def _from_keystore(self, path: Path, data: Mapping[str, Any]) -> LocalAccount:
        try:
            secret = Account.decrypt(dict(data), self._password(path))
        except (ValueError, KeyError, TypeError) as error:
            raise KeyRefused(path, "cannot be opened with the password given") from error
        account: LocalAccount = Account.from_key(secret)
        return account

    def _from_pem(self, path: Path) -> ec.EllipticCurvePrivateKey:
        try:
            key = load_pem_private_key(path.read_bytes(), self._password(path).encode())
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyRefused(path, "cannot be opened: an encrypted PKCS#8 PEM is needed") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise KeyRefused(path, "is no P-256 key")
        return key

    def _password(self, path: Path) -> str:
        if self.password_file is None:
            raise KeyRefused(path, "is encrypted: name the file that holds its password")
        try:
            return self.password_file.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise KeyRefused(self.password_file, "the password file cannot be read") from error

    def _write(self, name: str, kind: str, secret: str, **public: str) -> None:
        """Write a development file with mode 0600 from its first moment on."""
        path = self.folder / f"{name}.json"
        if self.production:
            raise KeyRefused(path, "development keys are not made in production")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        data = {"warning": DEVELOPMENT, "kind": kind, "name": name, **public, "privateKey": secret}
        partial = path.with_name(f".{name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(data, file, indent=2)
        partial.replace(path)
