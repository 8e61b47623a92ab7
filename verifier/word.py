"""Asking a development node without `eth_getProof` (Hardhat): nothing is proven, and the state says so."""

from __future__ import annotations

from chain.clock import from_block_time
from chain.engine import Finality, FinalityResult
from chain.headers import Header, HeaderMalformed
from chain.light import LightProofError, ProofSubject, ProvenState, read_subject
from chain.proofs import NodeContradicts, ProofClient
from chain.state import ContractState, StateMalformed
from chain.trust import TrustFile


def state_by_word(node: ProofClient, trust: TrustFile, subject: ProofSubject) -> ProvenState:
    """What the node says about a subject at its head. Raises ChainError."""
    try:
        head = Header.from_rpc(node.call("eth_getBlockByNumber", "latest", False))
        at = hex(head.number)

        def read(account: bytes, slot: bytes) -> int:
            value = node.call("eth_getStorageAt", f"0x{account.hex()}", f"0x{slot.hex()}", at)
            return int(value, 16)

        found = read_subject(ContractState(trust.contracts, read), subject)
    except (HeaderMalformed, StateMalformed, LightProofError, ValueError, TypeError, AttributeError) as error:
        raise NodeContradicts("eth_getStorageAt") from error
    return ProvenState(
        head.number,
        head.hash,
        from_block_time(head.time),
        FinalityResult(Finality.STRONG, 0, 1, 0),
        trust.checkpoint.epoch,
        False,
        found.batch,
        found.links,
        found.key,
        found.institution,
    )
