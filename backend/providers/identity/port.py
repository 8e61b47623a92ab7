"""The port: what we ask of an identification agency, and how it answers. Values of persons are never represented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, TypeAlias


class Purpose(StrEnum):
    """Why somebody is verified. A verification begun for one purpose is good for no other."""

    SIGN_UP = "sign-up"
    STEP_UP = "step-up"
    RECOVERY = "recovery"
    VISIT = "visit"
    GUARDIAN = "guardian"


class Operator(StrEnum):
    """The mobile operator (통신사); MVNO: 알뜰폰."""

    SKT = "SKT"
    KT = "KT"
    LGU = "LGU"
    SKT_MVNO = "SKT_MVNO"
    KT_MVNO = "KT_MVNO"
    LGU_MVNO = "LGU_MVNO"


class Method(StrEnum):
    """By a push to the operator's app (PASS), or by a six-digit number in a text message."""

    APP = "APP"
    SMS = "SMS"


class Gender(StrEnum):
    """As the agency says it."""

    MALE = "MALE"
    FEMALE = "FEMALE"
    OTHER = "OTHER"


class FailureReason(StrEnum):
    """Why a verification ended without a person."""

    DECLINED = "declined"
    """The agency or the person said no: cancelled, wrong number, too many tries, too late."""
    NO_CI = "no-ci"
    """The agency named a person without CI (some private certificates do): cannot be joined with anybody."""
    NOT_OURS = "not-ours"
    """Verified through another channel than the one we use, or through a test channel in production."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A verification that may now go on.

    Attributes:
        verification_id: ours, random, single-use.
        window_url: where the browser is sent; None where the agency has no window of its own to go to, and `send` and
            `confirm` are used from our page instead.
        parameters: what a page gives the agency's own browser library. Nothing secret, nothing of a person.
    """

    verification_id: str
    window_url: str | None
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Customer:
    """What the person typed for a verification from our own page.

    Attributes:
        phone: digits only. identity_front: birth date as YYMMDD and the next digit, for Method.SMS.
        address: the person's IP address, which the agency uses for its own limits.
    """

    name: str = field(repr=False)
    phone: str = field(repr=False)
    address: str = field(repr=False)
    identity_front: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """The agency vouches for this person. ci: 연계정보, 88 characters of Base64, the same at every service: store
    `ci_lookup` of it, never itself. phone: digits only."""

    verification_id: str
    verified_at: datetime
    ci: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: date = field(repr=False)
    gender: Gender | None = field(default=None, repr=False)
    is_foreigner: bool | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    operator: Operator | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Not finished, or not opened yet."""

    verification_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Ended without a person. agency_code: the agency's own code, for the operator."""

    verification_id: str
    reason: FailureReason
    agency_code: str | None = None


Result: TypeAlias = Verified | Pending | Failed


class IdentityProvider(Protocol):
    """One identification agency. Every method but `begin` raises ProviderUnavailable, ProviderRefused."""

    def begin(self, purpose: Purpose, return_url: str) -> Begun:
        """A new verification; asks nobody. return_url: of ours, where the window leads back to."""

    def send(self, verification_id: str, customer: Customer, operator: Operator, method: Method) -> None:
        """Send the push or the text message. Raises ProviderUncertain too: then look at `result` or `resend`."""

    def resend(self, verification_id: str) -> None:
        """Send the text message again. Raises ProviderUncertain too."""

    def confirm(self, verification_id: str, otp: str | None = None) -> Result:
        """The person says it is done; otp: the six digits, for Method.SMS.

        A wrong number or a push not yet accepted is a ProviderRefused. A lost answer is looked up, so that this ends
        in what is true at the agency.
        """

    def result(self, verification_id: str) -> Result:
        """How it stands now. May be asked as often as liked."""

    def close(self) -> None:
        """Close the connections."""
