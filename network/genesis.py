"""The first block of a network, of Clique or of QBFT, and the tag that ties every later block to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rlp
from eth_utils.address import to_canonical_address
from eth_utils.encoding import int_to_big_endian
from trie import HexaryTrie

from chain.hashing import keccak256
from chain.headers import Header
from chain.qbft_extra import QbftExtra
from network.geth import ROOT

TEMPLATE = ROOT / "deploy" / "genesis" / "clique.json"
QBFT_TEMPLATE = ROOT / "deploy" / "besu" / "genesis.json"
LOCAL_CHAIN_ID = 20193
GAS_LIMIT = 60_000_000
ETHER = 10**18
_VANITY_BYTES = 32
_SEAL_BYTES = 65


def clique_genesis(
    *, chain_id: int, period: int, validators: Sequence[str], alloc: Mapping[str, int], timestamp: int
) -> dict[str, Any]:
    """The genesis of a Clique chain as `geth init` reads it.

    `period` in seconds; `alloc` maps addresses to wei; `timestamp` in seconds since 1970. All forks up to
    London are in force from block 0. EIP-225: extraData = vanity, sorted signers, room for a seal.
    """
    genesis: dict[str, Any] = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    genesis["config"]["chainId"] = chain_id
    genesis["config"]["clique"]["period"] = period
    genesis["timestamp"] = hex(timestamp)
    genesis["extraData"] = "0x" + extra_data(validators).hex()
    genesis["alloc"] = plain_accounts(alloc)
    return genesis


def qbft_genesis(
    *,
    chain_id: int,
    period: int,
    validators: Sequence[str],
    accounts: Mapping[str, Mapping[str, Any]],
    timestamp: int,
    contract: tuple[int, str] | None = None,
) -> dict[str, Any]:
    """The genesis of a QBFT chain as Besu reads it: arguments as `clique_genesis`, base fee 0 for ever.

    `accounts`: by address the balance and, of a state that was carried over, nonce, code and storage, hexadecimal.
    `contract`: from which block on which contract names the validators (`getValidators()`); until then, those of the
    extra data. It is no part of the first block, so the hash is the same with and without.
    """
    genesis: dict[str, Any] = json.loads(QBFT_TEMPLATE.read_text(encoding="utf-8"))
    genesis["config"]["chainId"] = chain_id
    genesis["config"]["qbft"]["blockperiodseconds"] = period
    genesis["timestamp"] = hex(timestamp)
    signers = tuple(sorted(to_canonical_address(address) for address in validators))
    genesis["extraData"] = "0x" + QbftExtra(bytes(_VANITY_BYTES), signers).encode().hex()
    genesis["alloc"] = dict(sorted(accounts.items()))
    if contract is not None:
        block, address = contract
        chosen = {"validatorselectionmode": "contract", "validatorcontractaddress": address.lower()}
        genesis["config"]["transitions"] = {"qbft": [{"block": block, **chosen}]}
    return genesis


def plain_accounts(alloc: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """Accounts that only have coins, as genesis files write them. Amounts in wei."""
    return {address: {"balance": hex(wei)} for address, wei in sorted(alloc.items())}


def engine_of(genesis: Mapping[str, Any]) -> str:
    """The engine that a genesis file is for: "clique" or "qbft". Raises KeyError for any other."""
    config = genesis["config"]
    if "qbft" in config:
        return "qbft"
    _ = config["clique"]
    return "clique"


def extra_data(validators: Sequence[str]) -> bytes:
    """The genesis block's extraData: 32 zero bytes, the sorted signer addresses, 65 zero bytes."""
    signers = sorted(to_canonical_address(address) for address in validators)
    return bytes(_VANITY_BYTES) + b"".join(signers) + bytes(_SEAL_BYTES)


def vanity_tag(genesis_hash: str) -> str:
    """What every node writes into its headers' vanity: the first 32 hex characters of the genesis hash.

    ASCII, because geth's `--miner.extradata` takes the option's bytes as they are; covered by the seal, so a
    proof from a rehearsal network with the same validators does not pass for one of this network.
    """
    return genesis_hash.removeprefix("0x").lower()[:_VANITY_BYTES]


def write_genesis(path: Path, genesis: Mapping[str, Any]) -> None:
    """Write a genesis file as JSON, indented, for people to compare."""
    path.write_text(json.dumps(genesis, indent=2) + "\n", encoding="utf-8")


def genesis_hash(genesis: Mapping[str, Any]) -> str:
    """The hash of the block that `geth init` or Besu makes of a genesis file, computed here: 0x and 64 digits.

    It is needed before any node runs, because the nodes are started with a tag taken from it.
    """
    header = Header(
        parent_hash=bytes(32),
        uncles_hash=keccak256(rlp.encode([])),
        beneficiary=to_canonical_address(genesis["coinbase"]),
        state_root=state_root(genesis["alloc"]),
        transactions_root=_EMPTY_TRIE,
        receipts_root=_EMPTY_TRIE,
        bloom=bytes(256),
        difficulty=int(genesis["difficulty"], 16),
        number=0,
        gas_limit=int(genesis["gasLimit"], 16),
        gas_used=0,
        time=int(genesis["timestamp"], 16),
        extra_data=bytes.fromhex(genesis["extraData"][2:]),
        mix_digest=bytes.fromhex(genesis["mixHash"][2:]),
        nonce=int(genesis["nonce"], 16).to_bytes(8, "big"),
        base_fee=int(genesis["baseFeePerGas"], 16),
    )
    return "0x" + header.hash.hex()


_EMPTY_TRIE = keccak256(rlp.encode(b""))


def state_root(alloc: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Root of the state of these accounts: balance and, where given, nonce, code and storage, in hexadecimal."""
    trie = HexaryTrie({})
    for address, account in alloc.items():
        fields = [
            _integer(account.get("nonce", "0x0")),
            _integer(account["balance"]),
            _storage_root(account.get("storage", {})),
            keccak256(bytes.fromhex(account.get("code", "0x")[2:])),
        ]
        trie[keccak256(to_canonical_address(address))] = rlp.encode(fields)
    return bytes(trie.root_hash)


def _storage_root(storage: Mapping[str, str]) -> bytes:
    trie = HexaryTrie({})
    for slot, value in storage.items():
        trie[keccak256(int(slot, 16).to_bytes(32, "big"))] = rlp.encode(_integer(value))
    return bytes(trie.root_hash)


def _integer(text: str) -> bytes:
    """A hexadecimal number as RLP has it: no leading zeros, zero is nothing."""
    number = int(text, 16)
    return int_to_big_endian(number) if number else b""
