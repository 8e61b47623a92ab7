"""What is stored in place of a token, a code or a challenge."""

from __future__ import annotations

import hashlib


def digest_of(secret: str | bytes) -> str:
    """SHA-256 (hex). Who reads the table alone can use nothing of it, as long as the secret cannot be guessed."""
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).hexdigest()
