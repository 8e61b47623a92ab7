"""Sealing and opening documents' content."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Engine, delete, insert, select, update
from sqlmodel import Session, col

from backend.vault.errors import KeyDestroyed, SealBroken
from backend.vault.keyring import KEY_BYTES, KeyEncryptionKeys
from backend.vault.models import WrappedKey
from chain.db import reading

NONCE_BYTES = 12
REWRAP_BATCH = 500


@dataclass(frozen=True, slots=True)
class Sealed:
    """AES-256-GCM output; the tag is the ciphertext's last 16 bytes."""

    nonce: bytes
    ciphertext: bytes


class Vault:
    """Seals content for document ids. A key is stored (and durable) before anything sealed with it can be."""

    def __init__(self, database: Engine, keys: KeyEncryptionKeys) -> None:
        self._database = database
        self._keys = keys

    def blind_index(self, value: str) -> str:
        """What stands in a searchable column in place of an identifier (HMAC-SHA-256, hex)."""
        return self._keys.blind_index(value)

    def seal_many(self, contents: Mapping[UUID, bytes]) -> dict[UUID, Sealed]:
        """Seal each content under its document's key, making keys where there are none yet.

        A document sealed again keeps its key: the nonce is fresh, and a delivery repeated after a crash stays one.
        """
        data_keys = self._keys_for(list(contents))
        sealed = {}
        for document_id, content in contents.items():
            nonce = os.urandom(NONCE_BYTES)
            cipher = AESGCM(data_keys[document_id])
            sealed[document_id] = Sealed(nonce, cipher.encrypt(nonce, content, document_id.bytes))
        return sealed

    def open(self, document_id: UUID, sealed: Sealed) -> bytes:
        """The content.

        Raises:
            KeyDestroyed: the document was erased.
            SealBroken: the stored bytes were changed, or belong to another document.
        """
        with reading(self._database) as session:
            row = session.get(WrappedKey, document_id)
        if row is None:
            raise KeyDestroyed(document_id)
        data_key = self._keys.unwrap(row.wrapped_by, row.wrapped)
        try:
            return AESGCM(data_key).decrypt(sealed.nonce, sealed.ciphertext, document_id.bytes)
        except InvalidTag as error:
            raise SealBroken(document_id) from error

    def destroy(self, document_ids: Iterable[UUID]) -> int:
        """Destroy the keys; returns how many there were. Doing it twice is no error."""
        wanted = list(document_ids)
        with Session(self._database) as session, session.begin():
            done = session.execute(delete(WrappedKey).where(col(WrappedKey.document_id).in_(wanted)))
        return int(done.rowcount)  # type: ignore[attr-defined]

    def rewrap(self) -> int:
        """Wrap every key anew with the current key-encryption key; resumable, returns how many were changed."""
        changed = 0
        while True:
            with Session(self._database) as session, session.begin():
                old = select(WrappedKey).where(col(WrappedKey.wrapped_by) != self._keys.current)
                rows = session.execute(old.limit(REWRAP_BATCH)).scalars().all()
                for row in rows:
                    name, wrapped = self._keys.wrap(self._keys.unwrap(row.wrapped_by, row.wrapped))
                    session.execute(
                        update(WrappedKey)
                        .where(col(WrappedKey.document_id) == row.document_id)
                        .values(wrapped_by=name, wrapped=wrapped)
                    )
            if not rows:
                return changed
            changed += len(rows)

    def _keys_for(self, document_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        with Session(self._database) as session, session.begin():
            known = select(WrappedKey).where(col(WrappedKey.document_id).in_(document_ids))
            found = {
                row.document_id: self._keys.unwrap(row.wrapped_by, row.wrapped)
                for row in session.execute(known).scalars()
            }
            made = {i: secrets.token_bytes(KEY_BYTES) for i in document_ids if i not in found}
            rows = []
            for document_id, key in made.items():
                name, wrapped = self._keys.wrap(key)
                rows.append({"document_id": document_id, "wrapped_by": name, "wrapped": wrapped})
            if rows:
                session.execute(insert(WrappedKey), rows)
        return found | made
