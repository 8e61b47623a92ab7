"""Who is this? Phone identity (본인확인) by an identification agency, behind a port.

The verification goes on in the agency's own window or by its app; we begin it, and ask for its result. What a browser
brings back is never believed: only `IdentityProvider.result` says that somebody was verified.
"""

from __future__ import annotations

from backend.providers.identity.binding import (
    Ticket,
    TicketExpired,
    TicketNotYours,
    TicketRefused,
    TicketUsed,
    check_ticket,
    open_ticket,
)
from backend.providers.identity.linking import CiInvalid, LookupKeyInvalid, ci_lookup
from backend.providers.identity.null import NullIdentity
from backend.providers.identity.port import (
    Begun,
    Customer,
    Failed,
    FailureReason,
    Gender,
    IdentityProvider,
    Method,
    Operator,
    Pending,
    Purpose,
    Result,
    Verified,
)
from backend.providers.identity.portone import PortOneConfig, PortOneIdentity, hinted_verification

__all__ = [
    "Begun",
    "CiInvalid",
    "Customer",
    "Failed",
    "FailureReason",
    "Gender",
    "IdentityProvider",
    "LookupKeyInvalid",
    "Method",
    "NullIdentity",
    "Operator",
    "Pending",
    "PortOneConfig",
    "PortOneIdentity",
    "Purpose",
    "Result",
    "Ticket",
    "TicketExpired",
    "TicketNotYours",
    "TicketRefused",
    "TicketUsed",
    "Verified",
    "check_ticket",
    "ci_lookup",
    "hinted_verification",
    "open_ticket",
]
