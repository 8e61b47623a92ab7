"""Checking a document: from a bundle and a trust file, with or without a node, to a report."""

from __future__ import annotations

from datetime import datetime

from eth_abi.abi import encode

from chain.engine import UnknownEngine
from chain.errors import ChainError
from chain.hashing import keccak256
from chain.proofs import ProofClient
from chain.trust import TrustError, TrustFile
from records.credential import VerifiedCredential, issuer_chain
from verifier.bundle import BundleError, ProofBundle
from verifier.document import Document, describe
from verifier.findings import Finding, Outcome, Question, Remark, failed, unknown
from verifier.integrity import Checked, check_integrity
from verifier.judging import judge_anchoring, judge_issuer, judge_status
from verifier.readers import Freshness, limit_for
from verifier.report import Report
from verifier.sources import Account, account_for
from verifier.times import korean_time
from verifier.verdict import Verdict, decide

_PUBLIC_KEY = keccak256(b"publicKey(bytes32)")[:4]


def verify(
    bundle: ProofBundle,
    trust: TrustFile,
    *,
    now: datetime,
    freshness: Freshness | None = None,
    node: ProofClient | None = None,
) -> Report:
    """Checks one document. Never raises for anything about the document, the network or the trust file.

    now: aware. freshness: how old the status may be; by default the document's kind decides. node: asked for a
    fresh proof (and for the signing key where the bundle has none); without one nothing leaves this machine.
    """
    refusal = _trust_refusal(trust, now)
    usable_node = None if refusal else node
    checked = check_integrity(bundle, now, lambda kid: fetch_key(usable_node, trust, kid))
    if refusal is not None:
        return _report(checked, Account(None, refusal), _rest("not_looked_at"), now, trust)
    if checked.subject is None or checked.finding.outcome is Outcome.FAILED:
        return _report(checked, Account(None, unknown("not_looked_at")), _rest("not_looked_at"), now, trust)
    if checked.credential is not None and issuer_chain(checked.credential.iss) != trust.chain_id:
        other = failed("other_network", chain=str(issuer_chain(checked.credential.iss)))
        return _report(checked, Account(None, other), _rest("not_looked_at"), now, trust)
    account = account_for(trust, checked.subject, bundle.proof, node, now)
    return _report(checked, account, _judged(bundle, checked, account, now, freshness), now, trust)


def verify_bytes(
    data: bytes,
    trust: TrustFile,
    *,
    now: datetime,
    freshness: Freshness | None = None,
    node: ProofClient | None = None,
) -> Report:
    """As `verify`, from a file's or a paste's bytes; what is no bundle gets a report that says so."""
    try:
        bundle = ProofBundle.read(data)
    except BundleError as error:
        nothing = Checked(unknown(error.code), None, None)
        return _report(nothing, Account(None, unknown("not_looked_at")), _rest("not_looked_at"), now, trust)
    return verify(bundle, trust, now=now, freshness=freshness, node=node)


def fetch_key(node: ProofClient | None, trust: TrustFile, kid: bytes) -> tuple[bytes, bytes] | None:
    """x and y of a registered key as a node says; whoever uses them compares the thumbprint with the kid."""
    if node is None or len(kid) != 32:
        return None
    data = "0x" + (_PUBLIC_KEY + encode(["bytes32"], [kid])).hex()
    message = {"to": trust.contracts.institution_registry, "data": data}
    try:
        point = bytes.fromhex(node.call("eth_call", message, "latest").removeprefix("0x"))
    except (ChainError, ValueError, AttributeError):
        return None
    return (point[:32], point[32:]) if len(point) == 64 and any(point) else None


def _trust_refusal(trust: TrustFile, now: datetime) -> Finding | None:
    try:
        trust.verify(now)
        trust.engine_rules()
    except TrustError as error:
        return failed(error.code)
    except UnknownEngine as error:
        return failed(error.code, engine=error.name)
    return None


def _judged(
    bundle: ProofBundle, checked: Checked, account: Account, now: datetime, freshness: Freshness | None
) -> dict[Question, Finding]:
    credential = checked.credential
    kind = None if credential is None else credential.kind.name
    issued_at = None if credential is None else credential.iat
    return {
        Question.ANCHORING: judge_anchoring(account.state, issued_at, len(bundle.path)),
        Question.STATUS: judge_status(account.state, now, limit_for(freshness, kind)),
        Question.ISSUER: judge_issuer(account.state, bundle.issuer),
    }


def _rest(code: str) -> dict[Question, Finding]:
    return {question: unknown(code) for question in (Question.ANCHORING, Question.STATUS, Question.ISSUER)}


def _report(
    checked: Checked, account: Account, rest: dict[Question, Finding], now: datetime, trust: TrustFile
) -> Report:
    findings = {Question.INTEGRITY: checked.finding, **rest, Question.SOURCE: account.finding}
    verdict = decide(findings)
    return Report(
        verdict=verdict,
        findings=findings,
        conclusion=_conclusion(verdict, findings, account),
        remarks=account.remarks,
        document=_document(checked.credential, trust),
        state=account.state,
        checked_at=now,
        trust_fingerprint=trust.fingerprint,
    )


def _document(credential: VerifiedCredential | None, trust: TrustFile) -> Document | None:
    return None if credential is None else describe(credential, trust)


def _conclusion(verdict: Verdict, findings: dict[Question, Finding], account: Account) -> Remark:
    """The verdict in a sentence; a document that is only stale is told apart from one nobody can tell about."""
    as_of = "" if account.state is None else korean_time(account.state.time)
    if verdict is Verdict.UNKNOWN and _only_stale(findings):
        return Remark("verdict_unknown_stale", {"as_of": as_of})
    if verdict is Verdict.VALID and findings[Question.SOURCE].code == "development_network":
        return Remark("verdict_valid_development", {"as_of": as_of})
    return Remark(f"verdict_{verdict.value.lower()}", {"as_of": as_of})


def _only_stale(findings: dict[Question, Finding]) -> bool:
    others = (finding for question, finding in findings.items() if question is not Question.STATUS)
    return findings[Question.STATUS].code == "stale" and all(
        finding.outcome is Outcome.PASSED or finding.code == "development_network" for finding in others
    )
