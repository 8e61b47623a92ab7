"""Access tokens for a FHIR server: one from a file, or SMART Backend Services (`private_key_jwt`).

SMART App Launch 2.0, Backend Services: the client proves itself by a JWT that it signs with its own key, and gets a
token that lives for minutes. Nothing that opens the hospital's server stands in a setting, only the file it is in.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from chain.clock import Clock
from oracle.his.base import HisMalformed, HisUnavailable
from oracle.his.fhir.http import Unreadable, loaded

_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS: Final = {"EC": "ES384", "RSA": "RS384"}
"""The two that SMART requires servers to take."""
_ASSERTION_LIFE: Final = timedelta(minutes=4)
_SPARE: Final = timedelta(seconds=30)
_MOST_BYTES: Final = 64 * 1024


class FileToken:
    """A bearer token in a file, read anew when the server refuses it: it may have been exchanged."""

    def __init__(self, name: str, file: Path) -> None:
        self._name = name
        self._file = file
        self._token: str | None = None

    def header(self, *, renew: bool) -> str:
        """See `Authorization`."""
        if self._token is None or renew:
            try:
                token = self._file.read_text(encoding="ascii").strip()
            except (OSError, UnicodeDecodeError) as error:
                remedy = "Put the token into token_file, readable by the oracle's account alone."
                raise HisMalformed(
                    self._name, "the file with the access token can not be read", remedy
                ) from error
            if not token or not token.isprintable() or " " in token:
                raise HisMalformed(
                    self._name, "the file with the access token holds none", "Put one token into it."
                )
            self._token = token
        return f"Bearer {self._token}"


class BackendServices:
    """Tokens of a SMART Backend Services client.

    client_id: as registered with the server. key_file: the private key, PEM or JWK; P-384 or RSA. kid: its name in
    the key set registered with the server. scope: what is asked for.
    """

    def __init__(
        self,
        name: str,
        *,
        token_url: str,
        client_id: str,
        key_file: Path,
        kid: str,
        scope: str,
        clock: Clock,
        client: httpx.Client,
    ) -> None:
        self._name = name
        self._token_url = token_url
        self._client_id = client_id
        self._key_file = key_file
        self._kid = kid
        self._scope = scope
        self._clock = clock
        self._client = client
        self._token: tuple[str, datetime] | None = None

    def header(self, *, renew: bool) -> str:
        """See `Authorization`."""
        if renew or self._token is None or self._clock() >= self._token[1]:
            self._token = self._fetch()
        return f"Bearer {self._token[0]}"

    def _fetch(self) -> tuple[str, datetime]:
        now = self._clock()
        asked = {
            "grant_type": "client_credentials",
            "scope": self._scope,
            "client_assertion_type": _ASSERTION,
            "client_assertion": self._assertion(now),
        }
        try:
            answer = self._client.post(self._token_url, data=asked)
        except httpx.TransportError as error:
            raise HisUnavailable(self._name, "asking for an access token") from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise HisUnavailable(self._name, f"asking for an access token (status {answer.status_code})")
        token, seconds = _token_in(answer)
        if token is None:
            remedy = "Register client_id, the key's kid and the scopes with the FHIR server's authorization server."
            what = f"the authorization server gives no token (status {answer.status_code})"
            raise HisMalformed(self._name, what, remedy)
        return token, now + max(timedelta(seconds=seconds) - _SPARE, timedelta())

    def _assertion(self, now: datetime) -> str:
        """A JWT that names this client to that one address, for one use (SMART Backend Services, 5)."""
        key = self._key()
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._token_url,
            "iat": int(now.timestamp()),
            "exp": int((now + _ASSERTION_LIFE).timestamp()),
            "jti": str(uuid4()),
        }
        algorithm = _ALGORITHMS[key.key_type]
        return jwt.encode({"alg": algorithm, "typ": "JWT", "kid": self._kid}, claims, key, [algorithm])

    def _key(self) -> ECKey | RSAKey:
        try:
            return _private_key(self._key_file.read_bytes())
        except (OSError, ValueError, TypeError, JoseError, UnsupportedAlgorithm) as error:
            remedy = "Give a PEM or JWK file with a P-384 or RSA private key, readable by the oracle's account alone."
            raise HisMalformed(
                self._name, "the file with the client's key can not be read", remedy
            ) from error


def _private_key(raw: bytes) -> ECKey | RSAKey:
    """A private key of PEM or JWK. Raises ValueError, TypeError, JoseError, UnsupportedAlgorithm."""
    key: ECKey | RSAKey
    if raw.lstrip().startswith(b"{"):
        data = json.loads(raw)
        key = ECKey.import_key(data) if data.get("kty") == "EC" else RSAKey.import_key(data)
    else:
        elliptic = isinstance(load_pem_private_key(raw, None), ec.EllipticCurvePrivateKey)
        key = ECKey.import_key(raw) if elliptic else RSAKey.import_key(raw)
    if not key.is_private or (isinstance(key, ECKey) and key.curve_name != "P-384"):
        raise ValueError("not a private key, or of another curve")
    return key


def _token_in(answer: httpx.Response) -> tuple[str | None, float]:
    """The token of an answer (RFC 6749 5.1) and for how many seconds it lives."""
    if answer.status_code != 200 or len(answer.content) > _MOST_BYTES:
        return None, 0
    try:
        data = loaded(answer.content)
    except (ValueError, Unreadable):
        return None, 0
    token = data.get("access_token") if isinstance(data, dict) else None
    seconds = data.get("expires_in") if isinstance(data, dict) else None
    life = float(seconds) if isinstance(seconds, int) and not isinstance(seconds, bool) else 60.0
    good = (
        isinstance(token, str)
        and token.isascii()
        and token.isprintable()
        and " " not in token
        and token != ""
    )
    return (token if good else None), life
