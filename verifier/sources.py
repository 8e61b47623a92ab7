"""Source: on whose account the chain's state is believed: the bundle's light proof, a node's fresh one, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chain.engine import Finality
from chain.errors import ChainError, MethodMissing
from chain.light import LightProof, LightProofError, ProofSubject, ProvenState, verify_light_proof
from chain.proofs import NotFinalYet, ProofClient, build_light_proof
from chain.state import DocumentState
from chain.trust import TrustFile
from verifier.findings import Finding, Remark, failed, passed, unknown
from verifier.word import state_by_word

HEAD_LEEWAY = timedelta(seconds=30)
"""A node whose newest final block is older than this is behind, or the network stands still. (A head older than
10 s is; the block that is proven lies a run of headers below it.)"""


@dataclass(frozen=True)
class Account:
    """What the chain is believed to say, why, and what to add."""

    state: ProvenState | None
    finding: Finding
    remarks: tuple[Remark, ...] = ()


def account_for(
    trust: TrustFile,
    subject: ProofSubject,
    proof: LightProof | None,
    node: ProofClient | None,
    now: datetime,
) -> Account:
    """The state from the bundle's proof, the node, or both, which then must agree. The newer one counts."""
    offline = _from_bundle(trust, subject, proof)
    if node is None:
        return offline
    online = _from_node(trust, subject, proof, node, now)
    if online.state is None:
        return _without_node(offline, online)
    if offline.state is None:
        remarks = () if proof is None else (Remark(offline.finding.code, offline.finding.details),)
        return Account(online.state, online.finding, (*online.remarks, *remarks))
    newer, older = sorted((online.state, offline.state), key=lambda state: state.number, reverse=True)
    if _contradict(older, newer):
        return Account(None, failed("sources_disagree"))
    if not newer.proves:
        return Account(newer, online.finding, online.remarks)
    return Account(newer, _proven("both_agree", newer), online.remarks)


def _from_bundle(trust: TrustFile, subject: ProofSubject, proof: LightProof | None) -> Account:
    if proof is None:
        return Account(None, unknown("no_source"))
    try:
        state = verify_light_proof(trust, subject, proof)
    except LightProofError as error:
        return Account(None, _refused(error))
    return Account(state, _proven("light_proof", state))


def _from_node(
    trust: TrustFile, subject: ProofSubject, held: LightProof | None, node: ProofClient, now: datetime
) -> Account:
    try:
        proof = _build(trust, subject, held, node)
        state = verify_light_proof(trust, subject, proof)
    except LightProofError as error:
        return Account(None, _refused(error))
    except MethodMissing:
        if trust.engine_rules().proves:
            return Account(None, unknown("node_cannot_prove"))
        return _by_word(trust, subject, node)
    except ChainError as error:
        return Account(None, unknown(_node_code(error)))
    behind = () if now - state.time <= HEAD_LEEWAY else (Remark("node_behind"),)
    return Account(state, _proven("node_proof", state), behind)


def _build(trust: TrustFile, subject: ProofSubject, held: LightProof | None, node: ProofClient) -> LightProof:
    """A strong proof; a settled one while too many validators are missing for that."""
    try:
        return build_light_proof(node, trust, subject, held=held)
    except NotFinalYet:
        return build_light_proof(node, trust, subject, held=held, at_least=Finality.SETTLED)


def _by_word(trust: TrustFile, subject: ProofSubject, node: ProofClient) -> Account:
    """A development node without `eth_getProof` can only be asked."""
    try:
        return Account(state_by_word(node, trust, subject), unknown("development_network"))
    except ChainError as error:
        return Account(None, unknown(_node_code(error)))


def _without_node(offline: Account, online: Account) -> Account:
    """The node gave nothing: the bundle's own proof stands, if it has one, and the reader is told."""
    if offline.state is None:
        return Account(None, offline.finding if offline.finding.outcome == "failed" else online.finding)
    return Account(offline.state, offline.finding, (Remark(online.finding.code, online.finding.details),))


def _contradict(older: ProvenState, newer: ProvenState) -> bool:
    """Whether two states cannot both be of one chain: what is written once has changed or gone."""
    if older.number == newer.number and older.hash != newer.hash:
        return True
    if older.batch is not None and (newer.batch is None or newer.batch.time != older.batch.time):
        return True
    if older.key is not None and (newer.key is None or newer.key.valid_from != older.key.valid_from):
        return True
    replaced = older.mark is not None and older.mark.state is DocumentState.SUPERSEDED
    return replaced and newer.successor != older.successor


def _proven(code: str, state: ProvenState) -> Finding:
    if not state.proves:
        return unknown("development_network")
    sealers, validators = str(state.finality.distinct), str(state.finality.validators)
    return passed(code, number=str(state.number), sealers=sealers, validators=validators)


def _refused(error: LightProofError) -> Finding:
    return failed(f"proof_{error.code}" if not error.code.startswith("proof_") else error.code)


def _node_code(error: ChainError) -> str:
    """Refusals worth their own sentence; everything else is a node that gave no usable answer."""
    return error.code if error.code in _NODE_CODES else "node_unreachable"


_NODE_CODES: Sequence[str] = (
    "not_final_yet",
    "validator_change_unprovable",
    "node_contradicts_itself",
    "wrong_chain",
    "malformed_answer",
    "node_unavailable",
)
