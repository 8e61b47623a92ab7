"""The overall verdict from the five findings. The order of the questions here is the order of their weight."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from verifier.findings import Finding, Outcome, Question


class Verdict(StrEnum):
    """What a receiver may conclude."""

    VALID = "VALID"
    """Valid as of the proof's time."""
    SUPERSEDED = "SUPERSEDED"
    WITHDRAWN = "WITHDRAWN"
    TAMPERED = "TAMPERED"
    NOT_ISSUED = "NOT_ISSUED"
    ISSUER_NOT_TRUSTED = "ISSUER_NOT_TRUSTED"
    UNKNOWN = "UNKNOWN"


EXIT_CODES: Mapping[Verdict, int] = {
    Verdict.VALID: 0,
    Verdict.UNKNOWN: 3,
    Verdict.TAMPERED: 10,
    Verdict.WITHDRAWN: 11,
    Verdict.SUPERSEDED: 12,
    Verdict.NOT_ISSUED: 13,
    Verdict.ISSUER_NOT_TRUSTED: 14,
}
"""Exit codes of `saegim-verify`; 2 is a wrong command line. 10 and above: looked at, and not valid."""

USAGE_EXIT = 2

_STATUS = {
    "withdrawn": Verdict.WITHDRAWN,
    "superseded": Verdict.SUPERSEDED,
    "superseded_then_withdrawn": Verdict.SUPERSEDED,
}


def decide(findings: Mapping[Question, Finding]) -> Verdict:
    """The verdict. Only a document about which nothing failed and nothing is unknown is VALID.

    A development network's source can be no better than unknown; who chose its trust file chose that.
    """
    integrity, anchoring = findings[Question.INTEGRITY], findings[Question.ANCHORING]
    issuer, status = findings[Question.ISSUER], findings[Question.STATUS]
    if integrity.outcome is Outcome.FAILED or anchoring.code == "wrong_depth":
        return Verdict.TAMPERED
    if integrity.outcome is not Outcome.PASSED or not _believed(findings[Question.SOURCE]):
        return Verdict.UNKNOWN
    if anchoring.outcome is Outcome.FAILED:
        return Verdict.NOT_ISSUED
    if issuer.outcome is Outcome.FAILED:
        return Verdict.ISSUER_NOT_TRUSTED
    if status.outcome is Outcome.FAILED:
        return _STATUS[status.code]
    if all(finding.outcome is Outcome.PASSED for finding in (anchoring, issuer, status)):
        return Verdict.VALID
    return Verdict.UNKNOWN


def _believed(source: Finding) -> bool:
    return source.outcome is Outcome.PASSED or source.code == "development_network"
