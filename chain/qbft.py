"""QBFT as Hyperledger Besu seals it: a header under which ⌈2N/3⌉ of the validators put their seal is final.

A block is decided before it is published, so nothing waits and nothing weighs: the first header of a run is
strong at once, and a header with fewer seals is no block at all. The set is the one given (the registry's, by
the light proof); a list in the header is never believed, only refused if it contradicts the set.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import rlp
from eth_utils.address import to_checksum_address

from chain.finality import Finality, FinalityResult, SealFault, SealRefused, check_links, check_times
from chain.hashing import keccak256
from chain.headers import EXTRA_DATA, Header
from chain.qbft_extra import BFT_DIGEST, VANITY_BYTES, ExtraMalformed, QbftExtra, decode_extra
from chain.recovery import recover_address

DIFFICULTY = 1
NO_UNCLES = keccak256(rlp.encode([]))
_NONCE = bytes(8)
_RECOVERY_IDS = (0, 1)


class QbftEngine:
    """Judges QBFT headers. With `vanity` (32 bytes), a header sealed with another tag is refused."""

    name = "qbft"
    proves = True

    def __init__(self, vanity: bytes | None = None) -> None:
        if vanity is not None and len(vanity) != VANITY_BYTES:
            raise ValueError(f"a vanity tag has {VANITY_BYTES} bytes")
        self.vanity = vanity

    def sealer(self, header: Header) -> str:
        """Checksum address of the proposer, which those who sealed confirm. Raises SealRefused."""
        self._extra(header)
        return to_checksum_address(header.beneficiary)

    def sealers(self, header: Header) -> tuple[str, ...]:
        """Checksum addresses of those whose committed seals the header carries. Raises SealRefused.

        Refused: another tag, constants of another engine, a seal that nobody made, two seals of one account.
        """
        return _committers(header, self._extra(header))

    def finality(self, run: Sequence[Header], validators: Sequence[str]) -> FinalityResult:
        """The run's first block is strong if every header carries the seals of ⌈2N/3⌉ of `validators`.

        Raises SealRefused if a header is not linked, of another network, sealed or proposed by a stranger, or
        sealed by too few: no honest node has such a block. `weight` is the number of the first header's seals.
        """
        members = _members(validators)
        check_links(run)
        check_times(run)
        counts = [len(self._members_seals(header, members)) for header in run]
        return FinalityResult(Finality.STRONG, counts[0], counts[0], len(members))

    def endorsement(self, run: Sequence[Header], validators: Sequence[str]) -> FinalityResult:
        """How far members of an *earlier* set stand behind the run's first block.

        A seal commits to all ancestors, so each member counts that sealed any header of the run; others' seals
        say nothing. Raises SealRefused as `finality` does for links, tags and seals.
        """
        members = _members(validators)
        check_links(run)
        check_times(run)
        known = [sealer for header in run for sealer in self.sealers(header) if sealer in members]
        distinct = len(set(known))
        level = Finality.STRONG if distinct >= quorum(len(members)) else Finality.PENDING
        return FinalityResult(level, distinct, len(known), len(members))

    def _members_seals(self, header: Header, members: frozenset[str]) -> tuple[str, ...]:
        """Who sealed a header that the set has decided on. Raises SealRefused."""
        extra = self._extra(header)
        sealers = _committers(header, extra)
        if not {*sealers, to_checksum_address(header.beneficiary)} <= members:
            raise SealRefused(SealFault.FOREIGN_SEALER, header.number)
        listed = {to_checksum_address(address) for address in extra.validators}
        if listed and listed != members:
            raise SealRefused(SealFault.WRONG_SIGNER_LIST, header.number)
        if len(sealers) < quorum(len(members)):
            raise SealRefused(SealFault.TOO_FEW_SEALS, header.number)
        return sealers

    def _extra(self, header: Header) -> QbftExtra:
        """The extra data of a header whose constant fields are QBFT's. Raises SealRefused."""
        if (header.mix_digest, header.nonce, header.uncles_hash) != (BFT_DIGEST, _NONCE, NO_UNCLES):
            raise SealRefused(SealFault.MALFORMED, header.number)
        if header.difficulty != DIFFICULTY:
            raise SealRefused(SealFault.WRONG_DIFFICULTY, header.number)
        try:
            extra = decode_extra(header.extra_data)
        except ExtraMalformed as error:
            raise SealRefused(SealFault.MALFORMED, header.number) from error
        if self.vanity is not None and extra.vanity != self.vanity:
            raise SealRefused(SealFault.WRONG_VANITY, header.number)
        return extra


def quorum(validators: int) -> int:
    """How many seals decide: ⌈2N/3⌉."""
    return -(-2 * validators // 3)


def seal_hash(header: Header, extra: QbftExtra) -> bytes:
    """What a validator seals: the header's RLP with `extra` less its seals, the round kept."""
    items = list(header.items)
    items[EXTRA_DATA] = extra.sealed()
    return keccak256(rlp.encode(items))


def _committers(header: Header, extra: QbftExtra) -> tuple[str, ...]:
    """Who made the seals r ‖ s ‖ v, each once. Besu writes v as 0 or 1 and reads nothing else."""
    digest = seal_hash(header, extra)
    found: list[str] = []
    for seal in extra.seals:
        committer = recover_address(digest, seal) if seal[-1] in _RECOVERY_IDS else None
        if committer is None:
            raise SealRefused(SealFault.MALFORMED, header.number)
        if committer in found:
            raise SealRefused(SealFault.DUPLICATE_SEAL, header.number)
        found.append(committer)
    return tuple(found)


def _members(validators: Iterable[str]) -> frozenset[str]:
    members = frozenset(to_checksum_address(validator) for validator in validators)
    if not members:
        raise SealRefused(SealFault.NO_VALIDATORS)
    return members
