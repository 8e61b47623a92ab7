"""What is given to the log, held to its form before it becomes a line: nothing that names a person gets in."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from backend.audit.terms import Action, ActorKind, ObjectKind, Outcome

PATIENT = re.compile(r"[0-9a-f]{64}")
"""The blind index of a registration number; the number itself does not fit."""
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
CODE = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+){0,9}")
REASON_LENGTH = 200
ORIGIN_LENGTH = 64
_MANY_DIGITS = re.compile(r"\d(?:[\s.-]?\d){5,}")
"""Resident registration, telephone, registration and card numbers all have six digits or more in a row."""
_ONLY_DIGITS = re.compile(r"[\d.:-]{6,}")
"""As an identifier, likewise somebody's number. Institutions go by their index in the registry."""

_AT_WORK = frozenset({ActorKind.STAFF, ActorKind.INSTITUTION, ActorKind.DEVICE, ActorKind.ORACLE})
_IPV4_KEPT, _IPV6_KEPT = 24, 48


class EntryInvalid(ValueError):
    """A field does not have the log's form. `field` is its name; the value may be personal and is not repeated."""

    def __init__(self, field: str) -> None:
        super().__init__(f"audit entry: {field} does not have the form that the log keeps")
        self.field = field


@dataclass(frozen=True, slots=True)
class Entry:
    """One access, as told by whoever let it happen or refused it. Raises EntryInvalid when built wrongly.

    Attributes:
        at: when, by the caller's clock; aware.
        actor_id: UUID or public identifier; never a name or number of a person.
        origin: from where, see `origin_of`; empty when there was no client.
        patient: blind index of whose record it was; None when of nobody.
        object_id: UUID or public identifier; empty when the kind says enough.
        reason: a code, and for break-glass the words that the clinician typed, see `typed_reason`.
    """

    at: datetime
    actor_kind: ActorKind
    actor_id: str
    action: Action
    object_kind: ObjectKind
    object_id: str = ""
    patient: str | None = None
    origin: str = ""
    outcome: Outcome = Outcome.ALLOWED
    reason: str | None = None

    def __post_init__(self) -> None:
        fits = {
            "at": self.at.tzinfo is not None,
            "actor_id": _public(self.actor_id),
            "object_id": self.object_id == "" or _public(self.object_id),
            "patient": self.patient is None or PATIENT.fullmatch(self.patient) is not None,
            "origin": len(self.origin) <= ORIGIN_LENGTH
            and self.origin.isascii()
            and self.origin.isprintable(),
            "reason": self.reason is None or self._reason_fits(self.reason),
        }
        for field, right in fits.items():
            if not right:
                raise EntryInvalid(field)

    def _reason_fits(self, reason: str) -> bool:
        if self.action is not Action.BREAK_GLASS:
            return CODE.fullmatch(reason) is not None and _MANY_DIGITS.search(reason) is None
        return 0 < len(reason) <= REASON_LENGTH and reason == typed_reason(reason)


def _public(identifier: str) -> bool:
    return IDENTIFIER.fullmatch(identifier) is not None and _ONLY_DIGITS.fullmatch(identifier) is None


def typed_reason(text: str) -> str:
    """What a clinician typed as a reason, as the log keeps it: one line, at most 200 characters, runs of six and
    more digits blotted out (they would be somebody's number).
    """
    line = " ".join(unicodedata.normalize("NFC", text).split())
    printable = "".join(letter for letter in line if letter.isprintable())
    return _MANY_DIGITS.sub("●●●●●●", printable)[:REASON_LENGTH].strip()


def origin_of(address: str | None, actor_kind: ActorKind) -> str:
    """From where, as much of it as the log needs; empty for what is no address.

    The Standard for Securing Personal Information (개인정보의 안전성 확보조치 기준) wants the place of access of
    those who *handle* personal data (접속지 정보) so that the terminal can be found: theirs is kept whole. Of people
    at home the network is enough to tell a stranger's access from their own: /24 of IPv4, /48 of IPv6.
    """
    try:
        found = ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if actor_kind in _AT_WORK:
        return str(found).split("%")[0]
    kept = _IPV4_KEPT if isinstance(found, IPv4Address) else _IPV6_KEPT
    return str(ip_network((found, kept), strict=False))
