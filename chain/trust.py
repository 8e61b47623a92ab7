"""The trust file `network.json`: all that a verifier knows about a network before it sees a document.

It names the chain, the contracts and a checkpoint (a block and the validator set then in force) and is signed
by a majority of the voting members. Whoever verifies gets it from somebody they trust and compares its
`fingerprint`; a newer one is accepted without that if the members named in the old one signed it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from coincurve import PrivateKey
from eth_utils.address import to_checksum_address
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from chain.canonical import canonical_json, parse_json_strictly
from chain.engine import Engine, engine_for
from chain.hashing import keccak256
from chain.recovery import account_of, recover_address

MAX_AGE = timedelta(days=400)
"""Older trust files are refused: validators' keys do not stay safe for ever."""
MAX_FUTURE = timedelta(days=1)
"""How far a checkpoint may lie ahead of the reader's clock."""
MAX_FILE_BYTES = 1_000_000


class TrustFault(StrEnum):
    """Why a trust file is refused. The values are stable reason codes."""

    UNREADABLE = "trust_unreadable"
    MALFORMED = "trust_malformed"
    TOO_OLD = "trust_too_old"
    IN_FUTURE = "trust_in_future"
    WRONG_SIGNATURE = "trust_wrong_signature"
    NO_MAJORITY = "trust_no_majority"
    OTHER_NETWORK = "trust_other_network"
    OLDER_THAN_HELD = "trust_older_than_held"


class TrustError(ValueError):
    """A trust file that is not to be relied on. `fault` says why, `detail` where, for the log."""

    def __init__(self, fault: TrustFault, detail: str = "") -> None:
        super().__init__(f"{fault.value}: {detail}" if detail else fault.value)
        self.fault = fault
        self.detail = detail

    @property
    def code(self) -> str:
        """The stable reason code."""
        return self.fault.value


def _address(text: str) -> str:
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", text):
        raise ValueError("is no address")
    return to_checksum_address(text)


def _hex(length: int) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(rf"0x[0-9a-fA-F]{{{2 * length}}}", text):
            raise ValueError(f"is not 0x and {length} bytes in hexadecimal")
        return text.lower()

    return AfterValidator(check)


Address = Annotated[str, AfterValidator(_address)]
Hash = Annotated[str, _hex(32)]
Signature = Annotated[str, _hex(65)]
Index = Annotated[int, Field(ge=1, lt=2**32)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_camel, validate_by_name=True
    )


class Contracts(_Part):
    """Addresses of the network's contracts, by the contract's name."""

    institution_registry: Address = Field(alias="InstitutionRegistry")
    document_registry: Address = Field(alias="DocumentRegistry")
    transfer_ledger: Address = Field(alias="TransferLedger")


class InstitutionName(_Part):
    """How to call an institution to a reader."""

    index: Index
    id: Annotated[str, Field(min_length=1, max_length=32)]
    kind: Annotated[str, Field(min_length=1, max_length=40)]
    name_ko: Name
    name_en: Name


class Member(_Part):
    """A voting member and the account with which it signs this file."""

    institution: Index
    admin: Address


class Checkpoint(_Part):
    """A block that the members vouch for, and the validator set in force there."""

    number: Annotated[int, Field(ge=0, lt=2**63)]
    hash: Hash
    time: Annotated[int, Field(ge=0, lt=253_402_300_800)]  # the year 10,000
    epoch: Annotated[int, Field(ge=0, lt=2**32)]
    validators: Annotated[list[Address], Field(min_length=1, max_length=64)]


class MemberSignature(_Part):
    """One member's signature of the file (EIP-712, r ‖ s ‖ v)."""

    institution: Index
    address: Address
    signature: Signature


class TrustFile(_Part):
    """A whole trust file. Reading one checks its form only; `verify` decides whether to rely on it."""

    version: Literal[1]
    chain_id: Annotated[int, Field(ge=1, lt=2**53)]
    engine: Annotated[str, Field(min_length=1, max_length=20)]
    genesis_hash: Hash
    vanity: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    contracts: Contracts
    institutions: Annotated[list[InstitutionName], Field(max_length=10_000)]
    members: Annotated[list[Member], Field(min_length=1, max_length=64)]
    checkpoint: Checkpoint
    signatures: Annotated[list[MemberSignature], Field(max_length=64)] = []

    @model_validator(mode="after")
    def _consistent(self) -> TrustFile:
        if self.vanity != self.genesis_hash[2:34]:
            raise ValueError("the vanity tag is the first 32 digits of the genesis hash")
        for what, values in (
            ("institution", [entry.index for entry in self.institutions]),
            ("member", [entry.institution for entry in self.members]),
            ("member account", [entry.admin for entry in self.members]),
            ("validator", self.checkpoint.validators),
        ):
            if len(set(values)) != len(values):
                raise ValueError(f"a {what} is listed twice")
        return self

    @classmethod
    def load(cls, path: Path | str) -> TrustFile:
        """Reads a file. Raises TrustError (unreadable, malformed)."""
        try:
            with open(path, "rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise TrustError(TrustFault.UNREADABLE, str(error)) from error
        return cls.parse(data)

    @classmethod
    def parse(cls, data: bytes | str) -> TrustFile:
        """From JSON. Raises TrustError (malformed) with the place of the first fault."""
        if len(data) > MAX_FILE_BYTES:
            raise TrustError(TrustFault.MALFORMED, f"more than {MAX_FILE_BYTES} bytes")
        try:
            return cls.model_validate(parse_json_strictly(data))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise TrustError(TrustFault.MALFORMED, f"{place}: {first['msg']}") from error
        except ValueError as error:
            raise TrustError(TrustFault.MALFORMED, "not JSON, or a name occurs twice") from error

    def to_json(self) -> dict[str, Any]:
        """As JSON objects, names as in the file."""
        return self.model_dump(by_alias=True, mode="json")

    def save(self, path: Path | str) -> None:
        """Writes the file (indented; the signatures are over the canonical form, not over this text)."""
        Path(path).write_text(self.model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8")

    def digest(self) -> bytes:
        """What members sign: EIP-712 over the Keccak-256 of the canonical JSON without the signatures."""
        content = self.to_json()
        del content["signatures"]
        return _typed_digest(self.chain_id, self.contracts.institution_registry, canonical_json(content))

    @property
    def fingerprint(self) -> str:
        """The digest's first 16 bytes in groups of four, to be read out over the telephone."""
        text = self.digest()[:16].hex()
        return " ".join(text[i : i + 4] for i in range(0, 32, 4))

    def verify(self, now: datetime) -> None:
        """Refuses a file that is too old, or not signed by more than half of its members. Raises TrustError."""
        self.check_age(now)
        self.check_majority(self.members)

    def verify_update(self, held: TrustFile, now: datetime) -> None:
        """As `verify`, and by more than half of the members of the file held until now. Raises TrustError."""
        self.verify(now)
        if (self.chain_id, self.genesis_hash) != (held.chain_id, held.genesis_hash):
            raise TrustError(TrustFault.OTHER_NETWORK)
        if self.checkpoint.number < held.checkpoint.number:
            raise TrustError(TrustFault.OLDER_THAN_HELD)
        self.check_majority(held.members)

    def check_age(self, now: datetime) -> None:
        """Raises TrustError if the checkpoint is older than 400 days or lies in the future."""
        taken = datetime.fromtimestamp(self.checkpoint.time, UTC)
        if now - taken > MAX_AGE:
            raise TrustError(TrustFault.TOO_OLD, f"checkpoint of {taken:%Y-%m-%d}")
        if taken - now > MAX_FUTURE:
            raise TrustError(TrustFault.IN_FUTURE, f"checkpoint of {taken:%Y-%m-%d}")

    def check_majority(self, members: Sequence[Member]) -> None:
        """Raises TrustError unless more than half of `members` signed, or if any signature is wrong."""
        digest = self.digest()
        for entry in self.signatures:
            if _signer(digest, bytes.fromhex(entry.signature[2:])) != entry.address:
                raise TrustError(TrustFault.WRONG_SIGNATURE, f"institution {entry.institution}")
        signed = {(entry.institution, entry.address) for entry in self.signatures}
        count = len(signed & {(member.institution, member.admin) for member in members})
        if 2 * count <= len(members):
            raise TrustError(TrustFault.NO_MAJORITY, f"{count} of {len(members)} members signed")

    def engine_rules(self) -> Engine:
        """The engine that judges this network's headers, with its vanity tag. Raises UnknownEngine."""
        return engine_for(self.engine, vanity=self.vanity.encode("ascii"))

    def institution_name(self, index: int) -> InstitutionName | None:
        """The entry of an institution, if the file lists it."""
        return next((entry for entry in self.institutions if entry.index == index), None)


def sign_trust_file(trust: TrustFile, private_key: bytes, institution: int) -> TrustFile:
    """The file with one more signature: by the admin account of `institution`, whose key is given (32 bytes).

    An earlier signature of the same institution is replaced.
    """
    key = PrivateKey(private_key)
    raw = key.sign_recoverable(trust.digest(), hasher=None)
    signature = raw[:64] + bytes([raw[64] + 27])
    entry = MemberSignature(
        institution=institution, address=account_of(key.public_key), signature="0x" + signature.hex()
    )
    others = [other for other in trust.signatures if other.institution != institution]
    return trust.model_copy(update={"signatures": [*others, entry]})


_DOMAIN_TYPE = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_TRUST_TYPE = keccak256(b"TrustFile(bytes32 content)")


def _typed_digest(chain_id: int, registry: str, content: bytes) -> bytes:
    """EIP-712: keccak256(0x1901 ‖ domain separator ‖ struct hash)."""
    domain = keccak256(
        _DOMAIN_TYPE
        + keccak256(b"Saegim TrustFile")
        + keccak256(b"1")
        + chain_id.to_bytes(32, "big")
        + bytes.fromhex(registry[2:]).rjust(32, b"\0")
    )
    return keccak256(b"\x19\x01" + domain + keccak256(_TRUST_TYPE + keccak256(content)))


def _signer(digest: bytes, signature: bytes) -> str | None:
    """Address that made an r ‖ s ‖ v signature (v 27 or 28), or None."""
    return recover_address(digest, signature[:64] + bytes([(signature[64] - 27) % 256]))
