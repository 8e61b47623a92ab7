"""Where contracts will be before they are there."""

from __future__ import annotations

import rlp
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.encoding import int_to_big_endian

from chain.hashing import keccak256


def created_address(creator: str, nonce: int) -> str:
    """Checksum address of the contract that `creator` makes with its transaction number `nonce`.

    Yellow paper, equation for CREATE: the last 20 bytes of the hash of (creator, nonce).
    """
    encoded = rlp.encode([to_canonical_address(creator), int_to_big_endian(nonce) if nonce else b""])
    return to_checksum_address(keccak256(encoded)[-20:])
