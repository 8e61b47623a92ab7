"""Encryption of stored documents: one AES-256-GCM data key per document, wrapped by a key-encryption key.

Invariants: no plaintext of a document is ever stored; the wrapped data keys live in a database of their own, outside
long-term backups; destroying a document's wrapped key makes its ciphertext unreadable for ever, in every backup.
Nothing of this goes on chain.
"""

from backend.vault.errors import KeyDestroyed, KeyRingInvalid, SealBroken
from backend.vault.keyring import KeyEncryptionKeys
from backend.vault.service import Sealed, Vault

__all__ = ["KeyDestroyed", "KeyEncryptionKeys", "KeyRingInvalid", "SealBroken", "Sealed", "Vault"]
