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


class ForgottenPending(ChainError):
    """Nodes' pools hold transactions of this account, up to nonce `last`, that the database does not know.

    They were sent after the backup that was restored, or elsewhere. Nothing new is signed until they are mined
    (then they are matched by payload): one of them may carry what would be signed.
    """

    code = "forgotten_pending"

    def __init__(self, first: int, last: int) -> None:
        super().__init__(
            f"nodes hold transactions of this account (nonces {first} to {last}) that this database does not "
            "know: waiting until they are mined; if they never are, restart the nodes with empty pools"
        )
        self.first = first
        self.last = last
