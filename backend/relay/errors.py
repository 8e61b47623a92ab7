"""How asking the relay ends when it does not end well. Codes and field names only, never a value of a person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class RelayError(Exception):
    """Base of what the relay's client raises."""


class RelayUnavailable(RelayError):
    """The relay or the hospital system behind it does not answer now; the same may be asked again later.

    cause: why, as a code.
    """

    def __init__(self, operation: str, cause: str) -> None:
        self.operation = operation
        self.cause = cause
        super().__init__(f"relay: {operation}: no answer now ({cause}); ask again later")


class RelayRefused(RelayError):
    """The relay answered and refused. code: the relay's; reason: more of it, or empty. Asking again does not help."""

    def __init__(self, operation: str, code: str, reason: str = "") -> None:
        self.operation = operation
        self.code = code
        self.reason = reason
        super().__init__(f"relay: {operation}: refused, {code}{f' ({reason})' if reason else ''}")


class IdentityDiffers(RelayError):
    """The hospital has somebody else under this registration number. fields: which of name, birth_date, sex differ."""

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = tuple(fields)
        super().__init__(f"the hospital's record differs in: {', '.join(self.fields)}")


class PatientUnknown(RelayError):
    """The hospital knows no such registration number."""

    def __init__(self) -> None:
        super().__init__("the hospital knows no such registration number")


class RelayConfigInvalid(RelayError):
    """Settings or key file of the relay's client are missing or unsafe. path: the file, if it is one."""

    def __init__(self, problem: str, path: Path | None = None) -> None:
        self.path = path
        super().__init__(problem if path is None else f"{path}: {problem}")
