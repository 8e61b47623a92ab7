"""What a receiver runs to check a document without trusting any server: library and `saegim-verify`.

report = verify(ProofBundle.read(data), TrustFile.load("network.json"), now=utc_now())
report.verdict, report.findings, report.to_json()
"""

from __future__ import annotations

from verifier.bundle import BundleError, ProofBundle
from verifier.findings import Finding, Outcome, Question, Remark
from verifier.prove import make_bundle, refresh
from verifier.readers import Freshness, Reader, UnknownReader, parse_freshness
from verifier.report import Report
from verifier.verdict import EXIT_CODES, Verdict
from verifier.verification import verify, verify_bytes

__all__ = [
    "EXIT_CODES",
    "BundleError",
    "Finding",
    "Freshness",
    "Outcome",
    "ProofBundle",
    "Question",
    "Reader",
    "Remark",
    "Report",
    "UnknownReader",
    "Verdict",
    "make_bundle",
    "parse_freshness",
    "refresh",
    "verify",
    "verify_bytes",
]
