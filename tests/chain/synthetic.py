"""A chain in memory: real headers, seals, tries and trust file, made with generated keys.

Faults that no real network can be brought to show (forged seals, foreign validators, a slot swapped) are made
here in a line; what is right here is right by the same rules as on a real chain, because every hash is real.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import rlp
from coincurve import PrivateKey
from eth_abi.abi import encode
from trie import HexaryTrie

from chain.clique import SEAL_BYTES, seal_hash
from chain.errors import StateMissing
from chain.hashing import keccak256
from chain.headers import _ALL, Header
from chain.layout import layout_of
from chain.light import LightProof, ProofSubject
from chain.proofs import build_light_proof
from chain.recovery import account_of
from chain.state import validator_set_hash
from chain.trust import TrustFile, sign_trust_file

START = 1_760_000_000
"""Block time of the genesis block, seconds since 1970."""

CONTRACTS = {
    "InstitutionRegistry": "0x" + "a1" * 20,
    "DocumentRegistry": "0x" + "b2" * 20,
    "TransferLedger": "0x" + "c3" * 20,
}


INSTITUTIONS = [
    {
        "index": 1,
        "id": "krnpi:11100001",
        "kind": "hospital",
        "nameKo": "서울시 샘플의료원",
        "nameEn": "Seoul Sample Medical Center",
    },
    {
        "index": 2,
        "id": "krnpi:22200002",
        "kind": "hospital",
        "nameKo": "이웃샘플병원",
        "nameEn": "Neighbour Sample Hospital",
    },
]


def account(seed: str) -> PrivateKey:
    """A key that is always the same for the same seed."""
    return PrivateKey(keccak256(seed.encode()))


def address(key: PrivateKey) -> str:
    return account_of(key.public_key)


class SyntheticChain:
    """A Clique chain of one network (of another engine: see `QbftChain`). Block 0 is the genesis; `mine` adds to it."""

    engine = "clique"

    def __init__(self, validators: int = 5, *, seed: str = "saegim", chain_id: int = 710, at: int = START):
        self.seed = seed
        self.chain_id = chain_id
        self.validators = self.keys(range(1, validators + 1))
        self.members = [account(f"{seed}-admin-{i}") for i in range(1, validators + 1)]
        self.epoch = 1
        self.db: dict[bytes, bytes] = {}
        self.state = HexaryTrie(self.db)
        self.registered = list(self.validators)
        self._register_validators()
        genesis = self._unsealed(0, b"\0" * 32, at, self.genesis_extra())
        self.blocks = [genesis]
        self.sets = [(self.epoch, [address(k) for k in self.registered])]
        """By block, the registry's epoch and validators after it."""
        self.vanity = genesis.hash.hex()[:32].encode()

    def keys(self, indices: Sequence[int]) -> list[PrivateKey]:
        """Validators' keys by number, in the order of their addresses."""
        return sorted(
            (account(f"{self.seed}-validator-{i}") for i in indices), key=lambda k: address(k).lower()
        )

    # ---- state

    def write(self, contract: str, slot: bytes, value: int) -> None:
        """Sets one storage slot in the state of the next block."""
        who = keccak256(bytes.fromhex(CONTRACTS[contract][2:]))
        held = self.state.get(who)
        nonce, balance, root, code = (
            rlp.decode(held) if held else [b"\1", b"", HexaryTrie(self.db).root_hash, b"\7" * 32]
        )
        storage = HexaryTrie(self.db, root)
        if value:
            storage[keccak256(slot)] = rlp.encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))
        else:
            del storage[keccak256(slot)]
        self.state[who] = rlp.encode([nonce, balance, storage.root_hash, code])

    def record(self, contract: str, label: str, *keys: Any, **fields: int) -> None:
        """Writes a packed struct: `record("DocumentRegistry", "_batches", 1, root, time=…, depth=4)`."""
        layout = layout_of(contract)
        self.write(contract, layout.slot(label, *keys), layout.pack(label, **fields))

    def institution(self, index: int, name: str = "krnpi:11100001", **fields: int) -> None:
        values = {
            "kind": 1,
            "standing": 1,
            "voting": 1,
            "admittedAt": START,
            "standingSince": START,
            **fields,
        }
        self.record("InstitutionRegistry", "_institutions", index, **values)
        slot = layout_of("InstitutionRegistry").slot("_institutionIds", index)
        self.write("InstitutionRegistry", slot, int.from_bytes(name.encode().ljust(32, b"\0"), "big"))

    def key(self, kid: bytes, institution: int = 1, **fields: int) -> None:
        values = {
            "institution": institution,
            "purpose": 1,
            "validFrom": START,
            "validUntil": START + 10**8,
            **fields,
        }
        self.record("InstitutionRegistry", "_keys", kid, **values)

    def anchor(self, issuer: int, root: bytes, depth: int = 4, **fields: int) -> None:
        """As if anchored in the next block."""
        self.record(
            "DocumentRegistry", "_batches", issuer, root, **{"time": self.next_time, "depth": depth, **fields}
        )

    def mark(self, issuer: int, leaf: bytes, state: int, reason: int = 1) -> None:
        self.record(
            "DocumentRegistry", "_marks", issuer, leaf, state=state, reason=reason, time=self.next_time, by=7
        )

    def supersede(self, issuer: int, leaf: bytes, successor: bytes, reason: int = 1) -> None:
        self.mark(issuer, leaf, 2, reason)
        slot = layout_of("DocumentRegistry").slot("_successors", issuer, leaf)
        self.write("DocumentRegistry", slot, int.from_bytes(successor, "big"))

    def crowd(self, count: int) -> None:
        """Unrelated batches and accounts, so that the tries have the depth of a network in use."""
        for i in range(count):
            self.record("DocumentRegistry", "_batches", 1, keccak256(b"crowd%d" % i), time=START, depth=10)
            self.state[keccak256(b"account%d" % i)] = rlp.encode(
                [b"", b"\1", HexaryTrie(self.db).root_hash, b"\7" * 32]
            )

    # ---- validators

    def register_change(self, validators: Sequence[PrivateKey]) -> None:
        """The registry's set changes in the next block; those who seal change with `adopt_change`."""
        self.registered = sorted(validators, key=lambda k: address(k).lower())
        self.epoch += 1
        self._register_validators()

    def adopt_change(self) -> None:
        self.validators = list(self.registered)

    def _register_validators(self) -> None:
        layout = layout_of("InstitutionRegistry")
        digest = validator_set_hash([address(k) for k in self.registered])
        slot = layout.slot("_validatorSetHash", self.epoch)
        self.write("InstitutionRegistry", slot, int.from_bytes(digest, "big"))
        epoch_slot = layout.slot("_validatorEpoch")
        shift = 8 * int(layout.storage["_validatorEpoch"]["offset"])
        self.write("InstitutionRegistry", epoch_slot, self.epoch << shift)

    # ---- blocks

    def genesis_extra(self) -> bytes:
        return b"\0" * (32 + 20 * len(self.validators) + SEAL_BYTES)

    @property
    def head(self) -> Header:
        return self.blocks[-1]

    @property
    def next_time(self) -> int:
        return self.head.time + 1

    def mine(self, count: int = 1, *, by: PrivateKey | None = None, **changes: Any) -> Header:
        """Adds blocks, each sealed by whose turn it is, or by `by`. `changes` replace header fields first."""
        for _ in range(count):
            number = self.head.number + 1
            turn = self.validators[number % len(self.validators)]
            header = self._unsealed(number, self.head.hash, self.next_time, self.vanity + b"\0" * SEAL_BYTES)
            header = replace(header, difficulty=2 if by is None or by == turn else 1)
            self.add(seal(replace(header, **changes), by or turn))
        return self.head

    def add(self, header: Header) -> None:
        self.blocks.append(header)
        self.sets.append((self.epoch, [address(k) for k in self.registered]))

    def _unsealed(self, number: int, parent: bytes, time: int, extra: bytes) -> Header:
        zero = b"\0" * 32
        return Header(
            parent, zero, b"\0" * 20, self.state.root_hash, zero, zero, b"\0" * 256, 2, number, 60_000_000, 0, time,
            extra, zero, b"\0" * 8, 7,
        )  # fmt: skip

    # ---- what others hold

    def trust(self, *, at: int = 0, signers: int | None = None, **changes: Any) -> TrustFile:
        """The trust file with block `at` as checkpoint, signed by a majority or by `signers` members."""
        header = self.blocks[at]
        data: dict[str, Any] = {
            "version": 1,
            "chainId": self.chain_id,
            "engine": self.engine,
            "genesisHash": "0x" + self.blocks[0].hash.hex(),
            "vanity": self.vanity.decode(),
            "contracts": CONTRACTS,
            "institutions": INSTITUTIONS,
            "members": [{"institution": i, "admin": address(k)} for i, k in enumerate(self.members, 1)],
            "checkpoint": {
                "number": header.number,
                "hash": "0x" + header.hash.hex(),
                "time": header.time,
                "epoch": self.epoch,
                "validators": [address(k) for k in self.validators],
            },
            **changes,
        }  # fmt: skip
        trust = TrustFile.model_validate(data)
        for i in range(len(self.members) // 2 + 1 if signers is None else signers):
            trust = sign_trust_file(trust, self.members[i].secret, i + 1)
        return trust

    def prove(
        self, subject: ProofSubject, trust: TrustFile | None = None, *, archive: bool = False, **options: Any
    ) -> LightProof:
        """A light proof as a node of this chain lets anybody build it."""
        node = SyntheticNode(self, archive=archive)
        return build_light_proof(node, trust or self.trust(), subject, **options)


class SyntheticNode:
    """A node of a synthetic chain: the JSON-RPC calls that proofs need. `tamper` may change any answer.

    `archive`: it answers questions about old blocks' states too.
    """

    def __init__(
        self, chain: SyntheticChain, tamper: Any = lambda method, answer: answer, *, archive: bool = False
    ) -> None:
        self.chain = chain
        self.archive = archive
        self.tamper = tamper
        self.asked: list[str] = []
        self.keys: dict[bytes, tuple[bytes, bytes]] = {}

    def call(self, method: str, *params: Any) -> Any:
        self.asked.append(method)
        return self.tamper(method, getattr(self, method)(*params))

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        return [self.call(method, *params) for method, params in calls]

    def eth_getBlockByNumber(self, tag: str, full: bool) -> Any:
        return to_rpc(self.chain.blocks[-1 if tag == "latest" else int(tag, 16)])

    def eth_call(self, message: dict[str, str], tag: str) -> str:
        data = bytes.fromhex(message["data"][2:])
        if tag != "latest" and not self.archive:
            raise StateMissing("missing trie node")
        epoch, validators = self.chain.epoch, [address(k) for k in self.chain.registered]
        if tag != "latest":
            epoch, validators = self.chain.sets[int(tag, 16)]
        if data[:4] == keccak256(b"getValidators()")[:4]:
            return "0x" + encode(["address[]"], [validators]).hex()
        if data[:4] == keccak256(b"publicKey(bytes32)")[:4]:
            return "0x" + b"".join(self.keys.get(data[4:], (b"\0" * 32, b"\0" * 32))).hex()
        return "0x" + encode(["uint32"], [epoch]).hex()

    def eth_getProof(self, who: str, slots: Sequence[str], tag: str) -> Any:
        root = self.chain.blocks[int(tag, 16)].state_root
        state = HexaryTrie(self.chain.db, root)
        key = keccak256(bytes.fromhex(who[2:]))
        storage = HexaryTrie(self.chain.db, rlp.decode(state.get(key))[2])
        return {
            "accountProof": _nodes(state, key),
            "storageProof": [
                {"proof": _nodes(storage, keccak256(bytes.fromhex(slot[2:])))} for slot in slots
            ],
        }


def seal(header: Header, key: PrivateKey) -> Header:
    """The header with `key`'s Clique seal in the last 65 bytes of its extra data."""
    signature = key.sign_recoverable(seal_hash(header), hasher=None)
    return replace(header, extra_data=header.extra_data[:-SEAL_BYTES] + signature)


def to_rpc(header: Header) -> dict[str, Any]:
    """A header as a node's JSON."""
    found = {"hash": "0x" + header.hash.hex()}
    for attribute, name, _ in _ALL:
        value = getattr(header, attribute)
        if value is not None:
            found[name] = hex(value) if isinstance(value, int) else "0x" + value.hex()
    return found


def _nodes(trie: HexaryTrie, key: bytes) -> list[str]:
    """As geth answers: nodes on the way, those that stand inside their parent left out."""
    encoded = [rlp.encode(node) for node in trie.get_proof(key)]
    return ["0x" + node.hex() for i, node in enumerate(encoded) if i == 0 or len(node) >= 32]
