"""No document is issued under a key that the chain says is not to be trusted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from oracle_fakes import FakeClock, World, issue

from chain.errors import NodeUnavailable
from chain.state import DocKey, KeyPurpose
from oracle.errors import KeyNotTrusted
from oracle.key_guard import ASK_EVERY, KeyGuard

START = datetime(2026, 3, 2, tzinfo=UTC)
GOOD = DocKey(1, KeyPurpose.SIGN, START, START + timedelta(days=365), None, None)


class Chain:
    """Says what it is told to say, and counts how often it was asked."""

    def __init__(self) -> None:
        self.key: DocKey | None = GOOD
        self.up, self.asked = True, 0

    def __call__(self) -> DocKey | None:
        self.asked += 1
        if not self.up:
            raise NodeUnavailable("http://node", "connect")
        return self.key


@pytest.fixture
def chain() -> Chain:
    return Chain()


@pytest.fixture
def guard(chain: Chain) -> KeyGuard:
    return KeyGuard(chain, FakeClock())


@pytest.mark.parametrize("change", [{"compromised_since": START}, {"valid_until": START}])
def test_it_refuses_a_key_that_is_compromised_or_over(
    change: dict[str, datetime], chain: Chain, guard: KeyGuard
) -> None:
    chain.key = replace(GOOD, **change)
    with pytest.raises(KeyNotTrusted):
        guard.check()


def test_it_learns_of_a_declaration_within_seconds_and_asks_no_oftener(chain: Chain, guard: KeyGuard) -> None:
    for _ in range(10):
        guard.check()
    assert chain.asked == 1
    chain.key = replace(GOOD, compromised_since=START)
    guard.check()
    guard.clock.forward(ASK_EVERY.total_seconds())  # type: ignore[attr-defined]
    with pytest.raises(KeyNotTrusted):
        guard.check()
    chain.up = False
    guard.clock.forward(60)  # type: ignore[attr-defined]
    with pytest.raises(KeyNotTrusted):
        guard.check()


def test_while_no_node_answers_it_keeps_nobody_from_issuing(chain: Chain, guard: KeyGuard) -> None:
    chain.up = False
    guard.check()
    guard.check()
    assert chain.asked == 2, "asked again at once"


def test_rows_wait_in_the_hospital_and_the_rest_goes_on(world: World) -> None:
    world.tell(issue("1", 0))
    world.pipeline.intake.step()

    def refused() -> None:
        raise KeyNotTrusted("was declared compromised")

    object.__setattr__(world.pipeline, "may_issue", refused)
    world.tell(issue("2", 1))
    with pytest.raises(KeyNotTrusted):
        world.run("intake")
    world.clock.forward(1)
    assert world.pipeline.batching.step() == 1
    assert world.his.unread(world.database)
