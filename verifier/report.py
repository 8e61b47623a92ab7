"""The report on one document: what it is, five findings, the verdict, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chain.engine import Finality
from chain.light import ProvenState
from verifier.document import Document
from verifier.findings import Finding, Question, Remark
from verifier.verdict import EXIT_CODES, Verdict

VERSION = 1


@dataclass(frozen=True)
class Report:
    """Everything a verification found. Holds the document's content: show it to its reader only."""

    verdict: Verdict
    findings: Mapping[Question, Finding]
    conclusion: Remark
    """The verdict as a sentence, and what to do next."""
    remarks: tuple[Remark, ...]
    document: Document | None
    """None if the document is not intact or cannot be read: nothing in it is to be shown as its content."""
    state: ProvenState | None
    checked_at: datetime
    trust_fingerprint: str | None

    @property
    def as_of(self) -> datetime | None:
        """The block time that status and standing are as of."""
        return None if self.state is None else self.state.time

    @property
    def exit_code(self) -> int:
        """What `saegim-verify` exits with."""
        return EXIT_CODES[self.verdict]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON objects; codes and names are stable within a version."""
        return {
            "version": VERSION,
            "verdict": self.verdict.value,
            "conclusion": _remark(self.conclusion),
            "asOf": None if self.as_of is None else self.as_of.isoformat(),
            "checkedAt": self.checked_at.isoformat(),
            "findings": {
                question.value: {"outcome": finding.outcome.value, **_remark(finding)}
                for question, finding in self.findings.items()
            },
            "remarks": [_remark(remark) for remark in self.remarks],
            "document": None if self.document is None else self.document.to_json(),
            "block": None if self.state is None else _block(self.state),
            "trustFile": self.trust_fingerprint,
        }


def _remark(remark: Remark) -> dict[str, str]:
    return {"code": remark.code, "ko": remark.ko, "en": remark.en}


def _block(state: ProvenState) -> dict[str, Any]:
    return {
        "number": state.number,
        "hash": f"0x{state.hash.hex()}",
        "time": state.time.isoformat(),
        "finality": Finality(state.finality.level).name.lower(),
        "sealers": state.finality.distinct,
        "validators": state.finality.validators,
        "validatorEpoch": state.epoch,
        "successors": [f"0x{link.leaf.hex()}" for link in state.links[1:]],
    }
