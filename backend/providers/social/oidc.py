"""Sign-in by OpenID Connect: discovery, authorization code with PKCE (RFC 7636), ID token. By authlib.

Every address comes from the provider's own discovery document and must lie at the configured issuer's origin: the
backend speaks to no other host, and a changed document cannot lead it elsewhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from authlib.oauth2.client import OAuth2Client

from backend.providers.errors import ProviderRefused, ProviderUnavailable
from backend.providers.http import Ask, Limits, ProviderHttp, Reach
from backend.providers.social.id_token import Expected, subject_of
from backend.providers.social.keys import SigningKeys
from backend.providers.social.port import Account, Attempt, Notice, NoticeRefused
from chain.clock import Clock

DISCOVERY: Final = "/.well-known/openid-configuration"
DISCOVERY_KEPT: Final = timedelta(days=1)
SCOPE: Final = "openid"
"""No name, no address, no picture: what is not asked for cannot be kept."""

ReadNotice = Callable[[Notice, datetime], str]
"""The subject of a disconnected account. Raises NoticeRefused."""


@dataclass(frozen=True, slots=True)
class OidcConfig:
    """One provider and our registration with it.

    Attributes:
        nonce_required: the provider promises to bring the nonce back.
        state_with_code: the token address wants the state too (Naver).
        read_notice: for notices of disconnected accounts; None where none are agreed.
        notice_status: what its server wants to hear.
    """

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    nonce_required: bool = True
    state_with_code: bool = False
    read_notice: ReadNotice | None = field(default=None, repr=False)
    notice_status: int = 200
    limits: Limits = field(default_factory=Limits)
    reach: Reach = field(default_factory=Reach)


@dataclass(frozen=True, slots=True)
class _Endpoints:
    authorize: str
    token: str
    keys: str


class OidcProvider:
    """`SocialProvider` over OpenID Connect. Thread-safe."""

    def __init__(
        self,
        config: OidcConfig,
        clock: Clock,
        *,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[_Endpoints, datetime] | None = None
        self._http = ProviderHttp(
            config.name,
            _origin(config.issuer),
            authorization=lambda: "",
            clock=clock,
            limits=config.limits,
            reach=config.reach,
            sleep=sleep,
            transport=transport,
        )
        self._keys = SigningKeys(self._fetch_keys, clock)

    @property
    def name(self) -> str:
        return self._config.name

    @property
    def issuer(self) -> str:
        return self._config.issuer

    @property
    def notice_status(self) -> int:
        return self._config.notice_status

    def address(self, attempt: Attempt) -> str:
        client = self._client(attempt)
        url, _ = client.create_authorization_url(
            self._endpoints().authorize,
            state=attempt.state,
            code_verifier=attempt.verifier,
            nonce=attempt.nonce,
        )
        return str(url)

    def account(self, attempt: Attempt, code: str) -> Account:
        config = self._config
        tokens = self._tokens(attempt, code)
        access_token = tokens.get("access_token")
        expected = Expected(
            provider=config.name,
            issuer=config.issuer,
            client_id=config.client_id,
            nonce=attempt.nonce,
            nonce_required=config.nonce_required,
            access_token=access_token if isinstance(access_token, str) else "",
        )
        subject = subject_of(tokens.get("id_token"), self._keys.find, expected, self._clock())
        return Account(config.issuer, subject)

    def disconnected(self, notice: Notice) -> Account:
        if self._config.read_notice is None:
            raise NoticeRefused(self.name, "not-agreed")
        return Account(self.issuer, self._config.read_notice(notice, self._clock()))

    def close(self) -> None:
        self._http.close()

    @property
    def circuit_open(self) -> bool:
        """For readiness and metrics."""
        return self._http.circuit.is_open

    def _tokens(self, attempt: Attempt, code: str) -> Mapping[str, Any]:
        path = urlsplit(self._endpoints().token).path
        client = self._client(attempt, _TokenAddress(self._http, path))
        tokens: Mapping[str, Any] = client.fetch_token(
            self._endpoints().token,
            body=urlencode({"state": attempt.state}) if self._config.state_with_code else "",
            grant_type="authorization_code",
            code=code,
            redirect_uri=attempt.redirect_uri,
            code_verifier=attempt.verifier,
        )
        return tokens

    def _client(self, attempt: Attempt, session: _TokenAddress | None = None) -> OAuth2Client:
        return OAuth2Client(
            session,
            client_id=self._config.client_id,
            client_secret=self._config.client_secret,
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the method's name
            scope=SCOPE,
            redirect_uri=attempt.redirect_uri,
            code_challenge_method="S256",
        )

    def _endpoints(self) -> _Endpoints:
        """Raises ProviderUnavailable."""
        with self._lock:
            now = self._clock()
            if self._known is None or now - self._known[1] > DISCOVERY_KEPT:
                path = urlsplit(self.issuer).path.rstrip("/") + DISCOVERY
                self._known = self._read(self._http.ask(Ask("discovery", "GET", path))), now
            return self._known[0]

    def _read(self, document: Mapping[str, Any]) -> _Endpoints:
        if document.get("issuer") != self.issuer:
            raise ProviderUnavailable(self.name, "discovery", "issuer differs from the settings")
        found = []
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            address = document.get(name)
            if not isinstance(address, str) or _origin(address) != _origin(self.issuer):
                raise ProviderUnavailable(self.name, "discovery", f"{name} is not at the issuer")
            found.append(address)
        return _Endpoints(*found)

    def _fetch_keys(self) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self._http.ask(Ask("keys", "GET", urlsplit(self._endpoints().keys).path))
        return answer


class _TokenAddress:
    """authlib's session for one request: hands the form to `ProviderHttp`, which sends a code once only."""

    def __init__(self, http: ProviderHttp, path: str) -> None:
        self._http = http
        self._path = path

    def post(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: Any) -> _Answer:
        _, _, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        form = dict(parse_qsl(body, keep_blank_values=True))
        ask = Ask("token", "POST", self._path, form=form, repeatable=False, changes=True)
        answer = self._http.ask(ask)
        if "error" in answer:  # Naver says no with a status of 200, in Korean, on which authlib stumbles
            raise ProviderRefused(self._http.name, ask.operation, str(answer["error"]), 200)
        return _Answer(answer)


@dataclass(frozen=True, slots=True)
class _Answer:
    """As much of a response as authlib reads."""

    data: Any = field(repr=False)
    status_code: int = 200

    def json(self) -> Any:
        return self.data


def _origin(address: str) -> str:
    """Scheme, host and port; empty for what has none."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if not host or "@" in parts.netloc or parts.scheme not in ("https", "http"):
        return ""
    return f"{parts.scheme}://{host}{'' if port is None else f':{port}'}"
