"""Secrets from which a document's name and salts are drawn, so that a row read again becomes the same credential.

After a restore from backup the oracle reads rows that it has issued in a past its database has forgotten. What it
makes of them then must be what it made before, bit for bit (docs/adr/0009). So nothing about a credential is left to
chance: name, salts and decoys are drawn from a seed, the time is the hospital's, the signature deterministic.

The seeds' secret is one for each month of issue, in a file of its own beside the store key: outside the database and
its backups. A month's file is destroyed two months later, and with it every way from what is on chain to a salt: no
row and no backup of the database brings one back.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from uuid import UUID

from oracle.his.base import HisDocument
from oracle.vault import load_store_key

KEPT_MONTHS = 2
"""Months before the present one whose secrets are still there: longer than any backup is kept for restoring."""


def issued_at(document: HisDocument, now: datetime) -> datetime:
    """The `iat` of a document: when the hospital says that the act happened, if that is past; to the second."""
    return min(document.changed_at, now).replace(microsecond=0)


def name_of(seed: bytes) -> str:
    """The document's name outside the oracle: a UUID of version 4's form, drawn from its seed."""
    return _uuid(hmac.digest(seed, b"document", "sha256"))


def delivery_name(document_id: str, event: str) -> str:
    """The name under which an event of a document is told: told again, even from a restored database, it is known."""
    return _uuid(hmac.digest(document_id.encode(), event.encode(), "sha256"))


@dataclass
class IssueKeys:
    """The months' secrets in `folder`, `YYYY-MM.key` each. Several processes may share it."""

    folder: Path
    _known: dict[str, bytes] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def seed(self, document: HisDocument, kid: str, before: str, now: datetime) -> bytes:
        """32 bytes for this version of a document, signed by this key. `before`: name of the version before, or "".

        Raises KeyFileInvalid.
        """
        at = document.changed_at.astimezone(UTC) if document.changed_at <= now else issued_at(document, now)
        month = at if _age(at, now) <= KEPT_MONTHS else now
        parts = (document.kind, document.source_key, document.revision, kid, before, at.isoformat())
        return hmac.digest(self._secret(f"{month:%Y-%m}", now), "\0".join(parts).encode(), "sha256")

    def _secret(self, month: str, now: datetime) -> bytes:
        with self._lock:
            if month not in self._known:
                self._destroy_old(now)
                path = self.folder / f"{month}.key"
                _make(path)
                self._known[month] = load_store_key(path, create=False)
            return self._known[month]

    def _destroy_old(self, now: datetime) -> None:
        """Forget the secrets of months that are over for long. At every month's first document."""
        for path in self.folder.glob("????-??.key"):
            year, month = (int(part) for part in path.stem.split("-"))
            if _age(now.replace(year=year, month=month, day=1), now) > KEPT_MONTHS:
                path.unlink(missing_ok=True)
                self._known.pop(path.stem, None)


def _age(moment: datetime, now: datetime) -> int:
    """Calendar months from `moment` to `now`."""
    return (now.year - moment.year) * 12 + now.month - moment.month


def _make(path: Path) -> None:
    """A new secret that only its owner can read, there whole or not at all; one that is there stays."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(os.urandom(32).hex().encode())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass  # another process was first
    finally:
        fresh.unlink()


def _uuid(digest: bytes) -> str:
    return str(UUID(bytes=digest[:16], version=4))
