"""The signatures that the registry asks of new operators, institutions and document keys.

Signed here when the private key is in the ring; else taken from the reviewed file, into which the holder of the
key put what `network accept` printed.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_account.messages import SignableMessage

from chain.p256 import P256Signature, coordinates, thumbprint
from chain.signing import NO_ACCOUNT, RegistryDomain, sign_message, sign_possession
from network.errors import KeyContradictsPlan
from network.keys import KeyRing
from network.plan import AccountPlan, DocumentKeyPlan, InstitutionPlan, OperatorPlan
from network.registry import Registry

_SIGNATURE = 65
"""Bytes of r, s and v."""


@dataclass(frozen=True)
class DocumentKey:
    """A P-256 key as `addKey` takes it."""

    kid: bytes
    x: bytes
    y: bytes


class Acceptances:
    """Signs for the registry at its address on `chain_id` with the keys of `ring`."""

    def __init__(self, registry: Registry, chain_id: int, ring: KeyRing) -> None:
        self._registry = registry
        self._domain = RegistryDomain(chain_id, registry.address)
        self._ring = ring

    def address(self, account: AccountPlan) -> str:
        """Its address: of the file, else of the ring. Raises KeyRefused, KeyContradictsPlan."""
        return address_of(account, self._ring)

    def institution(self, institution: InstitutionPlan, sponsor: int = 0) -> bytes | None:
        """Acceptance by the institution's admin; None if its key is not at hand and the file has no signature."""
        if institution.acceptance is not None:
            return bytes.fromhex(institution.acceptance[2:])
        if institution.admin.key not in self._ring:
            return None
        admin = self.address(institution.admin)
        validator = institution.validator
        message = self._domain.institution_acceptance(
            institution_id=institution.chain_id_bytes,
            kind=institution.kind.number,
            admin=admin,
            nonce=self._registry.nonce(admin),
            voting=institution.voting,
            validator=NO_ACCOUNT if validator is None else self.address(validator),
            sponsor=sponsor,
            custodial=institution.custodial,
        )
        return sign_message(self._ring.account(institution.admin.key), message)

    def operator(
        self, operator: OperatorPlan, index: int, custodian: int, custodian_admin: str | None
    ) -> bytes | None:
        """Acceptance of `addOperator`; None if a key is not at hand and the file has no signature of it.

        `custodian_admin`: name of the key of the custodian's admin, whose signature follows the account's.
        """
        held = bytes.fromhex((operator.acceptance or "0x")[2:])
        message = self._domain.operator_acceptance(
            institution=index,
            account=self.address(operator),
            roles=operator.mask,
            nonce=self._registry.nonce(self.address(operator)),
            custodian=custodian,
        )
        signers = [operator.key] + ([custodian_admin] if custodian_admin is not None else [])
        parts: list[bytes] = []
        for place, name in enumerate(signers):
            part = held[place * _SIGNATURE : (place + 1) * _SIGNATURE] or self._signature(name, message)
            if part is None:
                return None
            parts.append(part)
        return b"".join(parts)

    def _signature(self, name: str, message: SignableMessage) -> bytes | None:
        return sign_message(self._ring.account(name), message) if name in self._ring else None

    def document_key(self, key: DocumentKeyPlan) -> DocumentKey:
        """The public key: of the file, else of the ring. Raises KeyRefused, NotAPoint."""
        if key.x is not None and key.y is not None:
            x, y = bytes.fromhex(key.x[2:]), bytes.fromhex(key.y[2:])
        else:
            private, _ = self._ring.document_key(key.key)
            x, y = coordinates(private.public_key())
        return DocumentKey(thumbprint(x, y), x, y)

    def possession(self, key: DocumentKeyPlan, index: int) -> P256Signature | None:
        """Proof of possession of `addKey`; None if the key is not at hand and the file has no proof."""
        if key.possession is not None:
            raw = bytes.fromhex(key.possession[2:])
            return P256Signature(raw[:32], raw[32:])
        if key.key not in self._ring:
            return None
        private, kid = self._ring.document_key(key.key)
        valid_from, valid_until = key.period
        message = self._domain.key_possession(
            institution=index,
            kid=kid,
            purpose=key.purpose.value,
            valid_from=valid_from,
            valid_until=valid_until,
        )
        return sign_possession(private, message)


def address_of(account: AccountPlan, ring: KeyRing) -> str:
    """Address of an account of the plan. Raises KeyRefused, or KeyContradictsPlan if ring and plan differ."""
    if account.key not in ring and account.address is not None:
        return account.address
    held = str(ring.account(account.key).address)
    if account.address not in (None, held):
        raise KeyContradictsPlan(account.key, str(account.address), held)
    return held
