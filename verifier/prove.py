"""Making a fresh bundle for a document from any member's node."""

from __future__ import annotations

from dataclasses import replace

from chain.engine import Finality
from chain.light import LightProof
from chain.proofs import NotFinalYet, ProofClient, build_light_proof
from chain.trust import TrustFile
from verifier.bundle import BundleError, ProofBundle
from verifier.subject import subject_of
from verifier.verification import fetch_key


def make_bundle(
    client: ProofClient,
    trust: TrustFile,
    *,
    credential: str,
    root: bytes,
    path: tuple[bytes, ...] | list[bytes],
    issuer: int,
    key: tuple[bytes, bytes] | None = None,
    held: LightProof | None = None,
) -> ProofBundle:
    """A bundle with a light proof as of now, for `credential` (a presentation, `jwt~…~`).

    key: x and y of the signing key; asked of the node if not given, and left out if the key is not registered.
    held: an earlier proof, for validator changes that a node can no longer prove. The proof is strong, or
    settled while too many validators are missing for that. Raises ProofUnavailable, LightProofError,
    CredentialError (not a JWT, or no kid in it) and what the client raises.
    """
    subject = subject_of(credential, root, issuer)
    point = key or fetch_key(client, trust, subject.kid)
    try:
        proof = build_light_proof(client, trust, subject, held=held)
    except NotFinalYet:
        proof = build_light_proof(client, trust, subject, held=held, at_least=Finality.SETTLED)
    return ProofBundle(credential, issuer, root, tuple(path), point, proof)


def refresh(client: ProofClient, trust: TrustFile, bundle: ProofBundle) -> ProofBundle:
    """The same document with a fresh proof. Raises as `make_bundle`."""
    return make_bundle(
        client,
        trust,
        credential=bundle.credential,
        root=bundle.root,
        path=bundle.path,
        issuer=bundle.issuer,
        key=bundle.key,
        held=bundle.proof,
    )


def adopt(bundle: ProofBundle, proof_only: ProofBundle) -> ProofBundle:
    """The same document with the proof of a bundle without content, as a member's `GET …/proof` gives it.

    Raises BundleError("bundle_other_document"): it proves another document's place.
    """
    if (proof_only.issuer, proof_only.root, proof_only.path) != (bundle.issuer, bundle.root, bundle.path):
        raise BundleError("bundle_other_document", "the proof is of another document")
    return replace(bundle, proof=proof_only.proof)
