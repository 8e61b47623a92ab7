"""The authentication server behind a port: py_webauthn here, a certified FIDO product where one is demanded.

Options and answers are JSON as WebAuthn Level 3 defines it (`PublicKeyCredentialCreationOptionsJSON` and its kin),
which browsers parse and make by themselves.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, options_to_json_dict, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

CHALLENGE_BYTES = 32

Options = dict[str, Any]
"""What the browser is asked for, as JSON data."""

Answer = dict[str, Any]
"""An authenticator's answer as the browser gives it (`credential.toJSON()`)."""


class AnswerRefused(ValueError):
    """An answer that does not hold. `reason`: a stable code, never the answer's content."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"authenticator answer refused: {reason}")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A verified registration."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    synced: bool


@dataclass(frozen=True, slots=True)
class KnownKey:
    """What is kept of an authenticator."""

    public_key: bytes
    sign_count: int
    synced: bool


class AuthenticationServer(Protocol):
    """Makes options for the browser and judges its answers. Keeps nothing: challenges and keys are the caller's."""

    def creation_options(self, person: UUID, name: str, challenge: bytes, known: Sequence[bytes]) -> Options:
        """For `navigator.credentials.create`; authenticators in `known` (credential ids) are left out."""

    def request_options(self, challenge: bytes, allowed: Sequence[bytes]) -> Options:
        """For `navigator.credentials.get`; nothing in `allowed` lets the person choose any of theirs."""

    def created(self, answer: Answer, challenge: bytes) -> NewKey:
        """A new key. Raises AnswerRefused."""

    def asserted(self, answer: Answer, challenge: bytes, key: KnownKey) -> int:
        """The authenticator's new counter. Raises AnswerRefused."""


class PasskeyServer:
    """py_webauthn: user verification required, origin and RP id checked, no attestation asked for."""

    def __init__(self, *, rp_id: str, origin: str, name: str = "Saegim") -> None:
        self._rp_id = rp_id
        self._origin = origin
        self._name = name

    def creation_options(self, person: UUID, name: str, challenge: bytes, known: Sequence[bytes]) -> Options:
        options = generate_registration_options(
            rp_id=self._rp_id,
            rp_name=self._name,
            user_id=person.bytes,
            user_name=name,
            user_display_name=name,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        )
        return options_to_json_dict(options)

    def request_options(self, challenge: bytes, allowed: Sequence[bytes]) -> Options:
        options = generate_authentication_options(
            rp_id=self._rp_id,
            challenge=challenge,
            allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in allowed],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    def created(self, answer: Answer, challenge: bytes) -> NewKey:
        try:
            found = verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError) as error:
            raise AnswerRefused(_reason(error)) from error
        synced = found.credential_device_type == CredentialDeviceType.MULTI_DEVICE
        return NewKey(found.credential_id, found.credential_public_key, found.sign_count, synced)

    def asserted(self, answer: Answer, challenge: bytes, key: KnownKey) -> int:
        try:
            found = verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=key.public_key,
                credential_current_sign_count=key.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError) as error:
            raise AnswerRefused(_reason(error)) from error
        return found.new_sign_count


def new_challenge() -> bytes:
    """A fresh challenge."""
    return secrets.token_bytes(CHALLENGE_BYTES)


def challenge_of(answer: Answer) -> bytes:
    """The challenge that an answer claims to answer. Raises AnswerRefused when it names none."""
    try:
        client_data = base64url_to_bytes(answer["response"]["clientDataJSON"])
        return parse_client_data_json(client_data).challenge
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise AnswerRefused("answer-malformed") from error


def credential_id_of(answer: Answer) -> bytes:
    """The authenticator's credential id. Raises AnswerRefused."""
    try:
        return base64url_to_bytes(answer["rawId"])
    except (ValueError, KeyError, TypeError) as error:
        raise AnswerRefused("answer-malformed") from error


_REASONS = (
    ("user verification", "person-not-verified"),
    ("user was not present", "person-not-present"),
    ("unexpected client data origin", "origin-differs"),
    ("unexpected rp id", "site-differs"),
    ("challenge was not expected", "challenge-differs"),
    ("sign count", "counter-went-back"),
    ("could not verify", "signature-wrong"),
    ("unexpected client data type", "other-ceremony"),
)


def _reason(error: Exception) -> str:
    """A stable code for py_webauthn's sentence, which itself may carry parts of the answer."""
    text = str(error).lower()
    return next((code for words, code in _REASONS if words in text), "answer-malformed")
