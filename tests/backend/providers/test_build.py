"""The settings choose the adapters, and unsafe ones stop the process before it starts."""

from __future__ import annotations

import pytest

from backend.config import Settings
from backend.providers.build import eligibility_provider, identity_provider, identity_webhooks
from backend.providers.eligibility import GatewayEligibility, NullEligibility
from backend.providers.errors import ProviderConfigInvalid
from backend.providers.identity import NullIdentity, PortOneIdentity
from chain.settings import Environment
from sandbox.eligibility import __main__ as eligibility_main
from sandbox.identity import __main__ as identity_main
from sandbox.identity.service import Shop

IDENTITY = {
    "identity_provider": "portone",
    "identity_secret": "s3cret",
    "identity_store_id": "store-1",
    "identity_channel_key": "channel-1",
}
ELIGIBILITY = {
    "eligibility_provider": "gateway",
    "eligibility_url": "https://gateway.invalid",
    "eligibility_token": "t0ken",
    "eligibility_institution": "11111111",
}


def settings(**changes: object) -> Settings:
    return Settings(_env_file=None, **changes)  # type: ignore[arg-type, call-arg]


def production(**changes: object) -> Settings:
    return settings(environment=Environment.PRODUCTION, public_url="https://hospital.invalid", **changes)


def test_without_settings_there_is_nobody_and_it_is_said(time, caplog):
    assert isinstance(identity_provider(settings(), time.clock), NullIdentity)
    assert isinstance(eligibility_provider(settings(), time.clock), NullEligibility)
    assert identity_webhooks(settings(), time.clock) is None
    assert caplog.text.count("WARNING") == 2


@pytest.mark.parametrize("name", ["identity_secret", "identity_store_id", "identity_channel_key"])
@pytest.mark.parametrize("value", ["", None])
def test_half_a_contract_with_the_agency_is_refused_by_name(time, name, value):
    given = (
        {**IDENTITY, name: value} if value is not None else {k: v for k, v in IDENTITY.items() if k != name}
    )
    with pytest.raises(ProviderConfigInvalid, match=f"SAEGIM_BACKEND_{name.upper()}"):
        identity_provider(settings(**given), time.clock)


@pytest.mark.parametrize("name", ["eligibility_url", "eligibility_token", "eligibility_institution"])
def test_half_a_contract_with_the_gateway_too(time, name):
    given = {key: value for key, value in ELIGIBILITY.items() if key != name}
    with pytest.raises(ProviderConfigInvalid, match=f"SAEGIM_BACKEND_{name.upper()}"):
        eligibility_provider(settings(**given), time.clock)


@pytest.mark.parametrize("institution", ["1234567", "123456789", "1111111a", "１１１１１１１１"])
def test_an_institution_number_has_eight_digits(time, institution):
    with pytest.raises(ProviderConfigInvalid, match="INSTITUTION"):
        eligibility_provider(settings(**ELIGIBILITY | {"eligibility_institution": institution}), time.clock)


@pytest.mark.parametrize(
    ("build", "given", "name"),
    [
        (identity_provider, IDENTITY, "identity_url"),
        (identity_provider, IDENTITY, "identity_window_url"),
        (eligibility_provider, ELIGIBILITY, "eligibility_url"),
    ],
)
@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "ftp://x", "x"])
def test_production_talks_https_only(time, build, given, name, url):
    with pytest.raises(ProviderConfigInvalid, match=name.upper()):
        build(production(**given | {name: url}), time.clock)


def test_a_secret_that_no_header_carries_is_refused_without_repeating_it(time):
    for secret in ("한글비밀", "line\nbreak", " s3cret "):
        with pytest.raises(ProviderConfigInvalid) as refused:
            identity_provider(settings(**IDENTITY | {"identity_secret": secret}), time.clock)
        assert secret not in str(refused.value)


def test_a_weak_web_hook_secret_is_refused(time):
    with pytest.raises(ProviderConfigInvalid, match="WEBHOOK_SECRET"):
        identity_webhooks(settings(**IDENTITY, identity_webhook_secret="whsec_c2hvcnQ="), time.clock)


def test_production_believes_live_channels_only(time):
    strict = identity_provider(production(**IDENTITY), time.clock)
    loose = identity_provider(settings(**IDENTITY), time.clock)
    assert isinstance(strict, PortOneIdentity) and isinstance(loose, PortOneIdentity)
    assert (strict._config.live_only, loose._config.live_only) == (True, False)


def test_secrets_are_not_shown(time):
    whole = settings(**IDENTITY, **ELIGIBILITY)
    adapter = identity_provider(whole, time.clock)
    assert isinstance(adapter, PortOneIdentity)
    shown = repr(whole) + repr(adapter._config) + str(whole.model_dump())
    assert "s3cret" not in shown and "t0ken" not in shown


def test_what_the_sandbox_prints_is_what_the_backend_reads(time, monkeypatch):
    lines = identity_main.settings(Shop(), 8095).splitlines() + eligibility_main.settings(8096).splitlines()
    for line in lines:
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
    read = settings()
    assert isinstance(identity_provider(read, time.clock), PortOneIdentity)
    assert isinstance(eligibility_provider(read, time.clock), GatewayEligibility)
    assert identity_webhooks(read, time.clock) is not None
