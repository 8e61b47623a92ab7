"""What can go wrong with stored documents' keys."""

from __future__ import annotations

from uuid import UUID


class VaultError(Exception):
    """Base of the vault's errors."""


class KeyRingInvalid(VaultError):
    """The file of key-encryption keys cannot be used; the message says what to correct."""


class KeyDestroyed(VaultError):
    """The document's key was destroyed (erasure) or never stored: its content cannot be had any more."""

    def __init__(self, document_id: UUID) -> None:
        self.document_id = document_id
        super().__init__(f"no key for document {document_id}")


class SealBroken(VaultError):
    """Ciphertext, nonce or context do not belong together: the store was changed from outside."""

    def __init__(self, document_id: UUID) -> None:
        self.document_id = document_id
        super().__init__(f"content of document {document_id} does not open with its key")
