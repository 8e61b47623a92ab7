"""Bundles from a real network: five validators seal them, the contracts write what they prove.

Hostile ones are made from honest ones by changing what a forger could change.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from synthetic import account, seal
from vector import Vector

from bench.samples import SAMPLES
from chain import p256
from chain.client import ChainClient
from chain.headers import Header
from chain.merkle import MerkleTree, leaf_of
from chain.trust import TrustFile
from network.artifact import BoundContract, artifact
from network.local import LocalNetwork
from network.transact import Transactor
from network.waiting import wait_for
from records.credential import IssuedCredential, Issuer, IssuerKey, issue, present
from records.kinds import parse
from verifier import ProofBundle, make_bundle

HOSPITAL = 1
STRANGER = ec.derive_private_key(424242, ec.SECP256R1())


class Hospital:
    """The hospital of a running network: issues, anchors, withdraws, replaces."""

    def __init__(self, network: LocalNetwork) -> None:
        self.network = network
        self.trust = TrustFile.load(network.trust_path)
        self.client = ChainClient(network.rpc_urls[:1], chain_id=network.chain_id)
        self.transactor = Transactor(self.client, network.chain_id)
        self.oracle = network.keys.account("hospital-oracle")
        where = network.deployment.address("DocumentRegistry")
        self.documents = BoundContract(self.client, artifact("DocumentRegistry"), where)
        self.key, _ = network.keys.document_key("hospital-sign")
        self.trees: dict[bytes, tuple[MerkleTree, int]] = {}

    def issue(
        self, *, key: ec.EllipticCurvePrivateKey | None = None, ago: timedelta = timedelta(0)
    ) -> IssuedCredential:
        """A receipt of the sample day."""
        issuer = Issuer(f"urn:saegim:{self.network.chain_id}:institution:{HOSPITAL}", "서울시 샘플의료원")
        record = parse("receipt", SAMPLES["receipt"]())
        return issue(record, issuer=issuer, key=IssuerKey.of(key or self.key), iat=datetime.now(UTC) - ago)

    def batch(self, *documents: IssuedCredential, anchor: bool = True) -> None:
        tree = MerkleTree.build([leaf_of(document.digest) for document in documents])
        for index, document in enumerate(documents):
            self.trees[document.digest] = (tree, index)
        if anchor:
            self.act("anchor", tree.root, tree.depth)

    def reference(self, document: IssuedCredential) -> tuple[bytes, bytes, list[bytes]]:
        tree, index = self.trees[document.digest]
        return tree.root, leaf_of(document.digest), tree.proof(index)

    def act(self, function: str, *arguments: object) -> None:
        sent = self.transactor.send(self.oracle, self.documents, function, *arguments, what=function)
        self.transactor.wait([sent])

    def bundle(self, document: IssuedCredential, compact: str | None = None) -> ProofBundle:
        root, _, path = self.reference(document)
        key = self.key if document.jwt.startswith(IssuerKey.of(self.key).header) else STRANGER
        return make_bundle(
            self.client,
            self.trust,
            credential=compact or document.compact,
            root=root,
            path=path,
            issuer=HOSPITAL,
            key=p256.coordinates(key.public_key()),
        )

    def settle(self) -> None:
        """Waits until everything written so far is below a strong block."""
        target = self.client.head().number + 6
        wait_for("six more blocks", lambda: self.client.head().number >= target or None, seconds=60)


def real_vectors(folder: Path) -> Iterator[Vector]:
    """Runs a network in `folder` and yields the vectors; the trust file comes first, as `network.json`."""
    with LocalNetwork.create(folder).up() as network:
        hospital = Hospital(network)
        valid, withdrawn, replaced, newer = (hospital.issue() for _ in range(4))
        forged, never = hospital.issue(key=STRANGER), hospital.issue(ago=timedelta(hours=25))
        hospital.batch(valid, withdrawn, replaced, forged)
        hospital.batch(newer)
        hospital.batch(never, anchor=False)
        hospital.act("withdraw", HOSPITAL, hospital.reference(withdrawn), 1)
        hospital.act("amend", HOSPITAL, hospital.reference(replaced), hospital.reference(newer), 2)
        hospital.settle()
        yield Vector(
            "network.json",
            (json.dumps(hospital.trust.to_json(), indent=1, ensure_ascii=False) + "\n").encode(),
        )
        good = hospital.bundle(valid)
        yield from _honest(hospital, good, valid)
        yield Vector(
            "withdrawn.saegim",
            hospital.bundle(withdrawn).encode(),
            "WITHDRAWN",
            codes={"status": "withdrawn"},
        )
        yield Vector(
            "superseded.saegim",
            hospital.bundle(replaced).encode(),
            "SUPERSEDED",
            codes={"status": "superseded"},
        )
        yield Vector(
            "not-issued.saegim",
            hospital.bundle(never).encode(),
            "NOT_ISSUED",
            codes={"anchoring": "not_anchored"},
        )
        stranger = hospital.bundle(forged)
        yield Vector(
            "issuer-not-trusted.saegim",
            stranger.encode(),
            "ISSUER_NOT_TRUSTED",
            codes={"issuer": "key_unknown"},
        )
        yield from _tampered(good, hospital.issue())
        yield from _refused_proofs(good)
        yield from _no_bundles(good)
        hospital.client.close()


def _honest(hospital: Hospital, good: ProofBundle, document: IssuedCredential) -> Iterator[Vector]:
    data = good.encode()
    assert good.proof is not None
    yield Vector("valid.saegim", data, "VALID", codes={"source": "light_proof"})
    hidden = present(document.compact, hide=["patient.name", "patient.number", "rows"])
    yield Vector(
        "valid-partly-shown.saegim",
        hospital.bundle(document, hidden).encode(),
        "VALID",
        codes={"integrity": "intact_partly"},
    )
    settled = replace(good, proof=replace(good.proof, headers=good.proof.headers[:3]))
    yield Vector("valid-settled.saegim", settled.encode(), "VALID", codes={"anchoring": "anchored_settled"})
    yield Vector("stale.saegim", data, "UNKNOWN", after=timedelta(days=8), codes={"status": "stale"})
    old = Vector(
        "stale-prescription.saegim", data, "UNKNOWN", after=timedelta(minutes=11), codes={"status": "stale"}
    )
    yield replace(old, arguments=("--reader", "prescription"))
    yield replace(
        old,
        name="fresh-enough.saegim",
        verdict="VALID",
        arguments=("--reader", "20m"),
        codes={"status": "active"},
    )
    yield Vector(
        "no-proof.saegim", replace(good, proof=None).encode(), "UNKNOWN", codes={"source": "no_source"}
    )
    yield Vector(
        "no-key.saegim", replace(good, key=None).encode(), "UNKNOWN", codes={"integrity": "key_missing"}
    )
    yield Vector(
        "trust-too-old.saegim", data, "UNKNOWN", after=timedelta(days=401), codes={"source": "trust_too_old"}
    )


def _tampered(good: ProofBundle, other: IssuedCredential) -> Iterator[Vector]:
    jwt, _, rest = good.credential.partition("~")
    header, payload, signature = jwt.split(".")

    def with_credential(name: str, credential: str, code: str) -> Vector:
        return Vector(
            name, replace(good, credential=credential).encode(), "TAMPERED", codes={"integrity": code}
        )

    middle = len(payload) // 2
    swapped = payload[:middle] + ("A" if payload[middle] != "A" else "B") + payload[middle + 1 :]
    turned = ("A" if signature[7] != "A" else "B").join((signature[:7], signature[8:]))
    yield with_credential(
        "flipped-payload.saegim", f"{header}.{swapped}.{signature}~{rest}", "credential_signature_invalid"
    )
    yield with_credential(
        "flipped-signature.saegim", f"{header}.{payload}.{turned}~{rest}", "credential_signature_invalid"
    )
    kid = p256.kid_to_text(p256.thumbprint(*good.key)) if good.key else ""
    none = (
        urlsafe_b64encode(json.dumps({"alg": "none", "kid": kid, "typ": "dc+sd-jwt"}).encode())
        .rstrip(b"=")
        .decode()
    )
    yield with_credential("alg-none.saegim", f"{none}.{payload}.AA~{rest}", "credential_algorithm_refused")
    shown = rest.split("~")
    foreign = "~".join([jwt, *shown[:2], other.disclosures[2], *shown[3:]])
    yield with_credential("swapped-disclosure.saegim", foreign, "credential_disclosure_without_digest")
    doubled = "~".join([jwt, shown[0], *shown])
    yield with_credential("doubled-disclosure.saegim", doubled, "credential_digest_repeated")
    path = (bytes([good.path[0][0] ^ 1]) + good.path[0][1:], *good.path[1:])
    yield Vector(
        "flipped-path.saegim",
        replace(good, path=path).encode(),
        "TAMPERED",
        codes={"integrity": "path_broken"},
    )
    another = p256.coordinates(STRANGER.public_key())
    code = "credential_unknown_signing_key"
    yield Vector(
        "swapped-key.saegim", replace(good, key=another).encode(), "TAMPERED", codes={"integrity": code}
    )
    yield Vector(
        "other-issuer.saegim",
        replace(good, issuer=2).encode(),
        "TAMPERED",
        codes={"integrity": "issuer_mismatch"},
    )


def _refused_proofs(good: ProofBundle) -> Iterator[Vector]:
    proof = good.proof
    assert proof is not None
    run = [Header.from_rlp(item) for item in proof.headers]

    def with_headers(name: str, headers: list[Header], code: str) -> Vector:
        changed = replace(proof, headers=tuple(header.rlp for header in headers))
        return Vector(name, replace(good, proof=changed).encode(), "UNKNOWN", codes={"source": code})

    yield with_headers("too-few-sealers.saegim", run[:2], "proof_not_final")
    yield with_headers("unlinked-headers.saegim", [run[0], *run[2:]], "proof_not_linked")
    lie = replace(run[0], state_root=b"\x66" * 32)
    yield with_headers("forged-header.saegim", _relinked([lie, *run[1:]], None), "proof_foreign_sealer")
    yield with_headers(
        "foreign-validators.saegim", _relinked([lie, *run[1:]], "thief"), "proof_foreign_sealer"
    )
    rehearsal = [replace(header, extra_data=b"f" * 32 + header.extra_data[32:]) for header in run]
    yield with_headers("rehearsal-network.saegim", _relinked(rehearsal, "thief"), "proof_wrong_vanity")
    node = proof.nodes[-1]
    flipped = (*proof.nodes[:-1], bytes([node[0]]) + bytes([node[1] ^ 1]) + node[2:])
    for name, nodes, code in (
        ("flipped-node.saegim", flipped, "proof_node_missing"),
        ("missing-node.saegim", proof.nodes[:-1], "proof_node_missing"),
        ("stray-node.saegim", (*proof.nodes, b"stray"), "proof_stray_nodes"),
    ):
        changed = replace(good, proof=replace(proof, nodes=nodes))
        yield Vector(name, changed.encode(), "UNKNOWN", codes={"source": code})


def _relinked(run: list[Header], forger: str | None) -> list[Header]:
    """The run linked again after a change; sealed anew by made-up keys, or with the old seals left on."""
    linked: list[Header] = []
    for place, header in enumerate(run):
        header = replace(header, parent_hash=linked[-1].hash) if linked else header
        linked.append(header if forger is None else seal(header, account(f"{forger}-{place}")))
    return linked


def _no_bundles(good: ProofBundle) -> Iterator[Vector]:
    data = good.encode()
    plain = cbor2.loads(data)
    yield Vector(
        "deep.saegim", b"\x81" * 20_000 + b"\x00", "UNKNOWN", codes={"integrity": "bundle_malformed"}
    )
    yield Vector("cut-short.saegim", data[:-100], "UNKNOWN", codes={"integrity": "bundle_malformed"})
    yield Vector(
        "doubled-key.saegim",
        b"\xa2\x66issuer\x01\x66issuer\x02",
        "UNKNOWN",
        codes={"integrity": "bundle_malformed"},
    )
    unsorted = cbor2.dumps(dict(sorted(plain.items(), reverse=True)))
    yield Vector("not-canonical.saegim", unsorted, "UNKNOWN", codes={"integrity": "bundle_not_canonical"})
    later = cbor2.dumps({**plain, "version": 2}, canonical=True)
    yield Vector("later-version.saegim", later, "UNKNOWN", codes={"integrity": "bundle_version"})
    yield Vector(
        "bare-credential.txt",
        good.credential.encode(),
        "UNKNOWN",
        codes={"integrity": "bundle_bare_credential"},
    )
    yield Vector("pasted.txt", urlsafe_b64encode(data), "VALID", codes={"integrity": "intact"})
