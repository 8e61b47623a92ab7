"""Chooses the adapters from the settings; the only place that knows all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from pydantic import SecretStr

from backend.config import Settings
from backend.providers.eligibility import (
    EligibilityProvider,
    GatewayConfig,
    GatewayEligibility,
    NullEligibility,
)
from backend.providers.errors import ProviderConfigInvalid
from backend.providers.http import Limits, Reach
from backend.providers.identity import IdentityProvider, NullIdentity, PortOneConfig, PortOneIdentity
from backend.providers.social import OidcConfig, OidcProvider, SocialProvider, notices
from backend.providers.webhooks import SeenWebhooks, WebhookInbox, WebhookSecretInvalid
from chain.clock import Clock
from chain.settings import Environment

_PREFIX: Final = "SAEGIM_BACKEND_"
_PROXY: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/?")
_INSTITUTION: Final = re.compile(r"[0-9]{8}")


def identity_provider(settings: Settings, clock: Clock) -> IdentityProvider:
    """The agency that says who somebody is. Raises ProviderConfigInvalid."""
    if settings.identity_provider == "none":
        return NullIdentity()
    production = settings.environment is Environment.PRODUCTION
    _https(settings, "identity_url", settings.identity_url)
    if settings.identity_window_url:
        _https(settings, "identity_window_url", settings.identity_window_url)
    config = PortOneConfig(
        api_url=settings.identity_url,
        secret=_secret("identity_secret", settings.identity_secret),
        store_id=_given("identity_store_id", settings.identity_store_id),
        channel_key=_given("identity_channel_key", settings.identity_channel_key),
        window_url=settings.identity_window_url or None,
        live_only=production,
        limits=_limits(settings.identity_timeout),
        reach=Reach(proxy=_proxy(settings.identity_proxy)),
    )
    return PortOneIdentity(config, clock)


def identity_webhooks(
    settings: Settings, clock: Clock, seen: SeenWebhooks | None = None
) -> WebhookInbox | None:
    """The agency's web-hooks, or None where no secret is set: then results are asked for, which is enough.

    seen: shared by all processes of the backend. Raises ProviderConfigInvalid.
    """
    if settings.identity_provider == "none" or settings.identity_webhook_secret is None:
        return None
    try:
        return WebhookInbox((settings.identity_webhook_secret.get_secret_value(),), clock, seen)
    except WebhookSecretInvalid as error:
        raise ProviderConfigInvalid(f"{_PREFIX}IDENTITY_WEBHOOK_SECRET: {error}") from None


def eligibility_provider(settings: Settings, clock: Clock) -> EligibilityProvider:
    """The way to the insurers. Raises ProviderConfigInvalid."""
    if settings.eligibility_provider == "none":
        return NullEligibility()
    _https(settings, "eligibility_url", _given("eligibility_url", settings.eligibility_url))
    institution = _given("eligibility_institution", settings.eligibility_institution)
    if _INSTITUTION.fullmatch(institution) is None:
        raise ProviderConfigInvalid(
            f"{_PREFIX}ELIGIBILITY_INSTITUTION must be the eight digits (요양기관기호)"
        )
    config = GatewayConfig(
        url=settings.eligibility_url,
        token=_secret("eligibility_token", settings.eligibility_token),
        institution=institution,
        limits=_limits(settings.eligibility_timeout),
        reach=Reach(ca_file=settings.eligibility_ca_file),
    )
    try:
        return GatewayEligibility(config, clock)
    except OSError:
        raise ProviderConfigInvalid(
            f"{_PREFIX}ELIGIBILITY_CA_FILE: {settings.eligibility_ca_file} is missing or holds no certificate (PEM)"
        ) from None


def social_providers(settings: Settings, clock: Clock) -> Mapping[str, SocialProvider]:
    """Where people may have an account to sign in with, by name; none unless the settings list them.

    Raises ProviderConfigInvalid.
    """
    makers: Mapping[str, Callable[[Settings], OidcConfig]] = {"kakao": _kakao, "naver": _naver}
    return {
        name: OidcProvider(makers[name](settings), clock) for name in dict.fromkeys(settings.social_providers)
    }


def _kakao(settings: Settings) -> OidcConfig:
    _https(settings, "kakao_issuer", settings.kakao_issuer)
    told = bool(settings.kakao_app_id) and settings.kakao_admin_key is not None
    if bool(settings.kakao_app_id) != (settings.kakao_admin_key is not None):
        raise ProviderConfigInvalid(
            f"{_PREFIX}KAKAO_APP_ID and {_PREFIX}KAKAO_ADMIN_KEY belong together: set both or neither"
        )
    admin_key = _secret("kakao_admin_key", settings.kakao_admin_key) if told else ""
    return OidcConfig(
        name="kakao",
        issuer=settings.kakao_issuer.rstrip("/"),
        client_id=_given("kakao_client_id", settings.kakao_client_id),
        client_secret=_secret("kakao_client_secret", settings.kakao_client_secret),
        read_notice=notices.kakao(admin_key, settings.kakao_app_id) if told else None,
        limits=_limits(settings.social_timeout),
        reach=Reach(proxy=_proxy(settings.social_proxy, "SOCIAL_PROXY")),
    )


def _naver(settings: Settings) -> OidcConfig:
    _https(settings, "naver_issuer", settings.naver_issuer)
    client_id = _given("naver_client_id", settings.naver_client_id)
    client_secret = _secret("naver_client_secret", settings.naver_client_secret)
    return OidcConfig(
        name="naver",
        issuer=settings.naver_issuer.rstrip("/"),
        client_id=client_id,
        client_secret=client_secret,
        nonce_required=False,  # the guide's table of parameters does not name it
        state_with_code=True,
        read_notice=notices.naver(client_id, client_secret),
        notice_status=204,
        limits=_limits(settings.social_timeout),
        reach=Reach(proxy=_proxy(settings.social_proxy, "SOCIAL_PROXY")),
    )


def _limits(timeout: timedelta) -> Limits:
    """timeout: between two parts of an answer; a whole one may take three times as long."""
    seconds = timeout.total_seconds()
    return Limits(connect=min(3.0, seconds), read=seconds, whole=3 * seconds)


def _given(name: str, value: str) -> str:
    if not value:
        raise ProviderConfigInvalid(f"{_PREFIX}{name.upper()} is not set")
    return value


def _secret(name: str, value: SecretStr | None) -> str:
    secret = "" if value is None else value.get_secret_value()
    if not secret.isascii() or not secret.isprintable() or secret != secret.strip():
        raise ProviderConfigInvalid(f"{_PREFIX}{name.upper()} has characters that no header can carry")
    return _given(name, secret)


def _proxy(url: str, name: str = "IDENTITY_PROXY") -> str | None:
    if url and _PROXY.fullmatch(url) is None:
        raise ProviderConfigInvalid(f"{_PREFIX}{name} must be http://host:port")
    return url or None


def _https(settings: Settings, name: str, url: str) -> None:
    scheme = url.partition("://")[0]
    plain = settings.environment is not Environment.PRODUCTION and scheme == "http"
    if scheme != "https" and not plain:
        raise ProviderConfigInvalid(
            f"{_PREFIX}{name.upper()} must be https: names and numbers of people go there"
        )
