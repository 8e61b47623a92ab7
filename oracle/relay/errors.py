"""Why a relay request was not answered: a status and a stable code, never a value of the request."""

from __future__ import annotations

from oracle.errors import OracleError


class RelayProblem(OracleError):
    """A request that gets an error. status: HTTP; code: stable, for the caller and the log of requests.

    reason: of codes that have several; retry_after: seconds, where asking again later helps.
    """

    def __init__(self, status: int, code: str, reason: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(f"relay request refused: {code}{f' ({reason})' if reason else ''}")
        self.status = status
        self.code = code
        self.reason = reason
        self.retry_after = retry_after


class TokenRefused(RelayProblem):
    """The token does not hold for this request. reason: missing, signature, audience, lifetime, expired, request,
    scope or replayed."""

    def __init__(self, reason: str) -> None:
        super().__init__(401, "token-refused", reason)


class OutsideScope(RelayProblem):
    """The token holds, for another person or another purpose than what was asked. reason: person or purpose."""

    def __init__(self, reason: str) -> None:
        super().__init__(403, "outside-scope", reason)
