"""Accounts from recoverable secp256k1 signatures. coincurve does it in 30 µs, pure Python in milliseconds."""

from __future__ import annotations

from functools import lru_cache

from coincurve import PublicKey
from eth_utils.address import to_checksum_address

from chain.hashing import keccak256


@lru_cache(maxsize=8192)
def recover_address(digest: bytes, signature: bytes) -> str | None:
    """Checksum address whose key made r ‖ s ‖ v (65 bytes, v from 0 to 3) over a digest; None if none did."""
    try:
        return account_of(PublicKey.from_signature_and_message(signature, digest, hasher=None))
    except ValueError:
        return None


def account_of(key: PublicKey) -> str:
    """Checksum address of a public key: the last 20 bytes of the Keccak-256 of its point."""
    return to_checksum_address(keccak256(key.format(compressed=False)[1:])[-20:])
