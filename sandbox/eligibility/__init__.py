"""A stand-in for the hospital's eligibility gateway (docs/eligibility-gateway.md), with synthetic people.

What covers a person follows from the last two digits of the index, see `register`: most have health insurance, some
medical aid, some lost or suspended cover, and some are where the insurer itself does not answer.
"""

from __future__ import annotations
