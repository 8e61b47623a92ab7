"""P-256 keys for the registry's tests, made from numbers, with their proofs of possession."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from chain.p256 import P256Signature, coordinates, thumbprint
from chain.signing import sign_possession
from tests.contracts.institutions.world import DAY, HOSPITAL, World


class Purpose(IntEnum):
    NONE = 0
    SIGN = 1
    ENCRYPT = 2


@dataclass(frozen=True)
class TestKey:
    """A key pair that a test can register."""

    __test__ = False
    private: ec.EllipticCurvePrivateKey

    @property
    def point(self) -> tuple[bytes, bytes]:
        return coordinates(self.private.public_key())

    @property
    def kid(self) -> bytes:
        return thumbprint(*self.point)


def test_key(number: int) -> TestKey:
    """The same key for the same number."""
    return TestKey(ec.derive_private_key(1_000_000 + number, ec.SECP256R1()))


test_key.__test__ = False  # type: ignore[attr-defined]


def prove(world: World, key: TestKey, **terms: Any) -> P256Signature:
    """The proof of possession for these terms."""
    return sign_possession(key.private, world.domain.key_possession(kid=key.kid, **terms))


def add_key(
    world: World,
    key: TestKey,
    *,
    index: int = HOSPITAL,
    purpose: int = Purpose.SIGN,
    valid_from: int = 0,
    valid_until: int | None = None,
) -> Any:
    """Register a key for a year from now on, or as said."""
    until = world.now + 365 * DAY if valid_until is None else valid_until
    terms = {"institution": index, "purpose": purpose, "valid_from": valid_from, "valid_until": until}
    proof = prove(world, key, **terms)
    return world.registry.addKey(
        key.kid, *key.point, purpose, valid_from, until, proof.r, proof.s, sender=world.admins[index]
    )
