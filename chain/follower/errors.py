"""What the follower refuses to believe. Node trouble is in chain/errors.py."""

from __future__ import annotations

from chain.errors import ChainError


class OtherChain(ChainError):
    """The database follows another chain than the deployment names. Use another database, or empty this one."""

    code = "other_chain"

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"this database follows the chain with genesis {found}, not {expected}: use another database"
        )
        self.expected = expected
        self.found = found


class LogsInconsistent(ChainError):
    """A node's logs do not belong to the block `number` they are said to be in: nothing was taken in."""

    code = "logs_inconsistent"

    def __init__(self, number: int, detail: str) -> None:
        super().__init__(f"logs of block {number}: {detail}; nothing was taken in, ask again or another node")
        self.number = number
        self.detail = detail
