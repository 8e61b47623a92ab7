"""A clock that tests move, and the stand-ins over real HTTP with adapters in front."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from backend.providers.eligibility import GatewayConfig, GatewayEligibility
from backend.providers.http import Limits
from backend.providers.identity import PortOneConfig, PortOneIdentity
from sandbox.eligibility import service as eligibility_service
from sandbox.identity import service as identity_service
from tests.fixtures.served import Stage, served

sys.path.insert(0, str(Path(__file__).parent))

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
QUICK = Limits(connect=2.0, read=0.4, whole=5.0, attempts=3)


@dataclass
class Time:
    """A clock and a sleep that only notes."""

    now: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def clock(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def go(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(scope="session")
def stage() -> Iterator[tuple[Stage, str]]:
    set_up = Stage()
    with served(set_up) as address:
        yield set_up, address


@dataclass
class IdentityWorld:
    app: FastAPI
    address: str
    shop: identity_service.Shop
    adapter: PortOneIdentity
    time: Time

    def adapter_with(self, **changes: object) -> PortOneIdentity:
        given = {
            "api_url": self.address,
            "secret": self.shop.secret,
            "store_id": self.shop.store_id,
            "channel_key": self.shop.channel_key,
            "window_url": f"{self.address}/window",
            "live_only": False,
            "limits": QUICK,
        }
        config = PortOneConfig(**{**given, **changes})  # type: ignore[arg-type]
        return PortOneIdentity(config, self.time.clock, sleep=self.time.sleep)


@pytest.fixture
def identity(time: Time, stage: tuple[Stage, str]) -> Iterator[IdentityWorld]:
    shop = identity_service.Shop()
    app = stage[0].app = identity_service.create_app(shop, clock=time.clock)
    world = IdentityWorld(app, stage[1], shop, None, time)  # type: ignore[arg-type]
    world.adapter = world.adapter_with()
    yield world
    world.adapter.close()


@dataclass
class EligibilityWorld:
    app: FastAPI
    address: str
    adapter: GatewayEligibility
    time: Time

    def adapter_with(self, **changes: object) -> GatewayEligibility:
        given = {
            "url": self.address,
            "token": eligibility_service.TOKEN,
            "institution": eligibility_service.INSTITUTION,
            "limits": QUICK,
        }
        config = GatewayConfig(**{**given, **changes})  # type: ignore[arg-type]
        return GatewayEligibility(config, self.time.clock, sleep=self.time.sleep)


@pytest.fixture
def eligibility(time: Time, stage: tuple[Stage, str]) -> Iterator[EligibilityWorld]:
    app = stage[0].app = eligibility_service.create_app()
    world = EligibilityWorld(app, stage[1], None, time)  # type: ignore[arg-type]
    world.adapter = world.adapter_with()
    yield world
    world.adapter.close()
