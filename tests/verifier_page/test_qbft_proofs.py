"""Light proofs of a QBFT network, good and bad: the page judges each as the Python verifier does."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import rlp
from case import Case
from node_verifier import Job, agree
from qbft_chain import QbftChain, commit, raw, with_extra
from synthetic import account

from chain.headers import Header
from chain.light import Advance
from chain.qbft_extra import ADD, DROP, decode_extra
from chain.trust import TrustFile
from verifier import ProofBundle


def job(name: str, case: Case, bundle: ProofBundle, trust: TrustFile | None = None) -> Job:
    held = trust or case.trust
    return Job(name, bundle.encode(), json.dumps(held.to_json()).encode(), case.now)


def with_headers(bundle: ProofBundle, *headers: Header) -> ProofBundle:
    assert bundle.proof is not None
    return replace(bundle, proof=replace(bundle.proof, headers=tuple(header.rlp for header in headers)))


def only_header(bundle: ProofBundle) -> Header:
    assert bundle.proof is not None
    return Header.from_rlp(bundle.proof.headers[0])


def test_seals_of_every_number(node_verifier):
    """Members and strangers in any number and order, in several rounds, under sets of one to seven."""
    rng = random.Random(650)
    jobs = []
    for validators in range(1, 8):
        case = Case(engine=QbftChain, validators=validators)
        bundle = case.bundle()
        for place in range(12):
            header = only_header(bundle)
            extra = replace(decode_extra(header.extra_data), round=rng.choice([0, 1, 300]))
            sealers = rng.sample(case.chain.validators, rng.randint(0, validators))
            if rng.random() < 0.2:
                sealers.insert(rng.randint(0, len(sealers)), account("thief"))
            if sealers and rng.random() < 0.2:
                sealers.append(rng.choice(sealers))
            made = commit(with_extra(header, extra), sealers)
            jobs.append(job(f"{validators} validators #{place}", case, with_headers(bundle, made)))
    codes = agree(node_verifier, jobs, "source")
    assert set(codes) == {
        "light_proof",
        "proof_too_few_seals",
        "proof_foreign_sealer",
        "proof_duplicate_seal",
    }
    assert min(codes.values()) >= 3


def test_headers_that_the_rules_of_qbft_refuse(node_verifier):
    case = Case(engine=QbftChain)
    bundle = case.bundle()
    good = only_header(bundle)
    sealers = case.chain.validators[:4]
    jobs = [job("as it is", case, bundle), job("nothing", case, with_headers(bundle))]
    for name, change in header_changes(case):
        made = commit(replace(good, **change), sealers)
        jobs.append(job(name, case, with_headers(bundle, made)))
    for name, data in extra_data(good):
        jobs.append(job(name, case, with_headers(bundle, replace(good, extra_data=data))))
    codes = agree(node_verifier, jobs, "source")
    assert set(codes) >= {
        "light_proof", "proof_seal_malformed", "proof_wrong_difficulty", "proof_wrong_vanity",
        "proof_foreign_sealer", "proof_wrong_signer_list",
    }  # fmt: skip


def header_changes(case: Case) -> Iterator[tuple[str, dict[str, Any]]]:
    """Fields of a header that four of five seal all the same."""
    extra = decode_extra(case.chain.head.extra_data)
    listed = tuple(raw(key) for key in case.chain.validators)
    yield "no difficulty", {"difficulty": 0}
    yield "a turn of Clique", {"difficulty": 2}
    yield "a nonce", {"nonce": b"\1" * 8}
    yield "uncles", {"uncles_hash": bytes(32)}
    yield "another digest", {"mix_digest": bytes(32)}
    yield "a stranger proposes", {"beneficiary": raw(account("thief"))}
    yield "another proposes", {"beneficiary": listed[4]}
    yield "number zero", {"number": 0}
    yield "later forks", {"withdrawals_root": bytes(32), "blob_gas_used": 0, "excess_blob_gas": 0}
    yield "another tag", {"extra_data": replace(extra, vanity=b"f" * 32).encode()}
    yield "the validators", {"extra_data": replace(extra, validators=listed).encode()}
    yield "one validator twice", {"extra_data": replace(extra, validators=(*listed, listed[0])).encode()}
    yield "fewer validators", {"extra_data": replace(extra, validators=listed[1:]).encode()}
    yield "a vote to add", {"extra_data": replace(extra, vote=(listed[0], ADD)).encode()}
    yield "a vote to drop", {"extra_data": replace(extra, vote=(listed[0], DROP)).encode()}
    yield "the last round", {"extra_data": replace(extra, round=2**32 - 1).encode()}


def extra_data(good: Header) -> Iterator[tuple[str, bytes]]:
    """Bytes in place of the good header's extra data."""
    parts: list[Any] = rlp.decode(good.extra_data)
    for place in range(5):
        for other in (b"", [], b"\1", [b"\1"], b"\0\1", [[]], b"\1" * 65, [b"\1" * 64], [b"\1" * 20, b"\1"]):
            yield f"part {place} is {other!r}", rlp.encode([*parts[:place], other, *parts[place + 1 :]])
    yield "four parts", rlp.encode(parts[:4])
    yield "six parts", rlp.encode([*parts, b""])
    yield "no list", rlp.encode(b"\1" * 40)
    yield "no RLP", b"\xc1"
    yield "nothing", b""
    for v in (2, 27, 28, 255):
        seals = [*parts[4][:3], parts[4][3][:64] + bytes([v])]
        yield f"v {v}", rlp.encode([*parts[:4], seals])
    for seal in (bytes(65), b"\xff" * 64 + b"\0"):
        yield f"a seal of {seal[0]}", rlp.encode([*parts[:4], [*parts[4], seal]])


def test_changes_of_the_validators(node_verifier):
    case = Case(engine=QbftChain)
    first = case.trust
    case.chain.register_change(case.chain.keys([1, 2, 3, 4, 6]))
    case.chain.mine()
    case.chain.adopt_change()
    case.chain.mine(4)
    bundle = case.made(first)
    assert bundle.proof is not None
    (advance,) = bundle.proof.advances
    thieves = tuple(sorted(bytes([i]) * 20 for i in range(1, 6)))
    jobs = [job("honest", case, bundle, first), job("newer trust file", case, bundle)]
    for name, advances in {
        "none": (),
        "another epoch": (replace(advance, epoch=3),),
        "thieves": (Advance(2, thieves),),
        "its own weak run": (replace(advance, headers=(bundle.proof.headers[-1],)),),
    }.items():
        proof = replace(bundle.proof, advances=advances)
        jobs.append(job(name, case, replace(bundle, proof=proof), first))
    apart = with_headers(bundle, *(Header.from_rlp(item) for item in bundle.proof.headers[::-1]))
    jobs.append(job("turned round", case, apart, first))
    codes = agree(node_verifier, jobs, "source")
    assert codes["light_proof"] >= 2
    assert len(codes) >= 3


def test_one_network_is_not_taken_for_one_of_the_other_engine(node_verifier):
    qbft, clique = Case(engine=QbftChain), Case()
    jobs = [
        job("QBFT as Clique", qbft, qbft.bundle(), qbft.chain.trust(engine="clique")),
        job("Clique as QBFT", clique, clique.bundle(), clique.chain.trust(engine="qbft")),
    ]
    assert set(agree(node_verifier, jobs, "source")) == {"proof_seal_malformed"}
