"""One hospital, one receipt, one synthetic chain: what the verifier's tests vary."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from synthetic import START, SyntheticChain, SyntheticNode

from bench.samples import SAMPLES
from chain import p256
from chain.hashing import keccak256
from chain.merkle import MerkleTree, leaf_of
from chain.trust import TrustFile
from records.credential import IssuedCredential, Issuer, IssuerKey, issue
from records.kinds import parse
from verifier import Outcome, ProofBundle, Question, Report, Verdict, verify
from verifier.prove import make_bundle

ISSUED = datetime.fromtimestamp(START, UTC)
OTHER_KEY = ec.derive_private_key(777, ec.SECP256R1())
SIGNING_KEY = ec.derive_private_key(20260305, ec.SECP256R1())


def issued(
    chain_id: int = 710, index: int = 1, *, key: Any = SIGNING_KEY, at: datetime = ISSUED
) -> IssuedCredential:
    """A receipt of the sample hospital, with fresh salts."""
    issuer = Issuer(f"urn:saegim:{chain_id}:institution:{index}", "서울시 샘플의료원")
    return issue(parse("receipt", SAMPLES["receipt"]()), issuer=issuer, key=IssuerKey.of(key), iat=at)


class Case:
    """A receipt anchored in block 3 of a chain in good order. Change what you like, then `bundle` and `check`."""

    def __init__(
        self,
        *,
        key: Any = SIGNING_KEY,
        anchored: bool = True,
        engine: type[SyntheticChain] = SyntheticChain,
        **chain_options: Any,
    ) -> None:
        self.key = key
        self.chain = engine(**chain_options)
        self.point = p256.coordinates(key.public_key())
        self.kid = p256.thumbprint(*self.point)
        self.document = issued(self.chain.chain_id, key=key)
        self.leaf = leaf_of(self.document.digest)
        self.tree = MerkleTree.build([self.leaf], pad=lambda size: keccak256(b"pad")[:size])
        self.chain.institution(1)
        self.chain.institution(2, "krnpi:22200002")
        self.chain.key(self.kid)
        self.chain.crowd(40)
        self.chain.mine(2)
        if anchored:
            self.chain.anchor(1, self.tree.root, self.tree.depth)
        self.chain.mine()

    @property
    def node(self) -> SyntheticNode:
        node = SyntheticNode(self.chain)
        node.keys[self.kid] = self.point
        return node

    @property
    def trust(self) -> TrustFile:
        return self.chain.trust()

    @property
    def now(self) -> datetime:
        """Five seconds after the newest block."""
        return datetime.fromtimestamp(self.chain.head.time, UTC) + timedelta(seconds=5)

    def bundle(self, **changes: Any) -> ProofBundle:
        """A fresh bundle, after enough blocks to make what was written strong."""
        self.chain.mine(5)
        return replace(self.made(), **changes)

    def made(self, trust: TrustFile | None = None) -> ProofBundle:
        """A bundle of the chain as it is."""
        return make_bundle(
            self.node,
            trust or self.trust,
            credential=self.document.compact,
            root=self.tree.root,
            path=self.tree.proof(0),
            issuer=1,
        )

    def check(self, bundle: ProofBundle | None = None, **options: Any) -> Report:
        """The report on a bundle (a fresh one unless given) five seconds after the newest block."""
        bundle = bundle or self.bundle()
        return verify(
            bundle, options.pop("trust", None) or self.trust, now=options.pop("now", self.now), **options
        )


def found(report) -> dict[str, str]:
    return {question.value: finding.code for question, finding in report.findings.items()}


def only(report, question: str, code: str, verdict: Verdict) -> None:
    """The one finding that did not pass, and the verdict that follows."""
    assert {
        q: c for q, c in found(report).items() if report.findings[Question(q)].outcome is not Outcome.PASSED
    } == {question: code}
    assert report.verdict is verdict
