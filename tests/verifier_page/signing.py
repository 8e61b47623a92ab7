"""Documents as the sample hospital signs them, and as it could sign what it should not."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from datetime import datetime, timedelta
from typing import Any

from case import ISSUED, SIGNING_KEY
from node_verifier import Job
from vector_jobs import vector_job

from bench.samples import SAMPLES
from chain import p256
from chain.merkle import MerkleTree, leaf_of
from records.credential import IssuedCredential, Issuer, IssuerKey, digest_of, issue
from records.kinds import parse
from records.sdjwt.jose import b64encode, digest, sign
from verifier import ProofBundle

KEY = IssuerKey.of(SIGNING_KEY)
POINT = p256.coordinates(SIGNING_KEY.public_key())
HEADER = {"alg": "ES256", "kid": KEY.kid, "typ": "dc+sd-jwt"}
NOW = ISSUED + timedelta(seconds=10)


def job(name: str, credential: str, *, key: tuple[bytes, bytes] = POINT, now: datetime = NOW) -> Job:
    """The job of a credential with a good path and the good key, without a light proof: integrity decides."""
    leaf = leaf_of(digest_of(credential.partition("~")[0]))
    tree = MerkleTree.build([leaf], pad=bytes)
    bundle = ProofBundle(credential, 1, tree.root, tuple(tree.proof(0)), key)
    return Job(name, bundle.encode(), vector_job("made-suspended.saegim").trust, now)


def issued(kind: str, *, holder: Any = None, **options: Any) -> IssuedCredential:
    """A sample document."""
    issuer = Issuer("urn:saegim:710:institution:1", "서울시 샘플의료원")
    record = parse(kind, SAMPLES[kind](**options))
    return issue(record, issuer=issuer, key=KEY, iat=ISSUED, holder=holder)


def taken_apart(document: IssuedCredential) -> tuple[dict[str, Any], list[Any]]:
    """Payload and disclosures, decoded."""
    return decoded(document.jwt.split(".")[1]), [decoded(each) for each in document.disclosures]


def signed(payload: Any, disclosures: list[Any], header: Any = HEADER) -> str:
    """Any payload and disclosures under a good signature. Text is taken as the JSON itself."""
    jwt = sign(SIGNING_KEY, b64encode(dumped(header)), dumped(payload))
    return "~".join([jwt, *(b64encode(dumped(each)) for each in disclosures), ""])


def digest_for(disclosure: Any) -> str:
    """The digest under which `signed` discloses it."""
    return digest(b64encode(dumped(disclosure)))


def dumped(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def decoded(text: str) -> Any:
    return json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def renamed(value: Any, names: dict[str, str]) -> Any:
    """A JSON value with some texts replaced by others."""
    if isinstance(value, dict):
        return {name: renamed(inner, names) for name, inner in value.items()}
    if isinstance(value, list):
        return [renamed(inner, names) for inner in value]
    return names.get(value, value) if isinstance(value, str) else value
