"""A chain in memory with a transaction pool, reorganisations and a bad connection: what senders are tested on.

It offers the methods that `chain.sender` and `chain.window` ask of `ChainClient`. Headers are real headers with
real hashes; blocks are as final as the number of blocks above them (`DepthEngine`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import rlp
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from chain.client import AccountView, Block, BroadcastResult, CallAt, Log, Receipt, Transaction
from chain.errors import (
    AlreadyKnown,
    ChainError,
    NodeUnavailable,
    NonceTooLow,
    PayloadRefused,
    ReplacementUnderpriced,
    Reverted,
    StateMissing,
)
from chain.finality import Finality, FinalityResult, check_links
from chain.hashing import keccak256
from chain.headers import _ALL, Header
from chain.sender.fees import Fees
from chain.sender.signing import Signer

URL = "http://fake"
SETTLED_AFTER = 3
STRONG_AFTER = 4
REVERTS = b"\xde\xad"
"""Call data that begins so reverts."""
UNMINABLE = b"\xbe\xef"
"""Call data that begins so is refused by every node."""


class DepthEngine:
    """Finality by depth: settled with 3 blocks (its own included), strong with 4."""

    name = "depth"
    proves = False

    def sealer(self, header: Header) -> str:
        return to_checksum_address(header.beneficiary)

    def sealers(self, header: Header) -> tuple[str, ...]:
        return (self.sealer(header),)

    def finality(self, run: Sequence[Header], validators: Sequence[str]) -> FinalityResult:
        check_links(run)
        level = Finality(int(len(run) >= SETTLED_AFTER) + int(len(run) >= STRONG_AFTER))
        return FinalityResult(level, len(run), len(run), len(validators))

    endorsement = finality


@dataclass(frozen=True)
class PoolTransaction:
    hash: bytes
    sender: str
    nonce: int
    to: str
    data: bytes
    gas: int
    max_fee: int
    tip: int


def decode(raw: bytes) -> PoolTransaction:
    fields = rlp.decode(raw[1:])
    number = [int.from_bytes(field, "big") for field in fields[:5]]
    return PoolTransaction(
        hash=keccak256(raw),
        sender=Account.recover_transaction(raw),
        nonce=number[1],
        to=to_checksum_address(fields[5]),
        data=fields[7],
        gas=number[4],
        max_fee=number[3],
        tip=number[2],
    )


def make_header(parent: Header | None, salt: int, base_fee: int = 7, logs: Sequence[Log] = ()) -> Header:
    number = parent.number + 1 if parent else 0
    return Header(
        parent_hash=parent.hash if parent else bytes(32),
        uncles_hash=bytes(32),
        beneficiary=bytes(20),
        state_root=bytes(32),
        transactions_root=bytes(32),
        receipts_root=bytes(32),
        bloom=bloom_of(logs),
        difficulty=1,
        number=number,
        gas_limit=30_000_000,
        gas_used=0,
        time=(parent.time + 1) if parent else 1_760_000_000,
        extra_data=salt.to_bytes(8, "big"),
        mix_digest=bytes(32),
        nonce=bytes(8),
        base_fee=base_fee,
    )


def block_json(header: Header, transactions: list[Any] | None = None) -> dict[str, Any]:
    """A header as nodes give it."""
    block: dict[str, Any] = {"hash": "0x" + header.hash.hex(), "transactions": transactions or []}
    for attribute, name, _ in _ALL:
        value = getattr(header, attribute)
        if value is not None:
            block[name] = "0x" + value.hex() if isinstance(value, bytes) else hex(value)
    return block


def bloom_of(logs: Sequence[Log]) -> bytes:
    bits = 0
    for log in logs:
        for item in (bytes.fromhex(log.address[2:]), *log.topics):
            digest = keccak256(item)
            for place in (0, 2, 4):
                bits |= 1 << (int.from_bytes(digest[place : place + 2], "big") & 2047)
    return bits.to_bytes(256, "big")


class FakeChain:
    """One node and its chain. The test moves it; the sender only asks."""

    def __init__(self) -> None:
        self.base_fee = 7
        self._salt = 0
        self.blocks_: list[tuple[Header, tuple[PoolTransaction, ...]]] = [(make_header(None, 0), ())]
        self.pool: dict[tuple[str, int], PoolTransaction] = {}
        self.down = False
        self.lose_arrivals = False
        """Transactions do not arrive, and no answer comes."""
        self.lose_answers = False
        """Transactions arrive, and no answer comes."""
        self.broadcasts: list[bytes] = []
        self.balance = 10**18

    # --- moved by the test

    def mine(self, count: int = 1, *, most: int = 1_000) -> None:
        for _ in range(count):
            chosen: list[PoolTransaction] = []
            nonces = self._nonces()
            for key in sorted(self.pool):
                tx = self.pool[key]
                if tx.nonce == nonces[tx.sender] and tx.max_fee >= self.base_fee and len(chosen) < most:
                    chosen.append(tx)
                    nonces[tx.sender] += 1
            for tx in chosen:
                del self.pool[(tx.sender, tx.nonce)]
            self._append(chosen)

    def reorganise(self, depth: int, *, keep: bool, grow: int = 1) -> None:
        """Replace the last blocks by `depth + grow` empty ones. `keep`: their transactions return to the pool."""
        depth = min(depth, len(self.blocks_) - 1)
        removed = self.blocks_[len(self.blocks_) - depth :]
        del self.blocks_[len(self.blocks_) - depth :]
        for _, transactions in removed:
            for tx in transactions:
                if keep:
                    self.pool.setdefault((tx.sender, tx.nonce), tx)
        for _ in range(depth + grow):
            self._append(())

    def lose_pool(self) -> None:
        self.pool.clear()

    def drop_queued(self) -> None:
        """What waits behind a missing nonce is dropped, as nodes do after some hours."""
        for address in {sender for sender, _ in self.pool}:
            ready = self.pending_nonce(address)
            self.pool = {key: tx for key, tx in self.pool.items() if key[0] != address or key[1] < ready}

    def steal(self, account: LocalAccount, data: bytes = b"theft") -> None:
        """The key used elsewhere: a transaction of its owner takes the next nonce."""
        nonce = self._nonces()[account.address]
        fees = Fees(10**12, 10**6)
        signed = Signer(account, 1).sign(
            nonce=nonce, to=account.address, data=data, gas_limit=50_000, fees=fees
        )
        self.pool[(account.address, nonce)] = decode(signed.raw)

    def mined(self, sender: str) -> list[PoolTransaction]:
        return [tx for _, transactions in self.blocks_ for tx in transactions if tx.sender == sender]

    def block_of(self, tx_hash: bytes) -> int | None:
        for header, transactions in self.blocks_:
            if any(tx.hash == tx_hash for tx in transactions):
                return header.number
        return None

    def _append(self, transactions: Sequence[PoolTransaction]) -> None:
        self._salt += 1
        header = make_header(self.blocks_[-1][0], self._salt, self.base_fee)
        header = replace(header, gas_used=21_000 * len(transactions))
        self.blocks_.append((header, tuple(transactions)))

    def _nonces(self, upto: int | None = None) -> defaultdict[str, int]:
        nonces: defaultdict[str, int] = defaultdict(int)
        for header, transactions in self.blocks_:
            if upto is None or header.number <= upto:
                for tx in transactions:
                    nonces[tx.sender] = tx.nonce + 1
        return nonces

    # --- asked by the sender

    def _answer(self) -> None:
        if self.down:
            raise NodeUnavailable(URL, "down")

    def head(self) -> Header:
        self._answer()
        return self.blocks_[-1][0]

    def headers(self, numbers: Sequence[int]) -> list[Header]:
        self._answer()
        return [self._block(number)[0] for number in numbers]

    def account_at(self, address: str, block: Header) -> AccountView:
        self._answer()
        if self._block(block.number)[0].hash != block.hash:
            raise StateMissing("replaced")
        return AccountView(self._nonces(block.number)[address], self.balance)

    def pending_nonce(self, address: str) -> int:
        self._answer()
        nonce = self._nonces()[address]
        while (address, nonce) in self.pool:
            nonce += 1
        return nonce

    def receipts(self, hashes: Sequence[bytes]) -> list[Receipt | None]:
        self._answer()
        found: dict[bytes, Receipt] = {}
        for header, transactions in self.blocks_:
            for tx in transactions:
                ok = not tx.data.startswith(REVERTS)
                found[tx.hash] = Receipt(tx.hash, header.number, header.hash, ok, 21_000)
        return [found.get(wanted) for wanted in hashes]

    def block_receipts(self, block: Header) -> list[Receipt]:
        self._answer()
        header, transactions = self._block(block.number)
        if header.hash != block.hash:
            raise StateMissing("replaced")
        return [receipt for receipt in self.receipts([tx.hash for tx in transactions]) if receipt]

    def blocks(self, numbers: Sequence[int]) -> list[Block]:
        self._answer()
        return [self._full(*self._block(number)) for number in numbers]

    def broadcast_many(self, raws: Sequence[bytes]) -> list[BroadcastResult]:
        results = []
        for raw in raws:
            silence = NodeUnavailable(URL, "time-out")
            if self.down or self.lose_arrivals:
                results.append(BroadcastResult(keccak256(raw), {URL: silence}))
                continue
            self.broadcasts.append(raw)
            outcome = self._take(decode(raw))
            results.append(BroadcastResult(keccak256(raw), {URL: silence if self.lose_answers else outcome}))
        return results

    def try_calls(self, calls: Sequence[CallAt]) -> list[bytes | ChainError]:
        self._answer()
        return [Reverted(call.data) if call.data.startswith(REVERTS) else b"" for call in calls]

    def try_estimates(self, calls: Sequence[CallAt]) -> list[int | ChainError]:
        self._answer()
        return [Reverted(call.data) if call.data.startswith(REVERTS) else 30_000 for call in calls]

    def _block(self, number: int) -> tuple[Header, tuple[PoolTransaction, ...]]:
        if not 0 <= number < len(self.blocks_):
            raise StateMissing(f"no block {number}")
        return self.blocks_[number]

    def _take(self, tx: PoolTransaction) -> ChainError | None:
        if tx.data.startswith(UNMINABLE):
            return PayloadRefused("intrinsic gas too low")
        if tx.nonce < self._nonces()[tx.sender]:
            return NonceTooLow("nonce too low")
        other = self.pool.get((tx.sender, tx.nonce))
        if other is not None and other.hash == tx.hash:
            return AlreadyKnown("already known")
        if other is not None and (10 * tx.max_fee < 11 * other.max_fee or 10 * tx.tip < 11 * other.tip):
            return ReplacementUnderpriced("replacement transaction underpriced")
        self.pool[(tx.sender, tx.nonce)] = tx
        return None

    @staticmethod
    def _full(header: Header, transactions: Sequence[PoolTransaction]) -> Block:
        return Block(
            header,
            tuple(
                Transaction(
                    tx.hash, tx.sender, tx.to, tx.nonce, tx.data, 0, tx.gas, header.number, header.hash
                )
                for tx in transactions
            ),
        )
