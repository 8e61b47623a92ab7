"""Bundles from a synthetic network, for what a network in good order cannot be brought to show in minutes:
keys compromised and expired, members suspended and expelled, validators replaced, absences, forks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from case import Case
from qbft_chain import QbftChain
from synthetic import START
from vector import Vector

from chain.hashing import keccak256
from verifier import ProofBundle

ANCHOR = START + 3
"""Block time of the anchor in every case."""

Change = Callable[[Case], None]


def made_vectors() -> Iterator[Vector]:
    """The vectors, each with the trust file of the synthetic network; all are checked at one moment."""
    home = Case()
    yield _trust("made-network.json", home.trust.to_json())
    yield _trust("made-weak.json", home.chain.trust(signers=2).to_json())
    yield _trust("made-development.json", home.chain.trust(engine="dev").to_json())
    for name, change, verdict, codes in CASES:
        case = Case()
        change(case)
        yield Vector(
            f"made-{name}.saegim", case.bundle().encode(), verdict, trust="made-network.json", codes=codes
        )
    yield from _others(home)


def _others(home: Case) -> Iterator[Vector]:
    data = home.bundle().encode()
    yield Vector(
        "made-weak-trust.saegim",
        data,
        "UNKNOWN",
        trust="made-weak.json",
        codes={"source": "trust_no_majority"},
    )
    yield Vector(
        "made-development.saegim",
        data,
        "VALID",
        trust="made-development.json",
        codes={"source": "development_network"},
    )
    yield Vector(
        "other-chain.saegim", data, "UNKNOWN", trust="network.json", codes={"source": "other_network"}
    )
    fresh = Case(anchored=False)
    code = {"anchoring": "not_anchored_yet"}
    yield Vector(
        "made-not-yet.saegim", fresh.bundle().encode(), "UNKNOWN", trust="made-network.json", codes=code
    )
    rehearsal = Case(at=START - 1)
    rehearsal.document, rehearsal.leaf, rehearsal.tree = home.document, home.leaf, home.tree
    code = {"source": "proof_wrong_vanity"}
    yield Vector(
        "made-rehearsal.saegim", rehearsal.bundle().encode(), "UNKNOWN", trust="made-network.json", codes=code
    )
    yield from _changed_validators()
    yield from qbft_vectors()


def qbft_vectors() -> Iterator[Vector]:
    """A network of the second engine: one header under four seals, under three, and after a change of the set."""
    home = Case(engine=QbftChain)
    yield _trust("made-qbft-network.json", home.trust.to_json())
    yield _qbft("made-qbft", home.bundle(), "VALID", "light_proof")
    weak = home.bundle()
    assert weak.proof is not None
    home.chain.mine(by=home.chain.validators[:3])
    proof = replace(weak.proof, headers=(home.chain.head.rlp,))
    yield _qbft("made-qbft-too-few-seals", replace(weak, proof=proof), "UNKNOWN", "proof_too_few_seals")
    case = Case(engine=QbftChain)
    trust = case.trust
    case.chain.register_change(case.chain.keys([1, 2, 3, 4, 6]))
    case.chain.mine()
    case.chain.adopt_change()
    case.chain.mine(4)
    yield _qbft("made-qbft-validators-changed", case.made(trust), "VALID", "light_proof")


def _qbft(name: str, bundle: ProofBundle, verdict: str, source: str) -> Vector:
    return Vector(
        f"{name}.saegim",
        bundle.encode(),
        verdict,
        trust="made-qbft-network.json",
        codes={"source": source},
    )


def _changed_validators() -> Iterator[Vector]:
    case = Case()
    trust = case.trust
    case.chain.register_change(case.chain.keys([1, 2, 3, 4, 6]))
    case.chain.mine(5)
    case.chain.adopt_change()
    case.chain.mine(8)
    bundle = case.made(trust)
    yield Vector(
        "made-validators-changed.saegim",
        bundle.encode(),
        "VALID",
        trust="made-network.json",
        codes={"source": "light_proof"},
    )


def _trust(name: str, content: dict[str, object]) -> Vector:
    return Vector(name, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def _key(**fields: int) -> Change:
    return lambda case: case.chain.key(case.kid, **fields)


def _standing(standing: int, **fields: int) -> Change:
    return lambda case: case.chain.institution(1, standing=standing, standingSince=ANCHOR + 1, **fields)


def _vouched_again(case: Case) -> None:
    case.chain.key(case.kid, compromisedSince=START + 1, declaredAt=ANCHOR + 1)
    case.chain.anchor(1, case.tree.root, 4, time=ANCHOR, reaffirmedAt=ANCHOR + 2)


def _replaced_by_withdrawn(case: Case) -> None:
    case.chain.supersede(1, case.leaf, keccak256(b"newer"))
    case.chain.mark(1, keccak256(b"newer"), 3, 2)


def _replaced_thrice(case: Case) -> None:
    leaves = [case.leaf, *(keccak256(b"newer%d" % i) for i in range(3))]
    for old, new in pairwise(leaves):
        case.chain.supersede(1, old, new, 2)


REFUSED = "ISSUER_NOT_TRUSTED"

CASES: tuple[tuple[str, Change, str, dict[str, str]], ...] = (
    (
        "key-compromised",
        _key(compromisedSince=ANCHOR, declaredAt=ANCHOR + 1),
        REFUSED,
        {"issuer": "key_compromised"},
    ),
    ("key-compromised-later", _key(compromisedSince=ANCHOR + 1), "VALID", {"issuer": "issuer_active"}),
    ("vouched-again", _vouched_again, "VALID", {"issuer": "issuer_reaffirmed"}),
    ("key-expired", _key(validUntil=ANCHOR), REFUSED, {"issuer": "key_expired"}),
    ("key-not-yet-valid", _key(validFrom=ANCHOR + 1), REFUSED, {"issuer": "key_not_yet_valid"}),
    ("key-of-another", _key(institution=2), REFUSED, {"issuer": "key_of_another"}),
    ("encryption-key", _key(purpose=2), REFUSED, {"issuer": "key_not_for_signing"}),
    ("suspended", _standing(2), "VALID", {"issuer": "issuer_suspended"}),
    ("retired", _standing(3), "VALID", {"issuer": "issuer_retired"}),
    ("expelled", _standing(4, doubtSince=ANCHOR), REFUSED, {"issuer": "issuer_expelled"}),
    ("expelled-later", _standing(4, doubtSince=ANCHOR + 1), "VALID", {"issuer": "issuer_expelled_later"}),
    ("no-member", _standing(0, kind=0), REFUSED, {"issuer": "issuer_unknown"}),
    ("withdrawal-annulled", lambda case: case.chain.mark(1, case.leaf, 1, 0), "VALID", {"status": "active"}),
    ("replaced-thrice", _replaced_thrice, "SUPERSEDED", {"status": "superseded"}),
    ("replaced-by-withdrawn", _replaced_by_withdrawn, "SUPERSEDED", {"status": "superseded_then_withdrawn"}),
)
