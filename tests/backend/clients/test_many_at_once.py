"""One assertion sent by many at the same moment gives one token, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from backend_world import World
from insurer import Insurer


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Insurer]:
    urls = {}
    if request.param == "postgresql":
        fresh: Callable[[], str] = request.getfixturevalue("postgres_url")
        urls = {"database_url": fresh(), "keys_database_url": fresh()}
    with World(tmp_path, **urls) as world:
        yield Insurer(world)


def test_of_eight_with_one_assertion_one_gets_a_token(either: Insurer) -> None:
    assertion = either.assertion()
    with ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(lambda _: either.ask(assertion), range(8)))
    given = [answer for answer in answers if answer.status_code == 200]
    assert len(given) == 1
    assert {answer.json()["error_description"] for answer in answers if answer not in given} == {
        "assertion-used"
    }
    assert either.whoami(given[0].json()["access_token"]).status_code == 200
    assert len(either.refusals()) == 7
