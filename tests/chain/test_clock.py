"""A process's clock, and how a test makes it wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from chain import clock
from chain.clock import ClockShiftRefused, shift_from_environment, utc_now


@pytest.fixture(autouse=True)
def right_again() -> Iterator[None]:
    yield
    clock._shift = timedelta(0)


@pytest.mark.parametrize("value", ["600", "0", "nonsense"])
def test_production_refuses_any_shift(value: str) -> None:
    with pytest.raises(ClockShiftRefused):
        shift_from_environment({"SAEGIM_CLOCK_OFFSET": value, "SAEGIM_ENV": "production"})
    assert abs(utc_now() - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("value", ["ten", "nan", "1e300"])
def test_what_is_no_number_of_seconds_is_refused(value: str) -> None:
    with pytest.raises(ClockShiftRefused):
        shift_from_environment({"SAEGIM_CLOCK_OFFSET": value})


def test_elsewhere_the_clock_is_wrong_by_so_many_seconds() -> None:
    shift_from_environment({})
    assert abs(utc_now() - datetime.now(UTC)) < timedelta(minutes=1)
    shift_from_environment({"SAEGIM_CLOCK_OFFSET": "-7200", "SAEGIM_ENV": "test"})
    assert abs(utc_now() + timedelta(hours=2) - datetime.now(UTC)) < timedelta(minutes=1)
