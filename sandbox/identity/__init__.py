"""A stand-in for PortOne's phone identity (포트원 V2 본인인증): its REST protocol, and a telephone to play the person.

It knows the synthetic people of `sandbox.people` and nobody else. Web-hooks are signed as PortOne signs them; PortOne
publishes none for verifications, so those sent here (``IdentityVerification.Verified``, ``….Failed``) are the
sandbox's own, for testing that a hint is never believed.
"""

from __future__ import annotations
