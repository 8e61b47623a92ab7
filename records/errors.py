"""What can be wrong with a medical record: one root, one class for each thing a caller may want to handle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_PATH_CHARS = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a record. Holds a place and a rule, never the offending value (it may be
    personal).

    path: dotted place of the field, list positions as numbers (``lines.3.total``); empty for the whole
    record. code: stable machine-readable name of the rule that was broken.
    message: what is expected there, in English.
    """

    path: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or 'record'}: {self.message}"


class RecordError(Exception):
    """Root of everything this package raises about records."""


class UnknownKind(RecordError):
    """No kind of document has this name or vct. `name` is what was asked for, made safe to print."""

    def __init__(self, name: object) -> None:
        self.name = printable(str(name))
        super().__init__(
            f"unknown kind of document {self.name!r}; see records.kinds.KINDS for those there are"
        )


class RecordInvalid(RecordError):
    """Data does not make a record of its kind. `problems` lists every one found, each with its path."""

    def __init__(self, kind: str, problems: Iterable[Problem]) -> None:
        self.kind = kind
        self.problems = tuple(problems)
        shown = "; ".join(str(problem) for problem in self.problems[:5])
        more = f"; and {len(self.problems) - 5} more" if len(self.problems) > 5 else ""
        super().__init__(f"not a valid {kind}: {shown}{more}")


def printable(text: str, limit: int = _PATH_CHARS) -> str:
    """Make a name that came from outside fit for a message: short, one line, nothing invisible."""
    cut = text if len(text) <= limit else text[:limit] + "…"
    return "".join(char if char.isprintable() else "�" for char in cut)
