"""A verification is good for one use, by the one who began it, for the purpose it was begun for.

The caller keeps the `Ticket` (a row, or the session). A verification id alone is worth nothing: somebody who reads
one from an address bar has no ticket for it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from backend.providers.identity.port import Begun, Purpose, Verified

LIFETIME: Final = timedelta(minutes=10)
_SKEW: Final = timedelta(minutes=1)


class TicketRefused(Exception):
    """Base: this verification cannot be used here. Begin a new one."""


class TicketNotYours(TicketRefused):
    """Begun by somebody else, for something else, or another verification."""


class TicketExpired(TicketRefused):
    """Begun too long ago, or verified outside the ticket's time."""


class TicketUsed(TicketRefused):
    """Used already."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """holder: who began it, as an opaque text (a session's or person's identifier). used_at: None until used; set it
    in the same transaction that uses the result, with a condition on it being None."""

    verification_id: str
    purpose: Purpose
    holder: str
    begun_at: datetime
    used_at: datetime | None = None


def open_ticket(begun: Begun, purpose: Purpose, holder: str, now: datetime) -> Ticket:
    """The ticket to keep for a verification just begun."""
    return Ticket(begun.verification_id, purpose, holder, now)


def check_ticket(ticket: Ticket, verified: Verified, *, purpose: Purpose, holder: str, now: datetime) -> None:
    """Whether this result may be used for `purpose` by `holder` now.

    Raises:
        TicketNotYours, TicketUsed, TicketExpired: it may not.
    """
    same_holder = hmac.compare_digest(ticket.holder.encode(), holder.encode())
    same_id = hmac.compare_digest(ticket.verification_id.encode(), verified.verification_id.encode())
    if not (same_holder and same_id) or ticket.purpose is not purpose:
        raise TicketNotYours("this verification was begun by somebody else or for something else")
    if ticket.used_at is not None:
        raise TicketUsed("this verification was used already; begin a new one")
    begun, ends = ticket.begun_at - _SKEW, ticket.begun_at + LIFETIME
    if not now <= ends or not begun <= verified.verified_at <= ends + _SKEW:
        raise TicketExpired("this verification is too old; begin a new one")
