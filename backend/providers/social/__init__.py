"""Sign-in with an account at Kakao or Naver, behind a port.

Both publish OpenID Connect: Kakao at https://kauth.kakao.com, Naver at https://nid.naver.com (developers' guide 3.5;
its older OAuth 2 addresses below /oauth2.0 give no ID token and are not used). What comes out is (issuer, subject) and
nothing else: no name, address or picture is asked for, and no token outlives the call.

Invariants: an ID token holds by signature, algorithm, issuer, audience, nonce and time or it counts for nothing; no
host but the configured issuer's is spoken to; secrets, codes, tokens and subjects stand in no message and no `repr`.
"""

from __future__ import annotations

from backend.providers.social.oidc import OidcConfig, OidcProvider
from backend.providers.social.port import (
    Account,
    Attempt,
    IdTokenRefused,
    Notice,
    NoticeRefused,
    SocialProvider,
)

__all__ = [
    "Account",
    "Attempt",
    "IdTokenRefused",
    "Notice",
    "NoticeRefused",
    "OidcConfig",
    "OidcProvider",
    "SocialProvider",
]
