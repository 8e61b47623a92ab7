"""What accounts and document keys sign before the registry takes them in (EIP-712).

Mirror of contracts/institutions/Acceptances.sol: each message is bound to one chain and one registry by its
domain and used once, by the account's nonce (`nonces(account)`) or because a key is registered once.

`RegistryDomain` builds the messages, `sign_message` and `sign_possession` sign them. A wallet or an HSM that
takes EIP-712 JSON gets it from `RegistryDomain.typed_data`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from eth_account.messages import SignableMessage, encode_typed_data

from chain.hashing import keccak256
from chain.p256 import P256Signature, sign_es256

DOMAIN_NAME = "Saegim InstitutionRegistry"
DOMAIN_VERSION = "1"
NO_ACCOUNT = "0x0000000000000000000000000000000000000000"
ID_BYTES = 32

INSTITUTION_ACCEPTANCE = {
    "id": "bytes32",
    "kind": "uint8",
    "voting": "bool",
    "admin": "address",
    "validator": "address",
    "sponsor": "uint32",
    "custodial": "bool",
    "nonce": "uint256",
}
"""Signed by the first admin of a new institution."""

OPERATOR_ACCEPTANCE = {
    "institution": "uint32",
    "account": "address",
    "roles": "uint16",
    "custodian": "uint32",
    "nonce": "uint256",
}
"""Signed by a new operator, and by an ADMIN of its custodian if there is one."""

KEY_POSSESSION = {
    "institution": "uint32",
    "kid": "bytes32",
    "purpose": "uint8",
    "validFrom": "uint40",
    "validUntil": "uint40",
}
"""Signed (ES256) by a new document key, whatever its purpose."""

DOMAIN_FIELDS = {"name": "string", "version": "string", "chainId": "uint256", "verifyingContract": "address"}


class InstitutionIdInvalid(ValueError):
    """A public identifier that does not fit the chain: 1 to 32 ASCII characters. `text`: as given."""

    def __init__(self, text: str) -> None:
        super().__init__("an institution's identifier is 1 to 32 printable ASCII characters without spaces")
        self.text = text


class MessageSigner(Protocol):
    """Whoever signs EIP-712 messages: an eth_account LocalAccount, or a face of an HSM with the same method."""

    def sign_message(self, signable_message: SignableMessage) -> Any:
        """The signature; its attribute `signature` is r ‖ s ‖ v, 65 bytes."""


@dataclass(frozen=True)
class RegistryDomain:
    """The registry a message is meant for. What is signed for one is worth nothing on another."""

    chain_id: int
    """EIP-155 chain id."""
    registry: str
    """Address of the InstitutionRegistry."""

    def institution_acceptance(
        self,
        *,
        institution_id: bytes,
        kind: int,
        admin: str,
        nonce: int,
        voting: bool = False,
        validator: str = NO_ACCOUNT,
        sponsor: int = 0,
        custodial: bool = False,
    ) -> SignableMessage:
        """`admin` accepts to be the first ADMIN of a new institution.

        For a proposal (Action Admit) sponsor is 0; for `admitSponsored` kind is Pharmacy (2), sponsor the
        association's index, and `custodial` tells whether the association keeps admin's key.
        """
        values = (institution_id, kind, voting, admin, validator, sponsor, custodial, nonce)
        return self._message("InstitutionAcceptance", INSTITUTION_ACCEPTANCE, values)

    def operator_acceptance(
        self, *, institution: int, account: str, roles: int, nonce: int, custodian: int = 0
    ) -> SignableMessage:
        """`account` accepts to act for the institution; a custodian's ADMIN signs the same. Also RecoverAdmin."""
        values = (institution, account, roles, custodian, nonce)
        return self._message("OperatorAcceptance", OPERATOR_ACCEPTANCE, values)

    def key_possession(
        self, *, institution: int, kid: bytes, purpose: int, valid_from: int, valid_until: int
    ) -> SignableMessage:
        """A document key is the institution's; times in seconds since 1970, as they will be sent."""
        values = (institution, kid, purpose, valid_from, valid_until)
        return self._message("KeyPossession", KEY_POSSESSION, values)

    def typed_data(self, name: str, fields: Mapping[str, str], values: tuple[Any, ...]) -> dict[str, Any]:
        """The message as EIP-712 JSON, as wallets take it."""
        return {
            "types": {"EIP712Domain": _members(DOMAIN_FIELDS), name: _members(fields)},
            "primaryType": name,
            "domain": {
                "name": DOMAIN_NAME,
                "version": DOMAIN_VERSION,
                "chainId": self.chain_id,
                "verifyingContract": self.registry,
            },
            "message": dict(zip(fields, values, strict=True)),
        }

    def _message(self, name: str, fields: Mapping[str, str], values: tuple[Any, ...]) -> SignableMessage:
        return encode_typed_data(full_message=self.typed_data(name, fields, values))


def digest(message: SignableMessage) -> bytes:
    """The 32 bytes that are signed: keccak256(0x19 ‖ 0x01 ‖ domain separator ‖ struct hash) (EIP-712)."""
    return keccak256(b"\x19" + message.version + message.header + message.body)


def sign_message(signer: MessageSigner, message: SignableMessage) -> bytes:
    """The 65-byte signature r ‖ s ‖ v that the registry takes."""
    return bytes(signer.sign_message(message).signature)


def sign_custodial(account: MessageSigner, custodian_admin: MessageSigner, message: SignableMessage) -> bytes:
    """The 130-byte acceptance of `addOperator` with a custodian: the account's signature, then its custodian's."""
    return sign_message(account, message) + sign_message(custodian_admin, message)


def sign_possession(key: ec.EllipticCurvePrivateKey, message: SignableMessage) -> P256Signature:
    """popR and popS of `addKey`: ES256 over the 32-byte digest of `RegistryDomain.key_possession`."""
    return sign_es256(key, digest(message))


def institution_id(text: str) -> bytes:
    """A public identifier, e.g. "krnpi:11100001", as the chain keeps it. Raises InstitutionIdInvalid."""
    if not 1 <= len(text) <= ID_BYTES or not all("!" <= character <= "~" for character in text):
        raise InstitutionIdInvalid(text)
    return text.encode("ascii").ljust(ID_BYTES, b"\0")


def _members(fields: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in fields.items()]
