"""Who pays? Health insurance and medical aid (자격조회), 진료확인번호, 건강생활유지비, behind a port.

The insurer publishes no interface; hospitals reach it through their own line and program. So the adapter speaks our
own small protocol to a gateway that the hospital puts before that program: docs/eligibility-gateway.md.
"""

from __future__ import annotations

from backend.providers.eligibility.gateway import GatewayConfig, GatewayEligibility
from backend.providers.eligibility.null import NullEligibility
from backend.providers.eligibility.port import (
    Cancelled,
    Confirmed,
    CopayReduction,
    Cover,
    Eligibility,
    EligibilityProvider,
    Eligible,
    Lost,
    NotConfirmed,
    NotFound,
    Outcome,
    Registration,
    Suspended,
    Uncertain,
    Visit,
)

__all__ = [
    "Cancelled",
    "Confirmed",
    "CopayReduction",
    "Cover",
    "Eligibility",
    "EligibilityProvider",
    "Eligible",
    "GatewayConfig",
    "GatewayEligibility",
    "Lost",
    "NotConfirmed",
    "NotFound",
    "NullEligibility",
    "Outcome",
    "Registration",
    "Suspended",
    "Uncertain",
    "Visit",
]
