"""What a provider remembers: codes that wait for their exchange, its signing keys, what it was told to do wrongly."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from chain.clock import Clock

CODE_LASTS = timedelta(minutes=5)
TOKEN_LASTS = timedelta(hours=6)
MOST_ACCOUNTS = 99


class Wrong(StrEnum):
    """What is wrong with the next ID token."""

    NOTHING = "nothing"
    NO_TOKEN = "no-token"  # noqa: S105
    """The tokens come without one, as from an app that has not switched OpenID Connect on."""
    ALGORITHM_NONE = "alg-none"
    ALGORITHM_HMAC = "alg-hmac"
    """HS256 with the published RSA key as the secret."""
    FOREIGN_KEY = "foreign-key"
    UNKNOWN_KEY = "unknown-key"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    NONCE = "nonce"
    NO_NONCE = "no-nonce"
    EXPIRED = "expired"
    OLD = "old"
    FUTURE = "future"
    NO_SUBJECT = "no-subject"
    HASH = "at-hash"
    RUBBISH = "rubbish"


class Refusal(Exception):
    """An error of the token address, in RFC 6749's words and the provider's own code."""

    def __init__(self, error: str, description: str, code: str, status: int) -> None:
        self.error, self.description, self.code, self.status = error, description, code, status
        super().__init__(error)


@dataclass(frozen=True, slots=True)
class Client:
    """A registration with the provider, all of it made up."""

    client_id: str
    client_secret: str
    app_id: str = "1000001"
    admin_key: str = "sandbox-admin-key"
    notice_url: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the browser brought to the authorize address."""

    redirect_uri: str
    state: str
    scope: str
    nonce: str | None = None
    challenge: str | None = None


@dataclass
class Issued:
    """A code. `used`: a second exchange is refused."""

    asked: Asked
    account: int
    until: datetime
    used: bool = False


@dataclass
class Provider:
    """One provider. Thread-safe."""

    name: str
    client: Client
    clock: Clock
    issuer: str = ""
    wrong: Wrong = Wrong.NOTHING
    automatic: int | None = None
    """An account that agrees by itself, or None: a page asks."""
    response_issuer: str | None = None
    """`iss` in the answer (RFC 9207), which neither provider sends by itself."""
    key: RSAKey = field(default_factory=lambda: new_key())
    codes: dict[str, Issued] = field(default_factory=dict)
    keys_asked: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def subject(self, account: int) -> str:
        """The account's identifier: a number at Kakao, 43 characters at Naver (pairwise)."""
        if self.name == "kakao":
            return str(4_000_000_000 + account)
        mac = hmac.digest(self.client.client_id.encode(), f"account {account}".encode(), "sha256")
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    def issue(self, asked: Asked, account: int) -> str:
        """A code for an account that agreed."""
        code = secrets.token_urlsafe(24)
        with self.lock:
            self.codes[code] = Issued(asked, account, self.clock() + CODE_LASTS)
        return code

    def rotate(self) -> None:
        """A new signing key; the old one is gone from the list."""
        self.key = new_key()

    def exchange(self, form: dict[str, str]) -> dict[str, Any]:
        """Tokens for a code. Raises Refusal."""
        self._check_client(form)
        issued = self._take(form)
        access_token = secrets.token_urlsafe(32)
        whole: dict[str, Any] = {
            "access_token": access_token,
            "token_type": "bearer",
            "refresh_token": secrets.token_urlsafe(32),
            "expires_in": int(TOKEN_LASTS.total_seconds()),
        }
        if self.name == "naver":
            whole["expires_in"] = str(whole["expires_in"])  # as Naver answers
        if "openid" in issued.asked.scope.split() and self.wrong is not Wrong.NO_TOKEN:
            whole["id_token"] = self._id_token(issued, access_token)
            whole["scope"] = "openid"
        self.wrong = Wrong.NOTHING
        return whole

    def _check_client(self, form: dict[str, str]) -> None:
        if form.get("grant_type") != "authorization_code":
            raise Refusal("unsupported_grant_type", "grant_type", "KOE310", 400)
        known = hmac.compare_digest(form.get("client_secret", ""), self.client.client_secret)
        if form.get("client_id") != self.client.client_id or not known:
            raise Refusal("invalid_client", "Bad client credentials", "KOE010", 401)

    def _take(self, form: dict[str, str]) -> Issued:
        code = form.get("code", "")
        with self.lock:
            issued = self.codes.get(code)
            if issued is None or issued.used or issued.until < self.clock():
                raise Refusal("invalid_grant", f"authorization code not found for code={code}", "KOE320", 400)
            issued.used = True
        if issued.asked.redirect_uri != form.get("redirect_uri"):
            raise Refusal("invalid_grant", "Redirect URI mismatch.", "KOE303", 400)
        if self.name == "naver" and form.get("state") != issued.asked.state:
            raise Refusal("invalid_request", "wrong state", "", 400)
        verifier = form.get("code_verifier", "")
        if issued.asked.challenge is not None and challenge_of(verifier) != issued.asked.challenge:
            raise Refusal("invalid_grant", "code challenge failed", "KOE330", 400)
        return issued

    def _id_token(self, issued: Issued, access_token: str) -> str:
        now = int(self.clock().timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.client.client_id,
            "sub": self.subject(issued.account),
            "iat": now,
            "exp": now + int(TOKEN_LASTS.total_seconds()),
            "auth_time": now,
        }
        if issued.asked.nonce is not None:
            claims["nonce"] = issued.asked.nonce
        claims |= _spoilt(self.wrong, now)
        if self.wrong in (Wrong.NO_NONCE, Wrong.NO_SUBJECT):
            claims.pop("nonce" if self.wrong is Wrong.NO_NONCE else "sub", None)
        return self._signed(claims)

    def _signed(self, claims: dict[str, Any]) -> str:
        header: dict[str, Any] = {"alg": "RS256", "typ": "JWT", "kid": self.key.kid}
        if self.wrong is Wrong.RUBBISH:
            return "no.token.at-all"
        if self.wrong is Wrong.ALGORITHM_NONE:
            return f"{_part({**header, 'alg': 'none'})}.{_part(claims)}."
        if self.wrong is Wrong.ALGORITHM_HMAC:
            text = f"{_part({**header, 'alg': 'HS256'})}.{_part(claims)}"
            mac = hmac.digest(self.key.as_pem(private=False), text.encode(), "sha256")
            return f"{text}.{_b64(mac)}"
        if self.wrong is Wrong.UNKNOWN_KEY:
            header["kid"] = "nobody-has-this-key"
        key = new_key() if self.wrong is Wrong.FOREIGN_KEY else self.key
        return jwt.encode(header, claims, key)


def new_key() -> RSAKey:
    """A signing key whose name is its thumbprint."""
    return RSAKey.generate_key(2048, auto_kid=True)


def challenge_of(verifier: str) -> str:
    """S256 of RFC 7636."""
    return _b64(hashlib.sha256(verifier.encode()).digest())


def _spoilt(wrong: Wrong, now: int) -> dict[str, Any]:
    changes: dict[Wrong, dict[str, Any]] = {
        Wrong.ISSUER: {"iss": "https://elsewhere.invalid"},
        Wrong.AUDIENCE: {"aud": "another-app"},
        Wrong.NONCE: {"nonce": "of-another-attempt"},
        Wrong.EXPIRED: {"iat": now - 300, "exp": now - 60},
        Wrong.OLD: {"iat": now - 3_600},
        Wrong.FUTURE: {"iat": now + 3_600},
        Wrong.HASH: {"at_hash": "b2YgYW5vdGhlciB0b2tlbg"},
    }
    return changes.get(wrong, {})


def _part(content: dict[str, Any]) -> str:
    return _b64(json.dumps(content).encode())


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
