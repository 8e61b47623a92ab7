"""The five questions about a document, and the form of their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from verifier.sentences import sentence


class Outcome(StrEnum):
    """Passed, failed, or not known: what is uncertain is never shown as one of the others."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Question(StrEnum):
    """What is asked about a document, in this order."""

    INTEGRITY = "integrity"
    ANCHORING = "anchoring"
    STATUS = "status"
    ISSUER = "issuer"
    SOURCE = "source"


@dataclass(frozen=True)
class Remark:
    """A stable reason code and what to say about it; `details` fill the sentence's places."""

    code: str
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def ko(self) -> str:
        """The sentence in Korean."""
        return sentence(self.code).ko.format_map(self.details)

    @property
    def en(self) -> str:
        """The sentence in English."""
        return sentence(self.code).en.format_map(self.details)


@dataclass(frozen=True)
class Finding(Remark):
    """The answer to one question."""

    outcome: Outcome = Outcome.UNKNOWN


def passed(code: str, **details: str) -> Finding:
    """The question is answered well."""
    return Finding(code, details, Outcome.PASSED)


def failed(code: str, **details: str) -> Finding:
    """The question is answered badly."""
    return Finding(code, details, Outcome.FAILED)


def unknown(code: str, **details: str) -> Finding:
    """The question cannot be answered now."""
    return Finding(code, details, Outcome.UNKNOWN)
