"""Light proofs that no byte flip makes, because their seals are good: runs of every kind, changed validator sets,
storage that no contract writes. The page judges them as the Python verifier does.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import rlp
from case import Case
from coincurve import PrivateKey
from node_verifier import Job, agree
from synthetic import CONTRACTS, account, address, seal
from trie import HexaryTrie

from chain.hashing import keccak256
from chain.headers import Header
from chain.light import Advance, LightProof
from chain.trust import TrustFile
from verifier import ProofBundle

ROUNDS = 5 if os.environ.get("CI") else 1


def job(name: str, case: Case, bundle: ProofBundle, trust: TrustFile | None = None) -> Job:
    """A bundle before the case's own trust file (or another), five seconds after its newest block."""
    held = trust or case.trust
    return Job(name, bundle.encode(), json.dumps(held.to_json()).encode(), case.now)


def first_header(bundle: ProofBundle) -> Header:
    assert bundle.proof is not None
    return Header.from_rlp(bundle.proof.headers[0])


def run(
    case: Case, bundle: ProofBundle, sealers: Sequence[PrivateKey], *changes: dict[str, Any]
) -> ProofBundle:
    """The bundle with its first block and its successors sealed by `sealers`, each in its right difficulty.

    changes: header fields, block by block, in place of the right ones; "skip" leaves the seal as it is.
    """
    assert bundle.proof is not None
    headers: list[Header] = []
    for place, sealer in enumerate(sealers):
        before = headers[-1] if headers else None
        header = first_header(bundle)
        if before is not None:
            header = replace(
                header,
                parent_hash=before.hash,
                number=before.number + 1,
                time=before.time + 1,
                state_root=b"\1" * 32,
            )
        turn = case.chain.validators[header.number % len(case.chain.validators)]
        header = replace(header, difficulty=2 if turn == sealer else 1)
        change = changes[place] if place < len(changes) else {}
        headers.append(seal(replace(header, **change), sealer))
    return replace(bundle, proof=replace(bundle.proof, headers=tuple(header.rlp for header in headers)))


def test_runs_of_every_kind(node_verifier):
    """Random sealers, each in its right difficulty: too few, too soon, too light, settled, strong."""
    rng = random.Random(225)
    jobs = []
    for validators in (1, 2, 3, 4, 5, 6, 7):
        case = Case(validators=validators)
        bundle = case.bundle()
        for place in range(25 * ROUNDS):
            sealers = rng.choices(case.chain.validators, k=rng.randrange(1, 8))
            if rng.random() < 0.7:
                sealers = rng.sample(case.chain.validators, rng.randrange(1, validators + 1))
            jobs.append(job(f"{validators} validators #{place}", case, run(case, bundle, sealers)))
    codes = agree(node_verifier, jobs, "source")
    assert set(codes) == {"light_proof", "proof_not_final", "proof_sealed_too_soon"}
    assert min(codes.values()) > 10


def test_headers_that_the_rules_of_clique_refuse(node_verifier):
    case = Case()
    bundle = case.bundle()
    number = first_header(bundle).number
    turns = [case.chain.validators[(number + place) % 5] for place in range(5)]
    vanity = case.chain.vanity
    listed = b"".join(sorted(bytes.fromhex(address(key)[2:]) for key in case.chain.validators))
    jobs = [job("as it is", case, run(case, bundle, turns))]
    for place in range(5):
        for name, change in header_changes(vanity, listed):
            changes = [{}] * place + [change]
            jobs.append(job(f"{name} at {place}", case, run(case, bundle, turns, *changes)))
    thief = account("thief")
    for place in range(5):
        sealers = [*turns[:place], thief, *turns[place:]]
        jobs.append(job(f"thief at {place}", case, run(case, bundle, sealers)))
    jobs.append(job("a run too long", case, run(case, bundle, turns * 52)))
    late = replace(first_header(bundle), time=first_header(bundle).time + 1)
    jobs.append(
        job("time stands still", case, run(case, bundle, turns, {}, {"time": first_header(bundle).time}))
    )
    jobs.append(job("number repeats", case, run(case, bundle, turns, {}, {"number": late.number})))
    codes = agree(node_verifier, jobs, "source")
    assert set(codes) >= {
        "light_proof", "proof_wrong_difficulty", "proof_wrong_vanity", "proof_seal_malformed", "proof_not_linked",
        "proof_wrong_signer_list", "proof_foreign_sealer", "proof_time_not_increasing",
    }  # fmt: skip


def header_changes(vanity: bytes, listed: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Fields of a header that is sealed all the same."""
    yield "no turn", {"difficulty": 0}
    yield "another turn", {"difficulty": 3}
    yield "a heavy turn", {"difficulty": 2**255}
    yield "another tag", {"extra_data": b"f" * 32 + bytes(65)}
    yield "no room for a seal", {"extra_data": vanity + bytes(64)}
    yield "half an address", {"extra_data": vanity + bytes(10) + bytes(65)}
    yield "the signers", {"extra_data": vanity + listed + bytes(65)}
    yield "other signers", {"extra_data": vanity + listed[20:] + bytes(65)}
    yield "signers in another order", {"extra_data": vanity + listed[20:] + listed[:20] + bytes(65)}
    yield "no base fee", {"base_fee": None}
    yield "withdrawals", {"withdrawals_root": bytes(32)}
    yield "a far future", {"time": 253_402_300_799}


def test_changes_of_the_validators(node_verifier):
    case = Case()
    first = case.trust
    case.chain.register_change(case.chain.keys([1, 2, 3, 4, 6]))
    case.chain.mine(5)
    case.chain.adopt_change()
    middle = len(case.chain.blocks) - 1
    case.chain.mine(8)
    bundle = case.made(first)
    newer = case.chain.trust(at=middle)
    assert bundle.proof is not None
    (advance,) = bundle.proof.advances
    main = bundle.proof.headers
    jobs = [job("honest", case, bundle, first), job("newer trust file", case, bundle, newer)]
    for name, advances in {
        "none": (),
        "twice": (advance, advance),
        "another epoch": (replace(advance, epoch=3),),
        "the first epoch": (replace(advance, epoch=1),),
        "a member less": (replace(advance, validators=advance.validators[1:]),),
        "another order": (replace(advance, validators=advance.validators[::-1]),),
        "fewer headers": (replace(advance, headers=main[:3]),),
        "one header": (replace(advance, headers=main[:1]),),
        "no members": (replace(advance, validators=()),),
        "headers of its own": (replace(advance, headers=main),),
        "thieves": (Advance(2, tuple(bytes([i]) * 20 for i in range(5)), main),),
    }.items():
        changed = replace(bundle, proof=replace(bundle.proof, advances=advances))
        jobs += [
            job(f"{name}, {word} trust", case, changed, trust)
            for word, trust in (("old", first), ("new", newer))
        ]
    codes = agree(node_verifier, jobs, "source")
    assert set(codes) >= {"light_proof", "proof_change_not_strong", "proof_wrong_validator_set"}


def test_a_checkpoint_that_another_block_has(node_verifier):
    case = Case()
    bundle = case.bundle()
    header = first_header(bundle)
    checkpoint = case.trust.to_json()["checkpoint"]
    trusts = {
        "same block": {"number": header.number, "hash": "0x" + header.hash.hex()},
        "another block": {"number": header.number, "hash": "0x" + "66" * 32},
        "another number": {"number": header.number + 1, "hash": "0x" + "66" * 32},
        "a later epoch": {"epoch": 7},
        "other validators": {"validators": [address(account(f"other-{i}")) for i in range(5)]},
    }
    jobs = []
    for name, change in trusts.items():
        trust = case.chain.trust(checkpoint={**checkpoint, **change})
        jobs.append(job(name, case, bundle, trust))
    codes = agree(node_verifier, jobs, "source")
    assert set(codes) == {"light_proof", "proof_wrong_checkpoint", "proof_foreign_sealer"}


def test_times_of_keys_standing_and_marks(node_verifier):
    """Every time that decides something, one second before, at, and after the anchor."""
    jobs = []
    for name, change in state_changes():
        case = Case()
        anchored = case.chain.head.time
        for delta in (-1, 0, 1):
            case = Case()
            change(case, anchored + delta)
            jobs.append(job(f"{name} {delta:+}", case, case.bundle()))
    codes = agree(node_verifier, jobs, "issuer")
    assert set(codes) >= {
        "issuer_active", "issuer_expelled", "issuer_expelled_later", "key_expired", "key_not_yet_valid",
        "key_compromised", "issuer_reaffirmed", "issuer_unknown", "issuer_suspended", "issuer_retired",
    }  # fmt: skip


Change = Callable[[Case, int], object]


def state_changes() -> Iterator[tuple[str, Change]]:
    """What to write, given a time."""
    yield "valid from", lambda case, time: case.chain.key(case.kid, validFrom=time)
    yield "valid until", lambda case, time: case.chain.key(case.kid, validUntil=time)
    yield "without an end", lambda case, time: case.chain.key(case.kid, validUntil=2**40 - 1)
    yield (
        "compromised",
        lambda case, time: case.chain.key(case.kid, compromisedSince=time, declaredAt=time + 1),
    )
    for standing in range(5):
        for doubt in (False, True):
            yield (
                f"standing {standing} {'in doubt' if doubt else ''}",
                lambda case, time, standing=standing, doubt=doubt: case.chain.institution(
                    1, standing=standing, standingSince=time, doubtSince=time if doubt else 0
                ),
            )
    yield "declared", vouched
    for state in range(4):
        for reason in (0, 1, 7, 8, 255):
            yield (
                f"mark {state} for {reason}",
                lambda case, time, state=state, reason=reason: case.chain.mark(1, case.leaf, state, reason),
            )


def vouched(case: Case, time: int) -> None:
    """Compromised from the start; declared at `time`, vouched for at the anchor's own second."""
    anchor = case.chain.head.time
    case.chain.key(case.kid, compromisedSince=1, declaredAt=time)
    case.chain.anchor(1, case.tree.root, 4, time=anchor, reaffirmedAt=anchor)


def test_chains_of_successors(node_verifier):
    jobs = []
    for length in (1, 2, 127, 128, 129, 130):
        case = Case()
        leaves = [case.leaf, *(keccak256(b"newer%d" % i) for i in range(length))]
        for old, new in pairwise(leaves):
            case.chain.supersede(1, old, new)
        jobs.append(job(f"{length} successors", case, everything(case)))
    codes = agree(node_verifier, jobs, "source")
    assert codes["proof_endless_successors"] >= 1
    assert codes["proof_stray_nodes"] >= 2


def everything(case: Case) -> ProofBundle:
    """A bundle with all nodes that there are, needed or not: what is read is refused before that is."""
    case.chain.mine(5)
    headers = tuple(block.rlp for block in case.chain.blocks[-5:])
    state = HexaryTrie(case.chain.db, case.chain.head.state_root)
    nodes = set(reachable(state))
    for contract in CONTRACTS.values():
        held = state.get(keccak256(bytes.fromhex(contract[2:])))
        if held:
            nodes |= set(reachable(HexaryTrie(case.chain.db, rlp.decode(held)[2])))
    proof = LightProof(headers, tuple(sorted(nodes)))
    return ProofBundle(case.document.compact, 1, case.tree.root, tuple(case.tree.proof(0)), case.point, proof)


def reachable(trie: HexaryTrie) -> Iterator[bytes]:
    """The nodes of a trie that have a hash of their own."""
    waiting = [trie.root_hash]
    while waiting:
        item = waiting.pop()
        if isinstance(item, bytes) and len(item) == 32 and item in trie.db:
            yield trie.db[item]
            item = rlp.decode(trie.db[item])
        if isinstance(item, list):
            waiting += item


def test_storage_that_no_contract_writes(node_verifier):
    jobs = []
    for name, change in {
        "standing": lambda case: case.chain.institution(1, standing=5),
        "kind": lambda case: case.chain.institution(1, kind=7),
        "purpose": lambda case: case.chain.key(case.kid, purpose=3),
        "mark": lambda case: case.chain.mark(1, case.leaf, 4),
        "successor without a mark": lambda case: case.chain.supersede(1, keccak256(b"x"), case.leaf),
        "nothing": lambda case: None,
    }.items():
        case = Case()
        change(case)
        jobs.append(job(name, case, everything(case)))
    case = Case()
    bundle = case.bundle()
    for contract in CONTRACTS:
        elsewhere = case.chain.trust(contracts={**CONTRACTS, contract: "0x" + "dd" * 20})
        jobs.append(job(f"{contract} elsewhere", case, bundle, elsewhere))
    codes = agree(node_verifier, jobs, "source")
    assert codes["proof_state_malformed"] == 4
    assert set(codes) >= {"proof_stray_nodes", "light_proof"}


def test_a_document_issued_just_before_the_proof_may_still_be_on_its_way(node_verifier):
    jobs = []
    case = Case(anchored=False)
    bundle = case.bundle()
    headers = [Header.from_rlp(item) for item in bundle.proof.headers]
    day = int(timedelta(days=1).total_seconds())
    issued = int(datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC).timestamp())
    turns = [case.chain.validators[(headers[0].number + place) % 5] for place in range(5)]
    for delta in (-1, 0, 1):
        later = [{"time": issued + day + delta + place} for place in range(5)]
        made = job(f"issued a day {delta:+} s before", case, run(case, bundle, turns, *later))
        jobs.append(replace(made, now=datetime.fromtimestamp(issued + day + 10, UTC)))
    codes = agree(node_verifier, jobs, "anchoring")
    assert codes == {"not_anchored_yet": 1, "not_anchored": 2}
