"""How asking an outside party ends when it does not end well. Codes and causes only, never a value of a person."""

from __future__ import annotations

import re
from typing import Final

_CODE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class ProviderError(Exception):
    """Base. `provider`: the party's short name; `operation`: what was asked of it."""

    def __init__(self, provider: str, operation: str, message: str) -> None:
        self.provider = provider
        self.operation = operation
        super().__init__(f"{provider}: {operation}: {message}")


class ProviderUnavailable(ProviderError):
    """The party cannot be asked now and nothing was done; the same may be asked again later. `cause`: why."""

    def __init__(self, provider: str, operation: str, cause: str) -> None:
        self.cause = cause
        super().__init__(provider, operation, f"unavailable ({cause}); nothing was done, ask again later")


class ProviderRefused(ProviderError):
    """The party understood and says no. `code`: its own code; `status`: the HTTP status."""

    def __init__(self, provider: str, operation: str, code: str, status: int) -> None:
        self.code = code if _CODE.fullmatch(code) else "unreadable"
        self.status = status
        super().__init__(provider, operation, f"refused with {self.code} (status {status})")


class ProviderUncertain(ProviderError):
    """It was sent and no usable answer came: it may have been done. Look at its state; never assume failure.

    Attributes:
        cause: what was seen instead of an answer.
    """

    def __init__(self, provider: str, operation: str, cause: str) -> None:
        self.cause = cause
        super().__init__(provider, operation, f"uncertain ({cause}); ask for its state before trying again")


class ProviderConfigInvalid(Exception):
    """The settings of a party are missing or unsafe; the message names the variable. The process must not start."""
