"""What members vote on: the payloads of InstitutionRegistry's proposals, made and read.

The forms are those of contracts/interfaces/institutions/IProposals.sol. `read_payload` is for voters: it shows
what a proposal would do before they agree to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.address import to_checksum_address

from chain.contracts.vocabulary import ProposalAction

FIELDS: Mapping[ProposalAction, Mapping[str, str]] = {
    ProposalAction.ADMIT: {
        "id": "bytes32",
        "kind": "uint8",
        "voting": "bool",
        "admin": "address",
        "validator": "address",
        "acceptance": "bytes",
    },
    ProposalAction.SET_STANDING: {"index": "uint32", "standing": "uint8", "doubt_since": "uint40"},
    ProposalAction.SET_VOTING: {"index": "uint32", "voting": "bool", "validator": "address"},
    ProposalAction.SET_VALIDATOR: {"index": "uint32", "validator": "address"},
    ProposalAction.SET_SUCCESSOR: {"index": "uint32", "successor": "uint32"},
    ProposalAction.RECOVER_ADMIN: {
        "index": "uint32",
        "admin": "address",
        "revoked": "address[]",
        "acceptance": "bytes",
    },
    ProposalAction.BACKDATE_COMPROMISE: {"account": "address", "kid": "bytes32", "since": "uint40"},
    ProposalAction.SET_CONTRACT: {"name": "bytes32", "location": "address"},
    ProposalAction.SET_SPONSOR_LIMIT: {"sponsor": "uint32", "per_day": "uint32"},
}
"""Names and ABI types of each action's values, in order. Times are seconds since 1970."""


class PayloadInvalid(ValueError):
    """Values, or bytes, that are no payload of the action. `action`: what was proposed; `detail`: why not."""

    def __init__(self, action: ProposalAction, detail: str) -> None:
        super().__init__(f"no payload of {action.name}: {detail}")
        self.action = action
        self.detail = detail


def make_payload(action: ProposalAction, **values: Any) -> bytes:
    """The payload of `propose(action, payload)` from its values by name. Raises PayloadInvalid."""
    fields = FIELDS[action]
    if set(values) != set(fields):
        raise PayloadInvalid(action, f"takes exactly the values {', '.join(fields)}")
    try:
        return encode(list(fields.values()), [values[name] for name in fields])
    except EncodingError as error:
        raise PayloadInvalid(action, str(error)) from error


def read_payload(action: ProposalAction, payload: bytes) -> dict[str, Any]:
    """The values of a payload by name; addresses with checksum. Raises PayloadInvalid."""
    fields = FIELDS[action]
    try:
        values = decode(list(fields.values()), payload)
    except (DecodingError, OverflowError) as error:
        raise PayloadInvalid(action, "is not the ABI encoding of its values") from error
    return {name: _shown(kind, value) for (name, kind), value in zip(fields.items(), values, strict=True)}


def _shown(kind: str, value: Any) -> Any:
    if kind == "address":
        return to_checksum_address(value)
    return [to_checksum_address(each) for each in value] if kind == "address[]" else value
