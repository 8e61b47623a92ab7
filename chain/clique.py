"""Clique (EIP-225) as geth 1.13 seals it: sealer by signature, finality by distinct sealers and weight.

For a run of linked headers in a set of N: D = distinct sealers of the set, W = sum of difficulties.
settled: D ≥ ⌊N/2⌋+1 and W > 2⌊N/2⌋; strong: settled and D ≥ ⌈2N/3⌉. Counting blocks alone is not enough:
fork choice is by total difficulty, and a partition of five reversed a block under three different sealers.
"""

from __future__ import annotations

from collections.abc import Sequence

import rlp
from eth_utils.address import to_checksum_address

from chain.finality import Finality, FinalityResult, SealFault, SealRefused, check_links, check_times
from chain.hashing import keccak256
from chain.headers import EXTRA_DATA, Header
from chain.recovery import recover_address

VANITY_BYTES = 32
SEAL_BYTES = 65
IN_TURN = 2
OUT_OF_TURN = 1

_NO_DIGEST = bytes(32)
"""Clique uses no mix digest; another one would say that the header is hashed in another way."""
_LONDON_ITEMS = 16
"""Clique has no header field after London's base fee: geth refuses to seal one."""


class CliqueEngine:
    """Judges Clique headers. With `vanity` (32 bytes), a header sealed with another tag is refused."""

    name = "clique"
    proves = True

    def __init__(self, vanity: bytes | None = None) -> None:
        if vanity is not None and len(vanity) != VANITY_BYTES:
            raise ValueError(f"a vanity tag has {VANITY_BYTES} bytes")
        self.vanity = vanity

    def sealer(self, header: Header) -> str:
        """Checksum address of who sealed the header. Raises SealRefused (malformed, another tag)."""
        extra = header.extra_data
        middle = len(extra) - VANITY_BYTES - SEAL_BYTES
        if middle < 0 or middle % 20 or len(header.items) > _LONDON_ITEMS or header.mix_digest != _NO_DIGEST:
            raise SealRefused(SealFault.MALFORMED, header.number)
        if self.vanity is not None and extra[:VANITY_BYTES] != self.vanity:
            raise SealRefused(SealFault.WRONG_VANITY, header.number)
        address = recover_address(seal_hash(header), extra[-SEAL_BYTES:])
        if address is None:
            raise SealRefused(SealFault.MALFORMED, header.number)
        return address

    def sealers(self, header: Header) -> tuple[str, ...]:
        """The one who sealed it. Raises SealRefused."""
        return (self.sealer(header),)

    def finality(self, run: Sequence[Header], validators: Sequence[str]) -> FinalityResult:
        """How final the run's first block is under `validators` (the set in force for the whole run).

        Raises SealRefused if a header is not linked, not sealed by the set, out of its turn, or of another
        network. A header of the few blocks in which a change of the set is voted through belongs to neither
        set: judge an ancestor from a later run.
        """
        signers = sorted({to_checksum_address(v) for v in validators}, key=str.lower)
        if not signers:
            raise SealRefused(SealFault.NO_VALIDATORS)
        check_links(run)
        check_times(run)
        sealers = [self.sealer(header) for header in run]
        for header, sealer in zip(run, sealers, strict=True):
            _check_turn(header, sealer, signers)
        _check_spacing(run, sealers, len(signers) // 2 + 1)
        weight = sum(header.difficulty for header in run)
        return judge(len(set(sealers)), weight, len(signers))

    def endorsement(self, run: Sequence[Header], validators: Sequence[str]) -> FinalityResult:
        """How far members of an *earlier* set stand behind the run's first block.

        For proving a change of the set: later headers follow the new set's turns and may be sealed by new
        members, so difficulty says nothing here. Only headers by members of `validators` count, one each.
        Raises SealRefused as `finality` does for links, tags and seals.
        """
        members = {to_checksum_address(v) for v in validators}
        if not members:
            raise SealRefused(SealFault.NO_VALIDATORS)
        check_links(run)
        check_times(run)
        known = [sealer for sealer in map(self.sealer, run) if sealer in members]
        return judge(len(set(known)), len(known), len(members))


def judge(distinct: int, weight: int, validators: int) -> FinalityResult:
    """The rule of the module docstring on bare counts."""
    half = validators // 2
    level = Finality.PENDING
    if distinct > half and weight > 2 * half:
        level = Finality.STRONG if 3 * distinct >= 2 * validators else Finality.SETTLED
    return FinalityResult(level, distinct, weight, validators)


def seal_hash(header: Header) -> bytes:
    """What a Clique sealer signs: the header's RLP with the 65 signature bytes cut off extraData."""
    items = list(header.items)
    items[EXTRA_DATA] = header.extra_data[:-SEAL_BYTES]
    return keccak256(rlp.encode(items))


def _check_turn(header: Header, sealer: str, signers: Sequence[str]) -> None:
    """The sealer is of the set, the difficulty is that of its turn, a signer list is that of the set."""
    if sealer not in signers:
        raise SealRefused(SealFault.FOREIGN_SEALER, header.number)
    in_turn = header.number % len(signers) == signers.index(sealer)
    if header.difficulty != (IN_TURN if in_turn else OUT_OF_TURN):
        raise SealRefused(SealFault.WRONG_DIFFICULTY, header.number)
    listed = header.extra_data[VANITY_BYTES:-SEAL_BYTES]
    if listed and listed != b"".join(bytes.fromhex(signer[2:]) for signer in signers):
        raise SealRefused(SealFault.WRONG_SIGNER_LIST, header.number)


def _check_spacing(run: Sequence[Header], sealers: Sequence[str], limit: int) -> None:
    """Nobody seals twice within `limit` consecutive blocks (EIP-225: SIGNER_LIMIT)."""
    last: dict[str, int] = {}
    for header, sealer in zip(run, sealers, strict=True):
        if header.number - last.get(sealer, -limit) < limit:
            raise SealRefused(SealFault.SEALED_TOO_SOON, header.number)
        last[sealer] = header.number
