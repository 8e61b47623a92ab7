"""What the outbox refuses. What the chain refuses is in chain/errors.py."""

from __future__ import annotations

from chain.errors import ChainError


class KeyReused(ChainError):
    """The idempotency key `key` stands for another transaction already. One key, one payload."""

    code = "key_reused"

    def __init__(self, key: str) -> None:
        super().__init__(f"key {key!r} was submitted before with another payload: use a new key")
        self.key = key


class UnknownKey(ChainError):
    """Nothing was submitted under `key` by this sender."""

    code = "unknown_key"

    def __init__(self, key: str) -> None:
        super().__init__(f"nothing was submitted under key {key!r}")
        self.key = key
