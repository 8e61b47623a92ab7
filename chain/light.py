"""Light proofs: what a contract's storage says, believed because validators sealed it, not because a node said so.

A proof is a run of linked headers, final under a validator set that the trust file vouches for, and the trie
nodes that show a few storage slots under the first header's state root. Where the set has changed since the
trust file's checkpoint, the proof carries each new set; its hash stands in the registry under a block that the
set before it made strong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from eth_utils.address import to_checksum_address

from chain.clock import from_block_time
from chain.engine import Engine, Finality, FinalityResult, SealRefused, UnknownEngine
from chain.finality import MAX_RUN
from chain.headers import MAX_HEADER_BYTES, Header, HeaderMalformed
from chain.state import Batch, ContractState, DocKey, Institution, Mark, StateMalformed, validator_set_hash
from chain.trie_proof import MAX_NODE_BYTES, MAX_NODES, NodeBag, StateReader, StateUnreadable
from chain.trust import TrustFile

MAX_ADVANCES = 64
LAST_SECOND = 253_402_300_799
"""9999-12-31 23:59:59 UTC: no later moment can be told."""
MAX_VALIDATORS = 64
MAX_SUCCESSORS = 128
"""Longest chain of corrected documents that is followed."""


class LightProofError(ValueError):
    """A light proof that proves nothing. `code` is a stable reason: a SealFault, "header_malformed", a code of
    StateUnreadable, "proof_malformed", "not_final", "change_not_strong", "wrong_validator_set",
    "wrong_checkpoint", "stray_nodes", "endless_successors", "state_malformed", "unknown_engine"."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class ProofSubject:
    """What a proof is about. All bytes are 32 long; `issuer` is the institution's index."""

    issuer: int
    root: bytes
    leaf: bytes
    kid: bytes


@dataclass(frozen=True)
class Advance:
    """A later validator set: its epoch, its members (20 bytes each), and the headers that make its proof strong
    under the set before. No headers: the proof's main run does that too."""

    epoch: int
    validators: tuple[bytes, ...]
    headers: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class LightProof:
    """A whole proof. `headers` are RLP, the first one's state root is the proven state; each node once."""

    headers: tuple[bytes, ...]
    nodes: tuple[bytes, ...]
    advances: tuple[Advance, ...] = ()

    def to_plain(self) -> list[Any]:
        """As nested lists of bytes and integers, for CBOR."""
        advances = [[a.epoch, list(a.validators), list(a.headers)] for a in self.advances]
        return [list(self.headers), list(self.nodes), advances]

    @classmethod
    def from_plain(cls, value: Any) -> LightProof:
        """The reverse of `to_plain`, within limits. Raises LightProofError("proof_malformed")."""
        headers, nodes, advances = _fixed(value, 3)
        return cls(
            _byte_strings(headers, MAX_RUN, 1, MAX_HEADER_BYTES),
            _byte_strings(nodes, MAX_NODES, 1, MAX_NODE_BYTES),
            tuple(_advance(item) for item in _items(advances, MAX_ADVANCES)),
        )


@dataclass(frozen=True)
class Link:
    """One document of a chain of successors, with its mark; None: it is active."""

    leaf: bytes
    mark: Mark | None


@dataclass(frozen=True)
class ProvenState:
    """What a proof shows, as of one block."""

    number: int
    hash: bytes
    time: datetime
    finality: FinalityResult
    epoch: int
    """Of the validator set that sealed the block."""
    proves: bool
    """False on a development network, whose headers convince nobody."""
    batch: Batch | None
    links: tuple[Link, ...]
    """The document itself, then what replaced it, to the end of the chain."""
    key: DocKey | None
    institution: Institution | None

    @property
    def mark(self) -> Mark | None:
        """The document's own mark."""
        return self.links[0].mark

    @property
    def end(self) -> Link:
        """The last of the chain of successors; the document itself if nothing replaced it."""
        return self.links[-1]

    @property
    def successor(self) -> bytes | None:
        """The leaf that replaced the document."""
        return self.links[1].leaf if len(self.links) > 1 else None


@dataclass(frozen=True)
class SubjectState:
    """The records about a subject at one block."""

    batch: Batch | None
    links: tuple[Link, ...]
    key: DocKey | None
    institution: Institution | None


def verify_light_proof(
    trust: TrustFile, subject: ProofSubject, proof: LightProof, *, at_least: Finality = Finality.SETTLED
) -> ProvenState:
    """What `proof` shows about `subject` to somebody who relies on `trust` (already verified, see there).

    Raises LightProofError for whatever is wrong; nothing in the proof is believed before its seals are.
    """
    try:
        engine = trust.engine_rules()
        run = [Header.from_rlp(item) for item in proof.headers]
        if not run:
            raise LightProofError("empty_run")
        if run[0].time > LAST_SECOND:
            raise LightProofError("header_malformed", "a time that no calendar has")
        bag = NodeBag(proof.nodes)
        epoch, validators = _follow_changes(trust, engine, run, bag, proof.advances)
        finality = engine.finality(run, validators)
        _check_anchor(trust, run[0], finality, at_least)
        read = StateReader(run[0].state_root, bag).slot
        found = read_subject(ContractState(trust.contracts, read), subject)
    except (SealRefused, HeaderMalformed, StateUnreadable, StateMalformed, UnknownEngine) as error:
        raise LightProofError(error.code, str(error)) from error
    if len(bag.used()) != len(proof.nodes):
        raise LightProofError("stray_nodes")
    time = from_block_time(run[0].time)
    return ProvenState(
        run[0].number,
        run[0].hash,
        time,
        finality,
        epoch,
        engine.proves,
        found.batch,
        found.links,
        found.key,
        found.institution,
    )


def read_subject(state: ContractState, subject: ProofSubject) -> SubjectState:
    """All records about a subject. Raises LightProofError if its successors have no end."""
    links: list[Link] = []
    leaf: bytes | None = subject.leaf
    while leaf is not None:
        if len(links) > MAX_SUCCESSORS:
            raise LightProofError("endless_successors")
        links.append(Link(leaf, state.mark(subject.issuer, leaf)))
        leaf = state.successor(subject.issuer, leaf)
    return SubjectState(
        state.batch(subject.issuer, subject.root),
        tuple(links),
        state.key(subject.kid),
        state.institution(subject.issuer),
    )


def prune(trust: TrustFile, subject: ProofSubject, proof: LightProof) -> LightProof:
    """The proof without nodes that nobody needs. Raises LightProofError if one that is needed is missing."""
    bag = NodeBag(proof.nodes)
    first = Header.from_rlp(proof.headers[0])
    try:
        for advance in proof.advances:
            at = Header.from_rlp(advance.headers[0]) if advance.headers else first
            state = ContractState(trust.contracts, StateReader(at.state_root, bag).slot)
            state.validator_set_hash(advance.epoch)
        state = ContractState(trust.contracts, StateReader(first.state_root, bag).slot)
        read_subject(state, subject)
    except (StateUnreadable, StateMalformed) as error:
        raise LightProofError(error.code, str(error)) from error
    return replace(proof, nodes=tuple(bag.used()))


def _check_anchor(trust: TrustFile, first: Header, finality: FinalityResult, at_least: Finality) -> None:
    """The block is final enough and does not contradict the checkpoint."""
    if finality.level < at_least:
        raise LightProofError("not_final", f"{finality.distinct} of {finality.validators} sealers")
    checkpoint = trust.checkpoint
    if first.number == checkpoint.number and f"0x{first.hash.hex()}" != checkpoint.hash:
        raise LightProofError("wrong_checkpoint", f"block {first.number}")


def _follow_changes(
    trust: TrustFile, engine: Engine, run: Sequence[Header], bag: NodeBag, advances: Sequence[Advance]
) -> tuple[int, Sequence[str]]:
    """From the checkpoint's validator set to the last one proven: its epoch and members."""
    epoch: int = trust.checkpoint.epoch
    validators: Sequence[str] = trust.checkpoint.validators
    for advance in advances:
        headers = [Header.from_rlp(item) for item in advance.headers] or run
        members = [to_checksum_address(member) for member in advance.validators]
        known = advance.epoch <= epoch  # the trust file is newer than the proof: nothing to believe here
        if not known and engine.endorsement(headers, validators).level < Finality.STRONG:
            raise LightProofError("change_not_strong", f"epoch {advance.epoch}")
        state = ContractState(trust.contracts, StateReader(headers[0].state_root, bag).slot)
        if state.validator_set_hash(advance.epoch) != validator_set_hash(members):
            raise LightProofError("wrong_validator_set", f"epoch {advance.epoch}")
        if not known:
            epoch, validators = advance.epoch, members
    return epoch, validators


def _advance(value: Any) -> Advance:
    epoch, validators, headers = _fixed(value, 3)
    if type(epoch) is not int or not 0 <= epoch < 2**32:
        raise LightProofError("proof_malformed", "epoch")
    return Advance(
        epoch,
        _byte_strings(validators, MAX_VALIDATORS, 20, 20),
        _byte_strings(headers, MAX_RUN, 1, MAX_HEADER_BYTES),
    )


def _fixed(value: Any, length: int) -> list[Any]:
    items = _items(value, length)
    if len(items) != length:
        raise LightProofError("proof_malformed", f"a list of {length} was expected")
    return items


def _items(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise LightProofError("proof_malformed", f"a list of at most {most} was expected")
    return value


def _byte_strings(value: Any, most: int, shortest: int, longest: int) -> tuple[bytes, ...]:
    items = _items(value, most)
    if not all(isinstance(item, bytes) and shortest <= len(item) <= longest for item in items):
        raise LightProofError("proof_malformed", f"byte strings of {shortest} to {longest} were expected")
    return tuple(items)
