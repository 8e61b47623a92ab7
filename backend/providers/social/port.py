"""The port, and how asking a provider ends where that is not as with any party (`backend.providers.errors`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class IdTokenRefused(Exception):
    """The provider's ID token does not hold. `reason`: a stable code, never the token's content.

    Reasons: missing, too-long, malformed, algorithm, key-unknown, signature, expired, too-old, and claim-… with the
    claim's name.
    """

    def __init__(self, provider: str, reason: str) -> None:
        self.provider = provider
        self.reason = reason
        super().__init__(f"{provider}: ID token refused: {reason}")


class NoticeRefused(Exception):
    """Not a notice of this provider: nothing may be done on it. `reason`: a stable code."""

    def __init__(self, provider: str, reason: str) -> None:
        self.provider = provider
        self.reason = reason
        super().__init__(f"{provider}: notice refused: {reason}")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to the provider and back.

    Attributes:
        state: single-use, random; travels through addresses.
        nonce: comes back in the ID token.
        verifier: PKCE (RFC 7636), 43 characters; goes to the provider's token address only.
        redirect_uri: of ours; registered with the provider.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody's account at a provider: the pair that OpenID Connect says is never given to another."""

    issuer: str
    subject: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a provider's server sent to our address for disconnected accounts.

    Attributes:
        authorization: the header, empty where there is none.
        fields: of the query or the form.
    """

    authorization: str = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)


class SocialProvider(Protocol):
    """One provider of sign-in. Thread-safe; builds without touching the network."""

    @property
    def name(self) -> str:
        """As in addresses and in the log: "kakao", "naver"."""

    @property
    def issuer(self) -> str:
        """As in ID tokens and in `iss` of RFC 9207."""

    @property
    def notice_status(self) -> int:
        """What its server wants to hear when a notice was taken."""

    def address(self, attempt: Attempt) -> str:
        """Where the browser is sent. Raises ProviderUnavailable."""

    def account(self, attempt: Attempt, code: str) -> Account:
        """Whose account it is, by the code that came back; a code counts once.

        Raises:
            ProviderUnavailable, ProviderRefused, ProviderUncertain: of the token address.
            IdTokenRefused: what came does not hold.
        """

    def disconnected(self, notice: Notice) -> Account:
        """The account that was disconnected at the provider's. Raises NoticeRefused."""

    def close(self) -> None:
        """Close the connections."""
