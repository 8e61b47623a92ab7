"""Shared by the tests of records/: a key, an issuer, a clock, and parsed samples."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bench.samples import SAMPLES
from records.credential import IssuedCredential, Issuer, IssuerKey, issue
from records.kinds import Record, parse

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def key() -> IssuerKey:
    return IssuerKey.of(ec.derive_private_key(20260305, ec.SECP256R1()))


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer("urn:saegim:20260305:institution:1", "서울시 샘플의료원")


@pytest.fixture(scope="session")
def keys(key: IssuerKey) -> Callable[[str], ec.EllipticCurvePublicKey]:
    return {key.kid: key.private_key.public_key()}.__getitem__


@pytest.fixture(scope="session")
def sample() -> Callable[..., Record]:
    def make(kind: str, *, full: bool = False) -> Record:
        return parse(kind, SAMPLES[kind](full=full))

    return make


@pytest.fixture(scope="session")
def issued(key: IssuerKey, issuer: Issuer, sample: Callable[..., Record]) -> Callable[..., IssuedCredential]:
    def make(kind: str, *, full: bool = False) -> IssuedCredential:
        return issue(sample(kind, full=full), issuer=issuer, key=key, iat=NOW)

    return make
