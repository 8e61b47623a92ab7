"""The extra data of a QBFT header, as Hyperledger Besu writes it, and what of it counts in the block's hash.

RLP of [vanity (32 bytes), validators, vote, round, committed seals]. Validators and vote are empty lists when a
contract chooses the validators. Seals and round differ from node to node for the same block (each keeps the
seals that reached it), so the block hash leaves the seals out and takes the round for 0; what a validator seals
leaves the seals out and keeps the round. (Besu: QbftExtraDataCodec, BftBlockHashing.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import rlp

from chain.encoding import RlpMalformed, decode_rlp

VANITY_BYTES = 32
SEAL_BYTES = 65
ADDRESS_BYTES = 20
ROUND_BYTES = 4

ADD = b"\xff"
"""A vote to add its candidate; to drop it, the same place is empty."""
DROP = b""

BFT_DIGEST = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
"""The mix digest by which a header says that it is of the Istanbul family (EIP-650), QBFT included."""


class ExtraMalformed(ValueError):
    """Extra data that no QBFT node writes. `problem` says what is wrong with it."""

    code = "seal_malformed"

    def __init__(self, problem: str) -> None:
        super().__init__(f"QBFT extra data: {problem}")
        self.problem = problem


@dataclass(frozen=True)
class QbftExtra:
    """Decoded extra data. `vote` is (candidate, ADD or DROP) or None; `seals` are r ‖ s ‖ v, v 0 or 1."""

    vanity: bytes
    validators: tuple[bytes, ...] = ()
    vote: tuple[bytes, bytes] | None = None
    round: int = 0
    seals: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """The canonical RLP."""
        rounds = self.round.to_bytes((self.round.bit_length() + 7) // 8, "big")
        vote = [] if self.vote is None else list(self.vote)
        encoded: bytes = rlp.encode([self.vanity, list(self.validators), vote, rounds, list(self.seals)])
        return encoded

    def sealed(self) -> bytes:
        """As in what a validator seals: no seals, this round."""
        return replace(self, seals=()).encode()

    def hashed(self) -> bytes:
        """As in what the block hash is of: no seals, round 0."""
        return replace(self, seals=(), round=0).encode()


def decode_extra(data: bytes) -> QbftExtra:
    """Read extra data. Raises ExtraMalformed for any but the canonical encoding of exactly five parts.

    Stricter than Besu, which skips further parts: they would not be covered by the hash.
    """
    try:
        parts = decode_rlp(data)
    except RlpMalformed as error:
        raise ExtraMalformed("no canonical RLP") from error
    if not isinstance(parts, list) or len(parts) != 5:
        raise ExtraMalformed("not five parts")
    vanity, validators, vote, rounds, seals = parts
    return QbftExtra(
        _bytes(vanity, VANITY_BYTES, "vanity"),
        _many(validators, ADDRESS_BYTES, "validators"),
        _vote(vote),
        _round(rounds),
        _many(seals, SEAL_BYTES, "seals"),
    )


def _bytes(item: Any, length: int, what: str) -> bytes:
    if not isinstance(item, bytes) or len(item) != length:
        raise ExtraMalformed(f"{what}: not {length} bytes")
    return item


def _many(item: Any, length: int, what: str) -> tuple[bytes, ...]:
    if not isinstance(item, list):
        raise ExtraMalformed(f"{what}: no list")
    return tuple(_bytes(entry, length, what) for entry in item)


def _vote(item: Any) -> tuple[bytes, bytes] | None:
    if item == []:
        return None
    if not isinstance(item, list) or len(item) != 2 or item[1] not in (ADD, DROP):
        raise ExtraMalformed("vote: not a candidate and a direction")
    return _bytes(item[0], ADDRESS_BYTES, "vote"), item[1]


def _round(item: Any) -> int:
    if not isinstance(item, bytes) or len(item) > ROUND_BYTES or item[:1] == b"\0":
        raise ExtraMalformed("round: no canonical integer of four bytes")
    return int.from_bytes(item, "big")
